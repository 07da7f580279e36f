package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/policies/approval"
)

// approving is a file with approvals for all visuals and for one.
const approving = head + `approvals:
  groups: {owners: [ada, bob], night: [carol]}
  from: [owners, "CONTOSO\\dave", bob]
  install: 1
  upgrade: 2
visuals:
  - {guid: a, pin: "1"}
  - {guid: b, pin: "1", approvers: [night, ada], install: {approvals: 0}, upgrade: {approvals: 1}, renewal: {approvals: 1}, rollback: {approvals: 2}}
`

func TestApprovalsOfVisuals(t *testing.T) {
	s, err := Parse("orgstore.yaml", []byte(approving))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []approval.Policy{
		{Install: 1, Upgrade: 2, From: []string{"ada", "bob", `CONTOSO\dave`}},
		{Install: 0, Upgrade: 1, Renewal: 1, Rollback: 2, From: []string{"carol", "ada"}},
	} {
		if got := s.Policy(s.Visuals[i]).Approvals; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("visual %d: got %+v, want %+v", i, got, want)
		}
	}
}

func TestTheDigestTellsWhoApproves(t *testing.T) {
	digest := func(text string) string {
		s, err := Parse("orgstore.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest()
	}
	base := digest(approving)
	for _, c := range [][2]string{{"upgrade: 2", "upgrade: 1"}, {"install: 1", "install: 0"}, {"[carol]", "[carol, eve]"}, {"rollback: {approvals: 2}", "rollback: {approvals: 1}"}} {
		if digest(strings.Replace(approving, c[0], c[1], 1)) == base {
			t.Errorf("%s for %s does not change the digest", c[1], c[0])
		}
	}
	if digest(strings.Replace(approving, "[ada, bob]", "[bob, ada]", 1)) != base {
		t.Error("the order of people changes the digest")
	}
	plain := head + "visuals:\n  - {guid: a, pin: \"1\"}\n"
	if digest(plain) != digest(strings.Replace(plain, "visuals:", "approvals: {upgrade: 0}\nvisuals:", 1)) {
		t.Error("approvals that ask for nothing change the digest")
	}
}
