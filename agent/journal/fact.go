package journal

import (
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// A Fact is one thing that happened. The kinds of facts are those of factTypes;
// their JSON members are never renamed.
type Fact interface {
	// applyTo adds the fact to the totals, or says why it cannot have happened.
	applyTo(w *writer, e Entry) error
}

// Received: a well-formed package is in the archive.
type Received struct {
	Package      visual.Digest     `json:"package"`
	Manifest     pbiviz.Manifest   `json:"manifest"`
	Content      pbiviz.Content    `json:"content"`
	Reservations []verdict.Finding `json:"reservations,omitempty"`
	// Carries is the digest of the statement inside the package; zero if it has none.
	Carries visual.Digest `json:"carries,omitzero"`
	Size    int64         `json:"size"`   // in bytes
	Source  string        `json:"source"` // the file's or item's name
}

// StatementReceived: a license statement is in the archive, believed or not.
type StatementReceived struct {
	Statement visual.Digest `json:"statement"`
	// GUID and Contents are what it claims to be about; nobody vouches for that
	// until it is bound.
	GUID     visual.GUID      `json:"guid,omitzero"`
	Contents []pbiviz.Content `json:"contents,omitempty"`
	Source   string           `json:"source"`
}

// Bound: a statement is authentic and about a package's bytes.
type Bound struct {
	Bound license.Bound `json:"bound"`
}

// StatementRefused: a statement could not be bound to a package. The latest
// word on the two counts.
type StatementRefused struct {
	Statement visual.Digest     `json:"statement"`
	Package   visual.Digest     `json:"package"`
	Findings  []verdict.Finding `json:"findings,omitempty"`
	Trust     string            `json:"trust"` // fingerprint of the trust it was tried under
}

// ItemRefused: a file is neither a package nor a statement.
type ItemRefused struct {
	Source   string            `json:"source"`
	Digest   visual.Digest     `json:"digest"`
	Findings []verdict.Finding `json:"findings,omitempty"`
}

// Baselined: a person said what was there before orgstore came.
type Baselined struct {
	Key      store.Key   `json:"key"`
	Name     string      `json:"name,omitempty"` // the visual's, as people see it
	State    store.State `json:"state"`
	Evidence string      `json:"evidence"`
}

// Begun: a step is about to be carried out. It is recorded before the store is
// asked, so that a program that dies can learn what it was doing.
type Begun struct {
	Step    plan.Step `json:"step"`
	Attempt int       `json:"attempt"` // from 1
	// Undoes names the step whose effect this one takes back.
	Undoes store.StepID `json:"undoes,omitempty"`
	// Leaves is the block that comes into force when the step is done: what a
	// rollback leaves must not come back by itself. It is recorded before the
	// store is asked, so that no interruption loses it.
	Leaves *plan.Block `json:"leaves,omitempty"`
}

// Accepted: the store answered to the step that is open.
type Accepted struct {
	Step    store.StepID  `json:"step"`
	Receipt store.Receipt `json:"receipt"`
}

// Done: the open step led to a state, as far as its claim says.
type Done struct {
	Step    store.StepID `json:"step"`
	State   store.State  `json:"state"`
	Message string       `json:"message,omitempty"`
}

// An Aftermath says what a failed step left in the store.
type Aftermath string

// The aftermaths.
const (
	// Unchanged: the store is as it was before the step.
	Unchanged Aftermath = "unchanged"
	// Changed: the store holds what the step was to lead to, and a check found it
	// bad.
	Changed Aftermath = "changed"
	// Uncertain: the store may be either; someone must look.
	Uncertain Aftermath = "unknown"
)

// Failed: the open step did not lead to what it was to lead to.
type Failed struct {
	Step       store.StepID `json:"step"`
	Code       verdict.Code `json:"code"`
	Message    string       `json:"message"`
	Hint       string       `json:"hint,omitempty"`
	StoreState Aftermath    `json:"store_state"`
}

// Withdrawn: the open step was taken back before it took effect.
type Withdrawn struct {
	Step   store.StepID `json:"step"`
	Reason string       `json:"reason"`
}

// Held: a visual stays as it is. Without a store in the key, in all stores. A
// later hold of the same key replaces it.
type Held struct {
	Key   store.Key `json:"key"`
	Until time.Time `json:"until,omitzero"` // zero: until lifted
	// Except lists the kinds of change that are made all the same.
	Except []change.Kind `json:"except,omitempty"`
	// Failed is what a check found bad, where that is why: the hold does not count
	// for newer versions.
	Failed *visual.Release `json:"failed,omitempty"`
	Reason string          `json:"reason"`
}

// Unheld: holds of a visual are lifted; without a store, those of all stores.
type Unheld struct {
	Key    store.Key `json:"key"`
	Reason string    `json:"reason,omitempty"`
}

// Blocked: a rollback left something that must not come back by itself.
type Blocked struct {
	Block plan.Block `json:"block"`
}

// Unblocked: blocks of a visual are lifted; without a store, those of all stores.
type Unblocked struct {
	Key    store.Key `json:"key"`
	Reason string    `json:"reason,omitempty"`
}

// Overridden: a person let a step pass a gate, for one attempt: until that step
// is done, withdrawn, undone or found bad, or the visual is rolled back.
type Overridden struct {
	Step store.StepID `json:"step"`
	// Key is the visual that the step changes; zero in journals of before.
	Key  store.Key `json:"key,omitzero"`
	Gate string    `json:"gate"`
	// GateKey is the key of the gate; empty in journals of before.
	GateKey string `json:"gate_key,omitempty"`
	About   string `json:"about,omitempty"` // the gate's message: what the person read
	Reason  string `json:"reason"`
}

// TimeMarked: a trusted time was seen.
type TimeMarked struct {
	Trusted time.Time `json:"trusted"`
	Source  string    `json:"source"`
}

// SettingsSeen: the settings changed.
type SettingsSeen struct {
	Policy string `json:"policy"` // digest
}

// Profiled: a vendor profile was tried on a package. It holds no key.
type Profiled struct {
	Package visual.Digest `json:"package"`
	Profile string        `json:"profile"` // its name
	// Fingerprint is the profile's: what one of another fingerprint found counts
	// no more.
	Fingerprint string `json:"fingerprint"`
	// Terms are those of the vendor's own license inside the package, of the
	// grade readable; zero where none was found.
	Terms license.Terms `json:"terms,omitzero"`
	// Token is the SHA-256 of the vendor's key.
	Token visual.Digest `json:"token,omitzero"`
	// Masked is the digest of the package without the key: equal ones are the
	// same code. Empty where the key may not or cannot be taken out.
	Masked profile.Masked `json:"masked,omitempty"`
	// Findings say why nothing was found, or not masked.
	Findings []verdict.Finding `json:"findings,omitempty"`
}
