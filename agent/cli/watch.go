package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"github.com/orgstore/orgstore/agent/fault"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/agent/audit"
	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/journal"
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
func (s *session) tenantStores() []string {
	if name := s.settings.Home(); name != "" {
		return []string{name}
	}
	return nil
}

// watch reads what the activity log tells of the store and records it. What
// keeps it from that is said and stops nothing. At once is for commands that are
// about nothing else.
func (s *session) watch(ctx context.Context, atOnce bool) error {
	switch {
	case len(s.tenantStores()) == 0:
		return nil
	case s.settings.SignIn.Type == "" && !s.settings.Library.SharePoint.Named():
		s.log.Off = "the settings do not say how to sign in to the tenant (sign_in), so its activity log is not read"
		return nil
	}
	w, err := s.lastWatched()
	if err != nil {
		return err
	}
	s.log.Until = w.Until
	if since := s.Now().Sub(w.Asked); !atOnce && since >= 0 && since < watchEvery {
		return nil
	}
	if s.unsigned != nil {
		s.log.Problem = s.unsigned.Error() // nobody is asked to sign in twice
		return nil
	}
	err = s.readLog(ctx, atOnce, w)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		s.unwatched(err)
	}
	return nil
}

// readLog reads on from what was read last. The facts are recorded first, the
// mark is saved last: an event told twice counts once, one missed is lost.
func (s *session) readLog(ctx context.Context, atOnce bool, w watched) error {
	t, err := s.remote()
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
	s.log.Until = until
	text, err := json.Marshal(w)
	if err != nil {
		return errors.Join(failure, err)
	}
	return errors.Join(failure, s.write(s.watchedFile(), 0o600, text))
}

func (s *session) recordEvents(ctx context.Context, told []tenant.Event) error {
	var facts []journal.Fact
	book := s.journal.Book()
	for _, e := range told {
		if book.HasEvent(e.Key()) {
			continue
		}
		facts = append(facts, journal.StoreChanged{
			Event: e.Key(), Time: e.At, Operation: e.Operation, User: e.User, Item: e.Item, Object: e.Object, Failed: e.Failed,
		})
	}
	return s.journal.Append(ctx, s.tx, facts...)
}

func (s *session) watchedFile() string { return filepath.Join(s.settings.Data, "activity.cursor") }

// lastWatched reads how far the log was read. A file that cannot be understood
// is as good as none: the log is read again from its beginning.
func (s *session) lastWatched() (watched, error) {
	text, err := disk.ReadFile(s.Disk, s.watchedFile(), maxWatched)
	if err != nil {
		return watched{}, ignoring(err, fs.ErrNotExist)
	}
	var w watched
	if json.Unmarshal(text, &w) != nil || w.Format != watchedFormat {
		s.note("%s cannot be understood, so the activity log is read again from its beginning", s.watchedFile())
		return watched{}, nil
	}
	return w, nil
}

// unwatched keeps why the activity log could not be read, and says it once.
func (s *session) unwatched(err error) {
	f := fault.Of(err)
	s.log.Problem = f.Error()
	if f.Hint != "" {
		s.log.Problem = fmt.Sprintf("%s (%s)", s.log.Problem, f.Hint)
	}
	s.log.Problem = output.SafeLines(s.log.Problem)
	s.note("the activity log could not be read: %s", s.log.Problem)
	if f.IsSignIn() {
		s.unsigned = f
	}
}

// drift compares what is wanted, believed and told, from the look that a plan
// was computed from, and keeps the report for what is said of tasks.
func (s *session) drift(p plan.Plan, in plan.Input) drift.Report {
	called := map[store.Key]string{}
	for _, v := range s.settings.Visuals {
		for name := range s.stores {
			called[store.Key{Store: name, GUID: v.GUID}] = v.Name
		}
	}
	s.report = audit.Scene{Book: s.journal.Book(), Input: in, Plan: p, Tenant: s.tenantStores(), Called: called, Log: s.log}.Drift()
	return s.report
}

// witnessed says what the activity log tells for a change that waits; empty where
// that is nothing. An event tells no version: it never confirms.
func (s *session) witnessed(open plan.Open) string {
	e, ok := s.report.Speaks(open.Step.ID)
	if !ok {
		return ""
	}
	return fmt.Sprintf("the activity log tells that %s changed the store at %s: look at its version and confirm", cmp.Or(e.User, "somebody"), clock(e.At))
}
