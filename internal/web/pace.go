package web

import (
	"io"
	"net/http"
	"time"
)

// A client has to keep up some speed, so that one that sends or takes a byte now
// and then cannot hold what a request holds: in every ten seconds 160 KiB have to
// go through, or what is left when that is less. A picture of 10 MiB may take 11
// minutes, but somebody who sends most of it at once and then stops has ten seconds.
const (
	paceTime  = 10 * time.Second
	paceBytes = 160 << 10
)

// pace tells by when bytes have to be through. The zero value is ready for use.
type pace struct {
	until time.Time
	left  int64 // bytes that are to go through until then
}

// deadline is the one for the next bytes, and whether it is a new one.
func (p *pace) deadline() (until time.Time, changed bool) {
	if p.left > 0 {
		return p.until, false
	}
	p.until, p.left = time.Now().Add(paceTime), paceBytes // the connection's deadlines are in real time
	return p.until, true
}

func (p *pace) moved(n int64) { p.left -= n }

// A recorder's answers have to be taken at some speed as well. Not every
// ResponseWriter can set deadlines; where it cannot, there is no connection of
// ours to care for.

// paceWrite sees to it that up to n bytes may be written now, and returns how many.
func (rec *recorder) paceWrite(n int64) int64 {
	if rec.isShort(n) {
		return n
	}
	if until, changed := rec.written.deadline(); changed {
		_ = http.NewResponseController(rec.ResponseWriter).SetWriteDeadline(until)
	}
	return min(n, rec.written.left)
}

// shortBytes is what the kernel takes without waiting for the client.
const shortBytes = 4 << 10

// isShort tells whether to write n bytes needs no deadline but the server's own, of
// ten seconds since the request came: a short answer to a request without a body.
func (rec *recorder) isShort(n int64) bool {
	return n <= shortBytes && rec.body == nil && rec.written == pace{}
}

func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 {
		rec.status = status
	}
	if rec.body.unending() {
		rec.Header().Set("Connection", "close")
	}
	rec.paceWrite(0) // an answer without a body is written as well
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) Write(b []byte) (n int, err error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	for {
		now := rec.paceWrite(int64(len(b) - n))
		wrote, err := rec.ResponseWriter.Write(b[n : n+int(now)])
		rec.written.moved(int64(wrote))
		if n += wrote; err != nil || n == len(b) {
			return n, err
		}
	}
}

// ReadFrom lets files go to the network without passing through memory.
func (rec *recorder) ReadFrom(src io.Reader) (n int64, err error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	limited, ok := src.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: src, N: 1<<63 - 1}
	}
	for limited.N > 0 {
		part := &io.LimitedReader{R: limited.R, N: rec.paceWrite(limited.N)} // one around the file, or it cannot be sent by the kernel
		wanted := part.N
		wrote, err := io.Copy(rec.ResponseWriter, part)
		rec.written.moved(wrote)
		n += wrote
		limited.N -= wrote
		if err != nil || wrote < wanted {
			return n, err
		}
	}
	return n, nil
}
