package comparison

import (
	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/policies/rule"
)

// RuleFacts returns what rules may know of both packages and of what changed. Of a
// first install, all that the package asks for is added.
func (c Comparison) RuleFacts() rule.Facts {
	f := rule.Facts{From: c.From, To: c.To}
	if !c.From.Present {
		f.Diff.Privileges.Added = c.To.Privileges
		return f
	}
	f.Diff = rule.Diff{
		Class: string(c.Diff.Class), Hosts: rule.Hosts(c.Diff.Hosts), Roles: rule.Names(c.Diff.Roles), Properties: rule.Names(c.Diff.Properties),
		Privileges: rule.Rights{Added: ruleRights(c.Diff.Privileges.Added), Removed: ruleRights(c.Diff.Privileges.Removed)},
	}
	for _, x := range c.Diff.Findings {
		f.Diff.Findings = append(f.Diff.Findings, rule.Difference{Severity: string(x.Severity), Code: string(x.Code), Message: x.Message})
	}
	return f
}

// factsOf says what rules may know of one package.
func factsOf(p *pbiviz.Package) rule.Package {
	m := p.Manifest()
	return rule.Package{
		Present: true, Version: m.Version.String(), Author: m.AuthorName, AuthorEmail: m.AuthorEmail,
		APIVersion: m.APIVersion, Generation: string(m.Generation), Size: int64(len(p.File())),
		Privileges: ruleRights(diff.RightsOf(p)),
	}
}

func ruleRights(rights []diff.Right) []rule.Right {
	var all []rule.Right
	for _, r := range rights {
		all = append(all, rule.Right(r))
	}
	return all
}
