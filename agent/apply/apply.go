// Package apply carries steps out, takes back what failed and recovers what
// was interrupted. It records the intent, acts, looks, and records the outcome.
// It does not know how a plan was chosen.
package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// stepTime bounds one step once it has begun, but for its check, which has a
// limit of its own. A step that has begun is not stopped by Ctrl-C: half a minute
// of patience costs less than a recovery.
const stepTime = 2 * time.Minute

// An Outcome says how a step ended. Other programs read the words.
type Outcome string

// The outcomes.
const (
	Verified     = Outcome(store.Verified)
	Acknowledged = Outcome(store.Acknowledged)
	Confirmed    = Outcome(store.Confirmed)
	Unverified   = Outcome(store.Unverified)
	Waiting      = Outcome("waiting")  // for a person
	Checking     = Outcome("checking") // made, and its check has not answered
	Withdrawn    = Outcome("withdrawn")
	Failed       = Outcome("failed")
	Undone       = Outcome("undone") // failed, and what was there before is back
)

// A Result says what became of one step.
type Result struct {
	Step    plan.Step
	Outcome Outcome
	Code    verdict.Code // empty where all went well
	Message string
	Hint    string
	// Halt says that the store answered as it never did before: nothing else is to
	// be begun.
	Halt bool
}

// OK says whether the step was made, or waits for a person as it should.
func (r Result) OK() bool {
	return r.Outcome != Failed && r.Outcome != Undone && r.Outcome != Checking
}

// An Applier carries steps out. One process at a time may use one on the same
// stores: the caller holds the lock.
type Applier struct {
	Journal *journal.Journal
	Archive *archive.Archive
	Stores  map[string]store.Store
	Trust   license.Trust
	Limits  pbiviz.Limits
	// Profiles are the vendor profiles in force.
	Profiles profile.Set
	// Licensing is what licenses are held against, and LicensingIn takes its place
	// where there are several stores, by store.
	Licensing   Licensing
	LicensingIn map[string]Licensing
	Clock       Clock
	Policy      Policy // nil checks nothing, blocks nothing, and forbids nothing
	Lease       Lease  // nil where no other process could change the same stores
}

// Licensing is what licenses are held against.
type Licensing interface {
	// Need is what the settings ask of a visual's license.
	Need(g visual.GUID, asked bool) license.Need
	// Facts tells what is known of the tenant and of licenses used before.
	Facts(journal.Book) license.Facts
	// Entitled holds what a license counts against how the visual is used.
	Entitled(g visual.GUID, terms license.Terms, asked bool) []verdict.Finding
}

// A Clock gives a fresh trusted moment, never earlier than the last.
type Clock interface{ Moment() moment.Moment }

// A Policy says what the settings and people want of a step that is being made.
type Policy interface {
	// CheckerOf finds what the tenant checks after a step; nil is nothing.
	CheckerOf(plan.Step) Checker
	// BlockFor says what may not come back by itself once a failed check went back
	// by a step; nil where nobody can tell.
	BlockFor(back plan.Step) *plan.Block
	// Forbids returns what keeps a step back since it was planned, and nil if there
	// is nothing: a hold or a block that somebody set; of what a person asked for, a
	// consent that counts no more. It is asked right before a store is changed, with
	// the journal just read again.
	Forbids(journal.Book, plan.Step) *verdict.Refusal
}

// A Lease is the right to change stores.
type Lease interface {
	// Extend asks, right before a store is changed, whether this process still has
	// it. The error says who took it.
	Extend(context.Context) error
}

// licensing returns what the licenses of a store are held against.
func (a *Applier) licensing(k store.Key) Licensing {
	if own, several := a.LicensingIn[k.Store]; several {
		return own
	}
	return a.Licensing
}

// Do carries out one step whose gates the caller has found open, and takes it
// back if it fails. An error means that the journal could not be written: then
// nothing further may be done, and the next start recovers.
func (a *Applier) Do(ctx context.Context, tx journal.TxID, s plan.Step, leaves *plan.Block) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	if r, stop := a.unready(s); stop {
		return r, nil
	}
	r, err := a.begin(ctx, tx, s, leaves)
	return a.checked(ctx, tx, r, err)
}

// begin carries a step out as far as to its check, if it has one.
func (a *Applier) begin(ctx context.Context, tx journal.TxID, s plan.Step, leaves *plan.Block) (Result, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTime)
	defer cancel()
	if r, stop := a.moved(ctx, s); stop {
		return r, nil
	}
	if err := a.Journal.Append(ctx, tx, journal.Begun{Step: s, Attempt: a.attempt(s.ID), Leaves: leaves}); err != nil {
		return Result{}, err
	}
	return a.act(ctx, tx, s)
}

