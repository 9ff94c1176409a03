package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cardea-accounts/cardea"
)

func (p program) serve(ctx context.Context, args []string) int {
	if wantsHelp(args) {
		printSettings(p.stdout)
		return exitOK
	}
	o, err := readSettings(args, p.environ)
	if errors.Is(err, flag.ErrHelp) {
		printSettings(p.stdout)
		return exitOK
	}
	if err != nil {
		return p.misused(err.Error() + " (see cardea serve --help)")
	}
	o.Log = newLog(p.stderr, o.logFormat)
	for _, name := range unknownVariables(p.environ) {
		o.Log.WarnContext(ctx, "unknown setting in the environment, ignored; see cardea serve --help", "name", name)
	}
	for _, warning := range append(o.Warnings(), exposure(o)...) {
		o.Log.WarnContext(ctx, "unwise setting", "what", warning)
	}
	if err := p.answer(ctx, o); err != nil {
		return p.failed(err)
	}
	o.Log.InfoContext(ctx, "stopped")
	return exitOK
}

// answer serves until ctx ends. The port is taken before the data folder is
// touched, so that a second start by mistake changes nothing.
func (p program) answer(ctx context.Context, o options) (err error) {
	defer holdBallast()()
	boundGarbage(o.SessionCache)
	listener, err := listen(ctx, o.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", o.listen, err)
	}
	defer listener.Close() //nolint:errcheck // Serve closes it; this is for the paths that do not get there
	fresh := isFresh(o.Data)
	server, err := cardea.New(o.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	ops, stopOps, err := serveOps(ctx, o.opsListen, server.Metrics())
	if err != nil {
		return err
	}
	defer stopOps()
	p.greet(ctx, listener.Addr(), o, fresh)
	if ops != nil {
		fmt.Fprintf(p.stdout, "Operators: http://%[1]s/metrics and http://%[1]s/debug/pprof/\n", ops)
	}
	return server.Serve(ctx, listener)
}

// exposure warns about a server that others can reach without https.
func exposure(o options) []string {
	host, _, _ := net.SplitHostPort(o.listen)
	if host == "localhost" || net.ParseIP(host).IsLoopback() || strings.HasPrefix(o.PublicURL, "https://") || len(o.TrustedProxies) > 0 {
		return nil
	}
	return []string{"listening beyond this machine without https: passwords and cookies can be read on the way; " +
		"put a proxy with https in front and set CARDEA_PUBLIC_URL"}
}

// listen takes an IPv4 address at its word, where Go would add IPv6 to 0.0.0.0.
func listen(ctx context.Context, address string) (net.Listener, error) {
	network := "tcp"
	if host, _, _ := net.SplitHostPort(address); net.ParseIP(host).To4() != nil {
		network = "tcp4"
	}
	return new(net.ListenConfig).Listen(ctx, network, address)
}

// isFresh tells whether a data folder is missing or empty.
func isFresh(data string) bool {
	entries, err := os.ReadDir(data)
	return errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0
}

// greet tells where things are and, at the first start, what to try next. A log that
// is kept has it as well; on a terminal, once is enough.
func (p program) greet(ctx context.Context, addr net.Addr, o options, fresh bool) {
	data, err := filepath.Abs(o.Data)
	if err != nil {
		data = o.Data
	}
	fmt.Fprintf(p.stdout, "Cardea %s listens on http://%s and keeps its data in %s\n", version, addr, data)
	if !isTerminal(p.stderr) {
		o.Log.InfoContext(ctx, "started", "version", version, "address", addr.String(), "data", data)
	}
	if !fresh {
		return
	}
	fmt.Fprintf(p.stdout, `
The data folder is new. Make the first account, and see who is signed in:

  curl -c cookies -X POST http://%[1]s/api/register \
    -H 'Content-Type: application/json' \
    -d '{"name":"aruncs","email":"test@gmail.com","password":"simplepass"}'
  curl -b cookies http://%[1]s/api/user

`, reachable(addr))
}

// reachable is an address to be used on this machine.
func reachable(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return addr.String()
}

func newLog(w *os.File, format string) *slog.Logger {
	if format == "text" || format == "auto" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
