package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/orgstore/orgstore/policies/plan"
)

// A Question is what a person is asked before the engine goes on. Nothing was
// changed: the same operation with its token goes on.
type Question struct {
	// Token stands for the question and for all that the person was shown. It is
	// another one once anything of that has changed.
	Token string `json:"token"`
	// Text is what is asked, as "make 2 changes in the store X".
	Text string `json:"text"`
	// Consequence is what many people would notice; empty if there is no such thing.
	Consequence string `json:"consequence,omitempty"`
	// Plan is what would be done.
	Plan PlanResult `json:"plan"`
}

// A Consent is what a person has agreed to beforehand.
type Consent struct {
	// Anything agrees to all that would be asked.
	Anything bool `json:"anything,omitempty"`
	// Tokens are those of the questions that the person answered with yes.
	Tokens []string `json:"tokens,omitempty"`
}

// agrees reports whether a question need not be asked.
func (c Consent) agrees(q Question) bool { return c.Anything || slices.Contains(c.Tokens, q.Token) }

// question makes a question about steps.
func (e *Engine) question(text, consequence string, steps []plan.Step) Question {
	q := Question{Text: text, Consequence: consequence, Plan: e.planResult(plan.Plan{Steps: steps})}
	q.Token = q.sum()
	return q
}

// sum is one for the question and all that is shown with it.
func (q Question) sum() string {
	sum := sha256.New()
	add := func(parts ...string) {
		for _, part := range parts {
			sum.Write([]byte(part + "\x00"))
		}
	}
	add(q.Text, q.Consequence)
	for _, step := range q.Plan.Steps {
		add(step.ID, TitleOf(step.Visual), step.Kind, step.FromText, step.ToText, step.LicenseUntil, step.Why)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
