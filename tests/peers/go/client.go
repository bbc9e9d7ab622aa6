package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	"golang.org/x/net/http2"
)

type check struct {
	name string
	run  func(*http.Client) (string, error)
	want string
}

// runChecks makes one connection, calls the server in every way, and says of each whether it came out right.
func runChecks(path string) {
	transport := &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, _, _ string, _ *tls.Config) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
		StrictMaxConcurrentStreams: true,
	}
	client := &http.Client{Transport: transport}
	whole, _ := summary(&large{})
	checks := []check{
		{"small", func(c *http.Client) (string, error) { return textOf(c.Get("http://localhost/small")) }, "hello\n"},
		{"trailers", trailers, "1 done"},
		{"64 MiB up", func(c *http.Client) (string, error) { return textOf(post(c, "/count", &large{})) }, whole},
		{"64 MiB down", func(c *http.Client) (string, error) { return summaryOf(c.Get("http://localhost/large")) }, whole},
		{"64 MiB both ways", func(c *http.Client) (string, error) { return summaryOf(post(c, "/echo", &large{})) }, whole},
		{"1,000 at once", thousand, "1000"},
	}
	out := json.NewEncoder(os.Stdout)
	for _, check := range checks {
		got, err := check.run(client)
		note := ""
		if err != nil {
			note = err.Error()
		} else if got != check.want {
			note = fmt.Sprintf("got %.80q instead of %.80q", got, check.want)
		}
		out.Encode(map[string]string{"check": check.name, "note": note})
	}
}

func post(client *http.Client, path string, body io.Reader) (*http.Response, error) {
	return client.Post("http://localhost"+path, "application/octet-stream", body)
}

func textOf(response *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

func summaryOf(response *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	return summary(response.Body)
}

func trailers(client *http.Client) (string, error) {
	// A reader of unknown length, since only then are there trailers.
	request, err := http.NewRequest("POST", "http://localhost/echo", io.MultiReader(strings.NewReader("x")))
	if err != nil {
		return "", err
	}
	request.Trailer = http.Header{"X-Client": {"1"}}
	response, err := client.Do(request)
	if _, err := textOf(response, err); err != nil {
		return "", err
	}
	return response.Trailer.Get("X-Client") + " " + response.Trailer.Get("X-Trailer"), nil
}

// thousand has all its streams open before it ends the first.
func thousand(client *http.Client) (string, error) {
	const count = 1000
	var group sync.WaitGroup
	failures := make(chan error, count)
	bodies := make([]*io.PipeWriter, count)
	responses := make([]*http.Response, count)
	for i := range count {
		reader, writer := io.Pipe()
		bodies[i] = writer
		group.Go(func() {
			response, err := post(client, "/echo", reader)
			if err != nil {
				failures <- err
				writer.CloseWithError(err)
				return
			}
			responses[i] = response
		})
	}
	group.Wait() // the headers of every answer are there, and no body has ended
	for i := range count {
		group.Go(func() {
			want := fmt.Sprintf("body %d", i)
			io.WriteString(bodies[i], want)
			bodies[i].Close()
			if responses[i] == nil {
				return
			}
			if got, err := textOf(responses[i], nil); err != nil || got != want {
				failures <- errors.Join(err, fmt.Errorf("stream %d: got %q", i, got))
			}
		})
	}
	group.Wait()
	if len(failures) > 0 {
		return "", <-failures
	}
	return fmt.Sprint(count), nil
}
