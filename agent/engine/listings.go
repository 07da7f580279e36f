package engine

import (
	"cmp"
	"fmt"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// CanList says whether a store tells by itself what it holds.
func CanList(s store.Store) bool { t := s.Traits(); return t.TellsDigest || t.TellsVersion }

func OnOff(b *bool) string {
	switch {
	case b == nil:
		return nothing
	case *b:
		return "on"
	}
	return "off"
}

// MeaningOfEntry says what an entry of a list means for orgstore.
func (e *Engine) MeaningOfEntry(entry journal.ExportedEntry, fact journal.Exported) string {
	k := store.Key{Store: fact.Store, GUID: entry.GUID}
	_, pinned := e.Settings.Visual(entry.GUID)
	belief := e.Journal.Book().Belief(k)
	open, _, waits := WaitingTask(e.Journal.Book(), k)
	switch {
	case entry.Source == store.FromAppSource && pinned:
		return "pinned, and cannot be: it came from AppSource, which updates it by itself"
	case entry.Source == store.FromAppSource:
		return "from AppSource: it updates by itself and is never touched"
	case waits:
		l := store.Listing{GUID: entry.GUID, Source: entry.Source, Enabled: entry.Enabled}
		return cmp.Or(speaks(open, l, true, fact.Taken), fmt.Sprintf("%s waits for a person; a list tells no version", open.Step.Kind))
	case !pinned:
		return "not pinned: it is left alone"
	case belief.Presence != store.Present || belief.Release == nil:
		return "nobody can tell which package this is: orgstore store baseline " + entry.GUID.String() + " --package FILE --evidence TEXT"
	case entry.Enabled != nil && belief.Enabled != nil && *entry.Enabled != *belief.Enabled:
		return fmt.Sprintf("known as %s with access %s: somebody changed its access", belief.Release.Version, OnOff(belief.Enabled))
	}
	return fmt.Sprintf("known as %s", belief.Release.Version)
}

// speaks says whether an entry of a list speaks for or against a change that
// waits; empty where it says nothing about it. A list made before the task was
// laid out never does.
func speaks(open plan.Open, l store.Listing, there bool, taken time.Time) string {
	if !taken.After(open.Since) {
		return ""
	}
	list, g := "the list of "+FormatTime(taken), open.Step.Key.GUID
	switch kind := open.Step.Kind; {
	case kind == change.Install && there && l.Source == store.FromFile:
		return list + " shows it: look at its version and confirm"
	case kind == change.Install:
		return list + " does not show it yet"
	case !there:
		return list + " does not have it: look at the store before anything is uploaded"
	case kind.Puts() || l.Enabled == nil:
		return ""
	case *l.Enabled == (kind == change.Enable):
		return fmt.Sprintf("%s shows access %s: confirm with orgstore store confirm %s --access %s", list, OnOff(l.Enabled), g, OnOff(l.Enabled))
	}
	return list + " still shows access " + OnOff(l.Enabled)
}

// corroboratedText says what the newest list and the activity log tell of a change
// that waits.
func (e *Engine) corroboratedText(open plan.Open) string {
	listed := ""
	if entry := e.Journal.Book().Export(open.Step.Key.Store); entry != nil {
		l, there := entry.Listed[open.Step.Key.GUID]
		listed = speaks(open, l, there, entry.Taken)
	}
	return JoinPhrases(listed, e.corroboration(open))
}
