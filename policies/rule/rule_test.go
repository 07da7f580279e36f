package rule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/policies/rule"
)

// upgrade is a change that no shipped rule has anything against.
func upgrade() rule.Facts {
	author := rule.Package{Present: true, Version: "1.4.0.0", Author: "Aurora Visuals", AuthorEmail: "support@aurora.example", APIVersion: "5.3.0"}
	to := author
	to.Version = "1.5.0.0"
	return rule.Facts{
		Change: rule.Change{Kind: "upgrade", Store: "store"}, Visual: rule.Visual{GUID: "auroraGauge", Pin: "~> 1.4"},
		From: author, To: to, Diff: rule.Diff{Class: "code"},
		License: rule.License{Grade: "signed", DaysLeft: 200, Ends: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)},
		Tenant:  rule.Tenant{ID: "8f6c", Capacities: []string{"F64"}, Designers: -1, Viewers: 200},
		Now:     time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
	}
}

func compile(t testing.TB, sources ...rule.Source) rule.Set {
	t.Helper()
	s, faults := rule.Compile(sources)
	if len(faults) > 0 {
		t.Fatalf("%+v", faults)
	}
	return s
}

// use returns a shipped rule as it is switched on.
func use(t testing.TB, name string) rule.Source {
	t.Helper()
	s, ok := rule.Find(name)
	if !ok {
		t.Fatalf("there is no rule %s", name)
	}
	return s.With("5.3")
}

func TestShippedRules(t *testing.T) {
	web := []rule.Right{{Name: "WebAccess", Parameter: "https://api.aurora.example"}}
	for _, c := range []struct {
		rule, name string
		edit       func(*rule.Facts)
		want       rule.Outcome
	}{
		{"no-new-web-access", "nothing new", func(*rule.Facts) {}, rule.Allowed},
		{"no-new-web-access", "a new URL", func(f *rule.Facts) { f.Diff.Privileges.Added = web }, rule.NeedsApproval},
		{"no-new-web-access", "another privilege", func(f *rule.Facts) { f.Diff.Privileges.Added = []rule.Right{{Name: "LocalStorage"}} }, rule.Allowed},
		{"no-new-web-access", "a host in the code", func(f *rule.Facts) { f.Diff.Hosts.Added = []string{"evil.example"} }, rule.NeedsApproval},
		{"no-new-web-access", "less than before", func(f *rule.Facts) { f.Diff.Privileges.Removed = web }, rule.Allowed},
		{"nothing-breaking", "a note", func(f *rule.Facts) { f.Diff.Findings = []rule.Difference{{Severity: "note"}} }, rule.Allowed},
		{"nothing-breaking", "a role removed", func(f *rule.Facts) {
			f.Diff.Findings = []rule.Difference{{Severity: "note"}, {Severity: "breaking", Code: "diff.role_removed"}}
		}, rule.NeedsApproval},
		{"api-version", "the same", func(*rule.Facts) {}, rule.Allowed},
		{"api-version", "lower", func(f *rule.Facts) { f.To.APIVersion = "3.8.3" }, rule.Allowed},
		{"api-version", "higher", func(f *rule.Facts) { f.To.APIVersion = "5.10.0" }, rule.Denied},
		{"api-version", "attack: none told", func(f *rule.Facts) { f.To.APIVersion = "" }, rule.Denied},
		{"api-version", "attack: no version", func(f *rule.Facts) { f.To.APIVersion = "1.x" }, rule.Denied},
		{"author-unchanged", "the same", func(*rule.Facts) {}, rule.Allowed},
		{"author-unchanged", "another", func(f *rule.Facts) { f.To.Author = "Eve" }, rule.Denied},
		{"author-unchanged", "another address", func(f *rule.Facts) { f.To.AuthorEmail = "eve@aurora.example" }, rule.Denied},
		{"author-unchanged", "a first install", func(f *rule.Facts) { f.From = rule.Package{} }, rule.Allowed},
		{"renewal-same-code", "an upgrade", func(*rule.Facts) {}, rule.Allowed},
		{"renewal-same-code", "a renewal", func(f *rule.Facts) { f.Change.Kind, f.Diff.Class = "renew", "license-only" }, rule.Allowed},
		{"renewal-same-code", "a renewal of the statement alone", func(f *rule.Facts) { f.Change.Kind, f.Diff.Class = "renew", "identical" }, rule.Allowed},
		{"renewal-same-code", "attack: code in a renewal", func(f *rule.Facts) { f.Change.Kind, f.Diff.Class = "renew", "code" }, rule.Denied},
		{"renewal-same-code", "attack: a renewal that cannot be compared", func(f *rule.Facts) { f.Change.Kind, f.Diff.Class = "renew", "" }, rule.Denied},
	} {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			f := upgrade()
			c.edit(&f)
			found := compile(t, use(t, c.rule)).Judge(f)
			if got := rule.Sum(found); got != c.want {
				t.Errorf("got %s, want %s: %+v", got, c.want, found)
			}
			for _, f := range found {
				if f.Rule != c.rule || f.Message == "" {
					t.Errorf("it does not say which and why: %+v", f)
				}
			}
		})
	}
}

