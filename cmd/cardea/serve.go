package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/datadir"
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
	signal.Ignore(syscall.SIGPIPE) // the server continues when the reader of its log or its greeting has gone
	o.Log = newLog(p.stderr, o.logFormat)
	slog.SetDefault(o.Log) // for package log too, to which net/http writes without a logger
	for _, name := range unknownVariables(p.environ) {
		o.Log.WarnContext(ctx, "unknown setting in the environment, ignored; see cardea serve --help", "name", name)
	}
	for _, warning := range append(o.Warnings(), exposure(o)...) {
		o.Log.WarnContext(ctx, "unwise setting", "what", warning)
	}
	if awaitDatabase(ctx, o); ctx.Err() != nil {
		o.Log.InfoContext(ctx, "stopped")
		return exitOK
	}
	if err := p.answer(ctx, o); err != nil {
		return p.failed(err)
	}
	o.Log.InfoContext(ctx, "stopped")
	return exitOK
}

// answer serves until ctx ends. It takes the port before it touches the data folder, so
// a second start by mistake changes nothing.
func (p program) answer(ctx context.Context, o options) (err error) {
	defer holdBallast()()
	o.Memory = containerMemory()
	limitGarbage(o.SessionCache, o.Memory)
	o.TuneRuntime = true
	listener, err := listen(ctx, o.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", o.listen, err)
	}
	defer listener.Close() //nolint:errcheck // Serve closes it, unless it is not reached
	isFresh := isFresh(o.Data)
	server, err := cardea.New(o.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	ops, err := serveOps(ctx, o.opsListen, o.opsToken, server.Metrics(), o.Log)
	if err != nil {
		return err
	}
	defer ops.stop()
	p.greet(ctx, listener.Addr(), o, isFresh)
	if ops != nil {
		fmt.Fprintln(p.stdout, ops.greeting())
	}
	return server.Serve(ctx, listener)
}

// exposure warns about a server that others can reach without https, and about an operators' token
// that others can read.
func exposure(o options) (warnings []string) {
	if err := datadir.RefuseOpenFile(o.opsTokenFile); err != nil && o.DataAccess == "private" {
		warnings = append(warnings, fmt.Sprintf("ops-token-file: %v; or allow it with data-access any", err))
	}
	if isLoopback(o.listen) || strings.HasPrefix(o.PublicURL, "https://") || len(o.TrustedProxies) > 0 {
		return warnings
	}
	return append(warnings, "listening beyond this machine without https: passwords and cookies can be read on the network; "+
		"put a proxy with https in front and set CARDEA_PUBLIC_URL")
}

// listen takes an IPv4 address at its word, where Go would add IPv6 to 0.0.0.0.
func listen(ctx context.Context, address string) (net.Listener, error) {
	network := "tcp"
	if host, _, _ := net.SplitHostPort(address); net.ParseIP(host).To4() != nil {
		network = "tcp4"
	}
	return new(net.ListenConfig).Listen(ctx, network, address)
}

// isFresh reports whether a data folder is missing or empty.
func isFresh(data string) bool {
	entries, err := os.ReadDir(data)
	return errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0
}

// greet says where things are and, at the first start, what to try next. Standard output
// is for people. The log has the start too, unless both go to the same terminal.
func (p program) greet(ctx context.Context, addr net.Addr, o options, isFresh bool) {
	data := whereDataIs(o)
	host := localHost(addr)
	others := ""
	if !isLoopback(addr.String()) && host != addr.String() {
		others = " (and on every other address of this machine)"
	}
	fmt.Fprintf(p.stdout, "Cardea %s listens on http://%s%s and keeps its data in %s\n", version, host, others, data)
	if others == "" && strings.HasPrefix(host, "localhost:") && o.PublicURL == "" {
		fmt.Fprintln(p.stdout, "Always open it as localhost, not as 127.0.0.1: browsers keep the cookies of the two apart.")
	}
	if o.PublicURL != "" {
		fmt.Fprintf(p.stdout, "Users reach it at %s\n", o.PublicURL)
	}
	fmt.Fprintln(p.stdout, whereMailGoes(o, "http://"+host))
	if !isTerminal(p.stderr) {
		o.Log.InfoContext(ctx, "started", "version", version, "address", addr.String(), "data", data)
	}
	if !isFresh {
		return
	}
	address := "http://" + host
	if o.PublicURL != "" { // the cookie is for that address
		address = strings.TrimSuffix(o.PublicURL, "/")
	}
	fmt.Fprintf(p.stdout, `
The data folder is new. Create the first account, and see who is signed in:

  curl -c cookies -X POST %[1]s/api/register \
    -H 'Content-Type: application/json' \
    -d '{"name":"aruncs","email":"test@gmail.com","password":"simplepass"}'
  curl -b cookies %[1]s/api/user

`, address)
}

// localHost is the host and port to use on this machine. It is localhost wherever that
// leads to the listener, because a browser keeps cookies by host name.
func localHost(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && (tcp.IP.IsUnspecified() || tcp.IP.Equal(net.IPv4(127, 0, 0, 1)) || tcp.IP.Equal(net.IPv6loopback)) {
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

// whereMailGoes says what happens with mail.
func whereMailGoes(o options, address string) string {
	_, server, _ := strings.Cut(o.SMTPURL, "://")
	server, _, _ = strings.Cut(server[strings.LastIndexByte(server, '@')+1:], "?")
	switch {
	case o.Dev && server != "":
		return "Mail goes by " + server + ", and " + address + "/dev/mail shows it."
	case o.Dev:
		return "Mail is not sent: " + address + "/dev/mail shows it."
	case server != "" && o.PublicURL == "":
		return "Mail goes by " + server + ". Links in it lead to " + address + ": set --public-url to what users open."
	case server != "":
		return "Mail goes by " + server + "."
	}
	return "Mail is not sent, because no server is set (--smtp-url). To read it, start with --dev, or run cardea mail."
}
