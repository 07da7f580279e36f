package cli

import (
	"time"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
)

// The JSON that several commands share. Field names are stable: other programs
// read them.

// titleOf names a visual for people, and the store where it may be in several.
func titleOf(v engine.Visual) string { return engine.TitleOf(v) }

// withHint joins a reason with what to do about it.
func withHint(r engine.Reason) string {
	if r.Hint == "" {
		return r.Message
	}
	return r.Message + " (" + r.Hint + ")"
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

// timeOf is how people read when something happened, from what programs read; empty
// for none.
func timeOf(timestamp string) string {
	at, err := time.Parse(time.RFC3339, timestamp)
	if err != nil {
		return ""
	}
	return engine.FormatTime(at)
}