func TestEveryShippedRuleIsTried(t *testing.T) {
	for _, s := range rule.Ready() {
		source := s.With("5.3")
		if set, faults := rule.Compile([]rule.Source{source}); len(faults) > 0 || len(set.Judge(upgrade())) > 0 {
			t.Errorf("%s: %+v", s.Name, faults)
		}
		if source.Message == "" || strings.Contains(source.Require, "LIMIT") {
			t.Errorf("%+v", source)
		}
	}
}

func TestExpressions(t *testing.T) {
	for _, c := range []struct {
		when, require string
		want          bool
	}{
		{"", "true", true},
		{"", "false", false},
		{"change.kind == 'renew'", "false", true},
		{"change.kind in ['upgrade', 'replace']", "false", false},
		{"", "to.version.atLeast('1.5') && !from.version.atLeast('1.5') && to.version.atMost('1.5.0.0')", true},
		{"", "license.days_left > 30 && license.ends > now + duration('720h')", true},
		{"", "license.grade == 'signed' && !license.trial", true},
		{"", "now.getDayOfWeek('Europe/Rome') == 1 && now.getHours('Europe/Rome') == 10", true},
		{"", "tenant.designers < 0 || tenant.designers < 5", true},
		{"", "'F64' in tenant.capacities", true},
		{"", "size(diff.data_roles.removed) == 0 && diff.properties.changed.all(p, p.startsWith('x'))", true},
		{"", "visual.guid.matches('^aurora') && visual.pin != ''", true},
	} {
		found := compile(t, rule.Source{Name: "r", When: c.when, Require: c.require}).Judge(upgrade())
		if (len(found) == 0) != c.want {
			t.Errorf("%s: %s: %+v", c.when, c.require, found)
		}
	}
}

func TestFaultsAreFoundAtLoad(t *testing.T) {
	for _, c := range []struct {
		name, require string
		line, column  int
		message       string
	}{
		{"no expression", "", 0, 0, ""},
		{"a syntax error", "to.version == ", 1, 15, "Syntax error"},
		{"attack: an unknown field", "to.digest == ''", 1, 3, "undefined field 'digest'"},
		{"an unknown name", "package.version == ''", 0, 0, ""},
		{"another unknown name", "pkg.version == ''", 1, 1, "undeclared reference to 'pkg'"},
		{"attack: a type error", "license.days_left > '30'", 1, 19, "no matching overload"},
		{"attack: no yes or no", "to.version", 0, 0, "it answers with string"},
		{"attack: anything", "dyn(to.version)", 0, 0, "it answers with dyn"},
		{"a type error in the second line", "true &&\n  1 == 'a'", 2, 5, "no matching overload"},
		{"an unknown function", "to.version.atleast('1')", 1, 19, "undeclared reference to 'atleast'"},
		{"attack: too long", strings.Repeat("true && ", 1000) + "true", 0, 0, "size"},
		{"attack: too deep", strings.Repeat("(", 500) + "true" + strings.Repeat(")", 500), 0, 0, "recursion"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, faults := rule.Compile([]rule.Source{{Name: "good", Require: "true"}, {Name: "r", Require: c.require}})
			if len(faults) == 0 {
				t.Fatal("it is accepted")
			}
			f := faults[0]
			if f.Rule != 1 || f.Part != rule.Require || c.line > 0 && (f.Line != c.line || f.Column != c.column) || !strings.Contains(f.Message, c.message) || strings.Contains(f.Message, "\n") {
				t.Errorf("got %+v", f)
			}
		})
	}
}

