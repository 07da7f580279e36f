package observe_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/pin"
	"github.com/orgstore/orgstore/policies/plan"
)

// An era is a time in which a package really was in a store.
type era struct {
	digest visual.Digest
	seen   time.Time // when somebody saw it there; zero if nobody did
	ended  time.Time // zero while it goes on
	onward bool      // it ended because something newer came
}

// A tenant is three stores, one after the other, with all that happens to them,
// told apart from what the journal makes of it.
type ringTenant struct {
	t       *rapid.T
	journal *journal.Journal
	now     time.Time
	soak    time.Duration
	offers  []plan.Candidate
	eras    map[string][]era
	puts    map[string]int
	tx      int
}

var ringNames = []string{"bench", "pilot", "store"}

func ringKey(name string) store.Key { return store.Key{Store: name, GUID: journaltest.Key().GUID} }

func newRingTenant(t *rapid.T, tb testing.TB) *ringTenant {
	w := &ringTenant{t: t, now: journaltest.Start(), soak: time.Duration(rapid.IntRange(0, 5).Draw(t, "soak")) * 24 * time.Hour,
		eras: map[string][]era{}, puts: map[string]int{}}
	stamp := journaltest.Stamp()
	stamp.Clock = func() time.Time { return w.now }
	j, err := journal.Open(tb.Context(), new(journaltest.Log), stamp)
	if err != nil {
		t.Fatal(err)
	}
	w.journal = j
	for _, name := range ringNames {
		w.record(journal.Baselined{Key: ringKey(name), State: store.State{Presence: store.Absent, Claim: store.Verified}, Evidence: "new"})
	}
	return w
}

func (w *ringTenant) record(facts ...journal.Fact) {
	w.tx++
	if err := w.journal.Append(w.t.Context(), journal.TxID(fmt.Sprintf("tx_%d", w.tx)), facts...); err != nil {
		w.t.Fatal(err)
	}
}

// arrive takes in a package: a new version, other code of one, or a renewal.
func (w *ringTenant) arrive() {
	n := len(w.offers)
	v, err := visual.ParseVersion(fmt.Sprintf("1.%d.0.0", rapid.IntRange(0, 4).Draw(w.t, "minor")))
	if err != nil {
		w.t.Fatal(err)
	}
	c := plan.Candidate{
		GUID: ringKey("").GUID, Judgment: verdict.Judge(),
		Release: visual.Release{Version: v, Digest: visual.DigestOf(fmt.Append(nil, "package ", n))},
		Content: pbiviz.Content(fmt.Sprintf("h1:%s %d", v, rapid.IntRange(0, 1).Draw(w.t, "code"))),
		Terms:   license.Terms{Grade: license.Signed, ID: fmt.Sprintf("jti-%d", n), Ends: w.now.AddDate(1, 0, n)},
	}
	w.offers = append(w.offers, c)
}

// really says what is in a store, whatever the journal thinks.
func (w *ringTenant) really(name string) *era {
	if n := len(w.eras[name]); n > 0 && w.eras[name][n-1].ended.IsZero() {
		return &w.eras[name][n-1]
	}
	return nil
}

func (w *ringTenant) become(name string, d visual.Digest, by change.Kind) {
	if e := w.really(name); e != nil {
		if e.digest == d {
			return
		}
		e.ended, e.onward = w.now, by == change.Upgrade || by == change.Replace || by == change.Renew
	}
	w.eras[name] = append(w.eras[name], era{digest: d})
}

func (w *ringTenant) saw(name string) {
	if e := w.really(name); e != nil && e.seen.IsZero() {
		e.seen = w.now
	}
}

func (w *ringTenant) at() moment.Moment { return moment.Settle(w.now, moment.Mark{}, -1) }

func (w *ringTenant) ring(name string) (plan.Ring, bool) {
	i := slices.Index(ringNames, name)
	if i == 0 {
		return plan.Ring{}, false
	}
	return observe.Ring(w.journal.Book(), plan.Ring{Before: ringKey(ringNames[i-1]), Soak: w.soak}, w.at()), true
}

func (w *ringTenant) plan(asks ...plan.Ask) plan.Plan {
	book := w.journal.Book()
	allowed, err := pin.Parse(">= 1")
	if err != nil {
		w.t.Fatal(err)
	}
	in := plan.Input{Candidates: w.offers, Blocks: book.Blocks(), Asks: asks, Traits: map[string]store.Traits{}, Onward: map[store.Key]plan.Onward{}}
	for _, name := range ringNames {
		k := ringKey(name)
		in.Traits[name] = store.Traits{TellsPresence: true, TellsDigest: true}
		in.Wanted = append(in.Wanted, plan.Wanted{Key: k, Pin: allowed})
		p := plan.Present{Key: k, Belief: book.Belief(k), Open: book.Open(k)}
		if e := w.really(name); e != nil {
			p.Observed = &store.Listing{GUID: k.GUID, Release: &visual.Release{Digest: e.digest}}
		}
		in.Present = append(in.Present, p)
		if r, later := w.ring(name); later {
			in.Onward[k] = r.Onward(w.at())
		}
	}
	return plan.Compute(in)
}

// apply makes what nothing holds back, as the agent does.
func (w *ringTenant) apply(asks ...plan.Ask) {
	p := w.plan(asks...)
	stopped := map[store.Key]bool{}
	for _, s := range p.Steps {
		if stopped[s.Key] || len(asks) > 0 && !s.Asked {
			continue
		}
		book := w.journal.Book()
		c := plan.Conditions{At: w.at(), Holds: book.Holds(), Tries: book.Tries(), Rings: map[store.Key]plan.Ring{}}
		if r, later := w.ring(s.Key.Store); later {
			c.Rings[s.Key] = r.Despite(p.Drifts[r.Before])
		}
		stopped[s.Key] = !plan.Ready(plan.Gates(s, c)) || !w.do(s)
	}
}

