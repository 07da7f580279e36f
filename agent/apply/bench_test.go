package apply_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// failer is what tests and property tests have in common.
type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

// held is what a wire holds of one visual.
type held struct {
	pkg     *pbiviz.Package
	enabled bool
}

// A wire is a store that misbehaves: each change takes the next of its faults.
type wire struct {
	traits store.Traits
	holds  map[visual.GUID]held
	// other is what it holds where it should hold something else.
	other *pbiviz.Package
	// faults are taken one by each change; the last one stays if forever is set.
	faults  []fault
	forever bool
	// blind makes the next looks fail; each takes one.
	blind int
	// during is called in the middle of every change, if not nil.
	during  func()
	changes []string
	// withdrawn lists what was taken back.
	withdrawn []store.StepID
	odd       bool // its list looks otherwise than ever
}

// A fault is a way to misbehave.
type fault string

const (
	behaves     fault = "behaves"
	failsBefore fault = "fails before"
	failsAfter  fault = "fails after"
	keepsOld    fault = "keeps the old"
	holdsOther  fault = "holds other bytes"
	loses       fault = "loses it"
	flips       fault = "flips access"
	onlyFlips   fault = "flips access of the old"
	goesBlind   fault = "cannot be seen after"
	waits       fault = "waits"
	// Of none of these can a later look make anything.
	answersOddly   fault = "answers oddly"
	refusesOddly   fault = "refuses oddly"
	goesBlindOddly fault = "is listed oddly after"
)

func faults() []fault {
	return []fault{behaves, failsBefore, failsAfter, keepsOld, holdsOther, loses, flips, onlyFlips, goesBlind, waits}
}

func (w *wire) fault() fault {
	if len(w.faults) == 0 {
		return behaves
	}
	f := w.faults[0]
	if len(w.faults) > 1 || !w.forever {
		w.faults = w.faults[1:]
	}
	return f
}

// change makes a change, or not, as the next fault says.
func (w *wire) change(ctx context.Context, g visual.GUID, what string, after held) (store.Receipt, error) {
	w.changes = append(w.changes, what)
	if w.during != nil {
		w.during()
	}
	if err := ctx.Err(); err != nil {
		return store.Receipt{}, err
	}
	before, had := w.holds[g]
	w.holds[g] = after
	restore := func() {
		w.holds[g] = before
		if !had {
			delete(w.holds, g)
		}
	}
	f := w.fault()
	switch f {
	case failsBefore:
		restore()
		return store.Receipt{}, errors.New("the connection was refused")
	case failsAfter:
		return store.Receipt{}, errors.New("the connection was reset")
	case keepsOld:
		restore()
	case holdsOther:
		w.holds[g] = held{w.other, after.enabled}
	case loses:
		delete(w.holds, g)
	case flips:
		w.holds[g] = held{after.pkg, !after.enabled}
	case onlyFlips:
		restore()
		if had {
			w.holds[g] = held{before.pkg, !before.enabled}
		}
	case goesBlind:
		w.blind++
	case answersOddly:
		return store.Receipt{}, &store.StrangeError{Sent: true, Reason: "recorded.shape", Message: "it was answered with 202", Advice: "record again"}
	case refusesOddly:
		restore()
		return store.Receipt{}, &store.StrangeError{Reason: "recorded.shape", Message: "the list has a new member", Advice: "record again"}
	case goesBlindOddly:
		w.odd = true
	case waits:
		restore()
		return store.Receipt{Waiting: true, Reference: "task 1", Note: "somebody must upload it"}, nil
	}
	return store.Receipt{Reference: "request 1"}, nil
}

func (w *wire) Put(ctx context.Context, _ store.StepID, l license.Licensed, at moment.Moment) (store.Receipt, error) {
	r, err := l.Open(at)
	if err != nil {
		return store.Receipt{}, err
	}
	file, err := io.ReadAll(r)
	if err != nil {
		return store.Receipt{}, err
	}
	p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	if err != nil {
		return store.Receipt{}, err
	}
	after := held{p, true}
	if now, ok := w.holds[l.GUID()]; ok {
		after.enabled = now.enabled
	}
	return w.change(ctx, l.GUID(), "put "+l.Release().Version.String(), after)
}

