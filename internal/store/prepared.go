package store

import (
	"context"
	"database/sql"
	"sync"
)

// prepared keeps every statement it has run, so each is parsed and planned once, which is
// half the cost of a look-up. There is one for each query of this package. They are closed
// with the database. The writer does not use it: its one connection is inside a
// transaction when a statement would have to be prepared.
type prepared struct {
	db         *sql.DB
	statements sync.Map // *sql.Stmt by text
}

func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := p.statements.Load(query); ok {
		return s.(*sql.Stmt), nil //nolint:forcetypeassert // nothing else is stored
	}
	s, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if other, loaded := p.statements.LoadOrStore(query, s); loaded {
		return other.(*sql.Stmt), s.Close() //nolint:forcetypeassert,sqlclosecheck // nothing else is stored; the other one stays open
	}
	return s, nil
}

func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := p.statement(ctx, query) //nolint:sqlclosecheck // kept
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.statement(ctx, query) //nolint:sqlclosecheck // kept
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := p.statement(ctx, query) //nolint:sqlclosecheck // kept
	if err != nil {
		return p.db.QueryRowContext(ctx, query, args...) // fails too, and turns the error into a Row
	}
	return s.QueryRowContext(ctx, args...)
}
