// Command bare answers every request with one prepared answer: the headers and bytes
// that Cardea writes. It shows the rate that net/http reaches without any work for the
// answer.
package main

import (
	"bufio"
	"bytes"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: bare ADDRESS FILE; the file is an HTTP response")
	}
	header, body, err := read(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, values := range header {
			h[name] = values
		}
		_, _ = w.Write(body) //nolint:gosec // for a benchmark, not for browsers
	})
	log.Fatal(http.ListenAndServe(os.Args[1], handler)) //nolint:gosec // without time-outs, which would cost time
}

func read(file string) (http.Header, []byte, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the benchmark names it
	if err != nil {
		return nil, nil, err
	}
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), nil)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	res.Header.Del("Date") // the server's own
	return res.Header, body, err
}
