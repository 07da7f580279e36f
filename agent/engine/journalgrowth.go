package engine

import (
	"context"
	"errors"

	"github.com/orgstore/orgstore/agent/journal"
)

var errEnough = errors.New("one is enough")

// HasJournalGrown says whether a journal has entries after one. A journal that cannot
// be read has none: whoever opens it next tells why.
func (p Ports) HasJournalGrown(ctx context.Context, file string, after uint64) bool {
	if _, err := p.Disk.Stat(file); err != nil {
		return false
	}
	log, err := p.OpenJournal(ctx, file)
	if err != nil {
		return false
	}
	defer log.Close()
	return errors.Is(log.Read(ctx, after, func(journal.Record) error { return errEnough }), errEnough)
}