// attempt numbers the next try of a step of which none is open.
func (a *Applier) attempt(id store.StepID) int { return a.Journal.Book().Tries()[id] + 1 }

// moved refuses a step whose starting point is no longer what the store tells:
// somebody changed it between planning and acting.
func (a *Applier) moved(ctx context.Context, s plan.Step) (Result, bool) {
	var strange *store.StrangeError
	seen, err := a.readBack(ctx, s.Key)
	switch {
	case errors.As(err, &strange):
		r := failed(s, strange.Reason, err.Error(), strange.Advice)
		r.Halt = true
		return r, true
	case err != nil:
		return failed(s, codeStore, err.Error(), "check that the store can be reached, then run the command again"), true
	case !seen.matches(s.From):
		return failed(s, CodeStale, fmt.Sprintf("the store holds %s, and the plan starts from %s", seen, describe(s.From)),
			"somebody changed the store since the plan was made: look at `orgstore plan` again"), true
	}
	return Result{}, false
}

// act does what the step says, looks, and closes the step.
func (a *Applier) act(ctx context.Context, tx journal.TxID, s plan.Step) (Result, error) {
	receipt, err := a.change(ctx, s)
	if strange := (*store.StrangeError)(nil); errors.As(err, &strange) {
		return a.strange(ctx, tx, s, *strange)
	}
	var refusal *verdict.Refusal
	if errors.As(err, &refusal) { // judged before anything was sent
		if err := a.clear(ctx, s); err != nil {
			return unknown(s, err), nil
		}
		f := refusal.Findings[0]
		return a.close(ctx, tx, failed(s, f.Code, f.Message, f.Hint), journal.Unchanged)
	}
	if err == nil {
		if aerr := a.Journal.Append(ctx, tx, journal.Accepted{Step: s.ID, Receipt: receipt}); aerr != nil {
			return Result{}, aerr
		}
		if receipt.Waiting {
			return Result{Step: s, Outcome: Waiting, Message: receipt.Note}, nil
		}
	}
	return a.conclude(ctx, tx, s, err)
}

// change makes the store do what the step says.
func (a *Applier) change(ctx context.Context, s plan.Step) (store.Receipt, error) {
	target, ok := a.Stores[s.Key.Store]
	switch {
	case !ok:
		return store.Receipt{}, verdict.Refuse(codeStore, fmt.Sprintf("the settings name no store %q", s.Key.Store), "add it to orgstore.yaml again")
	case !s.Kind.Valid():
		return store.Receipt{}, verdict.Refuse(codeKind, fmt.Sprintf("this version of orgstore knows no change %q", s.Kind), "update orgstore")
	case !s.Kind.Puts():
		if err := a.mayChange(ctx, s); err != nil {
			return store.Receipt{}, err
		}
		return target.SetAccess(ctx, s.ID, s.Key.GUID, s.Kind == change.Enable)
	}
	licensed, err := a.judge(s)
	if err != nil {
		return store.Receipt{}, err
	}
	if s.SameBytes() {
		return store.Receipt{Note: "the package stays; its license was extended by a new statement"}, nil
	}
	if err := a.renewal(s); err != nil {
		return store.Receipt{}, err
	}
	if err := a.mayChange(ctx, s); err != nil {
		return store.Receipt{}, err
	}
	// A moment of its own: judging takes time, and a license may end meanwhile.
	receipt, err := target.Put(ctx, s.ID, licensed, a.Clock.Moment())
	if err != nil || receipt.Waiting || !needsAccess(s) {
		return receipt, err
	}
	receipt, err = target.SetAccess(ctx, s.ID, s.Key.GUID, *s.To.Enabled)
	return receipt, halfway(err)
}

// halfway is the error of a change of access after a package was put: a refusal
// would say that nothing was changed.
func halfway(err error) error {
	if err == nil {
		return nil
	}
	message := "put back, but not its access: " + err.Error()
	if strange := (*store.StrangeError)(nil); errors.As(err, &strange) {
		return &store.StrangeError{Sent: true, Reason: strange.Reason, Message: message, Advice: strange.Advice}
	}
	return errors.New(message)
}

// mayChange asks, right before a store is changed, whether this process may still
// change it, and whether somebody has forbidden the step since it was planned.
func (a *Applier) mayChange(ctx context.Context, s plan.Step) error {
	if err := a.leads(ctx); err != nil {
		return err
	}
	if a.Policy == nil {
		return nil
	}
	if err := a.Journal.Refresh(ctx); err != nil {
		return err
	}
	if refusal := a.Policy.Forbids(a.Journal.Book(), s); refusal != nil {
		return refusal
	}
	return nil
}

// leads asks whether this process may still change stores: it may have been
// stopped since it began the step, and another have finished it.
func (a *Applier) leads(ctx context.Context) error {
	if a.Lease == nil {
		return nil
	}
	return a.Lease.Extend(ctx)
}

