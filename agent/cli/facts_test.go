package cli

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/visual"
)

// What help shows of facts.yaml can be copied.
func TestTheFactsThatHelpShowsCanBeRead(t *testing.T) {
	_, shown, found := strings.Cut(newFacts(&globals{}).Long, "A facts.yaml:\n\n")
	if !found {
		t.Fatal("help shows none")
	}
	facts, err := tenant.ParseFacts("facts.yaml", []byte(strings.ReplaceAll("\n"+shown, "\n  ", "\n")))
	if err != nil || len(facts.Uses) != 1 || len(facts.Uses[0].Designers.Groups) != 1 {
		t.Fatalf("%+v, %v", facts.Uses, err)
	}
}

func TestUnused(t *testing.T) {
	gauge, err := visual.ParseGUID("auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E")
	if err != nil {
		t.Fatal(err)
	}
	s := config.Settings{Data: "data", Visuals: []config.Visual{{GUID: gauge}}}
	if got := unused(s, tenant.Facts{}); !strings.Contains(got, gauge.String()) || !strings.Contains(got, "facts.yaml") {
		t.Errorf("got %q", got)
	}
	if got := unused(s, tenant.Facts{Uses: []tenant.Use{{GUID: gauge}}}); got != "" {
		t.Errorf("got %q", got)
	}
}
