package main

import (
	"bytes"
	"fmt"
	"mime/multipart"
)

// Requests are prepared as bytes, so wrk and our client send the same.

// password is the password of all users.
const password = "simplepass"

func email(user int) string { return fmt.Sprintf("user%07d@example.com", user) }
func name(user int) string  { return fmt.Sprintf("User %07d", user) }

// get returns a GET request. header is "Name: value" or empty.
//
// The header comes before Host, because LuaJIT hashes strings by samples from both ends
// and the middle. So the requests of different users get different hashes.
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

// upload returns a multipart request with one file.
func upload(method, path, header, field string, photo []byte) []byte {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, _ := w.CreateFormFile(field, "photo.jpg") // a bytes.Buffer takes everything
	_, _ = part.Write(photo)
	_ = w.Close()
	return request(method, path, header, w.FormDataContentType(), form.Bytes())
}