func (w *wire) SetAccess(ctx context.Context, _ store.StepID, g visual.GUID, enabled bool) (store.Receipt, error) {
	now, ok := w.holds[g]
	if !ok {
		return store.Receipt{}, fmt.Errorf("the store does not hold %s", g)
	}
	return w.change(ctx, g, fmt.Sprint("access ", enabled), held{now.pkg, enabled})
}

func (w *wire) Withdraw(_ context.Context, id store.StepID) error {
	w.withdrawn = append(w.withdrawn, id)
	return nil
}

func (w *wire) Traits() store.Traits { return w.traits }

func (w *wire) Installed(ctx context.Context) (map[visual.GUID]store.Listing, error) {
	all := map[visual.GUID]store.Listing{}
	for g := range w.holds {
		l, _, err := w.Look(ctx, g)
		if err != nil {
			return nil, err
		}
		all[g] = l
	}
	return all, nil
}

func (w *wire) Look(ctx context.Context, g visual.GUID) (store.Listing, bool, error) {
	if w.odd {
		return store.Listing{}, false, &store.StrangeError{Reason: "recorded.shape", Message: "the list has a new member", Advice: "record again"}
	}
	if w.blind > 0 {
		w.blind--
		return store.Listing{}, false, errors.New("the list cannot be read")
	}
	h, ok := w.holds[g]
	if !ok || ctx.Err() != nil {
		return store.Listing{}, false, ctx.Err()
	}
	l := store.Listing{GUID: g, Name: h.pkg.Manifest().DisplayName}
	if w.traits.TellsAccess {
		l.Enabled = &h.enabled
	}
	switch {
	case w.traits.TellsDigest:
		r := h.pkg.Release()
		l.Release = &r
	case w.traits.TellsVersion:
		l.Release = &visual.Release{Version: h.pkg.Release().Version}
	}
	return l, true, nil
}

// content says what the store holds, for people.
func (b *bench) content() string {
	h, ok := b.wire.holds[b.key.GUID]
	if !ok {
		return "nothing"
	}
	name := "?"
	for n, p := range b.pkgs {
		if p.Digest() == h.pkg.Digest() {
			name = n
		}
	}
	if !h.enabled {
		name += ", off"
	}
	return name
}

// The stores of the tests, by how much they tell.
func stores() map[string]store.Traits {
	return map[string]store.Traits{
		"bytes":    {TellsPresence: true, TellsAccess: true, TellsVersion: true, TellsDigest: true, Unattended: true},
		"version":  {TellsPresence: true, TellsVersion: true, Unattended: true},
		"presence": {TellsPresence: true, TellsAccess: true, Unattended: true},
		"nothing":  {},
	}
}

// A bench is an applier at its work place: a real archive in memory, a journal,
// a store that misbehaves, and a clock that a test can turn.
type bench struct {
	failer
	applier apply.Applier
	// licensing is what licenses are held against, but for tests with several stores.
	licensing *licensing
	policy    *policy
	wire      *wire
	disk      disk.Disk
	log       *journaltest.Log
	now       time.Time
	// tick is called at each reading of the clock, if not nil.
	tick func(*bench)
	key  store.Key
	pkgs map[string]*pbiviz.Package
	// terms are those of each package's license, those of "old again" of its
	// second one.
	terms map[string]license.Terms
	tx    journal.TxID
}

const (
	archiveDir = "archive"
	today      = "2026-11-23T09:00:00Z"
)

// Moment is what the bench's clock says.
func (b *bench) Moment() moment.Moment {
	if b.tick != nil {
		b.tick(b)
	}
	return moment.Settle(b.now, b.applier.Journal.Book().TimeMark(), -1)
}

// licensing is an apply.Licensing of tests.
type licensing struct {
	facts    func(journal.Book) license.Facts
	entitled []verdict.Finding
}

func (licensing) Need(_ visual.GUID, asked bool) license.Need {
	n := licensetest.Need()
	n.Asked = asked
	return n
}

func (l licensing) Facts(book journal.Book) license.Facts { return l.facts(book) }

func (l licensing) Entitled(visual.GUID, license.Terms, bool) []verdict.Finding { return l.entitled }

