package apply

import (
	"testing"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// A finding is reviewed where its code was, whatever the sentences say.
func TestNewFindingsAreKnownByTheirCode(t *testing.T) {
	long := plan.Step{Review: "it lasts for long; the clock went back", Findings: []verdict.Code{"life.long"}}
	before := plan.Step{Review: long.Review}
	for name, c := range map[string]struct {
		step  plan.Step
		found []verdict.Code
		text  string
		want  bool
	}{
		"reviewed":                      {long, []verdict.Code{"life.long"}, "it lasts for very long", false},
		"new, in words that were read":  {long, []verdict.Code{"time.clock_back"}, "the clock went back", true},
		"once reviewed, now twice":      {long, []verdict.Code{"life.long", "life.long"}, "it lasts for long", true},
		"a step of before, words read":  {before, []verdict.Code{"time.clock_back"}, "the clock went back", false},
		"a step of before, other words": {before, []verdict.Code{"time.clock_back"}, "no clock", true},
	} {
		var j verdict.Judgment
		for _, code := range c.found {
			j.Findings = append(j.Findings, verdict.Finding{Code: code, Verdict: verdict.Review, Message: c.text})
		}
		if _, got := unreviewed(j, c.step); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
