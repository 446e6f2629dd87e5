package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

type settings struct {
	listen, tlsListen, cert, key string
}

func serve(ctx context.Context, arguments []string) error {
	var wanted settings
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&wanted.listen, "listen", ":8080", "address of the plain server")
	flags.StringVar(&wanted.tlsListen, "tls-listen", ":8443", "address of the TLS server")
	flags.StringVar(&wanted.cert, "cert", "", "the TLS server's certificate; no TLS server without one")
	flags.StringVar(&wanted.key, "key", "", "its key")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	servers, err := listeners(wanted)
	if err != nil {
		return err
	}
	return untilDone(ctx, servers)
}

// listeners opens the sockets before anything is served: a taken port or an unreadable key ends the program.
func listeners(wanted settings) ([]net.Listener, error) {
	plain, err := net.Listen("tcp", wanted.listen)
	if err != nil {
		return nil, err
	}
	fmt.Println("listening on", plain.Addr())
	if wanted.cert == "" {
		return []net.Listener{plain}, nil
	}
	pair, err := tls.LoadX509KeyPair(wanted.cert, wanted.key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	secured, err := tls.Listen("tcp", wanted.tlsListen, config)
	if err != nil {
		return nil, err
	}
	fmt.Println("listening with TLS on", secured.Addr())
	return []net.Listener{plain, secured}, nil
}

// untilDone serves on all sockets until the context ends or one of them fails.
func untilDone(ctx context.Context, sockets []net.Listener) error {
	server := &http.Server{Handler: logged(routes()), ReadHeaderTimeout: patience}
	failed := make(chan error, len(sockets))
	for _, socket := range sockets {
		go func() { failed <- server.Serve(socket) }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := server.Shutdown(ending); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /hostname", answerHostname)
	mux.HandleFunc("GET /fetch", answerFetch)
	mux.HandleFunc("GET /resolve", answerResolve)
	mux.HandleFunc("POST /validate", answerReview)
	mux.HandleFunc("GET /apis/"+group+"/"+apiVersion, answerResources)
	mux.HandleFunc("GET /apis/"+group+"/"+apiVersion+"/hostnames", answerHostnames)
	return mux
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// logged writes a line a request on standard output, for the check of `kubectl logs`.
func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		record := &recorder{w, http.StatusOK}
		next.ServeHTTP(record, r)
		fmt.Printf("%s %s %s %d\n", r.RemoteAddr, r.Method, r.URL.RequestURI(), record.status)
	})
}

func answerHostname(w http.ResponseWriter, _ *http.Request) {
	name, err := os.Hostname()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, name)
}

func answerFetch(w http.ResponseWriter, r *http.Request) {
	status, body, err := fetch(r.Context(), r.FormValue("url"), r.FormValue("insecure") == "1")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func answerResolve(w http.ResponseWriter, r *http.Request) {
	addresses, err := resolve(r.Context(), r.FormValue("name"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintln(w, strings.Join(addresses, "\n"))
}
