package cli

import (
	"fmt"
	"strings"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
)

// trustChangeView shows what a change of trust changes.
func trustChangeView(changes []engine.BundleChange, lost []engine.LostTrust) output.View {
	view := output.View{Columns: []string{"CHANGE", "WHAT"}}
	for _, c := range changes {
		view.Rows = append(view.Rows, []string{c.Change, c.What})
	}
	for _, l := range lost {
		what := fmt.Sprintf("%s %s (%s)", strings.TrimSpace(l.Name), l.Version, short(l.Digest))
		if l.Installed {
			what += ", which is installed and stays"
		}
		view.Rows = append(view.Rows, []string{"not put any more", what + ": " + l.Reason})
	}
	return view
}
