package main

import (
	"context"
	"runtime"
)

// signingIn is how many clients log in or register, when that is all there is to
// do: enough to keep every core at it.
const signingIn = 8

// measureLogins: each of somebody else.
func (b *bench) measureLogins(ctx context.Context) error {
	return b.measureHashing(ctx, "logins", b.peers, func(p peer) (*load, error) {
		return b.load("random", hotSet, p.Login)
	})
}

// measureRegistrations: everybody is new.
func (b *bench) measureRegistrations(ctx context.Context) error {
	peers := append([]peer{b.cardea.unthrottled()}, b.peers[1:]...)
	// No hash that is worth its name allows more of them.
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
	return nil
}
