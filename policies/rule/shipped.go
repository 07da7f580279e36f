package rule

import (
	"slices"
	"strings"
)

// A Shipped rule can be switched on by its name.
type Shipped struct {
	Source
	// Limited says that it needs a version as its limit, which takes the place of
	// limitMark in Require.
	Limited bool
}

// limitMark stands in a shipped rule for what the settings say.
const limitMark = "LIMIT"

// Ready returns the rules that can be switched on, by name.
func Ready() []Shipped {
	return []Shipped{
		{Source: Source{
			Name: "api-version", Otherwise: Deny,
			Require: "to.api_version.atMost('" + limitMark + "')",
			Message: "its API version is higher than what shows reports here knows",
		}, Limited: true},
		{Source: Source{
			Name: "author-unchanged", Otherwise: Deny,
			When:    "from.present",
			Require: "to.author == from.author && to.author_email == from.author_email",
			Message: "it names another author than what is installed",
		}},
		{Source: Source{
			Name: "no-new-web-access", Otherwise: Approval,
			Require: "!diff.privileges.added.exists(p, p.name == 'WebAccess') && size(diff.hosts.added) == 0",
			Message: "it wants to reach the web, or names hosts, where it did not before",
		}},
		{Source: Source{
			Name: "nothing-breaking", Otherwise: Approval,
			Require: "!diff.findings.exists(f, f.severity == 'breaking')",
			Message: "reports that use it may break: see orgstore package diff",
		}},
		{Source: Source{
			Name: "renewal-same-code", Otherwise: Deny,
			When:    "change.kind == 'renew'",
			Require: "diff.class in ['identical', 'license-only']",
			Message: "it is called a renewal, and more than its license changed",
		}},
	}
}

// Find returns a shipped rule by its name.
func Find(name string) (Shipped, bool) {
	ready := Ready()
	i := slices.IndexFunc(ready, func(s Shipped) bool { return s.Name == name })
	if i < 0 {
		return Shipped{}, false
	}
	return ready[i], true
}

// With returns the rule with the limit that the settings give it: a version made of
// numbers.
func (s Shipped) With(limit string) Source {
	source := s.Source
	source.Require = strings.ReplaceAll(source.Require, limitMark, limit)
	return source
}
