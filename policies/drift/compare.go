package drift

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// The codes of findings. They are stable.
const (
	CodeVersion   verdict.Code = "drift.version"
	CodeLicense   verdict.Code = "drift.license"
	CodeAccess    verdict.Code = "drift.access"
	CodeAdded     verdict.Code = "drift.added"          // it was known as absent
	CodeMissing   verdict.Code = "drift.missing"        //
	CodeCode      verdict.Code = "drift.code"           // the same version with other code
	CodePackage   verdict.Code = "drift.package"        // a package that nobody here has
	CodeEvent     verdict.Code = "drift.event"          // an event with no task of its time
	CodeWithdrawn verdict.Code = "drift.withdrawn_task" // a task taken back, and perhaps made
	CodeList      verdict.Code = "drift.list"           // a list writes another time of change
	CodeUnpinned  verdict.Code = "drift.unpinned"
	CodeUnread    verdict.Code = "drift.activity_unread"
	CodeNotAsked  verdict.Code = "drift.activity_off"
	CodeUntold    verdict.Code = "drift.untold"  // the store never tells it
	CodeUnnamed   verdict.Code = "drift.unnamed" // an event that names no visual known here
)

// comparison is the input, found by key.
type comparison struct {
	in   Input
	keys []store.Key // all of the store's, in order
	pins map[store.Key]plan.Wanted
	seen []Sighting
}

// Compare says what is not as it should be. It is a function of its input alone.
func Compare(in Input) Report {
	c := &comparison{in: in, pins: map[store.Key]plan.Wanted{}}
	for _, w := range in.Wanted {
		c.pins[w.Key] = w
		c.keys = append(c.keys, w.Key)
	}
	present := slices.SortedFunc(slices.Values(in.Present), func(a, b plan.Present) int { return a.Key.Compare(b.Key) })
	for _, p := range present {
		c.keys = append(c.keys, p.Key)
	}
	slices.SortFunc(c.keys, store.Key.Compare)
	c.keys = slices.Compact(c.keys)
	c.seen = c.sightings()
	r := Report{Sightings: c.seen}
	for _, p := range present {
		for _, f := range c.visual(p) {
			f.Key = p.Key
			f.Name = c.nameOf(p.Key.GUID)
			r.Findings = append(r.Findings, f)
		}
	}
	r.Findings = append(r.Findings, c.stores()...)
	return r
}

func (c *comparison) wanted(k store.Key) bool { _, ok := c.pins[k]; return ok }

// visual says what is not as it should be of one visual: the gravest first, and
// no more than one of what the same change would explain.
func (c *comparison) visual(p plan.Present) []Finding {
	if _, isUnread := c.in.Unread[p.Key.Store]; isUnread {
		return nil // it is said of the store
	}
	switch d, drifted := c.in.Drifts[p.Key]; {
	case p.Observed != nil && p.Observed.Source == store.FromAppSource:
		return c.appSource(p)
	case c.in.Hybrid[p.Key]:
		return []Finding{{Class: Unknown, Code: plan.CodeHybrid, Believed: p.Belief,
			Message: "its vendor licenses it and AppSource installs it (hybrid), so AppSource updates it by itself: which version is there nobody can tell, it cannot be pinned and is never touched"}}
	case drifted:
		return []Finding{c.blame(p.Key, c.drifted(p, d))}
	case p.Observed != nil && p.Observed.Problem != "":
		return []Finding{{Class: Unknown, Code: plan.CodeProblem, Counts: true, Believed: p.Belief,
			Message: "the store cannot tell what it holds: " + p.Observed.Problem, Hint: "put right what the store holds"}}
	case p.Open != nil:
		return []Finding{c.open(p)}
	case !c.wanted(p.Key):
		return c.unpinned(p)
	case p.Belief.Presence == store.Unknown || p.Belief.Presence == "" || p.Belief.Presence == store.Present && p.Belief.Release == nil:
		return c.noBaseline(p)
	}
	if f, ok := c.changed(p); ok {
		return []Finding{f}
	}
	return nil
}

// drifted is the finding for what the store tells otherwise than the journal.
func (c *comparison) drifted(p plan.Present, d plan.Drift) Finding {
	f := Finding{Counts: true, Believed: p.Belief, Found: d.State, Message: d.Message}
	before, now := p.Belief.Release, d.State.Release
	switch {
	case d.Kind == plan.DriftRemoved:
		f.Class, f.Code = Missing, CodeMissing
		f.Hint = "orgstore plan says what would put it back"
		return f
	case d.Kind == plan.DriftAccess:
		f.Class, f.Code = Access, CodeAccess
	case d.Kind == plan.DriftAdded:
		f.Class, f.Code = Changed, CodeAdded
	case now == nil:
		f.Class, f.Code = Changed, CodePackage
	case before == nil || !before.Version.Equal(now.Version):
		f.Class, f.Code = Version, CodeVersion
	case c.sameCode(before.Digest, now.Digest):
		f.Class, f.Code = License, CodeLicense
		f.Message += "; the code is the same, under another license"
	default:
		f.Class, f.Code = Changed, CodeCode
	}
	f.Hint = fmt.Sprintf("if that is meant to stay, record it: orgstore store baseline %s --package FILE --evidence TEXT; otherwise orgstore plan says what would put it right", p.Key.GUID)
	return f
}

