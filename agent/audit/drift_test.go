package audit

import (
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
)

// A change that also turns access explains two events.
func TestHowManyChangesAChangeTakes(t *testing.T) {
	on, off := true, false
	for _, c := range []struct {
		name     string
		kind     change.Kind
		from, to *bool
		want     int
	}{
		{"access stays", change.Upgrade, &on, &on, 1},
		{"access is turned", change.Upgrade, &off, &on, 2},
		{"access is not known before", change.Upgrade, nil, &on, 1},
		{"added with access off", change.Install, nil, &off, 2},
		{"access alone", change.Disable, &on, &off, 1},
	} {
		r := journal.Revision{Kind: c.kind, Before: store.State{Enabled: c.from}, After: store.State{Enabled: c.to}}
		if got := changesOf(r); got != c.want {
			t.Errorf("%s: %d changes, want %d", c.name, got, c.want)
		}
	}
}
