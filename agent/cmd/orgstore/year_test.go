package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine/enginetest"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/longtest"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// A year is one year of the agent, in which everything happens that a year
// brings, drawn by a seed: renewals come early, late, wrong, shorter or not at
// all; upgrades come, people go back, hold and are on leave; the program dies,
// the power goes, the disk is full, the store cannot be reached for a week, and
// the clock goes wrong. What should be is known here by other means than the
// program's own: by what was sent, and by the wall clock of Rome.
type year struct {
	t        testing.TB
	lab      laboratory
	dice     *rand.Rand
	now      time.Time // the true time
	skew     time.Duration
	rome     *time.Location
	visuals  []*subscribed
	sent     map[visual.Digest]sending
	revision map[store.Key]int // seen so far
	begun    map[store.StepID]time.Time
	unwell   time.Time // until when nothing is expected to go on time
	away     bool      // the store cannot be reached
	full     bool      // nothing can be written
	locked   bool      // another program keeps the journal to itself
	calm     int       // looks since something was wrong
	person   *person   // who changes the store; nil where the agent does
	ringed   *ringed   // what is known of the pilot; nil where there is none
	thorough bool      // die at every entry of the journal, in a copy
	told     []string
	ticks    int
	deaths   int
}

// A person does by hand what the agent lays out, unless they are on leave.
type person struct {
	leave  time.Time // until when they are away
	back   time.Time // since when they are here
	stored map[string]visual.Digest
	off    map[string]bool // access is turned off
}

// A subscribed visual is one that the tenant pays for, by the month or the year.
type subscribed struct {
	guid     string
	months   int  // that a license lasts
	windowed bool // its renewals wait for the window, too
	major    int
	sequence int64
	ends     time.Time            // of what was paid for
	due      map[int]func() error // what is to happen, by day of the year
	stopped  bool                 // a person went back or holds it
	freed    time.Time            // when they let it go on
}

// A sending is one package that was sent, and what is wrong with it.
type sending struct {
	guid         string
	major        int
	begins, ends time.Time
	arrived      time.Time
	flaw         string
}

// The year begins when it is still winter, so that both changes to and from
// summer time are in it.
func firstDay() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) }

const yearSettings = `windows:
  weekend: { cron: "0 2 * * SAT", duration: 4h, timezone: Europe/Rome }
freezes:
  closing: { cron: "0 0 28 * *", duration: 3d, timezone: Europe/Rome, except: [renew] }
  holidays: { from: 2027-08-09, until: 2027-08-23, timezone: Europe/Rome, except: [renew] }
visuals:
  - { guid: auroraMonthA1, pin: ">= 1", renew: automatic, upgrade: { window: weekend, soak: 3d } }
  - { guid: auroraYearB2, pin: ">= 1", renew: in-window, upgrade: { window: weekend, soak: 3d } }
  - { guid: auroraYearC3, pin: ">= 1", renew: automatic, upgrade: { window: weekend, soak: 3d } }
`

// The ways in which a year is lived.
const (
	livedAlone   = "alone"    // the agent changes the one store
	livedByHand  = "by hand"  // a person does
	livedInRings = "in rings" // the agent changes two stores, and checks
)

