package journal_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

func anywhere() store.Key { return store.Key{GUID: journaltest.Key().GUID} }

func TestImpossibleFacts(t *testing.T) {
	key := journaltest.Key()
	base := journal.Baselined{Key: key, State: seen(state(t, "1.3")), Evidence: "portal"}
	up := begun(t, "up", change.Upgrade, "1.3", "1.4")
	second := up
	second.Attempt = 2
	back := begun(t, "back", change.Restore, "1.4", "1.3")
	back.Undoes = "up"
	done := journal.Done{Step: "up", State: seen(state(t, "1.4"))}
	failed := journal.Failed{Step: "up", StoreState: journal.Unchanged}
	otherBytes := bound(t, "1.4", "embedded")
	otherBytes.Bound.Content = "h1:other"
	unclaimed, unknown := done, done
	unclaimed.State.Claim, unknown.State = "", store.State{Presence: store.Unknown, Claim: store.Unverified}
	odd := func(change func(*plan.Step)) journal.Begun {
		b := up
		change(&b.Step)
		return b
	}
	for _, c := range []struct {
		name   string
		before []journal.Fact
		fact   journal.Fact
	}{
		{"done without begun", nil, done},
		{"told by no channel", nil, journal.Notified{}},
		{"told without a message", nil, journal.Notified{Channel: "x", Notices: []journal.ToldNotice{{Key: "k"}}}},
		{"told something without a key", nil, journal.Notified{Channel: "x", Message: "m", Notices: []journal.ToldNotice{{Event: "e"}}}},
		{"accepted without begun", nil, journal.Accepted{Step: "up"}},
		{"failed without begun", nil, failed},
		{"withdrawn without begun", nil, journal.Withdrawn{Step: "up"}},
		{"done twice", []journal.Fact{up, done}, done},
		{"failed after done", []journal.Fact{up, done}, failed},
		{"another step while one is open", []journal.Fact{up}, begun(t, "other", change.Renew, "1.3", "1.3")},
		{"the same attempt twice", []journal.Fact{up}, up},
		{"a lower attempt", []journal.Fact{second}, up},
		{"a baseline while a step is open", []journal.Fact{up}, base},
		{"undoing what was never begun", nil, back},
		{"undoing itself", []journal.Fact{up, failed}, journal.Begun{Step: back.Step, Attempt: 1, Undoes: "back"}},
		{"undoing by an upgrade", []journal.Fact{up, failed}, journal.Begun{Step: step(t, "x", change.Upgrade, "1.4", "1.5"), Attempt: 1, Undoes: "up"}},
		{"attempt zero", nil, journal.Begun{Step: up.Step}},
		{"a step without an id", nil, odd(func(s *plan.Step) { s.ID = "" })},
		{"a step without a store", nil, odd(func(s *plan.Step) { s.Key.Store = "" })},
		{"a step without a visual", nil, odd(func(s *plan.Step) { s.Key.GUID = visual.GUID{} })},
		{"a step of an unknown kind", nil, odd(func(s *plan.Step) { s.Kind = "delete" })},
		{"a step to an unknown presence", nil, odd(func(s *plan.Step) { s.To.Presence = "gone" })},
		{"a release of what is absent", nil, odd(func(s *plan.Step) { s.From.Presence = store.Absent })},
		{"an unknown claim", []journal.Fact{up}, journal.Done{Step: "up", State: store.State{Presence: store.Absent, Claim: "sworn"}}},
		{"done without a claim", []journal.Fact{up}, unclaimed},
		{"done with an unknown outcome", []journal.Fact{up}, unknown},
		{"failed without saying what it left", []journal.Fact{up}, journal.Failed{Step: "up"}},
		{"unclear what was never begun", nil, journal.Unclear{Step: "up", Message: "another shape"}},
		{"unclear without a word", []journal.Fact{up}, journal.Unclear{Step: "up"}},
		{"another step while one is unclear", []journal.Fact{up, journal.Unclear{Step: "up", Message: "another shape"}}, begun(t, "other", change.Renew, "1.3", "1.3")},
		{"checking what was never begun", nil, journal.Checking{Step: "up", State: done.State}},
		{"checking what nobody saw", []journal.Fact{up}, journal.Checking{Step: "up", State: unclaimed.State}},
		{"a check's answer that nobody asked for", []journal.Fact{up}, journal.Checked{Step: "up", By: "command", Answer: journal.Passed}},
		{"an answer of an unknown word", []journal.Fact{up, journal.Checking{Step: "up", State: done.State}}, journal.Checked{Step: "up", By: "command", Answer: "maybe"}},
		{"an answer of nobody", []journal.Fact{up, journal.Checking{Step: "up", State: done.State}}, journal.Checked{Step: "up", Answer: journal.Passed}},
		{"changed, and nobody saw it", []journal.Fact{up}, journal.Failed{Step: "up", StoreState: journal.Changed}},
		{"a hold but for an unknown change", nil, journal.Held{Key: key, Except: []change.Kind{"delete"}, Reason: "x"}},
		{"a statement bound to no package", nil, bound(t, "1.4", "embedded")},
		{"a statement bound to other bytes", []journal.Fact{received(t, "1.4")}, otherBytes},
		{"a statement bound that never came", []journal.Fact{received(t, "1.4")}, bound(t, "1.4", "s")},
		{"a statement refused for no package", nil, journal.StatementRefused{Statement: digest("s"), Package: digest("1.4")}},
		{"a package without a digest", nil, journal.Received{}},
		{"lifting no hold", nil, journal.Unheld{Key: key}},
		{"lifting a hold of another store", []journal.Fact{journal.Held{Key: store.Key{Store: "pilot", GUID: key.GUID}}}, journal.Unheld{Key: key}},
		{"lifting no block", nil, journal.Unblocked{Key: key}},
		{"blocking nothing", nil, journal.Blocked{Block: plan.Block{Key: key}}},
		{"overriding without a reason", nil, journal.Overridden{Step: "up", Gate: plan.GateTries}},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := new(journaltest.Log)
			j := journaltest.Open(t, log)
			if err := j.Append(t.Context(), "tx_1", c.before...); err != nil {
				t.Fatal(err)
			}
			before := look(j.Book())
			err := j.Append(t.Context(), "tx_2", c.fact)
			if e := (*journal.ImpossibleError)(nil); !errors.As(err, &e) || e.Fact != journal.KindOf(c.fact) {
				t.Errorf("appending it: %v", err)
			}
			if after := look(j.Book()); !reflect.DeepEqual(before, after) {
				t.Error("the book changed")
			}
			if n := len(log.Records()); n != len(c.before) {
				t.Errorf("%d records, want %d", n, len(c.before))
			}
		})
	}
}