// TestEndlessCostEnds: an expression that would take for ever is stopped soon, and
// what it was to check is not let through.
func TestEndlessCostEnds(t *testing.T) {
	f := upgrade()
	for i := range 1000 {
		f.Diff.Properties.Changed = append(f.Diff.Properties.Changed, fmt.Sprint("object.property", i))
	}
	const xs = "diff.properties.changed"
	for _, require := range []string{
		xs + ".all(a, " + xs + ".all(b, " + xs + ".all(c, a != b || b != c || c != a || true)))",
		xs + ".exists(a, " + xs + ".exists(b, a + b == c))",
		xs + ".map(a, " + xs + ".map(b, a + b)).size() == 0",
	} {
		require = strings.Replace(require, "== c)", "== '')", 1)
		s := compile(t, rule.Source{Name: "endless", Require: require, Otherwise: rule.Approval})
		began := time.Now()
		found := s.Judge(f)
		if rule.Sum(found) != rule.Denied || !strings.Contains(found[0].Message, "too much work") {
			t.Errorf("%s: %+v", require, found)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s took %s", require, took)
		}
	}
}

// A rule that fails while it is asked is against the change, whatever it says else.
func TestWhatCannotBeAnsweredIsNotLetThrough(t *testing.T) {
	for _, source := range []rule.Source{
		{Name: "r", Require: "diff.findings[3].severity == 'note'", Otherwise: rule.Approval},
		{Name: "r", When: "1 / 0 == 1", Require: "true", Otherwise: rule.Approval},
		{Name: "r", Require: "to.author.atLeast('1')", Otherwise: rule.Approval},
		{Name: "r", Require: "now.getHours('Nowhere/City') == 1", Otherwise: rule.Approval},
	} {
		found := compile(t, source).Judge(upgrade())
		if rule.Sum(found) != rule.Denied || !strings.Contains(found[0].Message, "cannot be answered") {
			t.Errorf("%+v: %+v", source, found)
		}
	}
}

func TestTheSumIsTheHardest(t *testing.T) {
	ask := rule.Source{Name: "ask", Require: "false", Otherwise: rule.Approval}
	deny := rule.Source{Name: "deny", Require: "false"}
	for want, sources := range map[rule.Outcome][]rule.Source{
		rule.Allowed: nil, rule.NeedsApproval: {ask, {Name: "fine", Require: "true"}}, rule.Denied: {ask, deny},
	} {
		if got := rule.Sum(compile(t, sources...).Judge(upgrade())); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestNoTextBreaksTheCompiler: whatever people write, there is a set or there are
// faults, and a set answers within its bounds.
func TestNoTextBreaksTheCompiler(t *testing.T) {
	words := rapid.SliceOfN(rapid.SampledFrom([]string{
		"to", "from", ".version", ".", "(", ")", "[", "]", "'a'", "\"", "1", "-1", "==", "&&", "||", "!", "diff.findings", ".exists(x, ", ".all(y, ", "x", "y", "size(", "\n", "\\", "ü", "\x00", "?", ":", "in", "now", "{", "}", "has(",
	}), 0, 20)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(words.Draw(t, "words"), rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
		s, faults := rule.Compile([]rule.Source{{Name: "r", Require: text}})
		switch {
		case len(faults) > 0:
			for _, f := range faults {
				if f.Message == "" || f.Line < 0 || f.Column < 0 {
					t.Fatalf("%q: %+v", text, f)
				}
			}
		default:
			s.Judge(upgrade())
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	var all []rule.Source
	for _, s := range rule.Ready() {
		all = append(all, s.With("5.3"))
	}
	s := compile(b, all...)
	b.Run("compile", func(b *testing.B) {
		for b.Loop() {
			compile(b, all...)
		}
	})
	b.Run("judge", func(b *testing.B) {
		for b.Loop() {
			s.Judge(upgrade())
		}
	})
}