func newYear(t testing.TB, seed uint64, way string) *year {
	t.Helper()
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	y := &year{
		t: t, lab: laboratoryAt(t, t.TempDir()), dice: rand.New(rand.NewPCG(seed, 0)), now: firstDay(), rome: rome,
		sent: map[visual.Digest]sending{}, revision: map[store.Key]int{}, begun: map[store.StepID]time.Time{},
	}
	aurora := licensetest.Aurora()
	y.lab.write(t, y.lab.path("aurora.trust"), aurora.BundleFile())
	y.must("init", y.lab.dir, "--tenant", licensetest.Tenant)
	trust := []string{"trust", "add", y.lab.path("aurora.trust"), "--name", "Aurora Visuals", "--fingerprint", aurora.Bundle().Fingerprint()}
	for i, guid := range []string{"auroraMonthA1", "auroraYearB2", "auroraYearC3"} {
		trust = append(trust, "--guid", guid)
		v := &subscribed{guid: guid, months: []int{1, 12, 12}[i], windowed: i == 1, major: 1, due: map[int]func() error{}}
		v.ends = y.now.AddDate(0, []int{1, 4, 9}[i], 10)
		y.visuals = append(y.visuals, v)
	}
	y.must(append([]string{"--config", y.lab.settings()}, trust...)...)
	text, err := disk.ReadFile(y.lab.d, y.lab.settings(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	kept, _, _ := strings.Cut(string(text), "# When code may be changed")
	if way == livedByHand {
		y.person = &person{stored: map[string]visual.Digest{}, off: map[string]bool{}}
		kept = strings.Replace(kept, "driver: folder\n  path: store", "driver: handoff\n  path: store", 1)
	}
	settings := yearSettings
	if way == livedInRings {
		y.ringed = newRinged()
		if err := disk.MakeDir(y.lab.d, y.lab.path(pilot), 0o755); err != nil {
			t.Fatal(err)
		}
		kept = strings.Replace(kept, "store:\n  driver: folder\n  path: store", ringedStores, 1)
		settings = strings.ReplaceAll(settings, "soak: 3d", "soak: 3d, promote: 5d")
	}
	y.lab.write(t, y.lab.settings(), []byte(kept+settings))
	for _, v := range y.visuals {
		if err := y.send(v, v.ends, ""); err != nil {
			t.Fatal(err)
		}
		if way == livedByHand {
			y.must("--config", y.lab.settings(), "store", "baseline", v.guid, "--absent", "--evidence", "the portal's list")
		}
	}
	return y
}

// say keeps what happened, for whoever reads of a failure.
func (y *year) say(format string, args ...any) {
	y.told = append(y.told, y.now.Format("2006-01-02 15:04 ")+fmt.Sprintf(format, args...))
}

// fail ends the year with what happened of late.
func (y *year) fail(format string, args ...any) {
	y.t.Helper()
	shown := here(y.adapters(), "--config", y.lab.settings(), "plan")
	listed := here(y.adapters(), "--config", y.lab.settings(), "package", "list")
	y.t.Fatalf("at %s: %s\nwhat happened:\n%s\nthe plan:\n%s%s\nthe packages:\n%s", y.now.Format(time.RFC3339), fmt.Sprintf(format, args...),
		strings.Join(y.told[max(0, len(y.told)-60):], "\n"), shown.out, shown.err, listed.out)
}

// adapters are the program's, with the clock and the disk as they are now.
func (y *year) adapters() cli.Adapters {
	a := y.lab.adapters()
	at := y.now.Add(y.skew)
	a.Now = func() time.Time { return at }
	a.Disk = reach{y.lab.Lossy, y.lab.path(theStore), &y.away}
	if y.ringed != nil {
		a.Post, a.Secret = y.post, func(config.Secret) (string, error) { return strings.Repeat("secret", 6), nil }
	}
	return a
}

// run runs a command; the stage says which of its writes come to pass.
func (y *year) run(pass func(int, string) error, args ...string) process {
	s := &enginetest.Stage{Pass: pass}
	return here(staged(y.adapters(), s), append([]string{"--config", y.lab.settings()}, args...)...)
}

// look lets the agent look once, in a round of its own as always.
func (y *year) look(pass func(int, string) error) error {
	s := &enginetest.Stage{Pass: pass}
	_, err := enginetest.Look(context.Background(), s.Watch(y.adapters().Ports), y.lab.settings())
	return err
}

func (y *year) must(args ...string) {
	y.t.Helper()
	if p := here(y.adapters(), args...); p.code != 0 {
		y.fail("%v left with %d: %s", args, p.code, p.err)
	}
}

// A reach is a disk of which one folder can be away, as a share can.
type reach struct {
	disk.Disk
	folder string
	away   *bool
}

var errAway = errors.New("the network path was not found")

func (r reach) gone(name string) bool { return *r.away && strings.HasPrefix(name, r.folder) }

// Open implements disk.Disk.
func (r reach) Open(name string) (io.ReadCloser, error) {
	if r.gone(name) {
		return nil, errAway
	}
	return r.Disk.Open(name)
}

// Create implements disk.Disk.
func (r reach) Create(name string, perm fs.FileMode) (disk.File, error) {
	if r.gone(name) {
		return nil, errAway
	}
	return r.Disk.Create(name, perm)
}

// ReadDir implements disk.Disk.
func (r reach) ReadDir(name string) ([]fs.DirEntry, error) {
	if r.gone(name) {
		return nil, errAway
	}
	return r.Disk.ReadDir(name)
}

// send sends a package of a visual's newest version, licensed until some day,
// with a flaw or without.
func (y *year) send(v *subscribed, ends time.Time, flaw string) error {
	v.sequence++
	p := licensetest.Package(pbiviztest.Package{GUID: v.guid, Version: fmt.Sprintf("%d.0.0.0", v.major), Script: fmt.Sprintf("var version = %d;", v.major)})
	file := licensetest.Aurora().Embedded(p, func(r *issuer.Request) {
		r.Subscription, r.Sequence = "sub-"+v.guid, v.sequence
		if y.ringed != nil { // else what the pilot has replaced could not go on
			r.Subscription += fmt.Sprintf("-%d", v.major)
		}
		r.Issued, r.Ends = y.day(), ends.UTC().Truncate(24*time.Hour)
		if flaw == "tenant" {
			r.Tenants = []string{licensetest.OtherTenant}
		}
	}).File()
	if flaw == "tampered" {
		file = slices.Clone(file)
		file[len(file)/2] ^= 1
	}
	s := sending{guid: v.guid, major: v.major, begins: y.day(), ends: ends.UTC().Truncate(24 * time.Hour), arrived: y.now, flaw: flaw}
	y.sent[visual.DigestOf(file)] = s
	name := y.lab.path("mail", fmt.Sprintf("%s-%d-%s.pbiviz", v.guid, v.sequence, flaw))
	y.lab.write(y.t, name, file)
	got := here(y.adapters(), "--config", y.lab.settings(), "package", "add", name)
	y.say("%s %d.0.0.0 #%d until %s arrives, flaw %q: %d", v.guid, v.major, v.sequence, s.ends.Format(time.DateOnly), flaw, got.code)
	if flaw == "" && got.code != 0 && y.skew == 0 && !y.full {
		return fmt.Errorf("a good package is not taken in: %s", got.err)
	}
	if flaw != "" && flaw != "shorter" && got.code == 0 && strings.Contains(string(got.out), "accept") {
		return fmt.Errorf("a package that is %s is accepted: %s", flaw, got.out)
	}
	return nil
}

func (y *year) day() time.Time { return y.now.UTC().Truncate(24 * time.Hour) }

// morning decides what the vendor sends and what people do.
func (y *year) morning(day int) {
	for _, v := range y.visuals {
		if do := v.due[day]; do != nil {
			if err := do(); err != nil {
				y.fail("%v", err)
			}
		}
		left := int(v.ends.Sub(y.now).Hours() / 24)
		if left == 30 || left == 14 && v.months == 1 {
			y.bill(v, day)
		}
		if y.dice.IntN(50) == 0 {
			v.major++
			y.later(v, day, func() error { return y.send(v, v.ends, "") })
		}
		y.people(v)
	}
	y.trouble()
	y.work()
}

func (y *year) later(v *subscribed, day int, do func() error) {
	before := v.due[day+1]
	v.due[day+1] = func() error {
		if before != nil {
			if err := before(); err != nil {
				return err
			}
		}
		return do()
	}
}

// bill decides how a visual is renewed: early or late, and with what mistakes.
func (y *year) bill(v *subscribed, day int) {
	old := v.ends
	next := old.AddDate(0, v.months, 0)
	after := y.dice.IntN(14)
	switch y.dice.IntN(6) {
	case 0: // late: days after the end
		after = int(old.Sub(y.now).Hours()/24) + 1 + y.dice.IntN(6)
	case 1: // for another customer first
		y.later(v, day, func() error { return y.send(v, next, "tenant") })
		after += 2
	case 2: // damaged on its way
		y.later(v, day, func() error { return y.send(v, next, "tampered") })
		after += 2
	case 3: // one that takes days away
		y.later(v, day, func() error { return y.send(v, old.AddDate(0, 0, -5), "shorter") })
		after += 2
	}
	v.ends = next
	y.later(v, day+after, func() error { return y.send(v, next, "") })
}

// people go back, hold, and come back from leave weeks later.
func (y *year) people(v *subscribed) {
	if y.wrong() {
		return
	}
	switch {
	case v.stopped && y.dice.IntN(8) == 0:
		p := y.run(steady, "unhold", v.guid, "--reason", "back from leave")
		u := y.run(steady, "unblock", v.guid, "--reason", "it was something else")
		y.say("%s: unhold %d, unblock %d", v.guid, p.code, u.code)
		v.stopped, v.freed = false, y.now
	case v.stopped:
	case y.dice.IntN(60) == 0:
		p := y.run(steady, append([]string{"rollback", v.guid, "--reason", "totals are wrong", "--force"}, y.somewhere()...)...)
		y.say("%s: rollback %d", v.guid, p.code)
		v.stopped = true
	case y.dice.IntN(60) == 0:
		p := y.run(steady, "hold", v.guid, "--reason", "closing of the books")
		y.say("%s: hold %d", v.guid, p.code)
		v.stopped = true
	}
}

func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

// wrong says whether something keeps orgstore from its work.
func (y *year) wrong() bool { return y.away || y.full || y.locked || y.skew != 0 }

// work is what a person does in the morning: each task that waits for them.
func (y *year) work() {
	p := y.person
	if p == nil || y.wrong() {
		return
	}
	switch {
	case y.now.Before(p.leave):
		return
	case y.dice.IntN(60) == 0:
		p.leave = y.now.AddDate(0, 0, 14)
		p.back = p.leave
		y.say("the administrator goes on leave for two weeks")
		return
	}
	book := y.lab.book(y.t)
	for _, v := range y.visuals {
		keys := book.Keys()
		i := slices.IndexFunc(keys, func(k store.Key) bool { return k.GUID.String() == v.guid })
		if i < 0 {
			continue
		}
		if open := book.Open(keys[i]); open != nil && open.Waiting {
			y.upload(v.guid, open.Step)
		}
	}
}

// upload does a task by hand, and says so.
func (y *year) upload(guid string, step plan.Step) {
	args := []string{"store", "confirm", guid}
	switch {
	case !step.Kind.Puts():
		on := *step.To.Enabled
		y.person.off[guid] = !on
		args = append(args, "--access", map[bool]string{true: "on", false: "off"}[on])
	default:
		y.person.stored[guid] = step.To.Release.Digest
		args = append(args, "--version", step.To.Release.Version.String())
		if step.Kind == change.Renew || step.Kind == change.Replace {
			args = append(args, "--uploaded", "--sha256", step.To.Release.Digest.String()[7:27])
		}
	}
	p := y.run(steady, args...)
	y.say("the administrator does %s of %s by hand: %d", step.Kind, guid, p.code)
	if p.code != 0 {
		y.fail("what was done cannot be confirmed: %v: %s", args, p.err)
	}
}

// trouble comes and goes.
func (y *year) trouble() {
	if y.now.Before(y.unwell) {
		return
	}
	y.away, y.full, y.locked, y.skew = false, false, false, 0
	switch y.dice.IntN(40) {
	case 0:
		y.away, y.unwell = true, y.now.AddDate(0, 0, 7)
		y.say("the store cannot be reached for a week")
	case 1:
		y.full, y.unwell = true, y.now.AddDate(0, 0, 1)
		y.say("the disk is full for a day")
	case 2:
		y.skew, y.unwell = -time.Duration(1+y.dice.IntN(60))*24*time.Hour, y.now.AddDate(0, 0, 2)
		y.say("the clock is %s slow for two days", -y.skew)
	case 3:
		y.locked, y.unwell = true, y.now.AddDate(0, 0, 1)
		y.say("the journal is locked for a day")
	}
}

// tick lets the agent look once, dying in the middle now and then.
func (y *year) tick() {
	y.ticks++
	if y.wrong() {
		y.calm = 0
	}
	if y.thorough {
		y.dieEverywhere()
	}
	dies := -1
	if !y.thorough && y.dice.IntN(4) == 0 {
		dies = 1 + y.dice.IntN(40)
	}
	other := -1 // where another agent looks, in the midst of this one
	if y.dice.IntN(10) == 0 {
		other = 1 + y.dice.IntN(40)
	}
	died := false
	err := y.look(func(n int, point string) error {
		if n == other {
			_ = y.look(y.passes(-1)) // whatever it finds, it may not stand in the way
		}
		if died = died || n == dies; died {
			return errors.New("died")
		}
		return y.passes(-1)(n, point)
	})
	if died {
		y.calm, y.deaths = 0, y.deaths+1
		if y.dice.IntN(2) == 0 {
			y.lab = y.lab.found(y.t, y.dice.Uint64())
		}
		y.say("the agent died at point %d", dies)
		err = y.look(y.passes(-1)) // as a service manager starts it again
	}
	if err != nil && fault.Of(err).Hint == "" {
		y.fail("it ended with no hint: %v", err)
	}
	y.calm++
	y.check(err)
}

// passes lets the program write unless something is wrong, or it dies at a
// point.
func (y *year) passes(dies int) func(int, string) error {
	return func(n int, point string) error {
		switch {
		case dies > 0 && n >= dies:
			return errors.New("died")
		case y.locked && strings.HasSuffix(point, "before opening the journal"):
			return errors.New("database is locked")
		case y.full && strings.HasPrefix(point, "before ") && !strings.Contains(point, "opening the journal"):
			return errors.New("no space left on device")
		}
		return nil
	}
}

// dieEverywhere kills the agent after each entry of the journal that this look
// adds, each time in a copy of the world, in which the power may go as well; the
// next look gets where this one was going.
func (y *year) dieEverywhere() {
	start := y.lab
	look := func(l laboratory, pass func(int, string) error) (laboratory, []string) {
		y.lab = l
		var points []string
		_ = y.look(func(n int, point string) error { // what it comes to is compared
			points = append(points, point)
			return pass(n, point)
		})
		return y.lab, points
	}
	whole, points := look(start.copied(y.t), y.passes(-1))
	want := whole.state(y.t)
	for i, point := range points {
		if !strings.HasPrefix(point, "after recording") {
			continue
		}
		y.deaths++
		left, _ := look(start.copied(y.t), y.passes(i+1))
		if y.dice.IntN(2) == 0 {
			left = left.found(y.t, y.dice.Uint64())
		}
		again, _ := look(left, y.passes(-1))
		if got := again.state(y.t); !cmp.Equal(got, want) {
			y.lab = again
			y.fail("killed at %q and started again, it comes to another end (-want +got):\n%s", point, cmp.Diff(want, got))
		}
	}
	y.lab = start
}

// check checks all that must be so at any moment, after a look that ended with an error
// or nil.
func (y *year) check(err error) {
	book := y.lab.book(y.t)
	y.changes(book)
	y.ringsHeld(book)
	if y.calm > 2 && !y.wrong() {
		y.sameAsStore(book, err)
		y.licensed(err)
	}
}

// changes checks every change that was begun or made since the last look.
func (y *year) changes(book journal.Book) {
	for _, r := range book.History() {
		if r.Closed.IsZero() || r.Revision <= y.revision[r.Key] {
			continue
		}
		y.revision[r.Key] = r.Revision
		// A task whose laying out was interrupted is laid out again at once: it was
		// in the window when it was begun, and a person does it when they can.
		begun, again := y.begun[r.Step]
		if !again || y.person == nil {
			begun = r.Time
		}
		y.begun[r.Step] = begun
		y.say("%s %s %s -> %s: %s (%s)", r.Key, r.Kind, r.Before.Release, r.After.Release, r.Status, firstLine(r.Message))
		if r.Status != journal.StatusDone || !r.Kind.Puts() {
			continue
		}
		s, known := y.sent[r.After.Release.Digest]
		switch {
		case !known:
			y.fail("%s holds what nobody sent: %s", r.Key.GUID, r.After.Release)
		case s.flaw != "" && s.flaw != "shorter" || s.guid != r.Key.GUID.String():
			y.fail("a package that is %q was put: %+v", s.flaw, s)
		case !y.now.Before(s.ends) && !r.Time.Before(s.ends):
			y.fail("a package whose license ended on %s was put", s.ends.Format(time.DateOnly))
		}
		if r.Kind.Puts() && r.Before.Release != nil && *r.Before.Release == *r.After.Release {
			y.fail("%s was put twice: %s", r.Key.GUID, r.After.Release)
		}
		waits := r.Kind == change.Upgrade || r.Kind == change.Replace
		if v := y.subscribed(s.guid); v.windowed && r.Kind == change.Renew {
			waits = true
		}
		y.onward(r)
		if waits && !y.open(begun, r.Kind) {
			y.fail("%s was changed outside of its window, at %s", r.Key.GUID, begun.In(y.rome))
		}
	}
}

func (y *year) subscribed(guid string) *subscribed {
	i := slices.IndexFunc(y.visuals, func(v *subscribed) bool { return v.guid == guid })
	return y.visuals[i]
}

// open says whether the window is open, by the wall clock of Rome.
func (y *year) open(at time.Time, kind change.Kind) bool {
	local := at.In(y.rome)
	begins := time.Date(local.Year(), local.Month(), local.Day(), 2, 0, 0, 0, y.rome)
	if local.Weekday() != time.Saturday || local.Before(begins) || !local.Before(begins.Add(4*time.Hour)) {
		return false
	}
	return kind == change.Renew || !y.frozen(local)
}

func (y *year) frozen(local time.Time) bool {
	if d := local.Format(time.DateOnly); d >= "2027-08-09" && d < "2027-08-23" {
		return true
	}
	for _, back := range []int{0, -1} {
		closing := time.Date(local.Year(), local.Month()+time.Month(back), 28, 0, 0, 0, 0, y.rome)
		if !local.Before(closing) && local.Before(closing.Add(72*time.Hour)) {
			return true
		}
	}
	return false
}

// stored returns what lies in the store, turned on or off.
func (y *year) stored(in, guid string) (visual.Digest, bool) {
	if y.person != nil {
		d, there := y.person.stored[guid]
		return d, there && !y.person.off[guid]
	}
	d, there := y.lab.held(y.t, in)[guid+".pbiviz"]
	return d, there
}

// sameAsStore checks that the history says what the store holds, and that
// nothing is left half done.
func (y *year) sameAsStore(book journal.Book, err error) {
	for _, k := range book.Keys() {
		open := book.Open(k)
		if open != nil && open.Waiting {
			continue
		}
		if open != nil {
			y.fail("a change of %s is open, and the look ended with %v", k.GUID, err)
		}
		believed := book.Belief(k)
		got, there := y.stored(k.Store, k.GUID.String())
		if there != (believed.Presence == store.Present && (believed.Enabled == nil || *believed.Enabled)) || there && (believed.Release == nil || got != believed.Release.Digest) {
			y.fail("the history says %v of %s, the store holds %s", believed.Release, k.GUID, got)
		}
	}
}

// licensed checks that no license has ended whose renewal was here in time.
func (y *year) licensed(err error) {
	for _, in := range y.stores() {
		y.licensedIn(in, err)
	}
}

func (y *year) licensedIn(in string, err error) {
	for _, v := range y.visuals {
		held, there := y.stored(in, v.guid)
		s := y.sent[held]
		if v.stopped || !there || y.now.Before(s.ends) {
			continue
		}
		since := later(v.freed, y.unwell)
		if y.person != nil {
			since = later(since, y.person.back)
		}
		for _, r := range y.sent {
			wait := 12 * time.Hour
			switch {
			case v.windowed:
				wait = 15 * 24 * time.Hour
			case y.person != nil:
				wait = 36 * time.Hour
			}
			if r.guid == v.guid && r.major == s.major && r.flaw == "" && y.now.Before(r.ends) && later(r.arrived, since).Add(wait).Before(y.now) {
				y.fail("the license of %s in %s ended on %s, and a renewal until %s is here since %s; the look ended with %v", v.guid, in,
					s.ends.Format(time.DateOnly), r.ends.Format(time.DateOnly), r.arrived.Format(time.DateOnly), err)
			}
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// live lives through the year.
func (y *year) live() {
	for day := range 365 {
		for _, hour := range []time.Duration{3, 15} {
			y.now = firstDay().AddDate(0, 0, day)
			if hour == 3 { // in the window, on a Saturday in summer and winter
				y.morning(day)
			}
			y.now = y.now.Add(hour * time.Hour)
			y.tick()
		}
	}
	changes := 0
	for _, n := range y.revision {
		changes += n
	}
	if r := y.ringed; r != nil {
		y.t.Logf("%d changes went on to the store, %d were found bad", r.went, r.failed)
		if r.went < len(y.visuals) || r.failed == 0 {
			y.fail("nothing happened that this year is for")
		}
	}
	y.t.Logf("%d looks, %d deaths, %d changes, %d packages sent", y.ticks, y.deaths, changes, len(y.sent))
}

var (
	years = flag.Int("years", 0, "random years to live in TestYears; 20 in long tests")
	first = flag.Uint64("year", 100, "the seed of the first of them")
)

// A year of the agent, in seconds, for seeds that once found something, and for
// others: the agent changes the store itself, or a person does, or there are two
// stores in rings and a check.
func TestYears(t *testing.T) {
	t.Parallel()
	seeds := []uint64{1, 2}
	if longtest.IsWanted() && *years == 0 {
		*years = 20
	}
	for i := range *years {
		seeds = append(seeds, *first+uint64(i))
	}
	for _, seed := range seeds {
		for _, way := range []string{livedAlone, livedByHand, livedInRings} {
			if way == livedInRings && seed == 2 {
				continue
			}
			t.Run(fmt.Sprintf("%d/%s", seed, way), func(t *testing.T) {
				t.Parallel()
				newYear(t, seed, way).live()
			})
		}
	}
}

// During a year the agent is killed after every entry of the journal.
func TestYearKilledAtEveryEntry(t *testing.T) {
	t.Parallel()
	y := newYear(t, 1, livedAlone)
	y.thorough = true
	y.live()
}
