package plan

import (
	"slices"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// Compute says what would be done and why nothing more. It is a function of its
// input alone: the same facts in any order give the same plan, byte for byte.
// The steps of one key build on each other: whoever carries them out stops at
// the first that fails or waits.
func Compute(in Input) Plan {
	w := gather(in)
	p := Plan{Drifts: map[store.Key]Drift{}}
	for _, m := range w.matters {
		if m.now.drift != "" {
			p.Drifts[m.key] = Drift{m.now.drift, m.now.state, m.now.since}
		}
		steps, idle := m.decide()
		if m.adoption != nil {
			p.Adoptions = append(p.Adoptions, *m.adoption)
		}
		if m.unadopted != nil {
			p.Unadopted = append(p.Unadopted, *m.unadopted)
		}
		if m.withdrawal != nil {
			p.Withdrawals = append(p.Withdrawals, *m.withdrawal)
		}
		for _, s := range steps {
			s.ID = stepID(s)
			p.Steps = append(p.Steps, s)
		}
		if idle != nil {
			p.Idle = append(p.Idle, *idle)
		}
	}
	p.Basis = w.basis()
	p.ID = planID(p.Basis, p.Steps)
	return p
}

// world is the input, found by key and by visual.
type world struct {
	keys    []store.Key // all that are wanted, present or asked for, in order
	matters []*matter   // one for each key, in order
	wanted  map[store.Key]Wanted
	present map[store.Key]Present
	asks    map[store.Key]Ask
	blocks  map[store.Key][]Block
	twice   map[store.Key]bool
	traits  map[string]store.Traits
	offers  map[visual.GUID][]offer
	// responses say what follows from drift.
	responses map[store.Key]Response
	hybrid    map[store.Key]bool
	held      func(Step) bool
	consent   func(Step) []Gate
	onward    map[store.Key]Onward
}

func gather(in Input) *world {
	w := &world{
		wanted:  make(map[store.Key]Wanted, len(in.Wanted)),
		present: make(map[store.Key]Present, len(in.Present)),
		asks:    make(map[store.Key]Ask, len(in.Asks)),
		blocks:  make(map[store.Key][]Block),
		twice:   make(map[store.Key]bool),
		traits:  in.Traits,
		offers:  offers(in.Candidates),

		responses: in.Responses, hybrid: in.Hybrid, held: in.Held, consent: in.Consent, onward: in.Onward,
	}
	for _, x := range in.Wanted {
		once(w, w.wanted, x.Key, x)
	}
	for _, x := range in.Present {
		once(w, w.present, x.Key, x)
	}
	for _, x := range in.Asks {
		once(w, w.asks, x.Key, x)
	}
	for k := range w.twice { // which one counts must not depend on their order
		delete(w.wanted, k)
		delete(w.present, k)
		delete(w.asks, k)
	}
	for _, b := range in.Blocks {
		w.blocks[b.Key] = append(w.blocks[b.Key], b)
	}
	for _, b := range w.blocks {
		slices.SortFunc(b, compareBlocks)
	}
	slices.SortFunc(w.keys, store.Key.Compare)
	w.keys = slices.Compact(w.keys)
	for _, k := range w.keys {
		w.matters = append(w.matters, w.matter(k))
	}
	for _, m := range w.matters {
		w.follows(m)
	}
	return w
}

// once files x under its key and notes a key that is there already.
func once[T any](w *world, m map[store.Key]T, k store.Key, x T) {
	if _, there := m[k]; there {
		w.twice[k] = true
	}
	m[k] = x
	w.keys = append(w.keys, k)
}

// matter is what is known of one visual in one store, and what is wanted of it.
type matter struct {
	key    store.Key
	want   *Wanted // nil if not pinned
	ask    *Ask    // nil if nobody asked
	twice  bool
	open   *Open
	now    settled
	offers []offer // of this visual, in a fixed order
	blocks []Block // in force
	// allowed remembers what the pin says of each offer: it is asked often.
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
	held      func(Step) bool
	consent   func(Step) []Gate
	// later says that another store comes before, ready what may go on from there,
	// and left what rollbacks left there.
	later bool
	ready []visual.Digest
	left  []Block
}

// A memo is what is remembered of a question.
type memo int8

const (
	notAsked memo = iota
	refused
	granted
)

func (w *world) matter(k store.Key) *matter {
	p := w.present[k]
	m := &matter{key: k, twice: w.twice[k], open: p.Open, offers: w.offersIn(k), held: w.held, consent: w.consent}
	m.allowed = make([]memo, len(m.offers))
	m.now = settle(p, w.traits[k.Store], m.offers)
	if m.open != nil { // what an open step may have done itself is nobody's drift
		m.now.drift, m.now.since = "", ""
	}
	pinned := ""
	if want, ok := w.wanted[k]; ok {
		m.want = &want
		pinned = want.Pin.String()
	}
	if ask, ok := w.asks[k]; ok {
		m.ask = &ask
	}
	for _, b := range w.blocks[k] {
		if b.Pin == pinned {
			m.blocks = append(m.blocks, b)
		}
	}
	if w.hybrid[k] { // what AppSource changes is nobody's drift
		m.now.drift, m.now.since = "", ""
		m.now.stuck = &Reason{CodeHybrid,
			"its vendor licenses it and AppSource installs it (hybrid), so AppSource updates it by itself: it cannot be pinned and is never touched",
			"to pin the visual, ask the vendor for its edition that is added from a file; reports must use that one"}
	}
	t := w.traits[k.Store]
	m.respond(w.responses[k], p.Belief, t.TellsDigest || t.TellsVersion)
	return m
}

// decide returns the steps for one key, or why there are none.
func (m *matter) decide() ([]Step, *Idle) {
	if m.twice {
		return nil, m.blocked(Reason{CodeTwice,
			m.key.String() + " is wanted, present or asked for twice, and which one counts cannot be told",
			"keep one entry of this visual for each store in the settings"})
	}
	switch {
	case m.open != nil && m.open.Waiting:
		return m.wait()
	case m.open != nil:
		return nil, m.blocked(m.openReason())
	}
	return m.decided()
}

// decided is what follows from what is wanted, whatever waits.
func (m *matter) decided() ([]Step, *Idle) {
	if m.want == nil && m.ask == nil {
		return nil, m.unpinned()
	}
	if m.now.stuck != nil {
		return nil, m.blocked(*m.now.stuck)
	}
	switch {
	case m.ask != nil:
		m.adoption = nil // what is asked for goes before what somebody did
		return m.answer()
	case m.adoption != nil:
		return nil, m.idle(Reason{CodeAdopt, "what somebody put is adopted as what there is by the next apply", ""})
	}
	return m.follow()
}

// follow decides what the pin asks for.
func (m *matter) follow() ([]Step, *Idle) {
	c := m.choose()
	var steps []Step
	state := m.now.state
	if c.kind != "" {
		steps = m.bridged(c)
	} else {
		steps = m.stays()
	}
	if len(steps) > 0 {
		state = steps[len(steps)-1].To
	}
	if m.wantsAccess(c, state) {
		steps = append(steps, m.enable(state))
	}
	if len(steps) > 0 {
		return steps, nil
	}
	idle := m.explain(c)
	idle.Gates = m.failedChecks()
	return nil, idle
}

// wantsAccess says whether reports should load what the store holds in state
// and cannot: only the release that the pin chose is ever enabled, so what a
// rollback disabled stays so.
func (m *matter) wantsAccess(c choice, state store.State) bool {
	if c.offer == nil || state.Enabled == nil || *state.Enabled || state.Release == nil {
		return false
	}
	return state.Release.Digest == c.offer.Release.Digest
}

// release returns what is installed, or nil where nothing is or nobody can tell.
func (m *matter) release() *visual.Release {
	if m.now.state.Presence != store.Present {
		return nil
	}
	return m.now.state.Release
}

// blockOf returns the block in force that keeps a release from being chosen.
// What was left in a store before is not put here either; where it runs already
// it may be renewed.
func (m *matter) blockOf(o *offer) *Block {
	for i := range m.blocks {
		if m.covers(m.blocks[i], o) {
			return &m.blocks[i]
		}
	}
	for i := range m.left {
		if m.covers(m.left[i], o) && !m.runsHere(o) {
			return &m.left[i]
		}
	}
	return nil
}

func (m *matter) covers(b Block, o *offer) bool {
	return b.Covers(o.Release, o.Content) || b.Content != "" && m.holds(o, b.Content)
}

// Covers reports whether the block keeps a release with this content from being
// installed. Content that is only proven to be the same code is the caller's to
// compare.
func (b Block) Covers(r visual.Release, c pbiviz.Content) bool {
	return !b.Version.IsZero() && b.Version.Equal(r.Version) ||
		b.Content != "" && b.Content == c ||
		!b.Digest.IsZero() && b.Digest == r.Digest
}

// holds says whether an offer is proven to hold the code of a content.
func (m *matter) holds(o *offer, c pbiviz.Content) bool {
	return o.Content == c || len(o.Same) > 0 && m.provenSame(o, func(p *offer) bool { return p.Content == c })
}

// name returns what people call the visual: as the package says that is about
// to be put, else as the store says, else as its newest package says.
func (m *matter) name(o *offer) string {
	switch {
	case o != nil && o.Name != "":
		return o.Name
	case m.now.name != "":
		return m.now.name
	}
	for i := range m.offers {
		if m.offers[i].Name != "" {
			return m.offers[i].Name
		}
	}
	return ""
}
