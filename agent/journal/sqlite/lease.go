package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
)

// Lease implements journal.Log.
func (l *Log) Lease(ctx context.Context, c journal.Claim) (journal.Lease, error) {
	if err := ctx.Err(); err != nil {
		return journal.Lease{}, err
	}
	lease, err := l.claim(context.WithoutCancel(ctx), c)
	if err != nil {
		return journal.Lease{}, fmt.Errorf("%s: %w", l.path, explain(err))
	}
	if c.Gives() {
		l.term.Store(0)
	} else {
		l.term.Store(lease.Term)
	}
	return lease, nil
}

func (l *Log) claim(ctx context.Context, c journal.Claim) (journal.Lease, error) {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return journal.Lease{}, err
	}
	defer tx.Rollback() // an error after Commit, which is as it should be
	held, err := leaseIn(ctx, tx)
	if err != nil {
		return held, err
	}
	lease, err := c.Grant(held)
	if err != nil {
		return lease, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO lease (one, term, until) VALUES (1, ?, ?)
		ON CONFLICT (one) DO UPDATE SET term = excluded.term, until = excluded.until`, lease.Term, lease.Until.UnixMicro())
	if err != nil {
		return lease, err
	}
	return lease, tx.Commit()
}

func leaseIn(ctx context.Context, tx *sql.Tx) (journal.Lease, error) {
	var lease journal.Lease
	var until int64
	err := tx.QueryRowContext(ctx, `SELECT term, until FROM lease`).Scan(&lease.Term, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return journal.Lease{}, nil
	}
	lease.Until = time.UnixMicro(until).UTC()
	return lease, err
}

// fence keeps a holder that lost the lease from appending, in the transaction of
// the append: between a look and an append another could take it.
func (l *Log) fence(ctx context.Context, tx *sql.Tx) error {
	term := l.term.Load()
	if term == 0 {
		return nil
	}
	held, err := leaseIn(ctx, tx)
	if err == nil && held.Term != term {
		err = journal.ErrLost
	}
	return err
}
