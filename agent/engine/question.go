package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

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
	// Plan is what would be done in stores; zero if the question is about something
	// else that the result shows.
	Plan PlanResult `json:"plan,omitzero"`
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

// askAbout returns the question whether to do what the person is shown with it; nil if
// the person has agreed.
func askAbout(c Consent, text string, shown any) (*Question, error) {
	all, err := json.Marshal(shown, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(text + "\x00" + string(all)))
	if q := (Question{Token: hex.EncodeToString(sum[:]), Text: text}); !c.agrees(q) {
		return &q, nil
	}
	return nil, nil
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
