package main

import (
	"fmt"
	"io"
	"net"
	"net/http"

	"golang.org/x/net/http2"
)

func serve(path string) error {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	fmt.Println("serving")
	server := &http2.Server{MaxConcurrentStreams: 2000}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go server.ServeConn(connection, &http2.ServeConnOpts{Handler: http.HandlerFunc(answer)})
	}
}

func answer(w http.ResponseWriter, r *http.Request) {
	defer w.Header().Set(http.TrailerPrefix+"X-Trailer", "done")
	switch r.URL.Path {
	case "/small":
		io.WriteString(w, "hello\n")
	case "/large":
		io.Copy(w, &large{})
	case "/count":
		text, err := summary(r.Body)
		if err != nil {
			text = err.Error()
		}
		io.WriteString(w, text)
	case "/echo":
		echo(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// echo sends each piece back as it comes, and the trailers behind them.
func echo(w http.ResponseWriter, r *http.Request) {
	flusher := http.NewResponseController(w)
	flusher.Flush()
	buffer := make([]byte, pieceBytes)
	for {
		n, err := r.Body.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return
			}
			flusher.Flush()
		}
		if err != nil {
			break
		}
	}
	for name, values := range r.Trailer {
		w.Header()[http.TrailerPrefix+name] = values
	}
}
