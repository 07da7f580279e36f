package drift_test

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/drift"
	"github.com/orgstore/orgstore/policies/pin"
	"github.com/orgstore/orgstore/policies/plan"
)

const (
	gauge = "auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E"
	other = "auroraTimeline0EC4001DA97EE18F29D05EFD5CB885CD"
)

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

func key(g string) store.Key {
	return store.Key{Store: "store", GUID: must(visual.ParseGUID(g))}
}

func release(v, bytes string) *visual.Release {
	return &visual.Release{Version: must(visual.ParseVersion(v)), Digest: sha256.Sum256([]byte(v + bytes))}
}

func held(r *visual.Release) store.State { return store.State{Presence: store.Present, Release: r} }

func at(s string) time.Time { return must(time.Parse("2006-01-02 15:04", s)) }

func on(b bool) *bool { return &b }

func wanted() []plan.Wanted {
	return []plan.Wanted{{Key: key(gauge), Pin: must(pin.Parse("~> 1.4"))}}
}

// handoff is a world of one pinned visual, known as 1.4.0.0, in a store that
// tells nothing by itself; its task to upgrade was made on Monday at ten.
func handoff() drift.Input {
	return drift.Input{
		Wanted:  wanted(),
		Present: []plan.Present{{Key: key(gauge), Belief: held(release("1.4.0.0", "a"))}},
		Traits:  map[string]store.Traits{"store": {}},
		Tenant:  []string{"store"},
		Names:   map[store.Key][]string{key(gauge): {"Aurora Gauge"}},
		Own: map[store.Key][]drift.Own{key(gauge): {
			{Step: "st_1", What: "upgrade to 1.4.0.0", Begun: at("2026-11-23 09:00"), Closed: at("2026-11-23 10:00"), Fate: drift.Made},
		}},
	}
}

func event(id, when string, op tenant.Operation, user, item string) drift.Event {
	return drift.Event{Event: tenant.Event{ID: id, At: at(when), Operation: op, User: user, Item: item}}
}

// line writes a finding down in a few words; those that only tell begin with a note.
func line(f drift.Finding) string {
	parts := []string{string(f.Code)}
	if !f.Counts {
		parts[0] = "note " + parts[0]
	}
	if f.By != "" {
		parts = append(parts, "by "+f.By)
	}
	return strings.Join(parts, " ")
}

func lines(r drift.Report) string {
	var all []string
	for _, f := range r.Findings {
		if f.Code != drift.CodeUntold {
			all = append(all, line(f))
		}
	}
	return strings.Join(all, ", ")
}

