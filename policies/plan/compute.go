package plan

import (
	"slices"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// Compute says what would be done and why nothing more. It is a function of its
// input alone: the same facts in any order give the same plan, byte for byte.
// The steps of one key build on each other: whoever carries them out stops at
// the first that fails or waits.
func Compute(in Input) Plan {
	x := newIndex(in)
	p := Plan{Drifts: x.drifts()}
	for _, v := range x.plans {
		steps, idle := v.decide()
		if v.adoption != nil {
			p.Adoptions = append(p.Adoptions, *v.adoption)
		}
		if v.unadopted != nil {
			p.Unadopted = append(p.Unadopted, *v.unadopted)
		}
		if v.withdrawal != nil {
			p.Withdrawals = append(p.Withdrawals, *v.withdrawal)
		}
		for _, s := range steps {
			s.ID = stepID(s)
			p.Steps = append(p.Steps, s)
		}
		if idle != nil {
			p.Idle = append(p.Idle, *idle)
		}
	}
	p.Undecided = x.gates.undecidedSteps()
	p.Basis = x.basis()
	p.ID = planID(p.Basis, p.Steps)
	return p
}

// Drifts says of each visual that somebody else changed what, whatever gates say.
func Drifts(in Input) map[store.Key]Drift { return newIndex(in).drifts() }

func (x *index) drifts() map[store.Key]Drift {
	drifts := map[store.Key]Drift{}
	for _, v := range x.plans {
		if v.now.drift != "" {
			drifts[v.key] = Drift{v.now.drift, v.now.state, v.now.driftText}
		}
	}
	return drifts
}

// index is the input, found by key and by visual.
type index struct {
	keys       []store.Key   // all that are wanted, present or asked for, in order
	plans      []*visualPlan // one for each key, in order
	wanted     map[store.Key]Wanted
	present    map[store.Key]Present
	asks       map[store.Key]Ask
	blocks     map[store.Key][]Block
	twice      map[store.Key]bool
	traits     map[string]store.Traits
	candidates map[visual.GUID][]ranked
	// responses say what follows from drift.
	responses map[store.Key]Response
	hybrid    map[store.Key]bool
	gates     *knownGates
	onward    map[store.Key]Onward
	unread    map[string]Unread
}

func newIndex(in Input) *index {
	x := &index{
		wanted:     make(map[store.Key]Wanted, len(in.Wanted)),
		present:    make(map[store.Key]Present, len(in.Present)),
		asks:       make(map[store.Key]Ask, len(in.Asks)),
		blocks:     make(map[store.Key][]Block),
		twice:      make(map[store.Key]bool),
		traits:     in.Traits,
		candidates: rankCandidates(in.Candidates),

		responses: in.Responses, hybrid: in.Hybrid, gates: newKnownGates(in.Conditions), onward: in.Onward, unread: in.Unread,
	}
	for _, e := range in.Wanted {
		indexOnce(x, x.wanted, e.Key, e)
	}
	for _, e := range in.Present {
		indexOnce(x, x.present, e.Key, e)
	}
	for _, e := range in.Asks {
		indexOnce(x, x.asks, e.Key, e)
	}
	for k := range x.twice { // which one counts must not depend on their order
		delete(x.wanted, k)
		delete(x.present, k)
		delete(x.asks, k)
	}
	for _, b := range in.Blocks {
		x.blocks[b.Key] = append(x.blocks[b.Key], b)
	}
	for _, b := range x.blocks {
		slices.SortFunc(b, compareBlocks)
	}
	slices.SortFunc(x.keys, store.Key.Compare)
	x.keys = slices.Compact(x.keys)
	for _, k := range x.keys {
		x.plans = append(x.plans, x.planOf(k))
	}
	for _, v := range x.plans {
		x.joinRing(v)
	}
	return x
}

// indexOnce files an entry under its key and notes a key that is there already.
func indexOnce[T any](x *index, m map[store.Key]T, k store.Key, entry T) {
	if _, there := m[k]; there {
		x.twice[k] = true
	}
	m[k] = entry
	x.keys = append(x.keys, k)
}

// visualPlan is what is known of one visual in one store, and what is wanted of it.
type visualPlan struct {
	key        store.Key
	want       *Wanted // nil if not pinned
	ask        *Ask    // nil if nobody asked
	twice      bool
	open       *Open
	now        settled
	candidates []ranked // of this visual, in a fixed order
	blocks     []Block  // in force
	// allowed remembers what the pin says of each candidate: it is asked often.
	allowed []memo
	// withdrawal takes back what waits; nil where nothing is to be taken back.
	withdrawal *Withdrawal
	// review is what a person must decide where somebody else changed it; restores
	// says that nobody must, and adoption that it becomes what there is.
	review   string
	restores bool
	adoption *Adoption
	// unadopted is what would be adopted if rules and people let it.
	unadopted *Step
	gates     *knownGates
	// unread says that the store could not be looked into; nil where it could.
	unread *Unread
	// hasRingBefore says that another store comes before, readyBefore what may go on from there,
	// and blocksBefore what rollbacks left there.
	hasRingBefore bool
	readyBefore   []visual.Digest
	blocksBefore  []Block
}

// A memo is what is remembered of a question.
type memo int8

const (
	notAsked memo = iota
	refused
	granted
)

func (x *index) planOf(k store.Key) *visualPlan {
	p := x.present[k]
	v := &visualPlan{key: k, twice: x.twice[k], open: p.Open, candidates: x.candidatesIn(k), gates: x.gates}
	v.allowed = make([]memo, len(v.candidates))
	v.now = settle(p, x.traits[k.Store], v.candidates)
	if u, isUnread := x.unread[k.Store]; isUnread {
		v.unread, v.now = &u, settleUnread(p.Belief, v.candidates)
	}
	if v.open != nil { // what an open step may have done itself is nobody's drift
		v.now.drift, v.now.driftText = "", ""
	}
	pinned := ""
	if want, ok := x.wanted[k]; ok {
		v.want = &want
		pinned = want.Pin.String()
	}
	if ask, ok := x.asks[k]; ok {
		v.ask = &ask
	}
	for _, b := range x.blocks[k] {
		if b.IsInForce(pinned) {
			v.blocks = append(v.blocks, b)
		}
	}
	if x.hybrid[k] { // what AppSource changes is nobody's drift
		v.now.drift, v.now.driftText = "", ""
		v.now.stuck = &Reason{CodeHybrid,
			"its vendor licenses it and AppSource installs it (hybrid), so AppSource updates it by itself: it cannot be pinned and is never touched",
			"to pin the visual, ask the vendor for its edition that is added from a file; reports must use that one"}
	}
	if v.unread != nil {
		return v
	}
	v.respond(x.responses[k], p.Belief, x.traits[k.Store].CanTellRelease())
	return v
}

// decide returns the steps for one key, or why there are none.
func (v *visualPlan) decide() ([]Step, *Idle) {
	if v.twice {
		return nil, v.blocked(Reason{CodeTwice,
			v.key.String() + " is wanted, present or asked for twice, and which one counts cannot be told",
			"keep one entry of this visual for each store in the settings"})
	}
	switch {
	case v.unread != nil:
		return nil, v.planUnread(*v.unread)
	case v.open != nil && v.open.Waiting:
		return v.planWhileWaiting()
	case v.open != nil:
		return nil, v.blocked(v.openReason())
	}
	return v.planFromState()
}

// planFromState is what follows from what is wanted, whatever waits.
func (v *visualPlan) planFromState() ([]Step, *Idle) {
	if v.want == nil && v.ask == nil {
		return nil, v.unpinned()
	}
	if v.now.stuck != nil {
		return nil, v.blocked(*v.now.stuck)
	}
	switch {
	case v.ask != nil:
		v.adoption = nil // what is asked for goes before what somebody did
		return v.planAsk()
	case v.adoption != nil:
		return nil, v.idle(Reason{CodeAdopt, "what somebody put is adopted as what there is by the next apply", ""})
	}
	return v.planPinned()
}

// planPinned decides what the pin asks for.
func (v *visualPlan) planPinned() ([]Step, *Idle) {
	c := v.choose()
	var steps []Step
	state := v.now.state
	if c.kind != "" {
		steps = v.stepsTo(c)
	} else {
		steps = v.renewDisallowed()
	}
	if len(steps) > 0 {
		state = steps[len(steps)-1].To
	}
	if v.wantsAccess(c, state) {
		steps = append(steps, v.enableStep(state))
	}
	if len(steps) > 0 {
		return steps, nil
	}
	idle := v.explain(c)
	idle.Gates = v.failedChecks()
	return nil, idle
}

// wantsAccess says whether reports should load what the store holds in state
// and cannot: only the release that the pin chose is ever enabled, so what a
// rollback disabled stays so.
func (v *visualPlan) wantsAccess(c choice, state store.State) bool {
	if c.candidate == nil || state.Enabled == nil || *state.Enabled || state.Release == nil {
		return false
	}
	return state.Release.Digest == c.candidate.Release.Digest
}

// release returns what is installed, or nil where nothing is or nobody can tell.
func (v *visualPlan) release() *visual.Release {
	if v.now.state.Presence != store.Present {
		return nil
	}
	return v.now.state.Release
}

// displayName returns what people call the visual: as the package says that is about
// to be put, else as the store says, else as its newest package says.
func (v *visualPlan) displayName(c *ranked) string {
	switch {
	case c != nil && c.Name != "":
		return c.Name
	case v.now.name != "":
		return v.now.name
	}
	for i := range v.candidates {
		if v.candidates[i].Name != "" {
			return v.candidates[i].Name
		}
	}
	return ""
}