// sameCode says whether two packages are proven to hold the same code.
func (c *comparison) sameCode(a, b visual.Digest) bool {
	of := func(d visual.Digest) *plan.Candidate {
		i := slices.IndexFunc(c.in.Candidates, func(x plan.Candidate) bool { return x.Release.Digest == d })
		if i < 0 {
			return nil
		}
		return &c.in.Candidates[i]
	}
	x, y := of(a), of(b)
	return x != nil && y != nil && x.CodeIdentity().IsSame(y.CodeIdentity())
}

// blame adds who changed it and when, where the activity log tells that. Events
// that name no visual are told beside, and nobody is blamed for them.
func (c *comparison) blame(k store.Key, f Finding) Finding {
	if e, n := c.latest(k); n > 0 {
		f.By, f.At, f.Event = e.User, e.At, e.ID
		f.Message += "; " + told(e)
	}
	return f
}

// latest is the newest stray event of a visual, and how many there are.
func (c *comparison) latest(k store.Key) (last Sighting, n int) {
	if !slices.Contains(c.in.Tenant, k.Store) {
		return last, 0
	}
	for _, s := range c.seen { // by time
		if s.GUID == k.GUID && s.stray() {
			last, n = s, n+1
		}
	}
	return last, n
}

// unexplainedText says that the store was changed more often than a change of orgstore's own
// explains.
func unexplainedText(s Sighting) string {
	times := fmt.Sprintf("%d times", s.InTime)
	if s.InTime == 2 {
		times = "twice"
	}
	return fmt.Sprintf("the activity log tells that it was changed %s in the time of the task to %s, the last by %s at %s (%s)",
		times, s.What, cmp.Or(s.User, "somebody"), secondText(s.At), s.Operation)
}

// told says what an event tells, and no more.
func told(s Sighting) string {
	at := "at a time that it does not tell"
	if !s.At.IsZero() {
		at = "at " + minute(s.At)
	}
	return fmt.Sprintf("the activity log tells that %s changed it %s (%s)", cmp.Or(s.User, "somebody"), at, s.Operation)
}

// changed finds that somebody changed a visual of which the store does not tell
// what it holds.
func (c *comparison) changed(p plan.Present) (Finding, bool) {
	k := p.Key
	f := Finding{Class: Changed, Counts: true, Believed: p.Belief,
		Hint: fmt.Sprintf("look at its version in a report's About box, then say what is there: orgstore store baseline %s --package FILE --evidence TEXT; if nothing is amiss: orgstore drift settle %s --reason TEXT", k.GUID, k.GUID)}
	believed := "nothing of it is known since"
	if r := p.Belief.Release; r != nil {
		believed = fmt.Sprintf("the journal knows %s, and which version is there now nobody can tell", r.Version)
	}
	if e, n := c.latest(k); n > 0 {
		f.Code, f.By, f.At, f.Event = CodeEvent, e.User, e.At, e.ID
		f.Message = told(e)
		if n > 1 {
			f.Message += fmt.Sprintf(", and %d times before", n-1)
		}
		if e.Beyond != "" {
			f.Message = unexplainedText(e)
		} else if e.Step != "" {
			f.Code = CodeWithdrawn
			f.Message += fmt.Sprintf(", while the task to %s lay there, which %s: it may have been made all the same", e.What, c.fate(k, e.Step))
		} else {
			f.Message += ", and no task asked for that"
		}
		f.Message += "; " + believed
		return f, true
	}
	for _, find := range []func(store.Key) (verdict.Code, string){c.listedWithdrawn, c.shifted} {
		if code, text := find(k); text != "" {
			f.Code, f.Message = code, text+"; "+believed
			return f, true
		}
	}
	return f, false
}

// fate says what became of a change, for people.
func (c *comparison) fate(k store.Key, id store.StepID) string {
	for _, o := range slices.Backward(c.in.Own[k]) {
		if o.Step == id {
			return gone(o)
		}
	}
	return "is not open any more"
}

func gone(o Own) string {
	if o.Fate == Withdrawn {
		return "was withdrawn at " + minute(o.Closed)
	}
	return "was closed at " + minute(o.Closed) + " without anybody knowing how it went"
}

