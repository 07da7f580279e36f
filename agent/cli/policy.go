package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/policies/rule"
)

func newPolicy(g *globals) *cobra.Command {
	return group("policy", "The tenant's rules about changes, and what they make of examples",
		`The tenant's rules about changes, and what they make of examples.

Rules stand in the settings (rules): expressions in CEL that must hold of a change,
over the packages, what differs, the license, the time and the tenant. A change that
one of them is against is not made, or needs an approval. A rollback, and the way back
from a failed change, ask no rule.`,
		newPolicyList(g), newPolicyTest(g))
}

type ruleData struct {
	Name      string `json:"name"`
	InForce   bool   `json:"in_force"`
	Shipped   bool   `json:"shipped"` // comes with orgstore
	When      string `json:"when"`
	Require   string `json:"require"`
	Otherwise string `json:"otherwise"`
	Message   string `json:"message"`
}

func newPolicyList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the rules in force, and those that can be switched on by name",
		Example: "  orgstore policy list\n  orgstore policy list -o json --query \"[?in_force].name\"",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) {
			s, err := g.settings()
			if err != nil {
				return answer{}, err
			}
			return policyList(s), nil
		}),
	}
}

func policyList(s config.Settings) answer {
	data := []ruleData{}
	add := func(r rule.Source, inForce bool) {
		_, shipped := rule.Find(r.Name)
		data = append(data, ruleData{r.Name, inForce, shipped, r.When, r.Require, string(r.Otherwise), r.Message})
	}
	sources := s.Rules.Sources()
	for _, r := range sources {
		add(r, true)
	}
	for _, r := range rule.Ready() {
		if !slices.ContainsFunc(sources, func(o rule.Source) bool { return o.Name == r.Name }) {
			add(r.Source, false)
		}
	}
	view := output.View{Columns: []string{"RULE", "IN FORCE", "WHEN", "REQUIRE", "OTHERWISE", "MESSAGE"}}
	for _, d := range data {
		inForce := "yes"
		if !d.InForce {
			inForce = "no (use: " + d.Name + ")"
		}
		view.Rows = append(view.Rows, []string{d.Name, inForce, orDash(d.When), strings.Join(strings.Fields(d.Require), " "), d.Otherwise, orDash(d.Message)})
	}
	return answer{data: data, view: view}
}

type exampleData struct {
	Example string   `json:"example"`
	Expect  string   `json:"expect"`
	Got     string   `json:"got"`
	Against []string `json:"against"` // the rules
	OK      bool     `json:"ok"`
	Message string   `json:"message"`
}

func newPolicyTest(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "test",
		Short: "Try the rules on the examples in the settings",
		Long: `Try the rules on the examples in the settings (rule_examples).

Each example gives facts and says what the rules together are to make of them: allow,
approval or deny, and if it likes which rule is to be against it. Nothing but the
settings is read. Exits with 1 where one comes out otherwise.`,
		Example: "  orgstore policy test\n  orgstore policy test -o json --query \"[?!ok]\"",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) {
			s, err := g.settings()
			if err != nil {
				return answer{}, err
			}
			return policyTest(s)
		}),
	}
}

func policyTest(s config.Settings) (answer, error) {
	data := []exampleData{}
	view := output.View{Columns: []string{"EXAMPLE", "EXPECTED", "GOT", "OK", "AGAINST IT"}}
	failed := 0
	for _, x := range s.Examples {
		d := tried(s.Rules, x)
		ok := "yes"
		if !d.OK {
			ok = "no"
			failed++
		}
		data = append(data, d)
		view.Rows = append(view.Rows, []string{d.Example, d.Expect, d.Got, ok, orDash(d.Message)})
	}
	a := answer{data: data, view: view, message: fmt.Sprintf("%s, all as expected", engine.Count(len(data), "example"))}
	switch {
	case failed > 0:
		return a, fault.New("policy.example", "mend the rules or the examples in the settings", "%d of %s came out otherwise than expected", failed, engine.Count(len(data), "example"))
	case len(data) == 0:
		a.message = "there are no examples: write some into the settings, under rule_examples"
	}
	return a, nil
}

// tried asks the rules about one example.
func tried(rules rule.Set, x config.Example) exampleData {
	found := rules.Judge(x.Given)
	d := exampleData{Example: x.Name, Expect: string(x.Expect), Got: string(rule.Sum(found)), Against: []string{}}
	var said []string
	for _, f := range found {
		d.Against = append(d.Against, f.Rule)
		said = append(said, f.Rule+": "+f.Message)
	}
	d.OK = d.Got == d.Expect && (x.Rule == "" || slices.Contains(d.Against, x.Rule))
	if x.Rule != "" && !slices.Contains(d.Against, x.Rule) {
		said = append(said, x.Rule+" is not against it")
	}
	d.Message = strings.Join(said, "; ")
	return d
}
