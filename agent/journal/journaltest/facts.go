package journaltest

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// Start is the time at which the clocks of this package begin.
func Start() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// Stamp is a stamp of an invented actor whose clock starts at Start and goes on
// by one second at each reading. It is not for several goroutines.
func Stamp() journal.Stamp {
	now := Start()
	return journal.Stamp{
		Actor:  journal.Actor{Source: "os", ID: "1000", Name: "ada", Host: "agent01"},
		Policy: "sha256:policy",
		Clock: func() time.Time {
			now = now.Add(time.Second)
			return now
		},
	}
}

// Tx makes a new transaction's name.
func Tx(t testing.TB) journal.TxID {
	t.Helper()
	tx, err := journal.NewTxID(Start(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// Open opens a journal on a log with Stamp.
func Open(t testing.TB, log journal.Log) *journal.Journal {
	t.Helper()
	j, err := journal.Open(context.Background(), log, Stamp())
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// Book returns the book that facts lead to, recorded one by one.
func Book(t testing.TB, facts ...journal.Fact) journal.Book {
	t.Helper()
	j := Open(t, new(Log))
	for _, f := range facts {
		if err := j.Append(context.Background(), Tx(t), f); err != nil {
			t.Fatal(err)
		}
	}
	return j.Book()
}

// Key is the key of an invented visual.
func Key() store.Key {
	g, err := visual.ParseGUID("auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E")
	if err != nil {
		panic(err) // it is a constant
	}
	return store.Key{Store: "tenant", GUID: g}
}
