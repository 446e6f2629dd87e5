package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// bodyLimit is how much of an answer is read, in bytes.
const bodyLimit = 1 << 20

// fetch gets a URL and returns its status and body. Nothing is cached or kept alive: every call is a new connection.
func fetch(ctx context.Context, url string, insecure bool) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: insecure},
	}}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	return response.StatusCode, body, err
}

// resolve looks a name up by the pod's own /etc/resolv.conf.
func resolve(ctx context.Context, name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return net.DefaultResolver.LookupHost(ctx, name)
}

func printFetched(ctx context.Context, arguments []string) error {
	insecure := len(arguments) > 0 && arguments[0] == "--insecure"
	if insecure {
		arguments = arguments[1:]
	}
	if len(arguments) != 1 {
		return errors.New(usage)
	}
	status, body, err := fetch(ctx, arguments[0], insecure)
	if err != nil {
		return err
	}
	fmt.Print(string(body))
	if status/100 != 2 {
		return fmt.Errorf("%s answered %d", arguments[0], status)
	}
	return nil
}

func printResolved(ctx context.Context, arguments []string) error {
	if len(arguments) != 1 {
		return errors.New(usage)
	}
	addresses, err := resolve(ctx, arguments[0])
	if err != nil {
		return err
	}
	fmt.Println(strings.Join(addresses, "\n"))
	return nil
}
