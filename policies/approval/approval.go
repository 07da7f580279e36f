// Package approval decides whether enough people said yes to a change: how many
// are needed, who may, and that it is not one and the same person who asks, who
// attests a license and who approves. It does not know what the change does, nor
// who anybody is: what people said comes in with who said it.
package approval

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
)

// The codes of why somebody's word is not taken.
const (
	CodeFourEyes verdict.Code = "gate.four_eyes" // who asked or attested cannot approve
	CodeNotNamed verdict.Code = "gate.not_named" // the settings name others
	CodeShared   verdict.Code = "gate.shared"    // several people use the account
	CodeUnknown  verdict.Code = "gate.unknown"   // nobody can tell who it is
)

// SourceUnknown is the source of a person whom nobody vouches for.
const SourceUnknown = "unknown"

// MaxApprovals bounds how many approvals a change may need.
const MaxApprovals = 9

// A Person is somebody as the operating system or the sign-in knows them.
type Person struct {
	Source string // who vouches
	ID     string
	Name   string
	Host   string
}

// String names the person for people.
func (p Person) String() string {
	name := p.Name
	if name == "" {
		name = p.ID
	}
	if p.Host == "" {
		return name
	}
	return name + "@" + p.Host
}

// IsUnknown says whether nobody can tell who the person is. What such a person says is
// kept, and counts for nothing.
func (p Person) IsUnknown() bool { return p.Source == SourceUnknown }

// Is says whether an account of the settings is the person's. Neither Windows nor
// Entra tells names apart by case.
func (p Person) Is(account string) bool {
	return strings.EqualFold(account, p.ID) || strings.EqualFold(account, p.Name) || strings.EqualFold(account, p.String())
}

// Same says whether two may be one person: who shares an ID or a name with
// another counts as that other, so that nobody is two.
func (p Person) Same(q Person) bool {
	return p.ID != "" && strings.EqualFold(p.ID, q.ID) || p.Name != "" && strings.EqualFold(p.Name, q.Name)
}

// A Policy says how many approvals the changes of a visual need, and whose. The
// zero Policy needs none.
type Policy struct {
	Install  int
	Upgrade  int // also other code of the same version, and a lower pin
	Renewal  int
	Rollback int
	// From are the accounts of those who may approve; empty is anybody.
	From []string
}

// Need returns what one change needs. Asked is one that a person asked for beyond
// the pins: a rollback. The way back from a failed change needs nothing: it was
// approved with the change.
func (p Policy) Need(k change.Kind, asked bool) Need {
	n := Need{From: p.From}
	switch {
	case asked:
		n.Count = p.Rollback
	case k == change.Install:
		n.Count = p.Install
	case k == change.Upgrade || k == change.Replace || k == change.Downgrade:
		n.Count = p.Upgrade
	case k == change.Renew:
		n.Count = p.Renewal
	}
	return n
}

// A Need says how many approvals one change needs, and whose.
type Need struct {
	Count int
	From  []string // accounts; empty is anybody
}

// A Word is what one person said of one change.
type Word struct {
	By     Person
	Yes    bool
	Reason string
	At     time.Time
}

// An Asking says who asked for a change.
type Asking string

// The askings.
const (
	// AskedUnknown: somebody did, and it is not on record who. The zero Record.
	AskedUnknown Asking = ""
	// AskedBy: Record.Asker did.
	AskedBy Asking = "by"
	// AskedNobody: it comes by itself, as a renewal does.
	AskedNobody Asking = "nobody"
)

// A Record is what is known of the people behind one change.
type Record struct {
	Asking Asking
	Asker  Person
	// Attesters are the accounts of whoever attested the license it leads to.
	Attesters []string
	// Shared are accounts that several people use: what they say is nobody's word.
	Shared []string
	Words  []Word // in the order they were said
}

// An Answer says how a change stands.
type Answer struct {
	Needed   int    // approvals, altogether; zero where none is needed
	Given    []Word // those that count, one of each person
	Rejected *Word  // by whom it is rejected; nil if by nobody
	Message  string // how it stands, as one sentence; empty where nothing is needed or was said
	Hint     string // what else helps than approving; empty if nothing
}

// Passes says whether the change may be made.
func (a Answer) Passes() bool { return a.Rejected == nil && len(a.Given) >= a.Needed }

