package engine

import (
	"fmt"
	"strings"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// An Evidence is one thing that speaks for or against a change having been made.
type Evidence struct {
	At      string `json:"at"`
	Source  string `json:"source"`  // list (that a person exported) or person
	Against bool   `json:"against"` // it speaks against it
	Message string `json:"message"`
}

// evidenceOf lists what is known of a change that waits: what the newest list shows
// and what people said they saw, also what was refused.
func (e *Engine) evidenceOf(open plan.Open) []Evidence {
	all := []Evidence{}
	book, k := e.Journal.Book(), open.Step.Key
	if list := book.Export(k.Store); list != nil && list.Taken.After(open.Since) {
		l, isListed := list.Listed[k.GUID]
		if against, text := listEvidence(open.Step, l, isListed); text != "" {
			all = append(all, Evidence{Timestamp(list.Taken), "list", against, fmt.Sprintf("the list of %s %s", FormatTime(list.Taken), text)})
		}
	}
	for _, o := range book.Observations(open.Step.ID) {
		all = append(all, Evidence{Timestamp(o.At), "person", contradictsStep(open.Step, o),
			fmt.Sprintf("%s saw %s at %s", o.By, o, FormatTime(o.At))})
	}
	return all
}

// listEvidence says what a list that is newer than the task shows of it, and whether
// that speaks against it; empty where it shows nothing of it.
func listEvidence(step plan.Step, l store.Listing, isListed bool) (against bool, text string) {
	switch {
	case !isListed && step.Kind == change.Install:
		return true, "does not show it yet"
	case !isListed:
		return true, "does not have it"
	case turnsAccess(step) && l.Enabled != nil:
		against = *l.Enabled != *step.To.Enabled
		return against, "shows access " + OnOff(l.Enabled)
	case step.Kind == change.Install:
		return false, "shows it"
	}
	return false, ""
}

// contradictsStep says whether what a person saw is neither what was there before, which
// only says that it was not made yet, nor what the change leads to.
func contradictsStep(step plan.Step, o journal.Observation) bool {
	from, to := step.From.Release, step.To.Release
	if o.Version != "" && step.Kind.Puts() && to != nil {
		v, err := visual.ParseVersion(o.Version)
		if err == nil && !v.Equal(to.Version) && (from == nil || !v.Equal(from.Version)) {
			return true
		}
	}
	if o.SHA256 != "" && to != nil && !strings.HasPrefix(to.Digest.Hex(), o.SHA256) {
		return from == nil || !strings.HasPrefix(from.Digest.Hex(), o.SHA256)
	}
	return false
}

// weighEvidence joins what a confirmation rests on with what speaks against it: that needs a
// reason, and stays in the message.
func weighEvidence(step plan.Step, message string, all []Evidence, reason string) (string, error) {
	var against []string
	for _, x := range all {
		if x.Against {
			against = append(against, x.Message)
		}
	}
	switch {
	case len(against) == 0:
		return message, nil
	case isBlank(reason):
		return "", stillWaiting(step, "confirm.contradicted", "look again and import a newer list; if it was made all the same, say why with --reason TEXT",
			"something speaks against it: %s", strings.Join(against, "; "))
	}
	return fmt.Sprintf("%s; against it: %s; taken all the same: %s", message, strings.Join(against, "; "), strings.TrimSpace(reason)), nil
}

// observation is what a person says they saw, for the journal. What only was said
// wrongly, such as a version that is none, is no observation.
func (r ConfirmRequest) observation(step plan.Step, err error) (journal.Observed, bool) {
	o := journal.Observed{
		Step: step.ID, Key: step.Key, Version: r.Version, Access: r.Access, SHA256: r.SHA256,
		Evidence: strings.TrimSpace(r.Evidence), Reason: strings.TrimSpace(r.Reason),
	}
	if err != nil {
		o.Refused = verdict.Code(fault.Of(err).Code)
	}
	return o, err == nil || strings.HasPrefix(string(o.Refused), "confirm.")
}
