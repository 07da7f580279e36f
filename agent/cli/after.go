package cli

import (
	"strings"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
)

// checkedData is what a check after a change said.
type checkedData struct {
	By          string  `json:"by"`
	Answer      string  `json:"answer"` // passed, failed or stopped
	Message     string  `json:"message"`
	Output      string  `json:"output,omitempty"`
	TookSeconds float64 `json:"took_seconds"`
}

func checksOf(r journal.Revision) []checkedData {
	all := []checkedData{}
	for _, c := range r.Checks {
		all = append(all, checkedData{c.By, string(c.Answer), c.Message, c.Output, float64(c.TookMS) / 1000})
	}
	return all
}

// checkWords tells people what checks said of a change. What failed is the
// change's message already.
func checkWords(r journal.Revision) string {
	if len(r.Checks) == 0 {
		return ""
	}
	last := r.Checks[len(r.Checks)-1]
	first, _, _ := strings.Cut(last.Output, "\n")
	switch {
	case last.Answer == journal.Passed:
		return "its check passed"
	case last.Answer == journal.Refused && first != "":
		return "the check said: " + first
	}
	return ""
}

// licenseCheck says whether the license was found in what is installed: the bytes
// that were read back are those whose license was verified. Else nobody has
// looked, or a person has.
func licenseCheck(r journal.Revision) string {
	switch {
	case !r.Stood() || !r.Kind.Puts() || r.After.Presence != store.Present:
		return ""
	case r.Claim == store.Verified, r.Claim == store.Confirmed:
		return string(r.Claim)
	}
	return string(store.Unverified)
}