// Tally adds up what people said. A rejection counts until the person who gave it
// approves. Where it is not on record who asked, one of those who approve may be
// the one, so one more is needed.
func Tally(n Need, r Record) Answer {
	a := Answer{Needed: n.Count}
	if n.Count > 0 && r.Asking == AskedUnknown {
		a.Needed++
	}
	for _, w := range latestWords(r.Words) {
		switch {
		case May(n, r, w.By, w.Yes) != nil: // the settings may have changed since
		case !w.Yes:
			a.Rejected = &w
		default:
			a.Given = append(a.Given, w)
		}
	}
	a.Message, a.Hint = a.explain(n, r)
	return a
}

// latestWords keeps the last word of each person, in the order they were said.
func latestWords(words []Word) []Word {
	var last []Word
	for _, w := range slices.Backward(words) {
		if !slices.ContainsFunc(last, func(l Word) bool { return l.By.Same(w.By) }) {
			last = append(last, w)
		}
	}
	slices.Reverse(last)
	return last
}

// HintUnknown is what an unknown person can do.
const HintUnknown = "run it under your own account, outside of any user namespace (unshare, a container without root); the agent's socket tells people apart"

// May refuses the word of who may not give it: an error is a *verdict.Refusal.
// Rejecting is open to all who may be asked, also to who asked.
func May(n Need, r Record, p Person, yes bool) error {
	switch {
	case p.IsUnknown():
		return verdict.Refuse(CodeUnknown, fmt.Sprintf("nobody can tell who this is: %s", p), HintUnknown)
	case len(n.From) > 0 && !slices.ContainsFunc(n.From, p.Is):
		return verdict.Refuse(CodeNotNamed, fmt.Sprintf("%s is not among those who may approve it: %s", p, oneOf(n.From)),
			"ask one of them, or change who may under approvals in the settings")
	case slices.ContainsFunc(r.Shared, p.Is):
		return verdict.Refuse(CodeShared, fmt.Sprintf("%s is an account that several people use, and what it says is nobody's word", p),
			"run orgstore under your own account, without sudo: the agent serves you")
	case !yes:
		return nil
	case r.Asking == AskedBy && r.Asker.Same(p):
		return verdict.Refuse(CodeFourEyes, fmt.Sprintf("%s asked for it, and cannot approve it as well", p), "somebody else must look at it and say so")
	case slices.ContainsFunc(r.Attesters, p.Is):
		return verdict.Refuse(CodeFourEyes, fmt.Sprintf("%s attested its license, and cannot approve it as well", p), "somebody else must look at it and say so")
	}
	return nil
}

func (a Answer) explain(n Need, r Record) (message, hint string) {
	switch {
	case a.Rejected != nil:
		return fmt.Sprintf("rejected by %s: %s", a.Rejected.By, a.Rejected.Reason), "it stays rejected until whoever rejected it approves it"
	case a.Needed == 0:
		return "", ""
	case a.Passes():
		return "approved by " + names(a.Given), ""
	}
	message = fmt.Sprintf("needs %s", countApprovals(a.Needed))
	if len(n.From) > 0 {
		message += " of " + oneOf(n.From)
	}
	switch r.Asking {
	case AskedBy:
		message += fmt.Sprintf(", not of %s, who asked for it", r.Asker)
	case AskedUnknown:
		message += ", one more than usual, since it is not on record who asked for it"
		hint = "whoever set the pin puts that on record with: orgstore pin set"
	}
	if len(a.Given) > 0 {
		message += "; approved by " + names(a.Given)
	}
	if len(n.From) > 0 && countEligible(n, r) < a.Needed {
		hint = "too few of them may approve it: name more people under approvals in the settings"
	}
	return message, hint
}

// countEligible counts the accounts whose approval would count.
func countEligible(n Need, r Record) int {
	count := 0
	for _, account := range n.From {
		asked := r.Asking == AskedBy && r.Asker.Is(account)
		if !asked && !slices.ContainsFunc(slices.Concat(r.Attesters, r.Shared), func(a string) bool { return strings.EqualFold(a, account) }) {
			count++
		}
	}
	return count
}

func countApprovals(n int) string {
	if n == 1 {
		return "an approval"
	}
	return fmt.Sprintf("%d approvals", n)
}

func names(words []Word) string {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = w.By.String()
	}
	return strings.Join(names, ", ")
}

// maxNamed bounds how many accounts a sentence names.
const maxNamed = 5

func oneOf(accounts []string) string {
	if more := len(accounts) - maxNamed; more > 0 {
		return fmt.Sprintf("%s or %d more", strings.Join(accounts[:maxNamed], ", "), more)
	}
	if last := len(accounts) - 1; last > 0 {
		return strings.Join(accounts[:last], ", ") + " or " + accounts[last]
	}
	return strings.Join(accounts, "")
}
