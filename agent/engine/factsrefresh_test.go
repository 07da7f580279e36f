package engine

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/visual"
)

func TestUsesNotWritten(t *testing.T) {
	gauge, err := visual.ParseGUID("auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E")
	if err != nil {
		t.Fatal(err)
	}
	s := config.Settings{Data: "data", Visuals: []config.Visual{{GUID: gauge}}}
	if got := usesNotWritten(s, tenant.Facts{}); !strings.Contains(got, gauge.String()) || !strings.Contains(got, "facts.yaml") {
		t.Errorf("got %q", got)
	}
	if got := usesNotWritten(s, tenant.Facts{Uses: []tenant.Use{{GUID: gauge}}}); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestNotAskedNamesWhatIsMissing(t *testing.T) {
	found := []tenant.Requirement{
		{What: "users", State: tenant.Ready, Detail: "seen"},
		{What: "groups", State: tenant.Missing, Detail: "not allowed", Fix: "grant it"},
		{What: "capacities", State: tenant.Unknown, Detail: "no answer"},
	}
	if got, want := notAsked(found), "not everything could be asked: groups: not allowed (grant it); capacities: no answer"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := notAsked(found[:1]); got != "" {
		t.Errorf("got %q", got)
	}
}
