// Package notify tells people what happened and what is about to: it makes
// notices of what is known, and says which of them a channel has yet to be told. Each
// kind of channel is a package below it. It reads no clock and no settings.
package notify

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/verdict"
)

// An Event names what a notice is about, as error codes are named. Settings and
// other programs hold the words: they are never renamed.
type Event string

// The events.
const (
	LicenseEnding Event = "license.ending"
	LicenseEnded  Event = "license.ended"
	// LastWindow: the last time that policy allows is about to pass, and no renewal
	// is here.
	LastWindow    Event = "license.last_window"
	TaskOpened    Event = "task.opened"
	TaskReminded  Event = Event(journal.TaskReminded)
	TaskEscalated Event = Event(journal.TaskEscalated)
	TaskWithdrawn Event = "task.withdrawn"
	ChangeDone    Event = "change.done"
	ChangeFailed  Event = "change.failed"
	DriftFound    Event = "drift.found"
	GateWaiting   Event = "gate.waiting"
	SignInEnding  Event = "sign_in.ending"
	SignInFailed  Event = "sign_in.failed"
	TrustEnding   Event = "trust.ending"
	// StoreUnreachable: a store cannot be read for longer than the settings allow.
	StoreUnreachable Event = "store.unreachable"
	// Test is sent only when somebody asks for it.
	Test Event = "notice.test"
)

// Events lists every event that a channel may choose, in the order of the
// constants.
func Events() []Event {
	return []Event{
		LicenseEnding, LicenseEnded, LastWindow, TaskOpened, TaskReminded, TaskEscalated, TaskWithdrawn,
		ChangeDone, ChangeFailed, DriftFound, GateWaiting, SignInEnding, SignInFailed, TrustEnding, StoreUnreachable,
	}
}

// Group is the event's first word, which stands for all events that share it.
func (e Event) Group() string {
	group, _, _ := strings.Cut(string(e), ".")
	return group
}

// A Level says how much a notice matters.
type Level string

// The levels.
const (
	Info    Level = "info"
	Warning Level = "warning"
	Alarm   Level = "alarm"
)

// A Notice is one thing that people are told once.
type Notice struct {
	// Key names what is told, for good: a channel is told of one key once.
	Key   string
	Event Event
	Level Level
	GUID  string // of the visual; empty where it is about none
	Name  string // the visual's, as people see it
	Store string // where it is; empty where it is about none
	// At is when it happened; zero where it is how things stand. Channels are not
	// told what happened before they began.
	At time.Time
	// Code is that of the finding behind it; empty where there is none.
	Code  verdict.Code
	Title string // one line
	Text  string // more, in lines; may be empty
	Hint  string
}

// cleaned keeps names that strangers gave from doing anything to whoever reads.
func (n Notice) cleaned() Notice {
	line := func(s string) string { return printable(s, false) }
	n.GUID, n.Name, n.Title, n.Hint = line(n.GUID), line(n.Name), line(n.Title), line(n.Hint)
	n.Text = printable(n.Text, true)
	return n
}

func printable(s string, lines bool) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines, unicode.IsPrint(r):
			return r
		}
		return ' '
	}, strings.ToValidUTF8(s, "?")))
}

// A Message is what goes to a channel at once: one notice, or several.
type Message struct {
	// ID is the same whenever the same notices go to the same channel, so that who
	// is told twice after a crash can tell.
	ID      string
	At      time.Time
	Notices []Notice
}

// most is how many notices go one by one: what is more comes as one message, so
// that nobody's mailbox is flooded.
const most = 5

// Messages divides what is due to a channel into messages.
func Messages(channel string, due []Notice, digest bool, at time.Time) []Message {
	if len(due) == 0 {
		return nil
	}
	if digest || len(due) > most {
		return []Message{newMessage(channel, due, at)}
	}
	var all []Message
	for i := range due {
		all = append(all, newMessage(channel, due[i:i+1], at))
	}
	return all
}

func newMessage(channel string, notices []Notice, at time.Time) Message {
	m := Message{At: at.UTC(), Notices: make([]Notice, 0, len(notices))}
	h := sha256.New()
	h.Write([]byte(channel))
	for _, n := range notices {
		h.Write([]byte("\n" + n.Key))
		m.Notices = append(m.Notices, n.cleaned())
	}
	m.ID = "msg_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:20]))
	return m
}

// Level is that of the notice that matters most.
func (m Message) Level() Level {
	levels := []Level{Info, Warning, Alarm}
	at := 0
	for _, n := range m.Notices {
		at = max(at, slices.Index(levels, n.Level))
	}
	return levels[at]
}

// A Channel says what one channel is told, and when.
type Channel struct {
	Name string
	// Events lists events and groups of them; empty is all.
	Events []string
	// Digest gathers what there is until a time of the day; nil is at once.
	Digest *Digest
}

// Takes says whether a channel is told of an event.
func (c Channel) Takes(e Event) bool {
	return len(c.Events) == 0 || slices.Contains(c.Events, string(e)) || slices.Contains(c.Events, e.Group())
}

// Due picks what a channel has yet to be told, what matters most first.
func (c Channel) Due(book journal.Book, all []Notice) []Notice {
	var due []Notice
	seen := map[string]bool{}
	begun, known := book.Channel(c.Name)
	for _, n := range all {
		old := !n.At.IsZero() && (!known || n.At.Before(begun.Since))
		if c.Takes(n.Event) && !old && !seen[n.Key] && !book.Told(c.Name, n.Key) {
			seen[n.Key] = true
			due = append(due, n)
		}
	}
	rank := map[Level]int{Alarm: 0, Warning: 1, Info: 2}
	slices.SortStableFunc(due, func(a, b Notice) int { return rank[a.Level] - rank[b.Level] })
	return due
}
