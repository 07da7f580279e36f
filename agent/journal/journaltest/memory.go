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
}

// Append implements journal.Log.
func (l *Log) Append(ctx context.Context, records []journal.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
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
