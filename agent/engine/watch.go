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
func (s *Engine) tenantStores() []string {
	if name := s.Settings.Home(); name != "" {
		return []string{name}
	}
	return nil
}

// ReadActivityLog reads what the activity log tells of the store and records it. What
// keeps it from that is said and stops nothing. At once is for commands that are
// about nothing else.
func (s *Engine) ReadActivityLog(ctx context.Context, atOnce bool) error {
	switch {
	case len(s.tenantStores()) == 0:
		return nil
	case s.Settings.SignIn.Type == "" && !s.Settings.Library.SharePoint.Named():
		s.activityLog.Off = "the settings do not say how to sign in to the tenant (sign_in), so its activity log is not read"
		return nil
	}
	w, err := s.lastActivityCursor()
	if err != nil {
		return err
	}
	s.activityLog.Until = w.Until
	if since := s.Now().Sub(w.Asked); !atOnce && since >= 0 && since < watchEvery {
		return nil
	}
	if s.signInFault != nil {
		s.activityLog.Problem = s.signInFault.Error() // nobody is asked to sign in twice
		return nil
	}
	err = s.readActivityLogOn(ctx, atOnce, w)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		s.noteUnreadActivityLog(err)
	}
	return nil
}

// readActivityLogOn reads on from what was read last. The facts are recorded first, the
// mark is saved last: an event told twice counts once, one missed is lost.
func (s *Engine) readActivityLogOn(ctx context.Context, atOnce bool, w watched) error {
	t, err := s.ConnectTenant()
	if err != nil {
		return err
	}
	if !atOnce {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, watchTime)
		defer cancel()
	}
	told, next, until, failure := t.Changes(ctx, w.Mark, s.Now())
	if err := s.recordEvents(context.WithoutCancel(ctx), told); err != nil {
		return err
	}
	w = watched{watchedFormat, s.Now().UTC(), until.UTC(), next}
	s.activityLog.Until = until
	text, err := json.Marshal(w)
	if err != nil {
		return errors.Join(failure, err)
	}
	return errors.Join(failure, s.Write(s.activityCursorFile(), 0o600, text))
}

func (s *Engine) recordEvents(ctx context.Context, told []tenant.Event) error {
	var facts []journal.Fact
	book := s.Journal.Book()
	for _, e := range told {
		if book.HasEvent(e.Key()) {
			continue
		}
		facts = append(facts, journal.StoreChanged{
			Event: e.Key(), Time: e.At, Operation: e.Operation, User: e.User, Item: e.Item, Object: e.Object, Failed: e.Failed,
		})
	}
	return s.Journal.Append(ctx, s.Tx, facts...)
}

func (s *Engine) activityCursorFile() string {
	return filepath.Join(s.Settings.Data, "activity.cursor")
}

// lastActivityCursor reads how far the log was read. A file that cannot be understood
// is as good as none: the log is read again from its beginning.
func (s *Engine) lastActivityCursor() (watched, error) {
	text, err := disk.ReadFile(s.Disk, s.activityCursorFile(), maxWatched)
	if err != nil {
		return watched{}, IgnoreError(err, fs.ErrNotExist)
	}
	var w watched
	if json.Unmarshal(text, &w) != nil || w.Format != watchedFormat {
		s.note("%s cannot be understood, so the activity log is read again from its beginning", s.activityCursorFile())
		return watched{}, nil
	}
	return w, nil
}

// noteUnreadActivityLog keeps why the activity log could not be read, and says it once.
func (s *Engine) noteUnreadActivityLog(err error) {
	f := fault.Of(err)
	s.activityLog.Problem = f.Error()
	if f.Hint != "" {
		s.activityLog.Problem = fmt.Sprintf("%s (%s)", s.activityLog.Problem, f.Hint)
	}
	s.activityLog.Problem = safetext.Lines(s.activityLog.Problem)
	s.note("the activity log could not be read: %s", s.activityLog.Problem)
	if f.IsSignIn() {
		s.signInFault = f
	}
}

// CompareDrift compares what is wanted, believed and told, from the look that a plan
// was computed from, and keeps the report for what is said of tasks.
func (s *Engine) CompareDrift(p plan.Plan, in plan.Input) drift.Report {
	called := map[store.Key]string{}
	for _, v := range s.Settings.Visuals {
		for name := range s.Stores {
			called[store.Key{Store: name, GUID: v.GUID}] = v.Name
		}
	}
	s.DriftReport = audit.Scene{Book: s.Journal.Book(), Input: in, Plan: p, Tenant: s.tenantStores(), Called: called, Log: s.activityLog}.Drift()
	return s.DriftReport
}

// corroboration says what the activity log tells for a change that waits; empty where
// that is nothing. An event tells no version: it never confirms.
func (s *Engine) corroboration(open plan.Open) string {
	e, ok := s.DriftReport.Speaks(open.Step.ID)
	if !ok {
		return ""
	}
	return fmt.Sprintf("the activity log tells that %s changed the store at %s: look at its version and confirm", cmp.Or(e.User, "somebody"), FormatTime(e.At))
}
