// Package journaltest is the suite that every journal.Log passes, a log in
// memory, and what tests of a journal's users need. It knows no other log.
package journaltest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
)

// Suite runs against a log. Each call of fresh names a new, empty log and
// returns how to open it, which a test may do several times at once as several
// processes would.
func Suite(t *testing.T, fresh func(t *testing.T) (open func() (journal.Log, error))) {
	cases := map[string]func(*testing.T, func() journal.Log){
		"an empty log has no entries":                      empty,
		"what was appended is read, in order":              appended,
		"reading starts after a number":                    readAfter,
		"reading ends with the reader's error":             readerError,
		"several entries are appended at once":             together,
		"who appends after an old entry is told":           moved,
		"who appends after another chain is told":          otherChain,
		"nothing of a refused append remains":              nothingRemains,
		"what was appended is there when opened again":     openedAgain,
		"another process's entries are read":               otherProcess,
		"many append at once, without gaps":                manyAppend,
		"an ended context appends nothing":                 ended,
		"a yielded body is the reader's to keep":           bodyKept,
		"a cut tail is noticed by who has read it":         cutTail,
		"a stale journal's fact is judged by what is true": staleJudgment,
		"one at a time has the lease":                      oneLeads,
		"who lost the lease appends nothing":               lostLease,
		"a lease is given back":                            leftLease,
		"the lease of who is gone is seized":               seizedLease,
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			open := fresh(t)
			test(t, func() journal.Log {
				t.Helper()
				l, err := open()
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = l.Close() })
				return l
			})
		})
	}
}

// marked is a fact that nothing stands against, told apart by a number.
func marked(n int) journal.Fact { return journal.SettingsSeen{Policy: fmt.Sprintf("sha256:%d", n)} }

func add(t *testing.T, j *journal.Journal, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if err := j.Append(context.Background(), Tx(t), marked(n)); err != nil {
			t.Fatal(err)
		}
	}
}

