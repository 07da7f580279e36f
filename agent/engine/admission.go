package engine

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
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
	if len(e.Settings.Rules.Sources()) == 0 || !step.Kind.Puts() || step.Asked || step.Kind == change.Restore {
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

// ruleFactsOf gathers what rules may speak of. The packages of a step are read once;
// the time is that of the moment.
func (e *Engine) ruleFactsOf(step plan.Step, at moment.Moment) (rule.Facts, error) {
	f, known := e.ruleFacts[step.ID]
	if !known {
		var err error
		if f, err = e.packageRuleFacts(step); err != nil {
			return f, err
		}
		if e.ruleFacts == nil {
			e.ruleFacts = map[store.StepID]rule.Facts{}
		}
		e.ruleFacts[step.ID] = f
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
	use := e.Facts.Use(g)
	f := rule.Tenant{
		ID: e.Settings.Tenant, Cloud: cmp.Or(e.Settings.Cloud, "public"),
		Designers: orUnknown(e.Facts.Number(use.Designers)), Viewers: orUnknown(e.Facts.Number(use.Viewers)),
	}
	capacities, _ := e.Facts.Capacities.Get()
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

// packageRuleFacts reads the packages of a step and compares them.
func (e *Engine) packageRuleFacts(step plan.Step) (rule.Facts, error) {
	var f rule.Facts
	if step.To.Release == nil {
		return f, errors.New("it does not say which package comes")
	}
	to, err := e.archivedPackage(step.To.Release.Digest)
	if err != nil {
		return f, err
	}
	f.To = packageFacts(to)
	if step.From.Release == nil {
		if step.From.Presence == store.Absent {
			f.Diff.Privileges.Added = f.To.Privileges
			return f, nil
		}
		return f, errors.New("what is installed is not known")
	}
	from, err := e.archivedPackage(step.From.Release.Digest)
	if err != nil {
		return f, err
	}
	f.From = packageFacts(from)
	f.Diff = diffFacts(Compare(e.Profiles, from, to))
	return f, nil
}

func (e *Engine) archivedPackage(d visual.Digest) (*pbiviz.Package, error) {
	file, err := e.archive.Package(d)
	if err != nil {
		return nil, err
	}
	return pbiviz.Read(file, pbiviz.DefaultLimits())
}

func packageFacts(p *pbiviz.Package) rule.Package {
	m := p.Manifest()
	f := rule.Package{
		Present: true, Version: m.Version.String(), Author: m.AuthorName, AuthorEmail: m.AuthorEmail,
		APIVersion: m.APIVersion, Generation: string(m.Generation), Size: int64(len(p.File())),
	}
	f.Privileges = rightFacts(diff.RightsOf(p))
	return f
}

func diffFacts(d diff.Diff) rule.Diff {
	f := rule.Diff{
		Class: string(d.Class), Hosts: rule.Hosts(d.Hosts), Roles: rule.Names(d.Roles), Properties: rule.Names(d.Properties),
		Privileges: rule.Rights{Added: rightFacts(d.Privileges.Added), Removed: rightFacts(d.Privileges.Removed)},
	}
	for _, x := range d.Findings {
		f.Findings = append(f.Findings, rule.Difference{Severity: string(x.Severity), Code: string(x.Code), Message: x.Message})
	}
	return f
}

func rightFacts(rights []diff.Right) []rule.Right {
	var all []rule.Right
	for _, r := range rights {
		all = append(all, rule.Right(r))
	}
	return all
}
