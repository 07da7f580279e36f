package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
	"github.com/orgstore/orgstore/policies/window"
)

// Policy returns when a visual may be changed: in its own window, at any time
// where it has none, and never in a freeze.
func (s Settings) Policy(v Visual) plan.Policy {
	p := plan.Policy{Calendar: window.Calendar{Freezes: s.Freezes}, Renew: v.Renew, Soak: v.Soak, Approvals: v.Approvals}
	for _, w := range s.Windows {
		if w.Name == v.Window {
			p.Calendar.Windows = append(p.Calendar.Windows, w)
		}
	}
	return p
}

// windows reads the windows by name, in the order of their names.
func (r *reader) windows(entries map[string]windowEntry) []window.Window {
	var all []window.Window
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		e := entries[name]
		all = append(all, r.window(name, e))
	}
	return all
}

func (r *reader) freezes(entries map[string]freezeEntry) []window.Freeze {
	var all []window.Freeze
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		e := entries[name]
		f := window.Freeze{Window: r.window(name, windowEntry{e.Cron, e.Duration, e.From, e.Until, e.Timezone})}
		for _, t := range e.Except {
			f.Except = append(f.Except, r.kind(text(t)))
		}
		all = append(all, f)
	}
	return all
}

func (r *reader) kind(t text) change.Kind {
	var known []string
	for _, k := range change.Kinds() {
		known = append(known, string(k))
	}
	return change.Kind(r.oneOf(t, known...))
}

// window reads one window: again and again, or once.
func (r *reader) window(name string, e windowEntry) window.Window {
	w := window.Window{Name: name, Zone: r.zone(text(e.Timezone))}
	once, again := text(e.From).given() || text(e.Until).given(), text(e.Cron).given() || text(e.Duration).given()
	at := e.first()
	switch {
	case once && again, !once && !again:
		r.addAt(at, fmt.Sprintf("%q needs cron and duration, or from and until", name), `write { cron: "0 2 * * SAT", duration: 4h, timezone: Europe/Rome }, or { from: 2026-12-05T20:00, until: 2026-12-06T02:00, timezone: Europe/Rome }`)
		return w
	case again && !(text(e.Cron).given() && text(e.Duration).given()), once && !(text(e.From).given() && text(e.Until).given()):
		r.addAt(at, fmt.Sprintf("%q has only one of the two that belong together", name), "cron goes with duration, from with until")
		return w
	case again:
		var err error
		if w.Cron, err = window.ParseCron(text(e.Cron).value); err != nil {
			r.refused(text(e.Cron), err)
			return w
		}
		w.Days, w.Length = r.windowLength(text(e.Duration))
	default:
		w.From, w.Until = r.wall(text(e.From), w.Zone), r.wall(text(e.Until), w.Zone)
		if w.From.IsZero() || w.Until.IsZero() {
			return w
		}
	}
	if err := w.Check(); err != nil && w.Zone != nil && (w.Cron.IsZero() || w.Days > 0 || w.Length > 0) {
		r.refused(text{node: at}, err)
	}
	return w
}

// windowLength reads how long a window lasts: days of the calendar, or elapsed time.
func (r *reader) windowLength(t text) (days int, length time.Duration) {
	length = r.period(t, 0)
	if inDays(t.value) {
		return int(length / (24 * time.Hour)), 0
	}
	return 0, length
}

// first is a place to point at for what is wrong with several values together.
func (e windowEntry) first() *yaml.Node {
	for _, t := range []text{text(e.Cron), text(e.Duration), text(e.From), text(e.Until), text(e.Timezone)} {
		if t.given() {
			return t.node
		}
	}
	return nil
}

// zone reads a time zone of the IANA database.
func (r *reader) zone(t text) *time.Location {
	if !t.given() {
		return nil
	}
	zone, err := time.LoadLocation(t.value)
	// "" is UTC and "Local" the machine's zone: a schedule says where it holds.
	if err != nil || t.value == "Local" || strings.TrimSpace(t.value) == "" {
		r.addAt(t.node, quote(t.value)+" is no time zone", "write a name of the IANA database, such as Europe/Rome, America/New_York or UTC")
		return nil
	}
	return zone
}

// wall reads a time of a zone's wall clock.
func (r *reader) wall(t text, zone *time.Location) time.Time {
	if zone == nil {
		return time.Time{} // said already
	}
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(form, t.value, zone); err == nil {
			return at
		}
	}
	r.addAt(t.node, quote(t.value)+" is no time", "write it as 2026-12-05T20:00, by the wall clock of timezone")
	return time.Time{}
}

// scheduled reads when one visual may be changed.
func (r *reader) scheduled(e visualEntry, windows []window.Window, v *Visual) {
	v.Renew = plan.RenewMode(r.oneOf(text(e.Renew), string(plan.RenewAtOnce), string(plan.RenewInWindow), string(plan.RenewByHand)))
	v.Soak = r.period(text(e.Upgrade.Soak), 0)
	v.Promote = r.period(text(e.Upgrade.Promote), v.Soak)
	v.Window = text(e.Upgrade.Window).value
	known := func(w window.Window) bool { return w.Name == v.Window }
	if t := text(e.Upgrade.Window); t.given() && !slices.ContainsFunc(windows, known) {
		var names []string
		for _, w := range windows {
			names = append(names, w.Name)
		}
		hint := "name it under windows: first"
		if near := nearest(t.value, names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		} else if len(names) > 0 {
			hint = "known here: " + strings.Join(names, ", ")
		}
		r.addAt(t.node, quote(t.value)+" is not the name of a window", hint)
	}
	if v.Renew == plan.RenewInWindow && v.Window == "" && text(e.Renew).given() {
		r.addAt(e.Renew.node, "renewals in a window need a window", "name one: upgrade: { window: weekend }")
	}
}