// An upgrade that is found bad, is undone, is made again and is rolled back.
func TestStoryOfOneVisual(t *testing.T) {
	up := begun(t, "up", change.Upgrade, "1.3", "1.4")
	back := begun(t, "back", change.Restore, "1.4", "1.3")
	back.Undoes = "up"
	facts := []journal.Fact{
		received(t, "1.3"),
		journal.Baselined{Key: journaltest.Key(), State: seen(state(t, "1.3")), Evidence: "portal"},
		up,
		journal.Failed{Step: "up", Message: "the digest differs", StoreState: journal.Uncertain},
		back,
		journal.Done{Step: "back", State: seen(state(t, "1.3"))},
		up,
		journal.Accepted{Step: "up", Receipt: store.Receipt{Waiting: true, Reference: "task-1"}},
	}
	b := journaltest.Book(t, facts...)
	wantStatuses(t, b, "baseline", "undone", "done", "waiting")
	o := b.Open(journaltest.Key())
	if o == nil || o.Step.ID != "up" || !o.Accepted || !o.Waiting || !o.Since.Equal(b.History()[3].Time) {
		t.Errorf("open is %+v", o)
	}
	if n := b.Tries()["up"]; n != 1 {
		t.Errorf("%d tries", n)
	}
	b = journaltest.Book(t, append(facts,
		journal.Done{Step: "up", State: seen(state(t, "1.4")), Message: "read back"},
		begun(t, "down", change.Downgrade, "1.4", "1.3"),
		journal.Done{Step: "down", State: seen(state(t, "1.3"))})...)
	wantStatuses(t, b, "baseline", "undone", "done", "done", "done")
	if got := b.Belief(journaltest.Key()); !reflect.DeepEqual(got, seen(state(t, "1.3"))) {
		t.Errorf("belief is %+v", got)
	}
	if len(b.Tries()) != 0 || b.Open(journaltest.Key()) != nil {
		t.Errorf("tries %v and open %v remain", b.Tries(), b.Open(journaltest.Key()))
	}
	var stood []string
	for _, r := range b.Stood(journaltest.Key()) {
		stood = append(stood, r.Release().Version.String())
	}
	if !slices.Equal(stood, []string{"1.3", "1.3", "1.4", "1.3"}) {
		t.Errorf("%v stood", stood)
	}
	first := b.Revisions(journaltest.Key())[0]
	if first.Name != "Aurora Gauge" || first.Reason != "portal" || first.Actor.Name != "ada" || first.Claim != store.Verified || !first.LicenseEnds().Equal(day) {
		t.Errorf("the baseline reads %+v", first)
	}
	if got := b.Marks(""); !reflect.DeepEqual(got, map[string]int64{license.MarkKey(terms(3)): 3}) {
		t.Errorf("marks are %v", got)
	}
}

