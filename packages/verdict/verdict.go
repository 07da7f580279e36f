// Package verdict is what may be said of a package and its license: four
// verdicts and findings with stable codes. It knows nothing of how one is
// reached.
package verdict

import (
	"cmp"
	"slices"
	"strings"
)

// A Verdict says whether a package may go into a store.
type Verdict string

// The verdicts, from the mildest to the hardest.
const (
	// Accept: may be put.
	Accept Verdict = "accept"
	// Warn: may be put; a person should know something.
	Warn Verdict = "warn"
	// Review: may be put only when a person decides so, with a reason.
	Review Verdict = "review"
	// Reject: may not be put.
	Reject Verdict = "reject"
)

func (v Verdict) rank() int {
	return slices.Index([]Verdict{Accept, Warn, Review, Reject}, v)
}

// Worse returns the harder of two verdicts. An unknown verdict never softens one.
func (v Verdict) Worse(w Verdict) Verdict {
	if cmp.Compare(v.rank(), w.rank()) < 0 {
		return w
	}
	return v
}

// Passes says whether a package with this verdict may be put without a person
// deciding anything.
func (v Verdict) Passes() bool { return v == Accept || v == Warn }

// A Code names a finding for other programs: lower-case words, with a dot between
// the family and the case, as in lic.signature. Codes are stable.
type Code string

// Family returns the part of a code before its first dot: lic of lic.signature.
// A code without a dot is its own family.
func (c Code) Family() string {
	family, _, _ := strings.Cut(string(c), ".")
	return family
}

// A Finding is one thing found, with its verdict.
type Finding struct {
	Code    Code    `json:"code"`
	Verdict Verdict `json:"verdict"`
	// Message is a sentence for the person who can act; lower case, no period.
	Message string `json:"message"`
	// Hint says what that person can do about it; empty where nothing helps.
	Hint string `json:"hint,omitempty"`
}

// A Judgment is everything found, and the hardest verdict of it.
type Judgment struct {
	Verdict  Verdict   `json:"verdict"`
	Findings []Finding `json:"findings,omitempty"`
}

// Judge sums findings up: the hardest verdict, findings from the hardest to the
// mildest, otherwise in the order found. No findings: Accept.
func Judge(findings ...Finding) Judgment {
	j := Judgment{Verdict: Accept, Findings: slices.Clone(findings)}
	for _, f := range findings {
		j.Verdict = j.Verdict.Worse(f.Verdict)
	}
	slices.SortStableFunc(j.Findings, func(a, b Finding) int {
		return cmp.Compare(b.Verdict.rank(), a.Verdict.rank())
	})
	return j
}

// With returns the judgment with more findings.
func (j Judgment) With(more ...Finding) Judgment {
	return Judge(append(slices.Clone(j.Findings), more...)...)
}

// Has says whether a finding with this code is among those found.
func (j Judgment) Has(c Code) bool {
	return slices.ContainsFunc(j.Findings, func(f Finding) bool { return f.Code == c })
}

// A Refusal is the error of a reader that refuses its input: findings, the
// first of which says why.
type Refusal struct{ Findings []Finding }

// Refuse makes a Refusal of one finding.
func Refuse(code Code, message, hint string) *Refusal {
	return &Refusal{[]Finding{{Code: code, Verdict: Reject, Message: message, Hint: hint}}}
}

// Error gives the messages, without codes and hints.
func (r *Refusal) Error() string {
	messages := make([]string, len(r.Findings))
	for i, f := range r.Findings {
		messages[i] = f.Message
	}
	return strings.Join(messages, "; ")
}

// Code returns the code of the first finding.
func (r *Refusal) Code() Code { return r.Findings[0].Code }