// needsAccess says whether to put back a package is not enough to put back its
// access: Put leaves that as it is, and adds what was absent enabled.
func needsAccess(s plan.Step) bool {
	if s.Kind != change.Restore || s.To.Enabled == nil {
		return false
	}
	if s.From.Presence == store.Absent {
		return !*s.To.Enabled
	}
	return s.From.Enabled == nil || *s.From.Enabled != *s.To.Enabled
}

// judge verifies the package again from its bytes, at this moment.
func (a *Applier) judge(s plan.Step) (license.Licensed, error) {
	p, err := a.read(s.To.Release.Digest)
	if err != nil {
		return license.Licensed{}, err
	}
	book := a.Journal.Book()
	token, err := a.token(book, s.To)
	if err != nil {
		return license.Licensed{}, err
	}
	need := a.need(book, s)
	var licensed license.Licensed
	var judgment verdict.Judgment
	if token == nil {
		licensed, judgment = a.judgeAlone(book, p, s, need, a.Clock.Moment())
	} else {
		licensed, judgment = a.Trust.Judge(p, token, need, a.licensing(s.Key).Facts(book), a.Clock.Moment())
	}
	if licensed.IsZero() {
		return licensed, &verdict.Refusal{Findings: judgment.Findings}
	}
	judgment = judgment.With(a.licensing(s.Key).Entitled(s.Key.GUID, s.To.License, need.Asked)...)
	if !judgment.Verdict.Passes() && (judgment.Verdict == verdict.Reject || need.Reviewed == "") {
		return license.Licensed{}, &verdict.Refusal{Findings: judgment.Findings}
	}
	if f, ok := unreviewed(judgment, s); ok {
		return license.Licensed{}, &verdict.Refusal{Findings: []verdict.Finding{f}}
	}
	return licensed, nil
}

func (a *Applier) read(digest visual.Digest) (*pbiviz.Package, error) {
	file, err := a.Archive.Package(digest)
	if err != nil {
		return nil, verdict.Refuse(codeArchive, err.Error(), "add the package again with `orgstore package add`")
	}
	p, err := pbiviz.Read(file, a.Limits)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// token finds the statement that the step's license names; nil where the
// package carries it itself, or where the step needs none.
func (a *Applier) token(book journal.Book, to store.State) ([]byte, error) {
	bounds, facts := book.BoundsOf(to.Release.Digest), a.Licensing.Facts(book)
	i := slices.IndexFunc(bounds, func(b license.Bound) bool {
		// Also the end: nothing keeps an issuer from using an id twice.
		return b.Terms.ID == to.License.ID && (b.Terms.Ends.Equal(to.License.Ends) || a.Trust.Effective(b, facts).Ends.Equal(to.License.Ends))
	})
	switch {
	case i < 0 && to.License.ID == "", i < 0 && to.License.Grade == license.Readable, i >= 0 && bounds[i].Embedded:
		return nil, nil
	case i < 0:
		return nil, verdict.Refuse(CodeStale, fmt.Sprintf("the license statement %s is not bound to %s any more", to.License.ID, to.Release),
			"look at `orgstore plan` again")
	}
	token, err := a.Archive.Statement(bounds[i].Statement)
	if err != nil {
		return nil, verdict.Refuse(codeArchive, err.Error(), "add the license statement again with `orgstore package add`")
	}
	return token, nil
}

// unreviewed finds what needs review and was not part of what the person read: a
// clock that went back since, say. A finding counts as read where one of its code
// was, and each time for one; the step says which package and license it is about.
func unreviewed(j verdict.Judgment, s plan.Step) (verdict.Finding, bool) {
	read := slices.Clone(s.Findings)
	for _, f := range j.Findings {
		if f.Verdict != verdict.Review {
			continue
		}
		i := slices.Index(read, f.Code)
		switch {
		case i >= 0:
			read = slices.Delete(read, i, i+1)
		case len(s.Findings) > 0 || !strings.Contains(s.Review, f.Message): // only a step of before has no findings
			return f, true
		}
	}
	return verdict.Finding{}, false
}

// need is what this step asks of its license: going back and what a person
// asked for may be superseded; what a person reviewed may pass with a reason.
func (a *Applier) need(book journal.Book, s plan.Step) license.Need {
	n := a.Licensing.Need(s.Key.GUID, s.Asked || s.Kind == change.Restore || s.Kind == change.Downgrade)
	gate, _ := s.ReviewGate()
	for _, o := range book.Overrides() {
		if o.Step == s.ID && o.Covers(gate) {
			n.Reviewed = o.Reason
		}
	}
	return n
}

func failed(s plan.Step, code verdict.Code, message, hint string) Result {
	return Result{Step: s, Outcome: Failed, Code: code, Message: message, Hint: hint}
}