func all(t *testing.T, l journal.Log, after uint64) []journal.Record {
	t.Helper()
	var records []journal.Record
	err := l.Read(context.Background(), after, func(r journal.Record) error {
		records = append(records, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func wantSeqs(t *testing.T, records []journal.Record, from, to uint64) {
	t.Helper()
	if len(records) != int(to-from+1) {
		t.Fatalf("%d records, want those from %d to %d", len(records), from, to)
	}
	for i, r := range records {
		if r.Seq != from+uint64(i) {
			t.Errorf("record %d has number %d, want %d", i, r.Seq, from+uint64(i))
		}
	}
}

func empty(t *testing.T, open func() journal.Log) {
	if got := all(t, open(), 0); len(got) != 0 {
		t.Errorf("%d records in a new log", len(got))
	}
}

func appended(t *testing.T, open func() journal.Log) {
	l := open()
	j := Open(t, l)
	add(t, j, 1, 5)
	wantSeqs(t, all(t, l, 0), 1, 5)
	if seq := j.Book().Seq(); seq != 5 {
		t.Errorf("the book ends at %d", seq)
	}
}

func readAfter(t *testing.T, open func() journal.Log) {
	l := open()
	add(t, Open(t, l), 1, 5)
	wantSeqs(t, all(t, l, 3), 4, 5)
	if got := all(t, l, 9); len(got) != 0 {
		t.Errorf("%d records after the last", len(got))
	}
}

func readerError(t *testing.T, open func() journal.Log) {
	l := open()
	add(t, Open(t, l), 1, 3)
	stop, n := errors.New("enough"), 0
	err := l.Read(context.Background(), 0, func(journal.Record) error {
		n++
		return stop
	})
	if err != stop || n != 1 {
		t.Errorf("read ended with %v after %d records", err, n)
	}
}

func together(t *testing.T, open func() journal.Log) {
	l := open()
	j := Open(t, l)
	if err := j.Append(context.Background(), Tx(t), marked(1), marked(2), marked(3)); err != nil {
		t.Fatal(err)
	}
	wantSeqs(t, all(t, l, 0), 1, 3)
}

func moved(t *testing.T, open func() journal.Log) {
	l := open()
	add(t, Open(t, l), 1, 2)
	first := all(t, l, 0)[0]
	if err := l.Append(context.Background(), []journal.Record{first}); !errors.Is(err, journal.ErrMoved) {
		t.Errorf("appending the first record again: %v", err)
	}
	beyond := journal.Record{Seq: 4, Body: []byte("{}")}
	if err := l.Append(context.Background(), []journal.Record{beyond}); !errors.Is(err, journal.ErrMoved) {
		t.Errorf("leaving out a number: %v", err)
	}
	wantSeqs(t, all(t, l, 0), 1, 2)
}

func otherChain(t *testing.T, open func() journal.Log) {
	l := open()
	add(t, Open(t, l), 1, 2)
	stranger := journal.Record{Seq: 3, Body: []byte("{}"), Prev: journal.Hash{1}}
	if err := l.Append(context.Background(), []journal.Record{stranger}); !errors.Is(err, journal.ErrMoved) {
		t.Errorf("appending to another chain: %v", err)
	}
}

func nothingRemains(t *testing.T, open func() journal.Log) {
	l := open()
	j := Open(t, l)
	err := j.Append(context.Background(), Tx(t), marked(1), journal.Done{Step: "none"}, marked(2))
	if impossible := (*journal.ImpossibleError)(nil); !errors.As(err, &impossible) {
		t.Errorf("an impossible fact among possible ones: %v", err)
	}
	if got := all(t, l, 0); len(got) != 0 || j.Book().Seq() != 0 {
		t.Errorf("%d records remain, and the book ends at %d", len(got), j.Book().Seq())
	}
}

func openedAgain(t *testing.T, open func() journal.Log) {
	l := open()
	j := Open(t, l)
	add(t, j, 1, 4)
	head := j.Book().Head()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = Open(t, open())
	if j.Book().Seq() != 4 || j.Book().Head() != head {
		t.Errorf("opened again it ends at %d, %s", j.Book().Seq(), j.Book().Head())
	}
	add(t, j, 5, 5)
}

func otherProcess(t *testing.T, open func() journal.Log) {
	a, b := Open(t, open()), Open(t, open())
	add(t, a, 1, 3)
	if b.Book().Seq() != 0 {
		t.Errorf("a book grew by itself to %d", b.Book().Seq())
	}
	if err := b.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	if b.Book().Head() != a.Book().Head() || b.Book().Policy() != "sha256:3" {
		t.Errorf("after a refresh: entry %d, %q", b.Book().Seq(), b.Book().Policy())
	}
}

func manyAppend(t *testing.T, open func() journal.Log) {
	const writers, each = 4, 10
	var wg sync.WaitGroup
	for range writers {
		j := Open(t, open())
		wg.Go(func() {
			for n := range each {
				if err := j.Append(context.Background(), "tx", marked(n), marked(n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	j := Open(t, open()) // checks the chain
	if want := uint64(writers * each * 2); j.Book().Seq() != want {
		t.Errorf("the log ends at %d, want %d", j.Book().Seq(), want)
	}
}

func ended(t *testing.T, open func() journal.Log) {
	l := open()
	j := Open(t, l)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := j.Append(ctx, Tx(t), marked(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("appending with an ended context: %v", err)
	}
	if got := all(t, l, 0); len(got) != 0 {
		t.Errorf("%d records", len(got))
	}
}

func bodyKept(t *testing.T, open func() journal.Log) {
	l := open()
	add(t, Open(t, l), 1, 3)
	for _, r := range all(t, l, 0) {
		clear(r.Body)
	}
	Open(t, l) // fails if the log's own bytes were changed
	bodies := map[string]bool{}
	for _, r := range all(t, l, 0) {
		bodies[string(r.Body)] = true
	}
	if len(bodies) != 3 {
		t.Errorf("%d different bodies, want 3", len(bodies))
	}
}

// cutTail: a log that is shorter than what the journal has read of it.
func cutTail(t *testing.T, open func() journal.Log) {
	longer := Open(t, open())
	add(t, longer, 1, 3)
	shorter := Of(all(t, open(), 0)[:2]...)
	ahead, err := journal.Open(context.Background(), &switching{before: open(), after: shorter}, Stamp())
	if err != nil {
		t.Fatal(err)
	}
	err = ahead.Append(context.Background(), Tx(t), marked(4))
	if broken := (*journal.BrokenError)(nil); !errors.As(err, &broken) || broken.Seq != 3 {
		t.Errorf("appending to a log that lost its tail: %v", err)
	}
}

// switching is read once, and is another log afterwards.
type switching struct {
	before, after journal.Log
	read          bool
}

func (s *switching) Append(ctx context.Context, records []journal.Record) error {
	return s.after.Append(ctx, records)
}

func (s *switching) Read(ctx context.Context, after uint64, yield func(journal.Record) error) error {
	if s.read {
		return s.after.Read(ctx, after, yield)
	}
	s.read = true
	return s.before.Read(ctx, after, yield)
}

func (s *switching) Lease(ctx context.Context, c journal.Claim) (journal.Lease, error) {
	return s.after.Lease(ctx, c)
}

func (s *switching) Close() error { return nil }

// staleJudgment: what another process recorded makes a fact possible, or not.
func staleJudgment(t *testing.T, open func() journal.Log) {
	ctx := context.Background()
	a, b := Open(t, open()), Open(t, open())
	held := journal.Held{Key: Key(), Reason: "quarter's end"}
	if err := a.Append(ctx, Tx(t), held); err != nil {
		t.Fatal(err)
	}
	if err := b.Append(ctx, Tx(t), journal.Unheld{Key: Key()}); err != nil {
		t.Errorf("lifting a hold that another process set: %v", err)
	}
	err := a.Append(ctx, Tx(t), journal.Unheld{Key: Key()})
	if impossible := (*journal.ImpossibleError)(nil); !errors.As(err, &impossible) {
		t.Errorf("lifting a hold that another process lifted: %v", err)
	}
	if a.Book().Head() != b.Book().Head() {
		t.Error("two journals of one log differ")
	}
}

// at opens a journal whose clock a test sets.
func at(t *testing.T, l journal.Log) (*journal.Journal, *time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	stamp := Stamp()
	stamp.Clock = func() time.Time { return now }
	j, err := journal.Open(context.Background(), l, stamp)
	if err != nil {
		t.Fatal(err)
	}
	return j, &now
}

func oneLeads(t *testing.T, open func() journal.Log) {
	ctx := context.Background()
	a, now := at(t, open())
	b, later := at(t, open())
	if err := a.AcquireLease(ctx, time.Minute, false); err != nil {
		t.Fatal(err)
	}
	leased := (*journal.LeasedError)(nil)
	if err := b.AcquireLease(ctx, time.Minute, false); !errors.As(err, &leased) || !leased.Until.Equal(now.Add(time.Minute)) {
		t.Errorf("taking what another has: %v", err)
	}
	*now = now.Add(50 * time.Second)
	if err := a.AcquireLease(ctx, time.Minute, false); err != nil {
		t.Errorf("extending: %v", err)
	}
	*later = now.Add(59 * time.Second)
	if err := b.AcquireLease(ctx, time.Minute, false); !errors.As(err, &leased) {
		t.Errorf("taking what was extended: %v", err)
	}
	add(t, a, 1, 1)
	add(t, b, 2, 2) // who asked in vain is not kept from appending: it holds, approves
}

func lostLease(t *testing.T, open func() journal.Log) {
	ctx := context.Background()
	a, now := at(t, open())
	b, later := at(t, open())
	if err := a.AcquireLease(ctx, time.Minute, false); err != nil {
		t.Fatal(err)
	}
	*later = now.Add(time.Minute) // the first moment at which it has ended
	if err := b.AcquireLease(ctx, time.Minute, false); err != nil {
		t.Fatalf("taking one that ended: %v", err)
	}
	if err := a.Append(ctx, Tx(t), marked(1)); !errors.Is(err, journal.ErrLost) {
		t.Errorf("appending after it was lost: %v", err)
	}
	if err := a.AcquireLease(ctx, time.Minute, true); !errors.Is(err, journal.ErrLost) {
		t.Errorf("extending what was lost: %v", err)
	}
	if err := a.ReleaseLease(ctx); err != nil {
		t.Errorf("giving back what was lost: %v", err)
	}
	add(t, b, 1, 1)
	if got := all(t, open(), 0); len(got) != 1 {
		t.Errorf("%d records", len(got))
	}
}

func leftLease(t *testing.T, open func() journal.Log) {
	ctx := context.Background()
	a, _ := at(t, open())
	b, _ := at(t, open())
	if err := a.ReleaseLease(ctx); err != nil {
		t.Errorf("giving back what it never had: %v", err)
	}
	if err := a.AcquireLease(ctx, time.Minute, false); err != nil {
		t.Fatal(err)
	}
	if err := a.ReleaseLease(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.AcquireLease(ctx, time.Minute, false); err != nil {
		t.Errorf("taking what was given back: %v", err)
	}
	add(t, a, 1, 1) // who gave it back may append as anybody may
}

func seizedLease(t *testing.T, open func() journal.Log) {
	ctx := context.Background()
	a, _ := at(t, open())
	b, _ := at(t, open())
	if err := a.AcquireLease(ctx, time.Hour, false); err != nil {
		t.Fatal(err)
	}
	if err := b.AcquireLease(ctx, time.Minute, true); err != nil {
		t.Fatal(err)
	}
	if err := a.Append(ctx, Tx(t), marked(1)); !errors.Is(err, journal.ErrLost) {
		t.Errorf("appending after it was seized: %v", err)
	}
}
