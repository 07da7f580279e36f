package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
)

// An exitCode is one that the program leaves with.
type exitCode struct {
	Code    int    `json:"code"`
	Meaning string `json:"meaning"`
}

// exitCodes lists all of them. README has the same.
func exitCodes() []exitCode {
	return []exitCode{
		{exitDone, "done, or nothing to do"},
		{exitError, "error"},
		{exitUsage, "wrong usage; with --detailed-exitcode: changes or findings"},
		{exitSignIn, "signing in to the tenant failed"},
		{exitLicense, "license refused"},
		{exitHeld, "held, where the change was asked for by name"},
		{exitReview, "a person must decide (review, approval)"},
		{exitUndone, "a change failed and was taken back"},
		{exitStale, "stale plan"},
		{exitLocked, "another process is changing things"},
		{exitPin, "a pin that cannot be"},
		{exitLog, "the audit log is broken"},
		{exitWaiting, "waiting for a person"},
		{exitClock, "the clock went back"},
		{exitSettings, "agent run has broken settings: starting it again mends nothing"},
		{exitCanceled, "stopped by Ctrl-C"},
	}
}

func newExitCodes(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "exit-codes",
		Short:   "List what orgstore leaves with, and what it means",
		Example: "  orgstore exit-codes -o json",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) {
			view := output.View{Columns: []string{"EXIT", "MEANING"}}
			for _, e := range exitCodes() {
				view.Rows = append(view.Rows, []string{strconv.Itoa(e.Code), e.Meaning})
			}
			return answer{data: exitCodes(), view: view}, nil
		}),
	}
}
