package cli

import (
	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/policies/plan"
)

// The JSON that several commands share. Field names are stable: other programs
// read them.

func reasonOf(r plan.Reason) engine.Reason {
	return engine.Reason{Code: string(r.Code), Message: r.Message, Hint: r.Hint}
}

// orDash stands in for what a table has nothing to show.
func orDash(s string) string {
	if s == "" {
		return output.Nothing
	}
	return s
}

// facts shows one thing, a line for each fact about it.
func facts(rows ...[2]string) output.View {
	view := output.View{Columns: []string{"WHAT", "VALUE"}}
	for _, r := range rows {
		view.Rows = append(view.Rows, []string{r[0], orDash(r[1])})
	}
	return view
}
