// Package journal knows facts and what they add up to: which packages arrived,
// which statements are about them, what was done to the stores, by whom and
// why. Entries are appended once and never changed; everything else (the Book)
// is computed from them and never stored. It does not know how to decide
// anything, nor where entries are kept: a Log does that.
//
// Entries form a chain of hashes, so that one that was changed, taken out or
// put elsewhere is noticed before anything is concluded from it.
package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Log keeps records. It never changes one and knows nothing of what is in
// them. Every log passes the suite of journaltest.
type Log interface {
	// Append adds one or more records, all or none of them, durable when it
	// returns nil. It answers ErrMoved where the newest record is not the one
	// that the first of them follows, by number and hash. Several processes may
	// append to one log.
	Append(ctx context.Context, records []Record) error
	// Read yields the records numbered higher than after, in order, until there
	// are no more or yield returns an error, which it returns as it is. The
	// yielded body is the receiver's to keep. Yield must not call the log.
	Read(ctx context.Context, after uint64, yield func(Record) error) error
	// Lease answers a claim as Claim.Grant says, durable when it returns nil. From
	// then on, until it is given back, Append answers ErrLost where the lease in
	// force is of another term than the one this log was granted.
	Lease(ctx context.Context, c Claim) (Lease, error)
	Close() error
}

// An Update says that a log of an older orgstore was brought to the form of this one
// when it was opened. The older program cannot open it any more.
type Update struct {
	From, To int64  // numbers of the forms
	Copy     string // where it is as it was before
}

// An Updater is a Log that can tell of its update; false where there was none.
type Updater interface {
	Update() (Update, bool)
}

// A Stamp is what a journal writes on every entry beside its fact.
type Stamp struct {
	Actor  Actor
	Clock  func() time.Time
	Policy string // digest of the settings in force
}

// A Journal is a log and the book of what it says. It may be used by several
// goroutines at once; other processes may append to the same log.
type Journal struct {
	log Log

	mu    sync.Mutex
	stamp Stamp
	book  Book
	term  int64 // of the lease it was granted; zero if it has none
}

// Open reads a log from its beginning. Its errors include *BrokenError and
// *NewerError. Closing the journal closes the log; when Open fails, the log is
// still the caller's to close.
func Open(ctx context.Context, log Log, stamp Stamp) (*Journal, error) {
	book, err := Replay(ctx, log)
	if err != nil {
		return nil, err
	}
	return &Journal{log: log, stamp: stamp, book: book}, nil
}

// Close closes the log.
func (j *Journal) Close() error { return j.log.Close() }

// Book returns the book as of the newest entry this journal has read or
// appended. It never changes afterwards.
func (j *Journal) Book() Book {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.book
}

// SetPolicy names the settings under which what follows is recorded, by their
// digest: they were read again since the journal was opened.
func (j *Journal) SetPolicy(digest string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stamp.Policy = digest
}

// Refresh reads what other processes appended: an approval given, a hold set.
func (j *Journal) Refresh(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.readNew(ctx)
}

func (j *Journal) readNew(ctx context.Context) error {
	book, err := j.book.followLog(ctx, j.log)
	if err != nil {
		return err
	}
	j.book = book
	return nil
}

// Append records facts, all or none, and enters them in the book. Where others
// appended meanwhile it first reads their entries, so that what it records is
// possible after them too; if it is not, the error is an *ImpossibleError and
// nothing was recorded. After any other error the log may have been written:
// the next Refresh or Append tells.
func (j *Journal) Append(ctx context.Context, tx TxID, facts ...Fact) error {
	return j.AppendFor(ctx, tx, func(Book) []Fact { return facts })
}

// AppendFor is Append for facts that depend on what the journal says. Where others
// appended meanwhile, it asks again what to append, with the book they lead to: so
// what several processes find missing at one moment is recorded once. FactsFor may
// return none, and must not use the journal.
func (j *Journal) AppendFor(ctx context.Context, tx TxID, factsFor func(Book) []Fact) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		facts := factsFor(j.book)
		if len(facts) == 0 {
			return nil
		}
		book, records, err := j.draftRecords(tx, facts)
		if err == nil {
			err = j.log.Append(ctx, records)
		}
		if err == nil {
			j.book = book
			return nil
		}
		if again, err := j.shouldRetry(ctx, err); !again {
			return err
		}
	}
}

