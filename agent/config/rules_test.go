package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/policies/rule"
)

// ruled is a file with rules of every form, and examples.
const ruled = head + `rules:
  - use: no-new-web-access
  - {use: api-version, at_most: "5.3.0"}
  - {use: nothing-breaking, otherwise: deny}
  - name: no large packages
    when: change.kind in ['install', 'upgrade']
    require: |
      to.size < 2 * 1024 * 1024
      && license.days_left > 30
    otherwise: approval
    message: "large, or soon without a license"
rule_examples:
  - name: a large one needs a yes
    given:
      change: {kind: upgrade}
      to: {version: "1.5", size: 3000000, privileges: [{name: WebAccess, parameter: "https://api.contoso.com"}]}
      from: {version: "1.4"}
      diff: {class: code, data_roles: {removed: [Values]}}
      license: {days_left: 100, trial: true, ends: 2027-03-01}
      tenant: {viewers: 12}
      now: 2026-11-23T09:00:00+01:00
    expect: approval
    rule: no large packages
`

func TestRulesAndExamplesAreRead(t *testing.T) {
	s, err := Parse("orgstore.yaml", []byte(ruled))
	if err != nil {
		t.Fatal(err)
	}
	all := s.Rules.Sources()
	if len(all) != 4 || all[0].Otherwise != rule.Approval || !strings.Contains(all[1].Require, "'5.3.0'") || all[2].Otherwise != rule.Deny || all[3].Name != "no large packages" || all[3].Otherwise != rule.Approval {
		t.Errorf("%+v", all)
	}
	x := s.Examples[0]
	f := x.Given
	if x.Name != "a large one needs a yes" || x.Expect != rule.NeedsApproval || x.Rule != "no large packages" || !f.To.Present || !f.From.Present ||
		f.To.Size != 3000000 || f.To.Privileges[0].Parameter != "https://api.contoso.com" || f.Diff.Roles.Removed[0] != "Values" ||
		!f.License.Trial || f.Tenant.Viewers != 12 || f.Tenant.Designers != -1 || !f.Now.Equal(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", x)
	}
	found := s.Rules.Judge(f)
	if len(found) != 2 || found[0].Rule != "api-version" || found[1].Message != "large, or soon without a license" {
		t.Errorf("%+v", found)
	}
}

func TestTheDigestTellsTheRules(t *testing.T) {
	digest := func(text string) string {
		s, err := Parse("orgstore.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest()
	}
	base := digest(ruled)
	for _, c := range [][2]string{{"5.3.0", "5.4.0"}, {"> 30", "> 3"}, {"otherwise: deny", "otherwise: approval"}, {"  - use: no-new-web-access\n", ""}, {"'upgrade'", "'replace'"}} {
		if digest(strings.Replace(ruled, c[0], c[1], 1)) == base {
			t.Errorf("%q for %q does not change the digest", c[1], c[0])
		}
	}
	if digest(strings.Replace(ruled, "a large one needs a yes", "another name", 1)) != base || digest(head) != digest(head+"rules: []\n") {
		t.Error("an example, or no rules, change the digest")
	}
}

// TestTheReadmeNamesEveryFact: a rule is written from the README alone.
func TestTheReadmeNamesEveryFact(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "| Rules speak of |")
	table, _, _ = strings.Cut(table, "Versions compare")
	var walk func(at reflect.Type)
	walk = func(at reflect.Type) {
		for at.Kind() == reflect.Slice {
			at = at.Elem()
		}
		if at.Kind() != reflect.Struct || at == reflect.TypeFor[time.Time]() {
			return
		}
		for f := range fieldsOf(at) {
			name := f.Tag.Get("cel")
			if name == "" || !strings.Contains(table, name) {
				t.Errorf("README.md does not name %s.%s", at.Name(), f.Name)
			}
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[rule.Facts]())
}

// TestTheReadmesPoliciesHold: what the README shows of approvals and rules is read as
// it stands, and its examples come out as it says.
func TestTheReadmesPoliciesHold(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, block := range strings.Split(string(readme), "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		if !strings.HasPrefix(block, "approvals:") && !strings.HasPrefix(block, "rules:") {
			continue
		}
		tried++
		block = strings.Replace(block, "window: weekend, ", "", 1) // shown elsewhere
		s, err := Parse("orgstore.yaml", []byte(head+block))
		if err != nil {
			t.Errorf("%s\n%v", block, err)
		}
		for _, x := range s.Examples {
			if found := s.Rules.Judge(x.Given); rule.Sum(found) != x.Expect || found[0].Rule != x.Rule {
				t.Errorf("%s: %+v", x.Name, found)
			}
		}
	}
	if tried != 2 {
		t.Errorf("%d policies found", tried)
	}
}
