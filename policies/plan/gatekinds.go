package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/verdict"
)

// The kinds of gates. They are stored in journals and never renamed.
const (
	GateHold     = "hold"
	GateFreeze   = "freeze"
	GateWindow   = "window"
	GateSoak     = "soak"
	GateRing     = "ring"
	GateApproval = "approval"
	GateRule     = "rule"
	GateReview   = "review"
	GateTries    = "tries"
	GateCheck    = "check"
)

// A GateKind describes gates of one kind.
type GateKind struct {
	Name        string // stored in journals, never renamed
	Description string // what keeps a change back, for people
	// OpensByItself says that time opens it, or what goes on elsewhere: nobody need
	// decide.
	OpensByItself bool
	// CanOverride says that a person may let a change pass it, with a reason.
	CanOverride bool
	// HoldsRollbacks says that it also keeps back what a person asked for beyond the
	// pins. The others let it pass: a regression on Monday at nine is not left
	// standing until Saturday, nor because somebody wanted calm.
	HoldsRollbacks bool

	// gates finds the gates of this kind, or of those that belong to it, in the order
	// in which they are shown. A gate without a state is closed.
	gates func(Step, Conditions) []Gate
}

// gateKinds is the one table of gates, in the order in which they are shown. It is
// a function, since what it lists leads back to it.
func gateKinds() []GateKind {
	return []GateKind{
		{GateHold, "somebody holds the visual as it is", false, true, false, holdGates},
		{GateFreeze, "nothing may be changed now", true, true, false, freezeGates},
		{GateWindow, "its window is not open", true, true, false, windowGates},
		{GateSoak, "the release is too new here", true, true, false, soakGates},
		{GateRing, "it did not run in the store before, or not for long enough", true, true, false, ringGates},
		{GateApproval, "somebody must approve it", false, true, true, approvalGates},
		{GateRule, "a rule of the tenant is against it", false, true, false, ruleGates},
		{GateReview, "a person must decide about it", false, true, true, reviewGates},
		{GateTries, "it failed too often to be tried again by itself", false, true, true, triesGates},
		{GateCheck, "its check did not pass in the store before, or comes after the change", true, true, false, checkGates},
	}
}

// GateKinds lists the kinds of gates, in the order in which they are shown.
func GateKinds() []GateKind { return gateKinds() }

// OverridableGates lists the names of the gates that a person may let a change pass:
// of those alone that keep back a rollback, or of all.
func OverridableGates(rollback bool) []string {
	var names []string
	for _, k := range gateKinds() {
		if k.CanOverride && (k.HoldsRollbacks || !rollback) {
			names = append(names, k.Name)
		}
	}
	return names
}

// GateKindNamed returns the kind with a name.
func GateKindNamed(name string) (GateKind, bool) {
	all := gateKinds()
	if i := slices.IndexFunc(all, func(k GateKind) bool { return k.Name == name }); i >= 0 {
		return all[i], true
	}
	return GateKind{}, false
}

// GateKindOf returns the kind of the gate that a code names; false for a gate that
// nothing but a person's word opens, and for what is no gate.
func GateKindOf(c Code) (GateKind, bool) {
	name, is := strings.CutPrefix(string(c), gateCode)
	if !is {
		return GateKind{}, false
	}
	return GateKindNamed(name)
}

// The parts of a gate's code.
const (
	gateCode        = "gate."
	gateMissingCode = "_missing"
)

// The states of a gate.
const (
	GateOpen       = "open"
	GateClosed     = "closed"
	GateOverridden = "overridden" // closed, and a person said: go through
	GateAfter      = "after"      // it comes after the change, and keeps nothing back
)

// A Gate is one thing that keeps a step back, or would.
type Gate struct {
	Kind  string    `json:"kind"`
	State string    `json:"state"`
	Until time.Time `json:"until,omitzero"` // when it opens by itself; zero if it does not
	// Key says what the gate is about, for programs: its kind, what it concerns, and
	// the parameters that matter. What Message says may change while it stays.
	Key     string `json:"-"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	// Decides says of a closed gate of GateCheck that nothing but a person's word
	// opens it.
	Decides bool `json:"-"`
}

// Code names a gate that keeps a step back for other programs.
func (g Gate) Code() Code {
	code := gateCode + g.Kind
	if g.Decides {
		code += gateMissingCode
	}
	return verdict.Code(code)
}

// OpensByItself says whether time opens a gate, or what goes on elsewhere: nobody
// need decide.
func (g Gate) OpensByItself() bool {
	k, _ := GateKindNamed(g.Kind)
	return !g.Decides && k.OpensByItself
}

// Ready says whether no gate keeps a step back.
func Ready(gates []Gate) bool {
	known := []string{GateOpen, GateOverridden, GateAfter}
	return !slices.ContainsFunc(gates, func(g Gate) bool { return !slices.Contains(known, g.State) })
}
