package wire

import "time"

// A client has to keep up a minimum speed: 160 KiB, or all that is left, in every
// ten seconds. Otherwise a client that sends or takes a byte now and then could
// hold the memory of a request for hours. A picture of 10 MiB may take 11 minutes.
const (
	paceTime  = 10 * time.Second
	paceBytes = 160 << 10
)

// pace says by when the next bytes must have arrived or left. The zero value is ready for
// use.
type pace struct {
	until time.Time
	left  int64 // bytes that must pass by then
}

// deadline returns the deadline for the next bytes, and whether it is a new one.
func (p *pace) deadline() (until time.Time, changed bool) {
	if p.left > 0 {
		return p.until, false
	}
	p.until, p.left = time.Now().Add(paceTime), paceBytes // connections count in real time
	return p.until, true
}

func (p *pace) moved(n int64) { p.left -= n }
