// Package plan turns what is wanted and what is present into steps with
// reasons, and says what still holds a step back. It reads no clock, no file
// and no store: all it needs comes in as values.
package plan

import (
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/pin"
)

// Wanted is what the settings want of one visual in one store.
type Wanted struct {
	Key store.Key
	Pin pin.Pin
}

// Present is what is known of one visual in one store.
type Present struct {
	Key store.Key
	// Belief is what the journal's entries add up to; Unknown where nothing was
	// ever recorded.
	Belief store.State
	// Observed is what the store itself says; nil where it lists no such visual.
	Observed *store.Listing
	// AbsentSince is when a list was taken of a store that tells nothing by itself,
	// and did not have the visual; zero where there is no such list.
	AbsentSince time.Time
	// Open is the step begun and not closed, if any.
	Open *Open
}

// Open is a step that was begun and is not closed yet.
type Open struct {
	Step     Step      `json:"step"`
	Since    time.Time `json:"since"`
	Accepted bool      `json:"accepted"` // the store answered
	Waiting  bool      `json:"waiting"`  // it waits for a person
	// Checking says that it was made, and its check has not answered yet.
	Checking bool `json:"checking,omitempty"`
	// Unclear says how the store answered that nobody can tell what it made of the
	// step; empty where it did not. A person is to look.
	Unclear string `json:"unclear,omitempty"`
	// Undoes names the step whose effect this one takes back, if it does.
	Undoes store.StepID `json:"undoes,omitempty"`
}

// A Candidate is a package of the archive together with a statement about it,
// or without one, weighed at one moment.
type Candidate struct {
	GUID    visual.GUID
	Name    string // as people see it
	Release visual.Release
	// File, Seen, and Size tell people which package it is: under what name it came,
	// when, and how long it is, in bytes. They decide nothing.
	File    string
	Seen    time.Time
	Size    int64
	Content pbiviz.Content
	// Same holds digests of the package without the vendor's own license, sorted,
	// one of each profile that can take it out: packages that share one are the
	// same code.
	Same     []string
	Terms    license.Terms // zero where no statement is bound and none was found inside
	Judgment verdict.Judgment
	// In holds the judgments of stores that judge otherwise: another license was put
	// there before, or they belong to another tenant.
	In map[string]verdict.Judgment
}

// JudgedIn returns the judgment of one store.
func (c Candidate) JudgedIn(name string) verdict.Judgment {
	if j, differs := c.In[name]; differs {
		return j
	}
	return c.Judgment
}

// An Ask is what a person asked for beyond the pins: a rollback. It goes to a
// version; Version zero means disabling the visual, which undoes a first
// install.
type Ask struct {
	Key     store.Key
	Version visual.Version
	// Content prefers releases with this content, where the version has several.
	Content pbiviz.Content
	// Not is the package that is being left; it is never chosen.
	Not    visual.Digest
	Reason string
}

// Input is all that a plan is computed from. The order of its lists means
// nothing. A key is wanted, present and asked for at most once each; where one
// is twice, nothing is planned for it. Compute changes nothing of it, and what
// it returns may share memory with it.
type Input struct {
	Wanted     []Wanted
	Present    []Present
	Candidates []Candidate
	Blocks     []Block
	Asks       []Ask
	Traits     map[string]store.Traits // by store
	// Hybrid marks visuals that their vendor licenses and AppSource installs: like
	// all that AppSource updates, they cannot be pinned.
	Hybrid map[store.Key]bool
	// Responses say what follows where somebody else changed a visual.
	Responses map[store.Key]Response
	// Conditions are those of the steps on whose gates the plan depends: a renewal of
	// what is installed comes first only where gates keep back what is planned, and a
	// change that somebody else made is adopted only if rules and people let it. Which
	// steps these are, Compute says in Plan.Undecided; Decide gathers them. A step
	// that is not here has no gates.
	Conditions map[store.StepID]Conditions
	// Onward says, of what goes through another store first, what may go on from
	// there. It changes with time, as judgments do.
	Onward map[store.Key]Onward
	// Unread are the stores that could not be looked into. What is present there is
	// only believed.
	Unread map[string]Unread
}

// A Reason says why a step is planned or why nothing is. Codes of an Idle that
// begin with keep. say that nothing is amiss with what is wanted.
type Reason struct {
	Code    verdict.Code `json:"code"`
	Message string       `json:"message"`
	Hint    string       `json:"hint,omitempty"`
}

// A Step is one change of one visual in one store. It is stored in journals:
// its JSON members are never renamed.
type Step struct {
	ID     store.StepID `json:"id"`
	Key    store.Key    `json:"key"`
	Name   string       `json:"name,omitempty"` // the visual's, as people see it
	Kind   change.Kind  `json:"kind"`
	From   store.State  `json:"from"`
	To     store.State  `json:"to"`
	Reason Reason       `json:"reason"`
	// Back says whether From could be put again at the moment of planning.
	Back Back `json:"back"`
	// Review says what a person must decide about this step; empty if nothing.
	Review string `json:"review,omitempty"`
	// Findings name what Review says, for programs: each code as often as it was
	// found. Empty in steps of before, and where nothing is to be decided.
	Findings []verdict.Code `json:"findings,omitempty"`
	// Asked says that a person asked for this step beyond the pins: holds,
	// windows, freezes and soak do not keep it back.
	Asked bool `json:"asked,omitempty"`
}

// Back says whether there is a way back from a step.
type Back struct {
	Possible bool   `json:"possible"`
	Message  string `json:"message,omitempty"` // why not
}

// An Idle says why nothing happens to a visual.
type Idle struct {
	Key    store.Key
	Name   string
	State  store.State
	Reason Reason
	// Blocked: something is wanted and cannot be had. Otherwise all is well.
	Blocked bool
	// Gates are those of what a check found bad.
	Gates []Gate
}

// A Plan is what would be done and why nothing more.
type Plan struct {
	ID    string // digest of Basis and the steps
	Basis Basis
	Steps []Step // by key; several steps of one key in the order to be done
	Idle  []Idle // by key
	// Withdrawals take back what waits for a person and is not wanted any more,
	// by key.
	Withdrawals []Withdrawal
	// Drifts says of each visual that somebody else changed what.
	Drifts map[store.Key]Drift
	// Adoptions take what somebody put by hand for what there is, by key.
	Adoptions []Adoption
	// Undecided are the steps on whose gates the plan depends and whose conditions
	// the input lacks, by ID.
	Undecided []Step
	// Unadopted are what somebody made by hand and would be adopted if rules and
	// people let it, by key: as the changes that they are, and never to be made.
	Unadopted []Step
}

// A Basis is a digest of what a plan was computed from: pins, what is present,
// the candidates chosen from, and blocks; never time, gates or approvals. A
// plan whose basis is no longer that of the present is stale.
type Basis string