// TestWhatAnEventProves: an event speaks for a task of its time, and is drift
// where no task asked for it, or where nobody can tell whether it was made.
func TestWhatAnEventProves(t *testing.T) {
	withdrawn := drift.Own{Step: "st_2", What: "upgrade to 1.5.0.0", Begun: at("2026-11-24 09:00"), Closed: at("2026-11-24 12:00"), Fate: drift.Withdrawn}
	open := drift.Own{Step: "st_2", What: "upgrade to 1.5.0.0", Begun: at("2026-11-24 09:00"), Fate: drift.Open}
	with := func(o drift.Own) func(*drift.Input) {
		return func(in *drift.Input) { in.Own[key(gauge)] = append(in.Own[key(gauge)], o) }
	}
	closed := func(fate drift.Fate) func(*drift.Input) {
		o := withdrawn
		o.Fate = fate
		return with(o)
	}
	for _, c := range []struct {
		name  string
		event drift.Event
		but   func(*drift.Input)
		want  string
		step  store.StepID
	}{
		{"in the time of a task that was made", event("e", "2026-11-23 09:30", tenant.Updated, "bob", "Aurora Gauge"), nil, "", "st_1"},
		{"told by a clock that is three minutes ahead", event("e", "2026-11-23 10:03", tenant.Updated, "bob", "Aurora Gauge"), nil, "", "st_1"},
		{"after it was closed", event("e", "2026-11-23 10:06", tenant.Updated, "bob", "Aurora Gauge"), nil, "drift.event by bob", ""},
		{"before anything is known", event("e", "2026-11-20 10:00", tenant.Updated, "bob", "Aurora Gauge"), nil, "", ""},
		{"by the visual's id", event("e", "2026-11-24 10:00", tenant.Updated, "bob", gauge), nil, "drift.event by bob", ""},
		{"by the id as reports write it", event("e", "2026-11-24 10:00", tenant.Updated, "bob", gauge+"_OrgStore"), nil, "drift.event by bob", ""},
		{"by its name in other letters", event("e", "2026-11-24 10:00", tenant.Updated, "bob", "AURORA GAUGE"), nil, "drift.event by bob", ""},
		{"by another name", event("e", "2026-11-24 10:00", tenant.Updated, "bob", "Word Cloud"), nil, "drift.unnamed by bob", ""},
		{"by no name", event("e", "2026-11-24 10:00", tenant.Updated, "bob", ""), nil, "drift.unnamed by bob", ""},
		{"by no name, in the time of a task", event("e", "2026-11-23 09:30", tenant.Updated, "bob", ""), nil, "", "st_1"},
		{"in the time of an open task", event("e", "2026-11-24 10:00", tenant.Updated, "bob", "Aurora Gauge"), with(open), "", "st_2"},
		{"added, where the task updates", event("e", "2026-11-24 10:00", tenant.Inserted, "bob", "Aurora Gauge"), with(open), "drift.event by bob", ""},
		{"deleted, in the time of a task", event("e", "2026-11-24 10:00", tenant.Deleted, "bob", "Aurora Gauge"), with(open), "drift.event by bob", ""},
		{"in the time of a task that was withdrawn", event("e", "2026-11-24 10:00", tenant.Updated, "bob", "Aurora Gauge"), with(withdrawn), "drift.withdrawn_task by bob", "st_2"},
		{"without a name, in the time of a task that was withdrawn", event("e", "2026-11-24 10:00", tenant.Updated, "bob", ""), with(withdrawn), "drift.withdrawn_task by bob", "st_2"},
		{"in the time of a task of which nobody knows", event("e", "2026-11-24 10:00", tenant.Updated, "bob", "Aurora Gauge"), closed(drift.Uncertain), "drift.withdrawn_task by bob", "st_2"},
		{"in the time of a task that was refused", event("e", "2026-11-24 10:00", tenant.Updated, "bob", "Aurora Gauge"), closed(drift.Unmade), "drift.event by bob", ""},
		{"withdrawn, then another one made", event("e", "2026-11-24 10:00", tenant.Updated, "bob", "Aurora Gauge"), func(in *drift.Input) {
			with(withdrawn)(in)
			with(drift.Own{Step: "st_3", Begun: at("2026-11-25 09:00"), Closed: at("2026-11-25 10:00"), Fate: drift.Made})(in)
		}, "", "st_2"},
		{"then a person said what is there", event("e", "2026-11-24 10:00", tenant.Updated, "bob", "Aurora Gauge"), func(in *drift.Input) {
			with(drift.Own{Begun: at("2026-11-25 09:00"), Closed: at("2026-11-25 09:00"), Fate: drift.Made})(in)
		}, "", ""},
		{"then a person settled the visual", event("e", "2026-11-24 10:00", tenant.Updated, "bob", "Aurora Gauge"), func(in *drift.Input) {
			in.Settled = map[store.Key]time.Time{key(gauge): at("2026-11-24 11:00")}
		}, "", ""},
		{"settled before it", event("e", "2026-11-24 10:00", tenant.Updated, "bob", "Aurora Gauge"), func(in *drift.Input) {
			in.Settled = map[store.Key]time.Time{key(gauge): at("2026-11-24 09:00")}
		}, "drift.event by bob", ""},
		{"that failed", drift.Event{Event: tenant.Event{ID: "e", At: at("2026-11-24 10:00"), Operation: tenant.Updated, Item: gauge, Failed: true}}, nil, "", ""},
		{"that a person settled", drift.Event{Event: tenant.Event{ID: "e", At: at("2026-11-24 10:00"), Operation: tenant.Updated}, Settled: at("2026-11-24 11:00")}, nil, "", ""},
		{"without a time", drift.Event{Event: tenant.Event{ID: "e", Operation: tenant.Updated, User: "bob", Item: gauge}}, nil, "drift.event by bob", ""},
		{"of a store that is no Organizational Store", event("e", "2026-11-24 10:00", tenant.Updated, "bob", "Aurora Gauge"), func(in *drift.Input) { in.Tenant = nil }, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := handoff()
			in.Events = []drift.Event{c.event}
			if c.but != nil {
				c.but(&in)
			}
			got := drift.Compare(in)
			if l := lines(got); l != c.want || got.Sightings[0].Step != c.step {
				t.Errorf("got %q, task %q; want %q, task %q", l, got.Sightings[0].Step, c.want, c.step)
			}
			if (got.Count() > 0) != (c.want != "") {
				t.Errorf("%d findings count", got.Count())
			}
		})
	}
}

