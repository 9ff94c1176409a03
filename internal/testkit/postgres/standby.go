package postgres

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// Standby starts a second server that follows this one and answers queries which only read.
func (s *Server) Standby() *Server {
	s.t.Helper()
	primary := s.c
	options := primary.Options
	options.Data = ""
	c := &cluster{
		Options: options, programs: primary.programs,
		password: primary.password, certificate: primary.certificate, key: primary.key,
	}
	s.t.Cleanup(c.remove)
	s.must(c.prepare())
	source, err := url.Parse(primary.address(superuser, "", ""))
	s.must(err)
	s.must(c.program("pg_basebackup", []string{"PGPASSWORD=" + primary.password}, "--dbname="+source.String(), "--pgdata="+c.data(),
		"--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--no-password"))
	s.must(c.start())
	return &Server{s.t, c}
}

// AwaitStandby waits until a standby has everything that this server has now.
func (s *Server) AwaitStandby(standby *Server) {
	s.t.Helper()
	position := s.Value("SELECT pg_current_wal_lsn()::text")
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for standby.Value("SELECT pg_last_wal_replay_lsn() >= '"+position+"'") != "true" {
		select {
		case <-ctx.Done():
			s.t.Fatalf("the standby does not reach %s: %s", position, standby.Log())
		case <-tick.C:
		}
	}
}

// Promote makes a standby take writes. Stop the primary before.
func (s *Server) Promote() {
	s.t.Helper()
	if s.Value("SELECT pg_promote()") != "true" {
		s.t.Fatalf("the standby is not promoted: %s", s.Log())
	}
}

// Hosts adds other servers to an address of this one, for clients that look for the one which
// takes writes.
func (s *Server) Hosts(address string, others ...*Server) string {
	s.t.Helper()
	all, err := url.Parse(address)
	s.must(err)
	for _, other := range others {
		all.Host += ",127.0.0.1:" + strconv.Itoa(other.Port())
	}
	query := all.Query()
	query.Set("target_session_attrs", "read-write")
	all.RawQuery = query.Encode()
	return all.String()
}
