package main

import (
	"bytes"
	"fmt"
	"mime/multipart"
)

// Requests are made as bytes, once, so that wrk and the client here send the same.

// password is everybody's.
const password = "simplepass"

func email(person int) string { return fmt.Sprintf("person%07d@example.com", person) }
func name(person int) string  { return fmt.Sprintf("Person %07d", person) }

// get makes a GET; header is "Name: value" or empty. It comes before Host, so that
// what differs between people is in the middle: LuaJIT, which hashes strings by
// samples from both ends and the middle, finds them different.
func get(path, header string) []byte { return request("GET", path, header, "", nil) }

func postJSON(path, header, body string) []byte {
	return request("POST", path, header, "application/json", []byte(body))
}

func request(method, path, header, contentType string, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, path)
	if header != "" {
		fmt.Fprintf(&b, "%s\r\n", header)
	}
	fmt.Fprint(&b, "Host: 127.0.0.1\r\n")
	if contentType != "" {
		fmt.Fprintf(&b, "Content-Type: %s\r\n", contentType)
	}
	if body != nil {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// upload makes a request with one file.
func upload(method, path, header, field string, photo []byte) []byte {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, _ := w.CreateFormFile(field, "photo.jpg") // a bytes.Buffer takes everything
	_, _ = part.Write(photo)
	_ = w.Close()
	return request(method, path, header, w.FormDataContentType(), form.Bytes())
}
