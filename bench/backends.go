package main

import (
	"context"
	"os/exec"
	"path/filepath"

	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/versitygw"
)

// backends are a PostgreSQL and an S3 server, which Cardea uses in place of files. Both end with
// the run.
type backends struct {
	newDatabase  func(context.Context) (address string, err error)
	stopDatabase func()
	s3           *versitygw.Server
	places       map[string]place // by data folder
}

// place is where the data of a server is.
type place struct{ database, storage string }

// Credentials and region of the S3 server.
const (
	s3Key    = "cardea"
	s3Secret = "only for the benchmark"
	s3Region = "us-east-1"
)

// productionSettings undo what the testkit changes to start faster: these are the defaults of
// PostgreSQL. The last one depends on the size of segments, which the testkit makes smaller.
var productionSettings = []string{"fsync=on", "max_connections=100", "max_wal_size=1GB"}

// startBackends starts both servers. An error names the missing program.
func startBackends() (*backends, error) {
	program, err := versitygw.Build()
	if err != nil {
		return nil, err
	}
	b := &backends{places: map[string]place{}}
	b.newDatabase, b.stopDatabase, err = postgres.Run(postgres.Options{Settings: productionSettings})
	if err != nil {
		return nil, err
	}
	if b.s3, err = versitygw.Start(program, s3Key, s3Secret); err != nil {
		b.stopDatabase()
		return nil, err
	}
	return b, nil
}

func (b *backends) stop() {
	b.s3.Stop()
	b.stopDatabase()
}

// of returns the database and the bucket that belong to a data folder. The first call makes them.
func (b *backends) of(dir string) (p place, err error) {
	if p, ok := b.places[dir]; ok {
		return p, nil
	}
	if p.database, err = b.newDatabase(context.Background()); err != nil {
		return p, err
	}
	bucket, err := b.s3.Bucket(filepath.Join(dir, "bucket"))
	if err != nil {
		return p, err
	}
	p.storage = "s3://" + bucket + "?path-style=true&region=" + s3Region + "&endpoint=" + b.s3.Endpoint
	b.places[dir] = p
	return p, nil
}

// settings adds the database and the bucket of a data folder to a command's environment.
func (b *backends) settings(cmd *exec.Cmd, dir string) {
	p, err := b.of(dir)
	if err != nil {
		cmd.Err = err // Start returns it
	}
	cmd.Env = append(cmd.Env, "CARDEA_DATABASE="+p.database, "CARDEA_STORAGE="+p.storage,
		"AWS_ACCESS_KEY_ID="+s3Key, "AWS_SECRET_ACCESS_KEY="+s3Secret)
}