// TestOneUpdateExplainsOneEvent: what else happened in the time of a task, or shortly
// after it, is told; and a person's events are not explained by what an application did.
func TestOneUpdateExplainsOneEvent(t *testing.T) {
	upload := event("a", "2026-11-23 09:30", tenant.Updated, "bob", "Aurora Gauge")
	again := event("b", "2026-11-23 09:31", tenant.Updated, "carol", "Aurora Gauge")
	const twice = "the activity log tells that it was changed twice in the time of the task to upgrade to 1.4.0.0, the last by carol at 2026-11-23 09:31:00 UTC"
	recorded := func(in *drift.Input) {
		in.App, in.Traits["store"] = "1b4e28ba-2fa1-41d2-883f-0016d3cca427", store.Traits{TellsPresence: true, Unattended: true}
	}
	for _, c := range []struct {
		name   string
		events []drift.Event
		but    func(*drift.Input)
		want   string
		text   string
	}{
		{"once", []drift.Event{upload}, nil, "", ""},
		{"twice", []drift.Event{upload, again}, nil, "drift.event by carol", twice},
		{"in any order", []drift.Event{again, upload}, nil, "drift.event by carol", twice},
		{"the second right after the task", []drift.Event{upload, event("b", "2026-11-23 10:03", tenant.Updated, "carol", "Aurora Gauge")}, nil, "drift.event by carol", "changed twice"},
		{"the first failed", []drift.Event{{Event: tenant.Event{ID: "a", At: at("2026-11-23 09:30"), Operation: tenant.Updated, Item: gauge, Failed: true}}, again}, nil, "", ""},
		{"a task of two changes", []drift.Event{upload, again}, func(in *drift.Input) { in.Own[key(gauge)][0].Changes = 2 }, "", ""},
		{"the second names no visual", []drift.Event{upload, event("b", "2026-11-23 09:31", tenant.Updated, "carol", "")}, nil, "drift.unnamed by carol", "changed twice"},
		{"the first names no visual", []drift.Event{event("a", "2026-11-23 09:30", tenant.Updated, "bob", ""), again}, nil, "drift.unnamed by bob", "changed twice"},
		{"then a person said what is there", []drift.Event{upload, again}, func(in *drift.Input) {
			in.Own[key(gauge)] = append(in.Own[key(gauge)], drift.Own{Begun: at("2026-11-25 09:00"), Closed: at("2026-11-25 09:00"), Fate: drift.Made})
		}, "", ""},
		{"then a person settled the visual", []drift.Event{upload, again}, func(in *drift.Input) {
			in.Settled = map[store.Key]time.Time{key(gauge): at("2026-11-24 11:00")}
		}, "", ""},
		{"an application changes, and its event is there", []drift.Event{event("a", "2026-11-23 09:30", tenant.Updated, "1b4e28ba-2fa1-41d2-883f-0016d3cca427", gauge)}, recorded, "", ""},
		{"an application changes, and a person's event is there, too", []drift.Event{
			event("a", "2026-11-23 09:30", tenant.Updated, "1b4e28ba-2fa1-41d2-883f-0016d3cca427", gauge),
			event("b", "2026-11-23 10:03", tenant.Updated, "carol@contoso.com", gauge),
		}, recorded, "drift.event by carol@contoso.com", "no task asked for that"},
		{"a person is at it while the task is open", []drift.Event{upload, again}, func(in *drift.Input) {
			in.Own[key(gauge)][0].Closed, in.Own[key(gauge)][0].Fate = time.Time{}, drift.Open
			in.Present[0].Open = &plan.Open{Waiting: true, Step: plan.Step{ID: "st_1"}}
		}, "step.waiting by carol", "so somebody may have changed it after the task was done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := handoff()
			in.Events = c.events
			if c.but != nil {
				c.but(&in)
			}
			got := drift.Compare(in)
			if l := lines(got); l != c.want {
				t.Errorf("got %q, want %q", l, c.want)
			}
			if c.text != "" && (len(got.Findings) == 0 || !strings.Contains(got.Findings[0].Message, c.text)) {
				t.Errorf("it does not say %q: %+v", c.text, got.Findings)
			}
		})
	}
}

