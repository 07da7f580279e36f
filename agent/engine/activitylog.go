package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/orgstore/orgstore/agent/activity"
	"github.com/orgstore/orgstore/agent/audit"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk/statefile"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/drift"
	"github.com/orgstore/orgstore/policies/plan"
)

// tenantStores lists the stores that are the tenant's Organizational Store.
func (e *Engine) tenantStores() []string {
	if name := e.Settings.Home(); name != "" {
		return []string{name}
	}
	return nil
}

func (e *Engine) activityReader() activity.Reader {
	return activity.Reader{Disk: e.Disk, Folder: e.Settings.Data, Journal: e.Journal, Tx: e.Tx, Now: e.Now, Note: e.note}
}

// readActivityLog reads what the activity log tells of the store and records it. What
// keeps it from that is said and stops nothing. At once is for commands that are
// about nothing else.
func (e *Engine) readActivityLog(ctx context.Context, atOnce bool) error {
	switch {
	case len(e.tenantStores()) == 0:
		return nil
	case e.Settings.SignIn.Type == "" && !e.Settings.Library.SharePoint.Named():
		e.activityLog.Off = "the settings do not say how to sign in to the tenant (sign_in), so its activity log is not read"
		return nil
	}
	reader := e.activityReader()
	c, err := reader.LastCursor()
	if errors.As(err, new(*statefile.NewerError)) {
		e.noteUnreadActivityLog(err)
		return nil
	}
	if err != nil {
		return err
	}
	e.activityLog.Until = c.Until
	if !atOnce && !c.IsDue(e.Now()) {
		return nil
	}
	if e.signInFault != nil {
		e.activityLog.Problem = e.signInFault.Error() // nobody is asked to sign in twice
		return nil
	}
	t, err := e.connectTenant()
	if err == nil {
		c, err = reader.Read(ctx, t, c, atOnce)
		e.activityLog.Until = c.Until
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		e.noteUnreadActivityLog(err)
	}
	return nil
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

// compareDrift compares what is wanted, believed and told, from the look that a plan
// was computed from, and keeps the report for what is said of tasks.
func (e *Engine) compareDrift(p plan.Plan, in plan.Input) drift.Report {
	called := map[store.Key]string{}
	for _, v := range e.Settings.Visuals {
		for name := range e.Stores {
			called[store.Key{Store: name, GUID: v.GUID}] = v.Name
		}
	}
	e.driftReport = audit.Scene{Book: e.Journal.Book(), Input: in, Plan: p, Tenant: e.tenantStores(), Called: called, Log: e.activityLog, App: e.Settings.SignIn.App()}.Drift()
	return e.driftReport
}