// policy is an apply.Policy of tests; a zero one wants nothing.
type policy struct {
	checker  apply.Checker
	blockFor func(back plan.Step) *plan.Block
	forbids  func(journal.Book, plan.Step) *verdict.Refusal
}

func (p *policy) CheckerOf(plan.Step) apply.Checker { return p.checker }

func (p *policy) BlockFor(back plan.Step) *plan.Block {
	if p.blockFor == nil {
		return nil
	}
	return p.blockFor(back)
}

func (p *policy) Forbids(book journal.Book, step plan.Step) *verdict.Refusal {
	if p.forbids == nil {
		return nil
	}
	return p.forbids(book, step)
}

// lease is an apply.Lease of tests.
type lease func(context.Context) error

func (l lease) Extend(ctx context.Context) error { return l(ctx) }

// newBench makes a bench with three packages of one visual, all licensed: old,
// renewed (the same version and content), and new; a second license of old; and
// a package "other" that nobody took in.
func newBench(t failer, traits store.Traits) *bench {
	t.Helper()
	b := &bench{
		failer: t, disk: disktest.NewLossy(), log: new(journaltest.Log), now: licensetest.Time(today),
		wire: &wire{traits: traits, holds: map[visual.GUID]held{}}, terms: map[string]license.Terms{}, tx: "tx-1",
	}
	vendor := licensetest.Aurora()
	old := licensetest.Package(pbiviztest.Package{Version: "1.0.0.0"})
	b.key = store.Key{Store: "tenant", GUID: old.Manifest().GUID}
	b.pkgs = map[string]*pbiviz.Package{
		"old": old, "renewed": vendor.Embedded(old, func(r *issuer.Request) { r.Sequence, r.Ends = 8, licensetest.Time("2027-12-01") }),
		"new":   licensetest.Package(pbiviztest.Package{Version: "1.1.0.0", Script: "var better;\n"}),
		"other": licensetest.Package(pbiviztest.Package{Version: "6.6.6.0", Script: "var evil;\n"}),
	}
	b.wire.other = b.pkgs["other"]
	kept, err := archive.Open(b.disk, archiveDir)
	if err != nil {
		t.Fatal(err)
	}
	settings := vendor.Settings()
	settings.Enforced = license.ByStatement
	trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{settings})
	if err != nil {
		t.Fatal(err)
	}
	b.licensing = &licensing{facts: func(book journal.Book) license.Facts {
		return license.Facts{Tenant: licensetest.Tenant, Marks: book.Marks(""), EarliestEnd: license.EarliestEnds(book.Bounds())}
	}}
	b.policy = &policy{}
	b.applier = apply.Applier{
		Archive: kept, Stores: map[string]store.Store{b.key.Store: b.wire}, Trust: trust,
		Limits: pbiviz.DefaultLimits(), Licensing: b.licensing, Clock: b, Policy: b.policy,
	}
	b.restart()
	b.take("old", old.File())
	b.take("old", vendor.Statement(old))
	b.take("renewed", b.pkgs["renewed"].File())
	b.take("new", b.pkgs["new"].File())
	b.take("new", vendor.Statement(b.pkgs["new"]))
	b.take("old again", vendor.Statement(old, func(r *issuer.Request) { r.Sequence, r.Ends = 9, licensetest.Time("2027-12-05") }))
	return b
}

// restart opens the journal again, as the next start of the program does.
func (b *bench) restart() {
	b.Helper()
	b.open(b.log)
}

func (b *bench) open(log journal.Log) {
	b.Helper()
	j, err := journal.Open(context.Background(), log, journaltest.Stamp())
	if err != nil {
		b.Fatal(err)
	}
	b.applier.Journal = j
}

func (b *bench) take(name string, file []byte) {
	b.Helper()
	desk := intake.Importer{
		Archive: b.applier.Archive, Journal: b.applier.Journal, Trust: b.applier.Trust,
		Limits: b.applier.Limits, Now: func() time.Time { return b.now },
	}
	item := name + intake.PackageSuffix
	if _, err := license.Peek(file); err == nil {
		item += license.StatementSuffix
	}
	taken, err := desk.Take(context.Background(), b.tx, item, file)
	if err != nil || taken.Refused != nil {
		b.Fatalf("%s was not taken in: %v %v", name, taken.Refused, err)
	}
	for _, bound := range taken.Bound {
		if bound.Terms.Sequence > b.terms[name].Sequence {
			b.terms[name] = bound.Terms
		}
	}
}

