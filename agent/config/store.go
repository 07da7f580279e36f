package config

import (
	"regexp"
	"strconv"
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
}

// Where the file says nothing.
const (
	defaultRemind   = 2 * 24 * time.Hour
	defaultEscalate = 5 * 24 * time.Hour
)

// periodForm is a time in whole days, hours or minutes.
var periodForm = regexp.MustCompile(`^([1-9][0-9]{0,3})([dhm])$`)

func (r *reader) store(name string, f storeSection) Store {
	s := Store{
		Name:   name,
		Driver: r.oneOf(text(f.Driver), FolderDriver, HandoffDriver, RecordedDriver),
		Path:   r.path(text(f.Path)), Recipe: r.path(text(f.Recipe)),
	}
	r.recipe(f, &s)
	remind, escalate := r.period(text(f.Remind), defaultRemind), r.period(text(f.Escalate), defaultEscalate)
	for _, t := range []text{text(f.Remind), text(f.Escalate)} {
		if t.given() && (s.Driver == FolderDriver || s.Driver == RecordedDriver) {
			r.addAt(t.node, "only a change that waits for a person is reminded of, and the driver "+s.Driver+" has none", "remove the line, or use the driver handoff")
		}
	}
	if s.Driver != HandoffDriver {
		return s
	}
	if at := text(f.Escalate); remind >= escalate && remind > 0 && escalate > 0 {
		if !at.given() {
			at = text(f.Remind)
		}
		r.addAt(at.node, "escalate must be longer than remind", "a reminder comes first, by default after 2d, and escalation after 5d")
	}
	s.Remind, s.Escalate = remind, escalate
	return s
}

// recipe reads what only one kind of driver has: a path, or a recipe.
func (r *reader) recipe(f storeSection, s *Store) {
	digest, word := r.fingerprint(text(f.Digest)), r.oneOf(text(f.Unofficial), byWord)
	section := r.around[text(f.Driver).node] // nil where no driver is given
	switch recorded := s.Driver == RecordedDriver; {
	case !text(f.Driver).given():
	case !recorded && !text(f.Path).given():
		r.addAt(section, quote(s.Name)+` lacks the key "path"`, "")
	case recorded && !text(f.Recipe).given():
		r.addAt(section, quote(s.Name)+` lacks the key "recipe"`, "`orgstore store learn` writes one from a recording")
	case recorded && text(f.Unofficial).given() && !text(f.Digest).given():
		r.addAt(text(f.Unofficial).node, "it does not say which recipe is accepted", "add digest: and what `orgstore store learn` printed")
	case recorded && text(f.Path).given():
		r.addAt(text(f.Path).node, "the driver recorded has no folder", "remove path")
	}
	for _, t := range []text{text(f.Recipe), text(f.Digest), text(f.Unofficial)} {
		if t.given() && text(f.Driver).given() && s.Driver != RecordedDriver {
			r.addAt(t.node, "only the driver recorded has a recipe", "remove the line, or use the driver recorded")
		}
	}
	if word == byWord {
		s.Approved = digest
	}
}

// period reads a time such as 2d, 36h or 90m; zero where it is wrong.
func (r *reader) period(t text, otherwise time.Duration) time.Duration {
	if !t.given() {
		return otherwise
	}
	m := periodForm.FindStringSubmatch(t.value)
	if m == nil {
		r.addAt(t.node, quote(t.value)+" is not a time", "write whole days, hours or minutes: 2d, 36h, 90m")
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // up to four digits
	return time.Duration(n) * map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute}[m[2]]
}

// canonicalPeriod writes a period for the digest; empty where the file may as
// well say nothing.
func canonicalPeriod(d, otherwise time.Duration) string {
	if d == 0 || d == otherwise {
		return ""
	}
	return d.String()
}
