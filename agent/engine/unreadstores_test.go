package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/notify"
)

// unreachable is what a look now says: the notices of stores that cannot be read, and
// since when they cannot.
func (x *gaugeTenant) unreachable() (notices int, since time.Time) {
	x.Helper()
	x.engine(func(e *engine.Engine) error {
		p, in, err := engine.LookAndPlan(x.Context(), e)
		for _, n := range e.Notices(p, in) {
			if n.Event == notify.StoreUnreachable {
				notices++
			}
		}
		since = in.Unread["store"].Since
		return err
	})
	return notices, since
}

// Since when a store cannot be read outlives the program. People are told after the
// time that the settings say, and a store that is back begins anew.
func TestSinceWhenAStoreCannotBeRead(t *testing.T) {
	x := newGaugeTenant(t)
	if n, since := x.unreachable(); n != 0 || !since.IsZero() {
		t.Fatalf("before: %d notices, since %s", n, since)
	}
	x.away = true
	first := x.now
	for _, c := range []struct {
		after   time.Duration
		notices int
	}{{0, 0}, {59 * time.Minute, 0}, {time.Hour, 1}, {48 * time.Hour, 1}} {
		x.now = first.Add(c.after)
		if n, since := x.unreachable(); n != c.notices || !since.Equal(first) {
			t.Errorf("after %s: %d notices, since %s", c.after, n, since)
		}
	}
	x.away = false
	if n, since := x.unreachable(); n != 0 || !since.IsZero() {
		t.Errorf("once it is back: %d notices, since %s", n, since)
	}
	x.away = true
	x.now = x.now.Add(time.Hour)
	if n, since := x.unreachable(); n != 0 || !since.Equal(x.now) {
		t.Errorf("away again: %d notices, since %s", n, since)
	}
}

// A look that may not write says what it sees all the same.
func TestAStoreThatCannotBeReadWhereNothingCanBeWritten(t *testing.T) {
	x := newGaugeTenant(t)
	x.away = true
	x.pass = func(_ int, point string) error {
		if strings.Contains(point, "unread-stores.json") {
			return errAway
		}
		return nil
	}
	if _, since := x.unreachable(); !since.Equal(x.now) {
		t.Errorf("it is away since %s", since)
	}
}