// TestNamesOfTwoVisuals: nobody is blamed by a name that two visuals have.
func TestNamesOfTwoVisuals(t *testing.T) {
	in := handoff()
	in.Present = append(in.Present, plan.Present{Key: key(other), Belief: held(release("2.0.0.0", "a"))})
	in.Names[key(other)] = []string{"aurora gauge"}
	in.Events = []drift.Event{event("e", "2026-11-24 10:00", tenant.Updated, "bob", "Aurora Gauge")}
	if got := lines(drift.Compare(in)); got != "drift.unnamed by bob" {
		t.Error(got)
	}
}

// TestTheLastOfSeveralEvents is the one that is named, whatever their order.
func TestTheLastOfSeveralEvents(t *testing.T) {
	in := handoff()
	in.Events = []drift.Event{
		event("c", "2026-11-24 11:00", tenant.Updated, "carol", gauge), event("b", "2026-11-24 10:00", tenant.Updated, "bob", gauge),
	}
	f := drift.Compare(in).Findings[0]
	if f.By != "carol" || f.Event != "c" || !strings.Contains(f.Message, "and 1 times before") {
		t.Errorf("%+v", f)
	}
}

// TestWhatAStoreTells: the class follows from what is there, and who did it from
// the log.
func TestWhatAStoreTells(t *testing.T) {
	before := release("1.4.0.0", "a")
	candidate := func(r *visual.Release, content string) plan.Candidate {
		return plan.Candidate{GUID: key(gauge).GUID, Release: *r, Content: pbiviz.Content(content), Terms: license.Terms{ID: "x"}, Judgment: verdict.Judge()}
	}
	renewed, recut := release("1.4.0.0", "renewed"), release("1.4.0.0", "recut")
	candidates := []plan.Candidate{candidate(before, "h1:a"), candidate(renewed, "h1:a"), candidate(recut, "h1:b")}
	for _, c := range []struct {
		name  string
		drift plan.Drift
		want  string
		class drift.Class
	}{
		{"another version", plan.Drift{Kind: plan.DriftChanged, State: held(release("1.5.0.0", "a"))}, "drift.version by bob", drift.Version},
		{"another license", plan.Drift{Kind: plan.DriftChanged, State: held(renewed)}, "drift.license by bob", drift.License},
		{"other code", plan.Drift{Kind: plan.DriftChanged, State: held(recut)}, "drift.code by bob", drift.Changed},
		{"bytes that nobody has", plan.Drift{Kind: plan.DriftChanged, State: held(nil)}, "drift.package by bob", drift.Changed},
		{"the same version, not in the archive", plan.Drift{Kind: plan.DriftChanged, State: held(release("1.4.0.0", "x"))}, "drift.code by bob", drift.Changed},
		{"access", plan.Drift{Kind: plan.DriftAccess, State: store.State{Presence: store.Present, Release: before, Enabled: on(false)}}, "drift.access by bob", drift.Access},
		{"removed", plan.Drift{Kind: plan.DriftRemoved, State: store.State{Presence: store.Absent}}, "drift.missing by bob", drift.Missing},
		{"added", plan.Drift{Kind: plan.DriftAdded, State: held(before)}, "drift.added by bob", drift.Changed},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := handoff()
			in.Traits["store"] = store.Traits{TellsPresence: true, TellsVersion: true, TellsDigest: true}
			in.Candidates, in.Drifts = candidates, map[store.Key]plan.Drift{key(gauge): c.drift}
			in.Events = []drift.Event{event("e", "2026-11-24 10:00", tenant.Updated, "bob", gauge)}
			got := drift.Compare(in)
			if l := lines(got); l != c.want || got.Findings[0].Class != c.class {
				t.Errorf("got %q, %s", l, got.Findings[0].Class)
			}
		})
	}
}