func wantStatuses(t *testing.T, b journal.Book, want ...journal.Status) {
	t.Helper()
	var got []journal.Status
	for i, r := range b.History() {
		got = append(got, r.Status)
		if r.Revision != i+1 {
			t.Errorf("revision %d is numbered %d", i+1, r.Revision)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("statuses %v, want %v", got, want)
	}
}

func TestFailureLeavesWhatItSays(t *testing.T) {
	for after, want := range map[journal.Aftermath]store.Presence{
		journal.Unchanged: store.Present,
		journal.Uncertain: store.Unknown,
	} {
		b := journaltest.Book(t,
			journal.Baselined{Key: journaltest.Key(), State: seen(state(t, "1.3"))},
			begun(t, "up", change.Upgrade, "1.3", "1.4"),
			journal.Failed{Step: "up", StoreState: after})
		if got := b.Belief(journaltest.Key()).Presence; got != want {
			t.Errorf("after a failure that left it %s, it is %s", after, got)
		}
	}
}

func TestTriesCountWhatDidNotSucceed(t *testing.T) {
	up := begun(t, "up", change.Upgrade, "1.3", "1.4")
	again := up
	again.Attempt = 2
	failed := journal.Failed{Step: "up", StoreState: journal.Unchanged}
	override := journal.Overridden{Step: "up", Gate: plan.GateTries, Reason: "the share is back"}
	for name, c := range map[string]struct {
		facts []journal.Fact
		want  int
	}{
		"one under way":             {[]journal.Fact{up}, 0},
		"one failed":                {[]journal.Fact{up, failed}, 1},
		"one interrupted":           {[]journal.Fact{up, again}, 1},
		"interrupted, then failed":  {[]journal.Fact{up, again, failed}, 2},
		"withdrawn":                 {[]journal.Fact{up, journal.Withdrawn{Step: "up"}}, 0},
		"failed, then let through":  {[]journal.Fact{up, failed, override}, 0},
		"let through, failed again": {[]journal.Fact{up, failed, override, up, failed}, 1},
		"another gate let through":  {[]journal.Fact{up, failed, journal.Overridden{Step: "up", Gate: plan.GateHold, Reason: "r"}}, 1},
		"done in the end":           {[]journal.Fact{up, failed, up, journal.Done{Step: "up", State: seen(state(t, "1.4"))}}, 0},
	} {
		if got := journaltest.Book(t, c.facts...).Tries()["up"]; got != c.want {
			t.Errorf("%s: %d tries, want %d", name, got, c.want)
		}
	}
}

func TestOverridesLastUntilTheStepIsDone(t *testing.T) {
	up := begun(t, "up", change.Upgrade, "1.3", "1.4")
	again := up
	again.Attempt = 2
	let := func(gate, reason string) journal.Fact {
		return journal.Overridden{Step: "up", Gate: gate, Reason: reason}
	}
	for name, c := range map[string]struct {
		facts []journal.Fact
		want  string
	}{
		"given":               {[]journal.Fact{let("hold", "a")}, "hold:a"},
		"given twice":         {[]journal.Fact{let("hold", "a"), let("review", "b"), let("hold", "c")}, "review:b hold:c"},
		"after a failure":     {[]journal.Fact{let("hold", "a"), up, journal.Failed{Step: "up", StoreState: journal.Unchanged}}, "hold:a"},
		"after it was undone": {[]journal.Fact{let("hold", "a"), up, journal.Failed{Step: "up", StoreState: journal.Uncertain}}, ""},
		"after a bad check": {[]journal.Fact{let("hold", "a"), up, journal.Checking{Step: "up", State: seen(state(t, "1.4"))},
			journal.Checked{Step: "up", By: "command", Answer: journal.Refused}, journal.Failed{Step: "up", StoreState: journal.Changed}}, ""},
		"after an interruption": {[]journal.Fact{let("hold", "a"), up, again}, "hold:a"},
		"after it was done":     {[]journal.Fact{let("hold", "a"), up, journal.Done{Step: "up", State: seen(state(t, "1.4"))}}, ""},
		"after a withdrawal":    {[]journal.Fact{let("hold", "a"), up, journal.Withdrawn{Step: "up"}}, ""},
	} {
		var got []string
		for _, o := range journaltest.Book(t, c.facts...).Overrides() {
			if o.Step != "up" || o.By != "ada@agent01" {
				t.Errorf("%s: %+v", name, o)
			}
			got = append(got, o.Gate+":"+o.Reason)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v in force, want %s", name, got, c.want)
		}
	}
}

func TestApprovalsLastForOneAttempt(t *testing.T) {
	key := journaltest.Key()
	up := begun(t, "up", change.Upgrade, "1.3", "1.4")
	back := begun(t, "back", change.Restore, "1.4", "1.3")
	back.Step.Reason.Code = plan.CodeAsked
	yes := journal.Approved{Step: "up", Key: key, Reason: "looked at it"}
	for name, c := range map[string]struct {
		facts []journal.Fact
		want  int
	}{
		"given":                   {[]journal.Fact{yes}, 1},
		"after a try that left":   {[]journal.Fact{yes, up, journal.Failed{Step: "up", StoreState: journal.Unchanged}}, 1},
		"after it was undone":     {[]journal.Fact{yes, up, journal.Failed{Step: "up", StoreState: journal.Uncertain}}, 0},
		"after a rollback":        {[]journal.Fact{yes, back, journal.Done{Step: "back", State: seen(state(t, "1.3"))}}, 0},
		"a rejection, afterwards": {[]journal.Fact{journal.Rejected{Step: "up", Key: key, Reason: "no"}, back, journal.Done{Step: "back", State: seen(state(t, "1.3"))}}, 1},
	} {
		if got := len(journaltest.Book(t, c.facts...).Said("up")); got != c.want {
			t.Errorf("%s: %d words count, want %d", name, got, c.want)
		}
	}
	let := journal.Overridden{Step: "up", Key: key, Gate: plan.GateHold, Reason: "once"}
	if got := journaltest.Book(t, let, back, journal.Done{Step: "back", State: seen(state(t, "1.3"))}).Overrides(); len(got) != 0 {
		t.Errorf("after a rollback %+v is in force", got)
	}
}

func TestHoldsAndBlocks(t *testing.T) {
	key := journaltest.Key()
	pilot := store.Key{Store: "pilot", GUID: key.GUID}
	block := plan.Block{Key: key, Version: version(t, "1.4"), Pin: "~> 1.4", Reason: "tooltips are gone"}
	elsewhere := block
	elsewhere.Key = pilot
	b := journaltest.Book(t,
		journal.Held{Key: key, Reason: "old"}, journal.Held{Key: key, Until: day, Reason: "new"}, journal.Held{Key: anywhere(), Reason: "all"},
		journal.Blocked{Block: block}, journal.Blocked{Block: block}, journal.Blocked{Block: elsewhere})
	if h := b.Holds(); len(h) != 2 || h[0].Reason != "all" || h[1].Reason != "new" || !h[1].Until.Equal(day) || h[1].By != "ada@agent01" || h[1].At.IsZero() {
		t.Errorf("holds are %+v", h)
	}
	if got := b.Blocks(); !slices.Equal(got, []plan.Block{elsewhere, block}) {
		t.Errorf("blocks are %+v", got)
	}
	for name, c := range map[string]struct {
		lift          journal.Fact
		holds, blocks int
	}{
		"the hold of one store":    {journal.Unheld{Key: key}, 1, 2},
		"the holds of all stores":  {journal.Unheld{Key: anywhere()}, 0, 2},
		"the blocks of one store":  {journal.Unblocked{Key: pilot}, 2, 1},
		"the blocks of all stores": {journal.Unblocked{Key: anywhere()}, 2, 0},
	} {
		log := new(journaltest.Log)
		j := journaltest.Open(t, log)
		err := j.Append(t.Context(), "tx_1", journal.Held{Key: key}, journal.Held{Key: anywhere()},
			journal.Blocked{Block: block}, journal.Blocked{Block: elsewhere}, c.lift)
		if err != nil {
			t.Fatal(err)
		}
		if h, bl := j.Book().Holds(), j.Book().Blocks(); len(h) != c.holds || len(bl) != c.blocks {
			t.Errorf("lifting %s leaves %v and %v", name, h, bl)
		}
	}
}

// A package and its statement arrive in any order and are tried more than once.
func TestArrivals(t *testing.T) {
	s := journal.StatementReceived{Statement: digest("s"), Source: "a"}
	refused := journal.StatementRefused{Statement: digest("s"), Package: digest("1.4"), Trust: "t1"}
	item := journal.ItemRefused{Source: "x", Digest: digest("1.4")}
	again := received(t, "1.4")
	again.Source = "elsewhere"
	for name, c := range map[string]struct {
		facts                    []journal.Fact
		bounds, unbound, refused int
	}{
		"a statement alone":               {[]journal.Fact{s}, 0, 1, 0},
		"a package alone":                 {[]journal.Fact{received(t, "1.4")}, 0, 0, 0},
		"refused":                         {[]journal.Fact{s, received(t, "1.4"), refused}, 0, 1, 1},
		"refused, then bound":             {[]journal.Fact{received(t, "1.4"), s, refused, bound(t, "1.4", "s")}, 1, 0, 0},
		"bound, then refused":             {[]journal.Fact{received(t, "1.4"), s, bound(t, "1.4", "s"), refused}, 0, 1, 1},
		"bound twice":                     {[]journal.Fact{received(t, "1.4"), s, bound(t, "1.4", "s"), bound(t, "1.4", "s")}, 1, 0, 0},
		"bound by two statements":         {[]journal.Fact{received(t, "1.4"), s, bound(t, "1.4", "s"), bound(t, "1.4", "embedded")}, 2, 0, 0},
		"the package came twice":          {[]journal.Fact{received(t, "1.4"), s, bound(t, "1.4", "s"), again}, 1, 0, 0},
		"refused as a file, then read":    {[]journal.Fact{item, received(t, "1.4")}, 0, 0, 0},
		"refused for one, bound to other": {[]journal.Fact{received(t, "1.3"), received(t, "1.4"), s, refused, bound(t, "1.3", "s")}, 1, 0, 1},
	} {
		b := journaltest.Book(t, c.facts...)
		if len(b.Bounds()) != c.bounds || len(b.Unbound()) != c.unbound || len(b.StatementRefusals()) != c.refused || len(b.ItemRefusals()) != 0 {
			t.Errorf("%s: bounds %v, unbound %v, refused %v, items %v", name, b.Bounds(), b.Unbound(), b.StatementRefusals(), b.ItemRefusals())
		}
	}
	b := journaltest.Book(t, received(t, "1.4"), received(t, "1.3"), again)
	p := b.Packages()
	if len(p) != 2 || p[0].Package != digest("1.4") || p[0].Source != "elsewhere" || !p[0].FirstSeen.Before(p[1].FirstSeen) {
		t.Errorf("packages are %+v", p)
	}
}

func TestMarksOnlyRise(t *testing.T) {
	var facts []journal.Fact
	for _, sequence := range []int64{2, 5, 3} {
		s := seen(state(t, "1.4"))
		s.License.Sequence = sequence
		facts = append(facts, begun(t, "r", change.Renew, "1.4", "1.4"), journal.Done{Step: "r", State: s})
	}
	unfinished := begun(t, "r", change.Renew, "1.4", "1.4")
	unfinished.Step.To.License.Sequence = 9
	b := journaltest.Book(t, append(facts, unfinished, journal.Failed{Step: "r", StoreState: journal.Unchanged})...)
	if got := b.Marks("")["https://aurora.example sub-1"]; got != 5 {
		t.Errorf("the mark is %d, want 5", got)
	}
	if here, elsewhere := b.Marks(journaltest.Key().Store), b.Marks("pilot"); len(here) != 1 || len(elsewhere) != 0 {
		t.Errorf("the marks are %v in its store and %v in another", here, elsewhere)
	}
	b = journaltest.Book(t, journal.TimeMarked{Trusted: day}, journal.TimeMarked{Trusted: day.AddDate(0, -1, 0)})
	if b.TimeMark() != (moment.Mark{Trusted: day}) {
		t.Errorf("the time mark is %v", b.TimeMark())
	}
}

// after seals a fact as the entry after a book's newest.
func after(t *testing.T, b journal.Book, f journal.Fact) journal.Entry {
	t.Helper()
	r, err := journal.Seal(journal.Entry{Seq: b.Seq() + 1, At: day, Fact: f}, b.Head())
	if err != nil {
		t.Fatal(err)
	}
	e, err := journal.Unseal(r, b.Seq(), b.Head())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func with(t *testing.T, b journal.Book, f journal.Fact) journal.Book {
	t.Helper()
	b, err := b.With(after(t, b, f))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Two stories that go on from one book know nothing of each other.
func TestBooksBranch(t *testing.T) {
	b := journaltest.Book(t, received(t, "1.0"), received(t, "1.1"), received(t, "1.2"),
		begun(t, "up", change.Upgrade, "1.0", "1.1"))
	one, other := with(t, b, received(t, "1.3")), with(t, b, received(t, "1.4"))
	if p := one.Packages(); len(p) != 4 || p[3].Package != digest("1.3") {
		t.Errorf("one branch has %v", p)
	}
	if p := other.Packages(); len(p) != 4 || p[3].Package != digest("1.4") {
		t.Errorf("the other has %v", p)
	}
	done := with(t, b, journal.Done{Step: "up", State: seen(state(t, "1.1"))})
	if b.Open(journaltest.Key()) == nil || done.Open(journaltest.Key()) != nil {
		t.Error("a step done in one branch is done in the other")
	}
	b.Open(journaltest.Key()).Accepted = true
	b.Marks("")["x"], b.Tries()["x"] = 1, 1
	b.Packages()[0], b.History()[0] = journal.Package{}, journal.Revision{}
	if b.Open(journaltest.Key()).Accepted || len(b.Marks("")) != 0 || len(b.Tries()) != 0 || b.Packages()[0].Size == 0 || b.History()[0].Revision == 0 {
		t.Error("what a book returned is the book's own")
	}
}

func TestOnlyTheNextEntryIsAdded(t *testing.T) {
	b := journaltest.Book(t, received(t, "1.0"))
	e := after(t, b, received(t, "1.1"))
	skipped, strange := e, e
	skipped.Seq++
	strange.Prev[0] ^= 1
	for name, e := range map[string]journal.Entry{"a number was left out": skipped, "another chain": strange} {
		if got, err := b.With(e); err == nil || got.Seq() != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// look gathers all that a book tells.
func look(b journal.Book) map[string]any {
	m := map[string]any{
		"seq": b.Seq(), "head": b.Head(), "packages": b.Packages(), "statements": b.Statements(), "bounds": b.Bounds(),
		"unbound": b.Unbound(), "refusals": b.StatementRefusals(), "items": b.ItemRefusals(), "keys": b.Keys(),
		"holds": b.Holds(), "blocks": b.Blocks(), "overrides": b.Overrides(), "tries": b.Tries(), "marks": b.Marks(""),
		"time": b.TimeMark(), "policy": b.Policy(), "history": b.History(),
	}
	for _, k := range b.Keys() {
		m["belief of "+k.String()] = b.Belief(k)
		m["open of "+k.String()] = b.Open(k)
		m["revisions of "+k.String()] = b.Revisions(k)
	}
	for _, p := range b.Packages() {
		m["bounds of "+p.Package.String()] = b.BoundsOf(p.Package)
		m["statements about "+p.Package.String()] = b.StatementsAbout(p)
	}
	return m
}

// The number of a vendor's status lists only rises, for each key on its own.
func TestStatusMarksOnlyRise(t *testing.T) {
	came := func(list string) journal.Fact { return journal.StatusReceived{List: digest(list)} }
	ofOther := verified("other", 1, "o")
	ofOther.Mark, ofOther.KeyID = "https://aurora.example aurora-status-2", "aurora-status-2"
	book := journaltest.Book(t, came("a"), came("b"), came("other"), verified("a", 3, "three"), verified("b", 4, "four"), ofOther)
	marks := map[string]int64{"https://aurora.example aurora-status": 4, "https://aurora.example aurora-status-2": 1}
	if got := book.StatusMarks(); !reflect.DeepEqual(got, marks) {
		t.Errorf("the marks are %v", got)
	}
	if all := book.Statuses(); len(all) != 2 || all[0].Sequence != 4 || all[1].KeyID != "aurora-status-2" {
		t.Errorf("the newest are %+v", all)
	}
	for name, f := range map[string]journal.Fact{
		"an older one": verified("a", 3, "three"), "another of its number": verified("a", 4, "five"),
		"one never received": verified("c", 5, "five"), "one without a number": verified("a", 0, "zero"),
		"a refusal of one never received": journal.StatusRefused{List: digest("c")},
		"one without a digest":            journal.StatusReceived{},
		"nobody":                          journal.TrustChanged{Change: journal.TrustRemoved, From: "sha256:a"},
		"two at once":                     trustChanged(),
		"an unknown change":               journal.TrustChanged{Change: "added", Vendor: "A", From: "a", To: "b"},
		"an update to nothing":            journal.TrustChanged{Change: journal.TrustUpdated, Vendor: "A", From: "a"},
	} {
		j := journaltest.Open(t, new(journaltest.Log))
		if err := j.Append(t.Context(), "tx", came("a"), came("b"), verified("b", 4, "four")); err != nil {
			t.Fatal(err)
		}
		if err := j.Append(t.Context(), "tx", f); !errors.As(err, new(*journal.ImpossibleError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
