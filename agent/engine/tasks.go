package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// driverContext is what a store that sees nothing by itself is told, from the journal.
func (e *Engine) driverContext(name string) store.DriverContext {
	if e.exportLists == nil {
		e.exportLists = map[string]*lists{}
	}
	e.exportLists[name] = &lists{store: name}
	known := store.DriverContext{Brief: e.taskBrief, Now: e.Now, Export: e.exportLists[name].newest(func() journal.Book { return e.Journal.Book() })}
	if c, ok := e.Settings.StoreNamed(name); ok {
		known.Tenant = c.Tenant
	}
	if len(e.Settings.Stores) > 1 {
		known.Store = name
	}
	return known
}

// lists remembers what the newest list tells, since each visual is asked about.
type lists struct {
	store string
	mu    sync.Mutex
	seq   uint64
	told  *store.Export
}

func (l *lists) newest(book func() journal.Book) func() *store.Export {
	return func() *store.Export {
		l.mu.Lock()
		defer l.mu.Unlock()
		if b := book(); l.seq != b.Seq() {
			l.seq, l.told = b.Seq(), b.Export(l.store)
		}
		return l.told
	}
}

func (e *Engine) taskBrief(id store.StepID) (store.Brief, bool) {
	o, ok := e.Journal.Book().Opened(id)
	if !ok {
		return store.Brief{}, false
	}
	step := o.Step
	return store.Brief{Key: step.Key, Name: step.Name, Kind: string(step.Kind), Reason: step.Reason.Message, From: step.From, To: step.To}, true
}

// waitingTask is the change of a visual that waits for a person, and the store's own
// name for it; false where none waits.
func waitingTask(book journal.Book, k store.Key) (plan.Open, store.Receipt, bool) {
	o := book.Open(k)
	if o == nil || !o.Waiting {
		return plan.Open{}, store.Receipt{}, false
	}
	revisions := book.Revisions(k)
	return *o, revisions[len(revisions)-1].Receipt, true
}

// waitingResults lists the changes that wait, of the visuals that a choice takes.
func (e *Engine) waitingResults(p plan.Plan, chosen func(plan.Open) bool) []apply.Result {
	var results []apply.Result
	book := e.Journal.Book()
	for _, idle := range p.Idle {
		open, receipt, ok := waitingTask(book, idle.Key)
		if idle.Reason.Code == plan.CodeWaiting && ok && chosen(open) {
			results = append(results, apply.Result{Step: open.Step, Outcome: apply.Waiting,
				Message: JoinPhrases(fmt.Sprintf("waits since %s: %s", FormatTime(open.Since), receipt.Note), e.corroboratedText(open), e.overdueText(open)), Hint: idle.Reason.Hint})
		}
	}
	return results
}

// JoinPhrases joins what is to be said, leaving out what is empty.
func JoinPhrases(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "; ")
}

// wantedWithdrawals lists what is to be taken back: what a plan does not want any more, and
// what somebody holds since it was laid out.
func (e *Engine) wantedWithdrawals(p plan.Plan, chosen func(plan.Open) bool) []plan.Withdrawal {
	var all []plan.Withdrawal
	for _, w := range p.Withdrawals {
		if chosen(w.Open) {
			all = append(all, w)
		}
	}
	for _, idle := range p.Idle {
		open, _, ok := waitingTask(e.Journal.Book(), idle.Key)
		if idle.Reason.Code != plan.CodeWaiting || !ok || open.Undoes != "" || !chosen(open) {
			continue
		}
		for _, g := range e.Gates(open.Step) {
			if g.Kind == plan.GateHold && g.State == plan.GateClosed {
				all = append(all, plan.Withdrawal{Key: idle.Key, Name: idle.Name, Open: open, Reason: g.Message})
				break
			}
		}
	}
	return all
}

// withdrawTasks takes tasks back. One that cannot be stops its visual alone.
func (e *Engine) withdrawTasks(ctx context.Context, all []plan.Withdrawal) []apply.Result {
	var results []apply.Result
	for _, w := range all {
		r := apply.Result{Step: w.Open.Step, Outcome: apply.Withdrawn,
			Message: fmt.Sprintf("the task of %s is withdrawn: %s", FormatDay(w.Open.Since), w.Reason)}
		if err := e.Applier().Withdraw(ctx, e.Tx, w); err != nil {
			r = apply.Result{Step: w.Open.Step, Outcome: apply.Failed, Code: apply.CodeWithdraw, Message: err.Error(),
				Hint: "see that nobody has a file of the task open, and that its folder can be reached; then run the command again"}
		}
		results = append(results, r)
	}
	return results
}

// withoutFailedWithdrawals leaves out the steps of visuals whose task could not be taken back:
// two tasks of one visual would contradict each other.
func withoutFailedWithdrawals(steps []plan.Step, withdrawn []apply.Result) []plan.Step {
	return slices.DeleteFunc(slices.Clone(steps), func(step plan.Step) bool {
		return slices.ContainsFunc(withdrawn, func(r apply.Result) bool { return r.Step.Key == step.Key && !r.OK() })
	})
}