// state is a package in the store.
func (b *bench) state(name string, enabled bool) store.State {
	pkg, _, _ := strings.Cut(name, " ")
	r := b.pkgs[pkg].Release()
	return store.State{Presence: store.Present, Release: &r, License: b.terms[name], Enabled: &enabled}
}

func absent() store.State { return store.State{Presence: store.Absent} }

func (b *bench) step(kind change.Kind, from, to store.State) plan.Step {
	return plan.Step{
		Key: b.key, Name: "Aurora Gauge", Kind: kind, From: from, To: to,
		Reason: plan.Reason{Code: "pin." + "test", Message: "the test wants it"},
	}.Identified()
}

// start puts a state into the store, and records that it was there.
func (b *bench) start(s store.State) {
	b.Helper()
	delete(b.wire.holds, b.key.GUID)
	for name, p := range b.pkgs {
		if s.Release != nil && p.Digest() == s.Release.Digest && name != "other" {
			b.wire.holds[b.key.GUID] = held{p, *s.Enabled}
		}
	}
	s.Claim = store.Confirmed
	err := b.applier.Journal.Append(context.Background(), b.tx, journal.Baselined{Key: b.key, State: s, Evidence: "the test put it there"})
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) do(s plan.Step) apply.Result {
	b.Helper()
	r, err := b.applier.Do(context.Background(), b.tx, s, nil)
	if err != nil {
		b.Fatalf("%s: %v", s.Kind, err)
	}
	return r
}

// recover restarts and recovers.
func (b *bench) recover() []apply.Result {
	b.Helper()
	b.restart()
	all, err := b.applier.Recover(context.Background(), b.tx)
	if err != nil {
		b.Fatalf("recovery: %v", err)
	}
	return all
}

// facts lists the kinds of what was recorded after an entry.
func (b *bench) facts(after uint64) []string {
	b.Helper()
	var kinds []string
	err := b.applier.Journal.Entries(context.Background(), func(e journal.Entry) error {
		if e.Seq > after {
			kinds = append(kinds, string(journal.KindOf(e.Fact)))
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return kinds
}

func (b *bench) seq() uint64 { return b.applier.Journal.Book().Seq() }

// want fails unless a result has this outcome and code.
func (b *bench) want(r apply.Result, o apply.Outcome, code string) {
	b.Helper()
	if r.Outcome != o || string(r.Code) != code {
		b.Errorf("%s: %s %q, want %s %q: %s", r.Step.Kind, r.Outcome, r.Code, o, code, r.Message)
	}
	if r.Message == "" || r.Code != "" && r.Outcome == apply.Failed && r.Hint == "" {
		b.Errorf("%s: nothing is said to the person who can act: %+v", r.Step.Kind, r)
	}
}

// holds fails unless the store holds this.
func (b *bench) holds(want string) {
	b.Helper()
	if got := b.content(); got != want {
		b.Errorf("the store holds %s, want %s", got, want)
	}
}

// recorded fails unless these kinds of facts were recorded after an entry.
func (b *bench) recorded(after uint64, want ...string) {
	b.Helper()
	if got := b.facts(after); !slices.Equal(got, want) {
		b.Errorf("recorded %v, want %v", got, want)
	}
}

// damage replaces a file of the archive.
func (b *bench) damage(dir, suffix string, d visual.Digest, bytes []byte) {
	b.Helper()
	name := archiveDir + "/" + dir + "/" + d.Hex() + suffix
	if err := b.disk.Remove(name); err != nil {
		b.Fatal(err)
	}
	if bytes == nil {
		return
	}
	f, err := b.disk.Create(name, 0o600)
	if err == nil {
		_, err = f.Write(bytes)
	}
	if err != nil {
		b.Fatal(err)
	}
	_ = f.Close()
}

// label names a release and its access as content does.
func label(b *bench, r *visual.Release, enabled *bool) string {
	name := "nothing"
	for n, p := range b.pkgs {
		if r != nil && p.Digest() == r.Digest {
			name = n
		}
	}
	if enabled != nil && !*enabled {
		name += ", off"
	}
	return name
}