// shouldRetry says whether a failed append is worth another try: only if others
// appended entries that the journal had not read. Reading on also keeps a stale
// book from refusing what others made possible.
func (j *Journal) shouldRetry(ctx context.Context, failure error) (again bool, err error) {
	impossible := (*ImpossibleError)(nil)
	moved := errors.Is(failure, ErrMoved)
	if errors.Is(failure, ErrLost) {
		return false, ErrLost
	}
	if !moved && !errors.As(failure, &impossible) {
		return false, fmt.Errorf("cannot append to the audit log: %w", failure)
	}
	known := j.book.Seq()
	if err := j.readNew(ctx); err != nil {
		return false, err
	}
	switch {
	case j.book.Seq() > known:
		return true, nil
	case moved:
		// Nothing was added, and still the newest record is another one.
		return false, &BrokenError{known, "it was there before and is gone or another one now"}
	}
	return false, failure
}

// draftRecords stamps and seals facts after the journal's book and returns the book
// they lead to. Facts are entered as they will be read again, not as they were
// given: what is believed is what is stored.
func (j *Journal) draftRecords(tx TxID, facts []Fact) (Book, []Record, error) {
	w := j.book.newWriter()
	records := make([]Record, 0, len(facts))
	for _, f := range facts {
		e := Entry{
			Seq: w.seq + 1, At: j.stamp.Clock(), By: j.stamp.Actor,
			Tx: tx, Policy: j.stamp.Policy, Fact: f,
		}
		r, err := sealEntry(e, w.head)
		if err != nil {
			return Book{}, nil, err
		}
		if e, err = openRecord(r, w.seq, w.head); err != nil {
			return Book{}, nil, fmt.Errorf("cannot record %s: %w", KindOf(f), err)
		}
		if err := w.applyEntry(e); err != nil {
			return Book{}, nil, err
		}
		records = append(records, r)
	}
	return w.finish(), records, nil
}

// HashOf reads the hash of one entry again; false where the log has no such entry.
func (j *Journal) HashOf(ctx context.Context, seq uint64) (Hash, bool, error) {
	var found *Record
	err := j.log.Read(ctx, seq-1, func(r Record) error {
		found = &r
		return errStop
	})
	switch {
	case err != nil && !errors.Is(err, errStop):
		return Hash{}, false, err
	case found == nil || found.Seq != seq:
		return Hash{}, false, nil
	}
	return found.Hash, true, nil
}

// errStop ends a reading of which enough is known.
var errStop = errors.New("enough was read")

// Entries reads the log again from its beginning and yields every entry, its
// place in the chain checked; for audits and exports.
func (j *Journal) Entries(ctx context.Context, yield func(Entry) error) error {
	return readEntries(ctx, j.log, 0, Hash{}, yield)
}

func readEntries(ctx context.Context, log Log, seq uint64, prev Hash, yield func(Entry) error) error {
	return log.Read(ctx, seq, func(r Record) error {
		e, err := openRecord(r, seq, prev)
		if err != nil {
			return err
		}
		seq, prev = e.Seq, e.Hash
		return yield(e)
	})
}

// Replay computes the book of a whole log, each entry read once.
func Replay(ctx context.Context, log Log) (Book, error) {
	return Book{}.followLog(ctx, log)
}

// followLog enters what the log holds after the book's newest entry.
func (b Book) followLog(ctx context.Context, log Log) (Book, error) {
	w := b.newWriter()
	err := readEntries(ctx, log, w.seq, w.head, func(e Entry) error {
		if err := w.applyEntry(e); err != nil {
			// The chain is whole, yet no orgstore would have appended this.
			return &BrokenError{e.Seq, err.Error()}
		}
		return nil
	})
	if err != nil {
		return b, err
	}
	return w.finish(), nil
}
