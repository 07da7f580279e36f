package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/activity"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/galleryexport"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// canList says whether a store tells by itself which visuals it holds.
func canList(s store.Store) bool { return s.Traits().TellsPresence }

// OnOff says whether access is on, as people read it.
func OnOff(b *bool) string {
	switch {
	case b == nil:
		return nothing
	case *b:
		return "on"
	}
	return "off"
}

// meaningOfEntry says what an entry of a list means for orgstore.
func (e *Engine) meaningOfEntry(entry journal.ExportedEntry, fact journal.Exported) string {
	k := store.Key{Store: fact.Store, GUID: entry.GUID}
	_, pinned := e.Settings.Visual(entry.GUID)
	belief := e.Journal.Book().Belief(k)
	open, _, waits := waitingTask(e.Journal.Book(), k)
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
	for _, x := range e.evidenceOf(open) {
		if x.Against && x.Source == "person" {
			listed = JoinPhrases(listed, x.Message)
		}
	}
	return JoinPhrases(listed, activity.Corroboration(e.driftReport, open.Step.ID))
}

// An ImportRequest takes in a list of organizational visuals that a person exported.
type ImportRequest struct {
	File string `json:"file"`
	// Store is the store that the list is of; empty means the tenant's own.
	Store string `json:"store,omitempty"`
	// AllowEmpty says that a list without rows is meant: the store is empty.
	AllowEmpty bool `json:"allow_empty,omitempty"`
	DryRun     bool `json:"dry_run,omitempty"`
}

// An ImportResult is what a list told.
type ImportResult struct {
	Taken   string        `json:"taken"`
	Rows    int           `json:"rows"` // that were read
	Entries []ListedEntry `json:"entries"`
	Missing []Visual      `json:"missing"` // pinned, and not in the list
	Skipped []SkippedLine `json:"skipped"`
	Tx      string        `json:"tx"`
	Message string        `json:"message"` // one sentence for people
}

// A ListedEntry is one entry of a list, and what it means here.
type ListedEntry struct {
	GUID    string `json:"guid"`
	Name    string `json:"name"`
	Source  string `json:"source"`
	Enabled *bool  `json:"enabled"` // null where the list does not tell
	Changed string `json:"changed"` // as the list writes it
	Message string `json:"message"`
}

// PortalID is the entry's ID as the admin portal writes it.
func (l ListedEntry) PortalID() string {
	if l.Source == string(store.FromFile) {
		return l.GUID + visual.OrgStoreSuffix
	}
	return l.GUID
}

// A SkippedLine is one that was passed over, and why.
type SkippedLine struct {
	Line    int    `json:"line"`
	Message string `json:"message"`
}

func notAList(name string, err error) error {
	var refusal *verdict.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	return fault.New(string(refusal.Code()), refusal.Findings[0].Hint, "cannot read %s: %s", name, refusal.Findings[0].Message).DueTo(fault.CodeUnknown)
}

// Import takes a list in. It never tells a version.
func (e *Engine) Import(ctx context.Context, r ImportRequest) (ImportResult, error) {
	if err := e.requireKnownActor("take in a list"); err != nil {
		return ImportResult{}, err
	}
	text, err := disk.ReadFile(e.Disk, r.File, galleryexport.MaxSize)
	if err != nil {
		return ImportResult{}, files.Unreadable(r.File, err)
	}
	info, err := e.Disk.Stat(r.File)
	if err != nil {
		return ImportResult{}, files.Unreadable(r.File, err)
	}
	if err := e.checkStore(r.Store); err != nil {
		return ImportResult{}, err
	}
	name := cmp.Or(r.Store, e.homeStore())
	if name == "" || canList(e.Stores[name]) {
		return ImportResult{}, fault.New("list.unneeded", "nothing needs to be done", "this store tells by itself what it holds: a list of it is not needed")
	}
	if before, ok := e.Journal.Book().Listed(name); ok && before.Taken.After(info.ModTime()) {
		return ImportResult{}, fault.New("list.older", "export the list again",
			"the list %s was made at %s, and one made at %s is known already", r.File, FormatTime(info.ModTime()), FormatTime(before.Taken))
	}
	if r.DryRun {
		return e.readList(r, text, info.ModTime(), name)
	}
	importer := e.importer()
	importer.Store, importer.AllowsEmptyList = name, r.AllowEmpty
	fact, skipped, err := importer.TakeList(ctx, e.Tx, r.File, text, info.ModTime())
	if err != nil {
		return ImportResult{}, notAList(r.File, err)
	}
	return e.importResult(fact, skipped), nil
}

// readList reads a list and records nothing.
func (e *Engine) readList(r ImportRequest, text []byte, made time.Time, of string) (ImportResult, error) {
	list, err := galleryexport.Parse(text)
	switch {
	case err != nil:
		return ImportResult{}, notAList(r.File, verdict.Refuse("list.form", err.Error(), "export the list of organizational visuals in the admin portal again"))
	case len(list.Rows) == 0 && !r.AllowEmpty:
		return ImportResult{}, notAList(r.File, intake.RefuseEmptyList())
	}
	fact := journal.Exported{Store: of, Taken: made.UTC()}
	for _, row := range list.Rows {
		fact.Entries = append(fact.Entries, journal.ExportedEntry{GUID: row.GUID, Name: row.Name, Source: row.Source, Enabled: row.Enabled, Changed: row.Changed})
	}
	out := e.importResult(fact, list.Skipped)
	out.Message = rowsText(out) + "; nothing was recorded: this was a dry run"
	return out, nil
}

// importResult says what each entry of a list means here, and what is pinned and
// not in it.
func (e *Engine) importResult(fact journal.Exported, skipped []galleryexport.Skipped) ImportResult {
	out := ImportResult{
		Taken: Timestamp(fact.Taken), Rows: len(fact.Entries), Entries: []ListedEntry{}, Missing: []Visual{}, Skipped: []SkippedLine{}, Tx: string(e.Tx),
	}
	for _, entry := range fact.Entries {
		out.Entries = append(out.Entries, ListedEntry{
			entry.GUID.String(), entry.Name, string(entry.Source), entry.Enabled, entry.Changed, e.meaningOfEntry(entry, fact),
		})
	}
	for _, v := range e.Settings.Visuals {
		isListed := slices.ContainsFunc(fact.Entries, func(entry journal.ExportedEntry) bool { return entry.GUID == v.GUID })
		if !isListed && slices.Contains(e.Settings.RingsOf(v), fact.Store) {
			out.Missing = append(out.Missing, Visual{GUID: v.GUID.String(), Name: v.Name, Store: fact.Store})
		}
	}
	for _, l := range skipped {
		out.Skipped = append(out.Skipped, SkippedLine{l.Line, l.Why})
		e.note("line %d is passed over: %s", l.Line, safetext.Line(l.Why))
	}
	out.Message = fmt.Sprintf("%s; the list was made at %s; it tells what is listed, from where, and whether access is on, and never a version",
		rowsText(out), FormatTime(fact.Taken))
	return out
}

// rowsText says how many rows of a list were read.
func rowsText(r ImportResult) string {
	text := Count(r.Rows, "row") + " read"
	if n := len(r.Skipped); n > 0 {
		text += fmt.Sprintf(", %d passed over", n)
	}
	return text
}
