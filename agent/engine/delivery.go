package engine

import (
	"context"

	"github.com/orgstore/orgstore/agent/activity"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/agent/notify/channels"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// deliverNotices sends what people have yet to be told, channel by channel. What keeps it
// from that is said and stops nothing else.
func (e *Engine) deliverNotices(ctx context.Context, p plan.Plan, in plan.Input) {
	if len(e.Settings.Notify) == 0 || ctx.Err() != nil {
		return
	}
	if _, err := e.deliver(ctx, e.Notices(p, in), e.Settings.Notify, false); err != nil && ctx.Err() == nil {
		e.note("notices could not be sent: %v", err)
	}
}

// deliverNoticesAfterChange does so after something was changed.
func (e *Engine) deliverNoticesAfterChange(ctx context.Context) {
	if len(e.Settings.Notify) == 0 || ctx.Err() != nil {
		return
	}
	if err := e.ReleaseLease(); err != nil { // nobody is kept out while channels are waited for
		e.note("the lock could not be given back: %v", err)
	}
	p, in, err := e.planNow(ctx, nil)
	if err != nil {
		e.note("notices could not be sent: %v", err)
		return
	}
	e.deliverNotices(ctx, p, in)
}

func (e *Engine) deliverer() notify.Deliverer {
	return notify.Deliverer{
		Disk: e.Disk, Folder: e.Settings.Data, Journal: e.Journal, Tx: e.Tx, Now: e.Now, Note: e.note,
		HasChannel: func(name string) bool {
			_, ok := e.Settings.Channel(name)
			return ok
		},
	}
}

// deliver sends what is due to channels.
func (e *Engine) deliver(ctx context.Context, all []notify.Notice, to []config.Channel, hurry bool) ([]notify.Delivery, error) {
	var targets []notify.Target
	for _, c := range to {
		targets = append(targets, notify.Target{Channel: c.Channel, Open: func() (notify.Sender, error) { return channels.Open(c, e.wire()) }})
	}
	return e.deliverer().Deliver(ctx, all, targets, hurry)
}

// FailingChannels says which channels cannot be told; empty where all can.
func (e *Engine) FailingChannels() string { return e.deliverer().FailingChannels() }

// wire is how notices leave this machine.
func (e *Engine) wire() channels.Wire {
	w := channels.Wire{Secret: e.Secret, Mail: e.sendMail, Now: e.Now}
	if e.Post != nil {
		w.Post = func(ctx context.Context, to config.Secret, header map[string]string, body []byte) error {
			return e.Post(ctx, e.Settings, Post{To: to, Header: header, Body: body})
		}
	}
	return w
}

func (e *Engine) sendMail(ctx context.Context, m Mail) error {
	if e.signInFault != nil {
		return e.signInFault // nobody is asked to sign in twice
	}
	t, err := e.connectTenant()
	if err != nil {
		return err
	}
	return t.Mail(ctx, m)
}

// patienceOf is how long tasks of a store may wait.
func (e *Engine) patienceOf(name string) notify.Patience {
	c, _ := e.Settings.StoreNamed(name)
	return notify.Patience{Remind: c.Remind, Escalate: c.Escalate}
}

// overdueText says how long a task has waited; empty where that is no reason to say
// anything.
func (e *Engine) overdueText(open plan.Open) string {
	return e.patienceOf(open.Step.Key.Store).OverdueText(e.Now().Sub(open.Since))
}

// remindOfTasks says of tasks that wait too long that they do.
func (e *Engine) remindOfTasks(ctx context.Context) error {
	return notify.Reminder{
		Journal: e.Journal, Tx: e.Tx, Now: e.Now, PatienceOf: e.patienceOf, Note: e.note,
		Corroborate: func(step store.StepID) string { return activity.Corroboration(e.driftReport, step) },
	}.RemindOfTasks(ctx)
}
