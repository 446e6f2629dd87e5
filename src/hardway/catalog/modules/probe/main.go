// Command probe is the workload of `hardway verify`: a small HTTP server with which pods prove that the cluster works,
// and a client for use with `kubectl exec`.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var version = "dev"

// patience is how long one fetch or look-up may take.
const patience = 5 * time.Second

const usage = `usage:
  probe serve [--listen :8080] [--tls-listen :8443 --cert FILE --key FILE]
  probe fetch [--insecure] URL     prints the body; exit code 1 unless the answer is 2xx
  probe resolve NAME               prints the addresses, one a line
  probe put FILE TEXT              writes the text into the file
  probe get FILE                   prints the file
  probe version
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return errors.New(usage)
	}
	switch arguments[0] {
	case "serve":
		return serve(ctx, arguments[1:])
	case "fetch":
		return printFetched(ctx, arguments[1:])
	case "resolve":
		return printResolved(ctx, arguments[1:])
	case "put":
		return put(arguments[1:])
	case "get":
		return get(arguments[1:])
	case "version", "--version":
		fmt.Println("probe (hardway)", version)
		return nil
	}
	return errors.New(usage)
}