// farthest is how far a time without a zone may be from UTC.
const farthest = 14 * time.Hour

// listedWithdrawn finds that a list writes a time of change that falls into the
// time of a task which was taken back, and into that of none that was made.
func (c *comparison) listedWithdrawn(k store.Key) (verdict.Code, string) {
	note, taken := c.in.Notes[k], c.in.Lists[k.Store]
	var doubted *Own
	for i, o := range c.in.Own[k] {
		if o.Closed.IsZero() || o.Fate == Unmade || !note.within(o) {
			continue
		}
		if o.Fate == Made {
			return "", ""
		}
		doubted = &c.in.Own[k][i]
	}
	if doubted == nil || c.knownSince(k, doubted.Closed, "") || !taken.After(doubted.Begun) || c.in.Settled[k].After(doubted.Closed) {
		return "", ""
	}
	return CodeWithdrawn, fmt.Sprintf("the list of %s says that it was changed at %q, about when the task to %s lay there, which %s: it may have been made all the same",
		minute(taken), note.Text, doubted.What, gone(*doubted))
}

// within says whether what a list writes may be a time of a change's.
func (n Note) within(o Own) bool {
	return slices.ContainsFunc(n.Times, func(t time.Time) bool {
		return !t.Before(o.Begun.Add(-farthest)) && !t.After(o.Closed.Add(farthest))
	})
}

// shifted finds that two lists write two times of change, and nothing of
// orgstore's own was made in between.
func (c *comparison) shifted(k store.Key) (verdict.Code, string) {
	s, ok := c.in.Shifts[k]
	if !ok || c.knownSince(k, s.From, "") || c.in.Settled[k].After(s.From) {
		return "", ""
	}
	text := fmt.Sprintf("the list of %s says that it was changed at %q, and that of %s said %q: somebody changed it in between", minute(s.Till), s.Is, minute(s.From), s.Was)
	for _, o := range c.in.Own[k] {
		if o.Begun.Before(s.Till) && o.Closed.After(s.From) && (o.Fate == Withdrawn || o.Fate == Uncertain) {
			return CodeWithdrawn, fmt.Sprintf("%s, while the task to %s lay there, which %s: it may have been made all the same", text, o.What, gone(o))
		}
	}
	return CodeList, text
}

// open says that a change of orgstore's own is not closed, and what speaks for
// its having been made. That confirms nothing.
func (c *comparison) open(p plan.Present) Finding {
	f := Finding{Class: Unknown, Code: plan.CodeOpen, Believed: p.Belief, Counts: !p.Open.Waiting,
		Hint: "run orgstore apply to recover", Message: "a change of orgstore's own was never closed, so nobody can tell what is there"}
	if p.Open.Waiting {
		f.Code, f.Hint = plan.CodeWaiting, fmt.Sprintf("look, then: orgstore store confirm %s", p.Key.GUID)
		f.Message = fmt.Sprintf("%s waits for a person since %s, and nobody can tell yet whether it was made", p.Open.Step.Kind, minute(p.Open.Since))
	}
	if p.Open.Unclear != "" {
		f.Code, f.Hint = plan.CodeUnclear, p.Open.Look()
		f.Message = fmt.Sprintf("nobody can tell what came of the %s of %s: %s", p.Open.Step.Kind, minute(p.Open.Since), p.Open.Unclear)
	}
	if e, n := c.latest(p.Key); n > 0 && e.Beyond == p.Open.Step.ID {
		f.Counts, f.By, f.At, f.Event = true, e.User, e.At, e.ID
		f.Message += "; " + unexplainedText(e) + ", so somebody may have changed it after the task was done"
		return f
	}
	if e, ok := (Report{Sightings: c.seen}).Speaks(p.Open.Step.ID); ok {
		f.By, f.At, f.Event = e.User, e.At, e.ID
		f.Message += fmt.Sprintf("; the activity log tells that %s changed the store at %s, which speaks for it and confirms no version", cmp.Or(f.By, "somebody"), minute(f.At))
	}
	return f
}

func (c *comparison) appSource(p plan.Present) []Finding {
	if c.wanted(p.Key) {
		return []Finding{{Class: Unknown, Code: plan.CodeAppSource, Counts: true, Believed: p.Belief,
			Message: "its entry came from AppSource, which updates it by itself: which version is there nobody can tell, it cannot be pinned and is never touched",
			Hint:    "to pin the visual, reports must use one that was added from a file"}}
	}
	return []Finding{{Class: UnknownVisual, Code: plan.CodeAppSource,
		Message: "it is not in the settings; it came from AppSource, which updates it by itself"}}
}

