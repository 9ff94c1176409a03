package main

import (
	"context"
	"errors"
	"net"
	"net/url"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/doctor"
	"github.com/cardea-accounts/cardea/internal/settings"
)

// healthCommand needs no shell and no other program, so it works in an empty container.
var healthCommand = command{name: "health", run: runHealth, settings: []string{"listen"}, about: `
Asks the server on this machine whether it is ready, by GET /readyz, for at most 5
seconds. It prints one line, and exits with 1 if the server is not ready or does not
answer. It is for the health check of a container.

Examples:
  cardea health
        the server listens at CARDEA_LISTEN
  cardea health --url http://10.0.0.7:5000
`}

func runHealth(ctx context.Context, in *invocation) error {
	server, err := in.healthURL()
	if err != nil {
		return usageError{err}
	}
	warning, err := doctor.Ready(ctx, server)
	if err != nil {
		return err
	}
	if warning == "" {
		warning = "Ready."
	}
	in.printf("%s: %s\n", server, shown(oneLine(warning)))
	return nil
}

// healthURL is the address to ask: that of the flag, else the listener's. A listener on all
// addresses of the machine is asked on the loopback.
func (in *invocation) healthURL() (*url.URL, error) {
	if in.url != "" {
		server, err := settings.ParsePublicURL(in.url)
		if err != nil {
			return nil, &cardea.SettingError{Setting: "--url", Value: in.url, Allowed: err.Error()}
		}
		return server, nil
	}
	host, port, err := net.SplitHostPort(in.listen)
	if err != nil {
		return nil, err
	}
	if port == "0" {
		return nil, errors.New("cardea health cannot know which port the server took; give its address with --url")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // such a listener takes IPv4 too, and a container may have no IPv6
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}, nil
}
