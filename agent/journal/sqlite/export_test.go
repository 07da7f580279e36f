package sqlite

import "context"

// Refuse makes SQLite answer every write as a read-only disk would.
func (l *Log) Refuse(ctx context.Context) error {
	l.db.SetMaxOpenConns(1) // the setting is the connection's
	_, err := l.db.ExecContext(ctx, `PRAGMA query_only = 1`)
	return err
}
