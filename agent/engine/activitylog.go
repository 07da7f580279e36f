package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/agent/audit"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/policies/drift"
	"github.com/orgstore/orgstore/policies/plan"
)

const (
	// watchEvery is how often the log is read by commands that do not need it at
	// once: 200 calls an hour are allowed (documented: activity events, Power BI
	// REST API), a reading takes at least two, and events come up to an hour late.
	watchEvery = 15 * time.Minute
	// watchTime bounds a reading by commands that do not need it at once. What was
	// read of whole days is kept.
	watchTime = 20 * time.Second
	// maxWatched bounds the file that says how far the log was read, in bytes: some
	// hundred for each change of a day.
	maxWatched = 1 << 20
)

// watched is the file that says how far the activity log was read.
type watched struct {
	Format int             `json:"orgstore_activity"`
	Asked  time.Time       `json:"asked"` // the last try, good or not
	Until  time.Time       `json:"until"`
	Mark   json.RawMessage `json:"mark,omitempty"`
}

const watchedFormat = 1

// tenantStores lists the stores that are the tenant's Organizational Store.
func (e *Engine) tenantStores() []string {
	if name := e.Settings.Home(); name != "" {
		return []string{name}
	}
	return nil
}

// ReadActivityLog reads what the activity log tells of the store and records it. What
// keeps it from that is said and stops nothing. At once is for commands that are
// about nothing else.
func (e *Engine) ReadActivityLog(ctx context.Context, atOnce bool) error {
	switch {
	case len(e.tenantStores()) == 0:
		return nil
	case e.Settings.SignIn.Type == "" && !e.Settings.Library.SharePoint.Named():
		e.activityLog.Off = "the settings do not say how to sign in to the tenant (sign_in), so its activity log is not read"
		return nil
	}
	w, err := e.lastActivityCursor()
	if err != nil {
		return err
	}
	e.activityLog.Until = w.Until
	if since := e.Now().Sub(w.Asked); !atOnce && since >= 0 && since < watchEvery {
		return nil
	}
	if e.signInFault != nil {
		e.activityLog.Problem = e.signInFault.Error() // nobody is asked to sign in twice
		return nil
	}
	err = e.readActivityLogOn(ctx, atOnce, w)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		e.noteUnreadActivityLog(err)
	}
	return nil
}

// readActivityLogOn reads on from what was read last. The facts are recorded first, the
// mark is saved last: an event told twice counts once, one missed is lost.
func (e *Engine) readActivityLogOn(ctx context.Context, atOnce bool, w watched) error {
	t, err := e.ConnectTenant()
	if err != nil {
		return err
	}
	if !atOnce {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, watchTime)
		defer cancel()
	}
	told, next, until, failure := t.Changes(ctx, w.Mark, e.Now())
	if err := e.recordEvents(context.WithoutCancel(ctx), told); err != nil {
		return err
	}
	w = watched{watchedFormat, e.Now().UTC(), until.UTC(), next}
	e.activityLog.Until = until
	text, err := json.Marshal(w)
	if err != nil {
		return errors.Join(failure, err)
	}
	return errors.Join(failure, e.Write(e.activityCursorFile(), 0o600, text))
}

func (e *Engine) recordEvents(ctx context.Context, told []tenant.Event) error {
	var facts []journal.Fact
	book := e.Journal.Book()
	for _, event := range told {
		if book.HasEvent(event.Key()) {
			continue
		}
		facts = append(facts, journal.StoreChanged{
			Event: event.Key(), Time: event.At, Operation: event.Operation, User: event.User, Item: event.Item, Object: event.Object, Failed: event.Failed,
		})
	}
	return e.Journal.Append(ctx, e.Tx, facts...)
}

func (e *Engine) activityCursorFile() string {
	return filepath.Join(e.Settings.Data, "activity.cursor")
}

// lastActivityCursor reads how far the log was read. A file that cannot be understood
// is as good as none: the log is read again from its beginning.
func (e *Engine) lastActivityCursor() (watched, error) {
	text, err := disk.ReadFile(e.Disk, e.activityCursorFile(), maxWatched)
	if err != nil {
		return watched{}, IgnoreError(err, fs.ErrNotExist)
	}
	var w watched
	if json.Unmarshal(text, &w) != nil || w.Format != watchedFormat {
		e.note("%s cannot be understood, so the activity log is read again from its beginning", e.activityCursorFile())
		return watched{}, nil
	}
	return w, nil
}

// noteUnreadActivityLog keeps why the activity log could not be read, and says it once.
func (e *Engine) noteUnreadActivityLog(err error) {
	f := fault.Of(err)
	e.activityLog.Problem = f.Error()
	if f.Hint != "" {
		e.activityLog.Problem = fmt.Sprintf("%s (%s)", e.activityLog.Problem, f.Hint)
	}
	e.activityLog.Problem = safetext.Lines(e.activityLog.Problem)
	e.note("the activity log could not be read: %s", e.activityLog.Problem)
	if f.IsSignIn() {
		e.signInFault = f
	}
}

// CompareDrift compares what is wanted, believed and told, from the look that a plan
// was computed from, and keeps the report for what is said of tasks.
func (e *Engine) CompareDrift(p plan.Plan, in plan.Input) drift.Report {
	called := map[store.Key]string{}
	for _, v := range e.Settings.Visuals {
		for name := range e.Stores {
			called[store.Key{Store: name, GUID: v.GUID}] = v.Name
		}
	}
	e.DriftReport = audit.Scene{Book: e.Journal.Book(), Input: in, Plan: p, Tenant: e.tenantStores(), Called: called, Log: e.activityLog}.Drift()
	return e.DriftReport
}

// corroboration says what the activity log tells for a change that waits; empty where
// that is nothing. An event tells no version: it never confirms.
func (e *Engine) corroboration(open plan.Open) string {
	event, ok := e.DriftReport.Speaks(open.Step.ID)
	if !ok {
		return ""
	}
	return fmt.Sprintf("the activity log tells that %s changed the store at %s: look at its version and confirm", cmp.Or(event.User, "somebody"), FormatTime(event.At))
}
