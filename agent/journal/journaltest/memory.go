package journaltest

import (
	"context"
	"slices"
	"sync"

	"github.com/orgstore/orgstore/agent/journal"
)

// A Log is a journal.Log in memory. The zero Log is empty. Closing it changes
// nothing: it may be read on, as a file may be opened again.
type Log struct {
	mu      sync.Mutex
	records []journal.Record
	lease   journal.Lease
	term    int64 // that this log was granted
}

// A Handle is a Log as one more process has it open: with a lease of its own.
type Handle struct {
	*Log
	term int64
}

// Handle opens the log once more.
func (l *Log) Handle() *Handle { return &Handle{Log: l} }

// Append implements journal.Log.
func (h *Handle) Append(ctx context.Context, records []journal.Record) error {
	return h.append(ctx, h.term, records)
}

// Lease implements journal.Log.
func (h *Handle) Lease(ctx context.Context, c journal.Claim) (journal.Lease, error) {
	return h.claim(ctx, c, &h.term)
}

// Lease implements journal.Log.
func (l *Log) Lease(ctx context.Context, c journal.Claim) (journal.Lease, error) {
	return l.claim(ctx, c, &l.term)
}

func (l *Log) claim(ctx context.Context, c journal.Claim, term *int64) (journal.Lease, error) {
	if err := ctx.Err(); err != nil {
		return journal.Lease{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	lease, err := c.Grant(l.lease)
	if err != nil {
		return lease, err
	}
	l.lease, *term = lease, lease.Term
	if c.Gives() {
		*term = 0
	}
	return lease, nil
}

// Append implements journal.Log.
func (l *Log) Append(ctx context.Context, records []journal.Record) error {
	return l.append(ctx, l.term, records)
}

func (l *Log) append(ctx context.Context, term int64, records []journal.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if term != 0 && term != l.lease.Term {
		return journal.ErrLost
	}
	var prev journal.Hash
	if n := len(l.records); n > 0 {
		prev = l.records[n-1].Hash
	}
	if records[0].Seq != uint64(len(l.records))+1 || records[0].Prev != prev {
		return journal.ErrMoved
	}
	for _, r := range records {
		r.Body = slices.Clone(r.Body)
		l.records = append(l.records, r)
	}
	return nil
}

// Read implements journal.Log.
func (l *Log) Read(ctx context.Context, after uint64, yield func(journal.Record) error) error {
	for _, r := range l.Records() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.Seq <= after {
			continue
		}
		r.Body = slices.Clone(r.Body)
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

// Close implements journal.Log.
func (l *Log) Close() error { return nil }

// Records returns what the log holds, for tests that tamper with it.
func (l *Log) Records() []journal.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.records)
}

// Of makes a log of records, whatever they say.
func Of(records ...journal.Record) *Log { return &Log{records: slices.Clone(records)} }
