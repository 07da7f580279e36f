package engine

import (
	"context"

	"github.com/orgstore/orgstore/agent/lease"
)

// acquireLease takes the right to change stores. The error is *lock.Held where another
// process has it.
func (e *Engine) acquireLease(ctx context.Context, command string) (err error) {
	e.lease, err = lease.Acquire(ctx, lease.Options{
		Disk: e.Disk, Folder: e.Settings.Data, Journal: e.Journal, Command: command, Now: e.Now, Note: e.note,
	})
	return err
}

// ReleaseLease gives the right back, if this engine has it.
func (e *Engine) ReleaseLease() error {
	held := e.lease
	e.lease = nil
	return held.Release()
}