// TestWhatNobodyCanTell: what cannot be known is said; what is news counts.
func TestWhatNobodyCanTell(t *testing.T) {
	told := func(l store.Listing) func(*drift.Input) {
		return func(in *drift.Input) { in.Present[0].Observed = &l }
	}
	unpinned := func(then ...func(*drift.Input)) func(*drift.Input) {
		return func(in *drift.Input) {
			in.Wanted, in.Present[0].Belief, in.Present[0].Observed = nil, store.State{Presence: store.Unknown}, &store.Listing{Source: store.FromFile}
			for _, f := range then {
				f(in)
			}
		}
	}
	for _, c := range []struct {
		name string
		but  func(*drift.Input)
		want string
	}{
		{"nothing amiss", func(*drift.Input) {}, ""},
		{"never recorded", func(in *drift.Input) { in.Present[0].Belief = store.State{} }, "present.no_baseline"},
		{"never recorded, and not in a list", func(in *drift.Input) {
			in.Present[0].Belief, in.Present[0].AbsentSince = store.State{}, at("2026-11-24 10:00")
		}, ""},
		{"unreadable", told(store.Listing{Problem: "not a package"}), "store.problem"},
		{"pinned, from AppSource", told(store.Listing{Source: store.FromAppSource}), "store.app_source"},
		{"from AppSource, not pinned", unpinned(told(store.Listing{Source: store.FromAppSource})), "note store.app_source"},
		{"not pinned", unpinned(), "drift.unpinned"},
		{"not pinned, and known", unpinned(func(in *drift.Input) { in.Present[0].Belief = held(release("1.4.0.0", "a")) }), "note drift.unpinned"},
		{"not pinned, and settled", unpinned(func(in *drift.Input) {
			in.Settled = map[store.Key]time.Time{key(gauge): at("2026-11-24 10:00")}
		}), "note drift.unpinned"},
		{"not pinned, and gone", unpinned(func(in *drift.Input) { in.Present[0].Observed = nil }), ""},
		{"a task waits", func(in *drift.Input) { in.Present[0].Open = &plan.Open{Waiting: true} }, "note step.waiting"},
		{"interrupted", func(in *drift.Input) { in.Present[0].Open = &plan.Open{} }, "step.open"},
		{"the log cannot be read", func(in *drift.Input) { in.Log.Problem = "no" }, "drift.activity_unread"},
		{"the log is not asked", func(in *drift.Input) { in.Log.Off = "no sign-in" }, "note drift.activity_off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := handoff()
			c.but(&in)
			if got := lines(drift.Compare(in)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestWhatListsTellOfTime: a list that writes another time than the one before
// tells that something was changed, unless orgstore's own change explains it.
func TestWhatListsTellOfTime(t *testing.T) {
	tuesday := drift.Shift{Was: "11/23/2026", Is: "11/24/2026", From: at("2026-11-23 12:00"), Till: at("2026-11-25 12:00")}
	withdrawn := drift.Own{Step: "st_2", What: "upgrade to 1.5.0.0", Begun: at("2026-11-24 09:00"), Closed: at("2026-11-24 12:00"), Fate: drift.Withdrawn}
	made := withdrawn
	made.Fate = drift.Made
	note := drift.Note{Text: "11/25/2026 10:00", Times: []time.Time{at("2026-11-25 10:00")}}
	late := withdrawn
	late.Begun, late.Closed = at("2026-11-25 09:00"), at("2026-11-25 12:00")
	for _, c := range []struct {
		name  string
		shift *drift.Shift
		note  drift.Note
		own   []drift.Own
		want  string
	}{
		{"nothing", nil, drift.Note{}, nil, ""},
		{"two lists", &tuesday, drift.Note{}, nil, "drift.list"},
		{"two lists, and a change made in between", &tuesday, drift.Note{}, []drift.Own{made}, ""},
		{"two lists, and a task taken back in between", &tuesday, drift.Note{}, []drift.Own{withdrawn}, "drift.withdrawn_task"},
		{"one list, in the time of a task taken back", nil, note, []drift.Own{late}, "drift.withdrawn_task"},
		{"one list, long after a task was taken back", nil, drift.Note{Text: "x", Times: []time.Time{at("2026-12-25 10:00")}}, []drift.Own{late}, ""},
		{"one list, whose time cannot be read", nil, drift.Note{Text: "neulich"}, []drift.Own{late}, ""},
		{"one list, whose time is that of a change made as well", nil, drift.Note{Text: "x", Times: []time.Time{at("2026-11-23 21:00")}}, []drift.Own{withdrawn}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := handoff()
			in.Own[key(gauge)] = append(in.Own[key(gauge)], c.own...)
			in.Lists = map[string]time.Time{"store": at("2026-11-26 12:00")}
			if c.shift != nil {
				in.Shifts = map[store.Key]drift.Shift{key(gauge): *c.shift}
			}
			in.Notes = map[store.Key]drift.Note{key(gauge): c.note}
			if got := lines(drift.Compare(in)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestClassesAreForGood: other programs read the words.
func TestClassesAreForGood(t *testing.T) {
	want := []drift.Class{"version", "license", "access", "unknown-visual", "missing", "changed", "unknown"}
	if !slices.Equal(drift.Classes(), want) {
		t.Error(drift.Classes())
	}
}