// unpinned tells of a visual that the settings do not want. Who put it there
// through orgstore, or said what it is, knows of it.
func (c *comparison) unpinned(p plan.Present) []Finding {
	if p.Observed == nil {
		return nil
	}
	f := Finding{Class: UnknownVisual, Code: CodeUnpinned, Believed: p.Belief, Counts: p.Belief.Presence != store.Present && c.in.Settled[p.Key].IsZero(),
		Message: "it is in the store and not in the settings, so it is left alone",
		Hint:    fmt.Sprintf("to have it looked after: orgstore pin set %s VERSION; if it is to stay as it is: orgstore drift settle %s --reason TEXT", p.Key.GUID, p.Key.GUID)}
	return []Finding{c.blame(p.Key, f)}
}

func (c *comparison) noBaseline(p plan.Present) []Finding {
	if p.Observed == nil && (c.in.Traits[p.Key.Store].TellsPresence || !p.AbsentSince.IsZero()) {
		return nil // it is not there, and never was: the plan installs it
	}
	return []Finding{c.blame(p.Key, Finding{Class: Unknown, Code: plan.CodeNoBaseline, Counts: true, Believed: p.Belief,
		Message: "nobody can tell which package is there", Hint: fmt.Sprintf("say which one it is: orgstore store baseline %s --package FILE --evidence TEXT", p.Key.GUID)})}
}

// stores tells what is about a store as a whole: events that name no visual
// known here, and what cannot be known.
func (c *comparison) stores() []Finding {
	var all []Finding
	for _, s := range c.seen {
		if s.GUID.IsZero() && s.stray() && len(c.in.Tenant) > 0 {
			all = append(all, c.something(s))
		}
	}
	for _, name := range c.names() {
		if u, isUnread := c.in.Unread[name]; isUnread {
			r := u.Reason(name)
			all = append(all, Finding{Class: Unknown, Code: r.Code, Key: store.Key{Store: name}, Counts: true, Message: r.Message, Hint: r.Hint})
			continue
		}
		if !c.in.Traits[name].CanTellRelease() {
			all = append(all, c.blind(name))
		}
	}
	switch l := c.in.Log; {
	case l.Problem != "":
		all = append(all, Finding{Class: Unknown, Code: CodeUnread, Counts: true,
			Message: fmt.Sprintf("the activity log of the tenant could not be read, so who changed what since %s is not known: %s", since(l.Until), l.Problem)})
	case l.Off != "" && len(c.in.Tenant) > 0:
		all = append(all, Finding{Class: Unknown, Code: CodeNotAsked, Message: "who changed what is not known: " + l.Off})
	}
	return all
}

func since(t time.Time) string {
	if t.IsZero() {
		return "ever"
	}
	return minute(t)
}

// names lists the stores, in order.
func (c *comparison) names() []string {
	var all []string
	for _, k := range c.keys {
		all = append(all, k.Store)
	}
	return slices.Compact(all) // keys are in order by store
}

func (c *comparison) something(s Sighting) Finding {
	what := "it does not say which visual"
	if s.Item != "" || s.Object != "" {
		what = fmt.Sprintf("it says %q, which no visual here is called", cmp.Or(s.Item, s.Object))
	}
	f := Finding{Class: Changed, Code: CodeUnnamed, Key: store.Key{Store: c.in.Tenant[0]}, Counts: true, By: s.User, At: s.At, Event: s.ID,
		Message: told(s) + "; " + what,
		Hint:    fmt.Sprintf("export the list of organizational visuals and import it; if nothing is amiss: orgstore drift settle %s --reason TEXT", s.ID)}
	if s.Beyond != "" {
		f.Message += "; " + unexplainedText(s)
	}
	if s.Step != "" {
		f.Code = CodeWithdrawn
		f.Message += fmt.Sprintf("; the task to %s lay there then, which is not open any more: it may have been made all the same", s.What)
	}
	return f
}

// blind says what nobody can see in a store that tells nothing by itself.
func (c *comparison) blind(name string) Finding {
	f := Finding{Class: Unknown, Code: CodeUntold, Key: store.Key{Store: name},
		Message: "this store tells no version: which one is there rests on what people confirmed"}
	taken, listed := c.in.Lists[name]
	switch t := c.in.Traits[name]; {
	case t.TellsPresence && t.TellsAccess:
		f.Message += " or acknowledged; its list tells what is there, and whether access is on"
	case t.TellsPresence:
		f.Message += " or acknowledged; its list tells what is there"
	case listed:
		f.Message += "; what is listed, and whether access is on, on the list of " + minute(taken)
	default:
		f.Message += "; no list of it was imported, so neither presence nor access is known"
		f.Hint = "export the list in the admin portal, then: orgstore store import-csv OrganizationalVisuals.csv"
	}
	return f
}

func secondText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
