package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

// choosePeers selects the installed peers and reports the missing ones. stop ends what they use.
func (b *bench) choosePeers(ctx context.Context) (stop func()) {
	b.cardea = cardea{binary: b.binary("cardea")}
	b.bare = bare{binary: b.binary("bare")}
	b.peers = []peer{b.cardea, &pocketBase{binary: b.binary("pocketbase")}}
	if hasFlask() {
		b.peers = append(b.peers, &flask{})
	} else {
		b.skip("all figures of Flask: python3-flask, python3-flask-sqlalchemy or gunicorn is not installed")
	}
	b.progress("starting PostgreSQL and an S3 server")
	used, err := startBackends()
	if err != nil {
		b.skip("all figures of Cardea on PostgreSQL and S3, and of better-auth, which runs on PostgreSQL: " + oneLine(err))
		return func() {}
	}
	onPostgres := b.cardea
	onPostgres.backends = used
	b.peers = append(b.peers, onPostgres)
	if folder, err := installBetterAuth(ctx); err != nil {
		b.skip("all figures of better-auth: " + oneLine(err))
	} else {
		b.peers = append(b.peers, &betterAuth{folder: folder, backends: used})
	}
	return used.stop
}

func oneLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// seeded fills a peer with users and starts it.
func (b *bench) seeded(ctx context.Context, p peer, users int) (*server, error) {
	dir, err := b.folder()
	if err != nil {
		return nil, err
	}
	if err := p.Seed(dir, users); err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name(), err)
	}
	s, err := start(ctx, p, dir)
	if err != nil {
		return nil, err
	}
	if err := knowsUser(ctx, p, s); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// knowsUser fails unless the peer answers a read with the signed-in user. A peer may say to a
// stranger, with status 200, that nobody is signed in.
func knowsUser(ctx context.Context, p peer, s *server) error {
	c, err := dial(ctx, s.address)
	if err != nil {
		return err
	}
	defer c.close()
	a, err := c.do(p.Read(0))
	if err == nil && !bytes.Contains(a.body, []byte(email(0))) {
		err = fmt.Errorf("it did not answer with the signed-in user: %s", a.body)
	}
	if err != nil {
		return s.failed(err)
	}
	return nil
}

// seededPeers starts peers that are filled with the hot set.
func (b *bench) seededPeers(ctx context.Context, peers []peer) (servers []*server, err error) {
	for _, p := range peers {
		b.progress("%s with %s users", p.Name(), count(hotSet))
		s, err := b.seeded(ctx, p, hotSet)
		if err != nil {
			stopAll(servers)
			return nil, err
		}
		servers = append(servers, s)
	}
	return servers, nil
}
