package engine

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
	"github.com/orgstore/orgstore/policies/rule"
)

// violationsOf asks the tenant's rules about a step. What cannot be looked at is not
// let through.
func (e *Engine) violationsOf(step plan.Step, at moment.Moment) []plan.Violation {
	if !e.asksRules(step) {
		return nil
	}
	f, err := e.ruleFactsOf(step, at)
	if err != nil {
		return []plan.Violation{{Rule: "of the settings", Message: fmt.Sprintf("none can be asked: %v", err)}}
	}
	var all []plan.Violation
	for _, found := range e.Settings.Rules.Judge(f) {
		all = append(all, plan.Violation(found))
	}
	return all
}

// asksRules says whether rules are asked about a step: neither about a way back, nor
// about what a person asked for.
func (e *Engine) asksRules(step plan.Step) bool {
	return len(e.Settings.Rules.Sources()) > 0 && step.Kind.Puts() && !step.Asked && step.Kind != change.Restore
}

// ruleFactsOf gathers what rules may speak of. The time is that of the moment.
func (e *Engine) ruleFactsOf(step plan.Step, at moment.Moment) (rule.Facts, error) {
	f, err := e.packageRuleFacts(step)
	if err != nil {
		return f, err
	}
	f.Change = rule.Change{Kind: string(step.Kind), Store: step.Key.Store}
	f.Visual = rule.Visual{GUID: step.Key.GUID.String(), Name: step.Name, Pin: e.pinOf(step.Key)}
	f.Now = at.Time().UTC()
	f.License = licenseFacts(step.To.License)
	if !f.License.Ends.IsZero() {
		f.License.DaysLeft = int64(step.To.License.DaysLeft(at))
	}
	f.Tenant = e.tenantRuleFacts(step.Key.GUID)
	return f, nil
}

func licenseFacts(t license.Terms) rule.License {
	return rule.License{Grade: string(t.Grade), Vendor: t.Vendor, Kind: string(t.Kind), Quantity: t.Quantity, Trial: t.Trial, Ends: t.Ends.UTC()}
}

func (e *Engine) tenantRuleFacts(g visual.GUID) rule.Tenant {
	use := e.facts.Use(g)
	f := rule.Tenant{
		ID: e.Settings.Tenant, Cloud: cmp.Or(e.Settings.Cloud, "public"),
		Designers: orUnknown(e.facts.Number(use.Designers)), Viewers: orUnknown(e.facts.Number(use.Viewers)),
	}
	capacities, _ := e.facts.Capacities.Get()
	for _, c := range capacities {
		f.Capacities = append(f.Capacities, c.SKU.String())
	}
	return f
}

func orUnknown(k tenant.Known[int64]) int64 {
	if n, ok := k.Get(); ok {
		return n
	}
	return -1
}

// packageRuleFacts compares the packages of a step, and says what rules may know of it.
func (e *Engine) packageRuleFacts(step plan.Step) (rule.Facts, error) {
	if step.To.Release == nil {
		return rule.Facts{}, errors.New("it does not say which package comes")
	}
	if step.From.Release == nil && step.From.Presence != store.Absent {
		return rule.Facts{}, errors.New("what is installed is not known")
	}
	found, err := e.comparer().Compare(replacedDigest(step), step.To.Release.Digest)
	if err != nil {
		return rule.Facts{}, err
	}
	return found.RuleFacts(), nil
}
