package main

import (
	"context"
	"runtime"
)

// signingIn is the number of clients that log in or register without other load. It is
// enough to keep every core busy.
const signingIn = 8

// measureLogins measures the rate of logins, each of a random user.
func (b *bench) measureLogins(ctx context.Context) error {
	return b.measureHashing(ctx, "logins", b.peers, func(p peer) (*load, error) {
		return b.load("random", hotSet, p.Login)
	})
}

// measureRegistrations measures the rate of registrations.
func (b *bench) measureRegistrations(ctx context.Context) error {
	var peers []peer
	for _, p := range b.peers {
		if ours, ok := p.(cardea); ok {
			p = ours.unthrottled()
		}
		peers = append(peers, p)
	}
	// More than any server reaches with a secure password hash.
	enough := 500 * runtime.NumCPU() * (b.seconds*b.rounds + 1)
	return b.measureHashing(ctx, "registrations", peers, func(p peer) (*load, error) {
		return b.load("once", enough, p.Register)
	})
}

func (b *bench) measureHashing(ctx context.Context, what string, peers []peer, loadOf func(peer) (*load, error)) error {
	if b.noWrk(what) {
		return nil
	}
	servers, err := b.seededPeers(ctx, peers)
	if err != nil {
		return err
	}
	defer stopAll(servers)
	var contenders []contender
	for i, p := range peers {
		load, err := loadOf(p)
		if err != nil {
			return err
		}
		contenders = append(contenders, contender{servers[i], load})
	}
	samples, err := b.compete(ctx, what, signingIn, b.seconds, contenders)
	if err != nil {
		return err
	}
	c := comparison{what: what + ", " + count(signingIn) + " clients", unit: "/s"}
	for i, s := range samples {
		c.add(servers[i].name, median(rates(s)), peers[i].Hash()+", p99 "+millis(p99(s)))
	}
	b.report.compare(c)
	b.compareEngines(what+" on PostgreSQL", samples, peers, 0.9)
	return nil
}
