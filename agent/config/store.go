package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The store drivers.
const (
	// FolderDriver keeps packages in a folder.
	FolderDriver = "folder"
	// HandoffDriver lays each change out as a task for a person.
	HandoffDriver = "handoff"
	// RecordedDriver replays requests that a person's browser was recorded sending.
	RecordedDriver = "recorded"
)

// A driver is what the settings of a store may say beside its name and tenant.
type driver struct {
	name string
	// place is the key that says where its changes go: every store has it.
	place string
	// more are the other keys that it has.
	more []string
}

// drivers is the table of what each driver's settings are. The program has another of
// how each is opened: see engine.Ports.
var drivers = []driver{
	{FolderDriver, "path", nil},
	{HandoffDriver, "path", []string{"remind", "escalate"}},
	{RecordedDriver, "recipe", []string{"digest", "unofficial"}},
}

// Drivers are the names of the store drivers.
func Drivers() []string {
	var names []string
	for _, d := range drivers {
		names = append(names, d.name)
	}
	return names
}

// driverOf returns the driver of a name; false where there is none.
func driverOf(name string) (driver, bool) {
	i := slices.IndexFunc(drivers, func(d driver) bool { return d.name == name })
	if i < 0 {
		return driver{}, false
	}
	return drivers[i], true
}

func (d driver) has(key string) bool { return key == d.place || slices.Contains(d.more, key) }

// driversWith joins the names of the drivers that have a key.
func driversWith(key string) string {
	var names []string
	for _, d := range drivers {
		if d.has(key) {
			names = append(names, d.name)
		}
	}
	return strings.Join(names, " or ")
}

// byWord is the one word that lets unofficial means change a store.
const byWord = "accepted"

// A Store says where reports load visuals from.
type Store struct {
	Name   string // OnlyStore where the file has one store, under store
	Tenant string // the id of the tenant it belongs to, lower case
	Driver string // FolderDriver, HandoffDriver or RecordedDriver
	// Path is the folder that holds the packages, or of HandoffDriver the tasks.
	Path string
	// Recipe is the file of RecordedDriver that says what is sent, and Approved
	// the digest under which changing by it was accepted; empty where it was not.
	Recipe, Approved string
	// Remind and Escalate are how long a task waits until somebody is reminded,
	// and until it is told to those above. Zero where no change waits.
	Remind, Escalate time.Duration
	// Unreachable is how long the store may be out of reach until people are told.
	Unreachable time.Duration
}

// Where the file says nothing.
const (
	defaultRemind   = 2 * 24 * time.Hour
	defaultEscalate = 5 * 24 * time.Hour

	defaultUnreachable = time.Hour
)

// periodForm is a time in whole days, hours or minutes.
var periodForm = regexp.MustCompile(`^([1-9][0-9]{0,3})([dhm])$`)

func (r *reader) store(name string, f storeSection) Store {
	s := Store{
		Name:   name,
		Driver: r.oneOf(text(f.Driver), Drivers()...),
		Path:   r.path(text(f.Path)), Recipe: r.path(text(f.Recipe)),
		Unreachable: r.period(text(f.Unreachable), defaultUnreachable),
	}
	d, known := driverOf(s.Driver)
	if known {
		r.driverKeys(d, s.Name, f)
	}
	if digest, word := r.fingerprint(text(f.Digest)), r.oneOf(text(f.Unofficial), byWord); word == byWord {
		s.Approved = digest
	}
	remind, escalate := r.period(text(f.Remind), defaultRemind), r.period(text(f.Escalate), defaultEscalate)
	if d.has("remind") {
		r.patience(f, remind, escalate)
		s.Remind, s.Escalate = remind, escalate
	}
	return s
}

// A storeKey is a key of a store that not every driver has.
type storeKey struct {
	name string
	t    text
	// lacking is what to do where the driver needs it and it is absent.
	lacking string
	// misplaced is why it is none of a driver's, and remedy what to do then.
	misplaced, remedy string
}

func storeKeys(d driver, f storeSection) []storeKey {
	folder := "the driver " + d.name + " has no folder"
	recipe := "only the driver " + driversWith("recipe") + " has a recipe"
	task := "only a change that waits for a person is reminded of, and the driver " + d.name + " has none"
	useOther := func(key string) string { return "remove the line, or use the driver " + driversWith(key) }
	return []storeKey{
		{"path", text(f.Path), "", folder, "remove path"},
		{"recipe", text(f.Recipe), "`orgstore store learn` writes one from a recording", recipe, useOther("recipe")},
		{"digest", text(f.Digest), "", recipe, useOther("digest")},
		{"unofficial", text(f.Unofficial), "", recipe, useOther("unofficial")},
		{"remind", text(f.Remind), "", task, useOther("remind")},
		{"escalate", text(f.Escalate), "", task, useOther("escalate")},
	}
}

// driverKeys checks that a store has the key that its driver needs, and none of
// another driver.
func (r *reader) driverKeys(d driver, name string, f storeSection) {
	for _, k := range storeKeys(d, f) {
		switch {
		case k.name == d.place && !k.t.given():
			r.addAt(r.around[text(f.Driver).node], fmt.Sprintf("%s lacks the key %q", quote(name), k.name), k.lacking)
		case k.t.given() && !d.has(k.name):
			r.addAt(k.t.node, k.misplaced, k.remedy)
		}
	}
	if text(f.Unofficial).given() && d.has("unofficial") && !text(f.Digest).given() {
		r.addAt(text(f.Unofficial).node, "it does not say which recipe is accepted", "add digest: and what `orgstore store learn` printed")
	}
}

// patience checks that somebody is reminded of a task before it is told to those above.
func (r *reader) patience(f storeSection, remind, escalate time.Duration) {
	if remind < escalate || remind == 0 || escalate == 0 {
		return
	}
	at := text(f.Escalate)
	if !at.given() {
		at = text(f.Remind)
	}
	r.addAt(at.node, "escalate must be longer than remind", "a reminder comes first, by default after 2d, and escalation after 5d")
}

// period reads a time such as 2d, 36h or 90m; zero where it is wrong.
func (r *reader) period(t text, otherwise time.Duration) time.Duration {
	if !t.given() {
		return otherwise
	}
	d, ok := parsePeriod(t.value)
	if !ok {
		r.addAt(t.node, quote(t.value)+" is not a time", "write whole days, hours or minutes: 2d, 36h, 90m")
	}
	return d
}

// inDays reports whether a time is written in days.
func inDays(s string) bool { return strings.HasSuffix(s, "d") && periodForm.MatchString(s) }

func parsePeriod(s string) (time.Duration, bool) {
	m := periodForm.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1]) // up to four digits
	return time.Duration(n) * map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute}[m[2]], true
}