// do makes one step, which may go wrong; false where it did.
func (w *ringTenant) do(s plan.Step) bool {
	name, how := s.Key.Store, rapid.IntRange(0, 9).Draw(w.t, "how it goes")
	if s.Kind.Puts() {
		w.mayPut(s)
	}
	b := journal.Begun{Step: s, Attempt: w.journal.Book().Tries()[s.ID] + 1}
	if s.Asked && s.From.Release != nil {
		b.Leaves = &plan.Block{Key: s.Key, Version: s.From.Release.Version, Pin: ">= 1", Reason: "bad"}
	}
	w.record(b)
	if how == 0 {
		w.record(journal.Failed{Step: s.ID, StoreState: journal.Unchanged, Message: "refused"})
		return false
	}
	if s.Kind.Puts() {
		w.become(name, s.To.Release.Digest, s.Kind)
	}
	switch how {
	case 1:
		w.record(journal.Failed{Step: s.ID, StoreState: journal.Uncertain, Message: "lost"})
		return false
	case 2:
		s.To.Claim = store.Acknowledged
	default:
		s.To.Claim = store.Verified
		w.saw(name)
	}
	w.record(journal.Done{Step: s.ID, State: s.To})
	w.puts[name]++
	return true
}

// mayPut holds a put against what really happened: nothing reaches a store that
// did not run in the one before, but for what people asked for, and for renewals
// of the code that is there.
func (w *ringTenant) mayPut(s plan.Step) {
	i := slices.Index(ringNames, s.Key.Store)
	if i == 0 || s.Asked {
		return
	}
	if s.Kind == change.Renew {
		if w.content(s.From.Release.Digest) != w.content(s.To.Release.Digest) {
			w.t.Fatalf("a renewal in %s brings other code", s.Key.Store)
		}
		return
	}
	for _, e := range w.eras[ringNames[i-1]] {
		until := e.ended
		if until.IsZero() {
			until = w.now
		}
		if e.digest == s.To.Release.Digest && !e.seen.IsZero() && until.Sub(e.seen) >= w.soak && (e.ended.IsZero() || e.onward) {
			return
		}
	}
	w.t.Fatalf("%s of %s reaches %s at %s, and did not run in %s for %s: %+v", s.Kind, s.To.Release, s.Key.Store, w.now, ringNames[i-1], w.soak, w.eras[ringNames[i-1]])
}

func (w *ringTenant) content(d visual.Digest) pbiviz.Content {
	i := slices.IndexFunc(w.offers, func(c plan.Candidate) bool { return c.Release.Digest == d })
	if i < 0 {
		return pbiviz.Content(d.String())
	}
	return w.offers[i].Content
}

// rollBack goes back in one store to what stood there before.
func (w *ringTenant) rollBack(name string) {
	k := ringKey(name)
	now := w.journal.Book().Belief(k)
	stood := w.journal.Book().Stood(k)
	if now.Release == nil || len(stood) == 0 {
		return
	}
	to := rapid.SampledFrom(stood).Draw(w.t, "back to")
	if to.After.Release == nil || to.After.Release.Digest == now.Release.Digest {
		return
	}
	w.apply(plan.Ask{Key: k, Version: to.After.Release.Version, Not: now.Release.Digest, Reason: "bad"})
}

// look is a person who says what is there.
func (w *ringTenant) look(name string) {
	e := w.really(name)
	if e == nil || w.journal.Book().Open(ringKey(name)) != nil {
		return
	}
	release := visual.Release{Digest: e.digest}
	if i := slices.IndexFunc(w.offers, func(c plan.Candidate) bool { return c.Release.Digest == e.digest }); i >= 0 {
		release = w.offers[i].Release
	}
	w.saw(name)
	w.record(journal.Baselined{Key: ringKey(name), Evidence: "looked",
		State: store.State{Presence: store.Present, Release: &release, Claim: store.Confirmed}})
}

func (w *ringTenant) happen() {
	name := rapid.SampledFrom(ringNames).Draw(w.t, "store")
	switch k := ringKey(name); rapid.IntRange(0, 14).Draw(w.t, "event") {
	case 0, 1, 2:
		w.arrive()
	case 3:
		w.rollBack(name)
	case 4:
		w.record(journal.Held{Key: k, Reason: "calm"})
	case 5:
		if slices.ContainsFunc(w.journal.Book().Holds(), func(h plan.Hold) bool { return h.Key == k }) {
			w.record(journal.Unheld{Key: k, Reason: "go on"})
		}
	case 6: // somebody's hand
		w.become(name, visual.DigestOf(fmt.Append(nil, "foreign ", w.tx)), "")
	case 7:
		w.look(name)
	default:
		w.now = w.now.Add(time.Duration(rapid.IntRange(1, 72).Draw(w.t, "hours")) * time.Hour)
		w.apply()
	}
}

// TestNothingReachesAStoreThatDidNotRunBefore lives through random months of
// three stores, with arrivals, failures, holds, rollbacks and people's hands.
func TestNothingReachesAStoreThatDidNotRunBefore(t *testing.T) {
	most := 0
	rapid.Check(t, func(rt *rapid.T) {
		w := newRingTenant(rt, t)
		for range rapid.IntRange(1, 60).Draw(rt, "events") {
			w.happen()
		}
		most = max(most, w.puts["store"])
	})
	if most == 0 && !t.Failed() {
		t.Error("nothing ever reached the last store, so nothing was proven")
	}
}
