package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// An exitCode is one that the program leaves with.
type exitCode struct {
	Code    int    `json:"code"`
	Meaning string `json:"meaning"`
	// codes are those of what was found that lead to it, whatever their family.
	codes []verdict.Code
	// families are those of all other codes that lead to it.
	families []string
}

// exitCodes is the one table of exit codes and of what leads to them. What is not in it
// is an error. README lists the same codes.
func exitCodes() []exitCode {
	return []exitCode{
		{Code: exitDone, Meaning: "done, or nothing to do"},
		{Code: exitError, Meaning: "error", codes: []verdict.Code{
			// Whoever makes trust bundles or edits the settings, not what they refuse.
			"trust.ambiguous", "trust.key_compromised", "trust.key_not_yet", "trust.key_retired",
			"trust.key_use", "trust.scope", "trust.threshold", "trust.unknown", "pin.unknown",
		}},
		{Code: exitUsage, Meaning: "wrong usage; with --detailed-exitcode: changes or findings",
			codes: []verdict.Code{fault.CodeUsage, codeConfirmNoTerminal, codePassphraseNoTerminal, engine.CodeRollbackRevision}},
		{Code: exitSignIn, Meaning: "signing in to the tenant failed", families: []string{fault.FamilySignIn}},
		{Code: exitLicense, Meaning: "license refused", codes: []verdict.Code{plan.CodeLicense}, families: fault.LicenseFamilies()},
		{Code: exitHeld, Meaning: "held, where the change was asked for by name"}, // see engine.OpensByItself
		{Code: exitReview, Meaning: "a person must decide (review, approval)", codes: []verdict.Code{plan.CodeNoBaseline, plan.CodeRolledBack}, families: []string{"gate"}},
		{Code: exitUndone, Meaning: "a change failed and was taken back", codes: []verdict.Code{engine.CodeUndone, plan.CodeCheckFailed}},
		{Code: exitStale, Meaning: "stale plan",
			codes: []verdict.Code{engine.CodeApprovalStale, engine.CodePlanStale, engine.CodeStepGone, engine.CodeSettingsMoved, engine.CodeStale}},
		{Code: exitLocked, Meaning: "another process is changing things", codes: []verdict.Code{fault.CodeLocked}},
		{Code: exitPin, Meaning: "a pin that cannot be", codes: []verdict.Code{plan.CodePin, plan.CodeNoPackage}, families: []string{"pin"}},
		{Code: exitLog, Meaning: "the audit log is broken", codes: []verdict.Code{fault.CodeLog}},
		{Code: exitWaiting, Meaning: "waiting for a person", codes: []verdict.Code{engine.CodeRollbackWaiting, plan.CodeUnclear, plan.CodeWaiting}},
		{Code: exitClock, Meaning: "the clock went back", codes: []verdict.Code{license.CodeClockBack}},
		{Code: exitSettings, Meaning: "agent run has broken settings: starting it again mends nothing"},
		{Code: exitCanceled, Meaning: "stopped by Ctrl-C", codes: []verdict.Code{fault.CodeCanceled}},
	}
}

// Codes of the command line's own refusals that the table names.
const (
	codeConfirmNoTerminal    = "confirm.no_terminal"
	codePassphraseNoTerminal = "passphrase.no_terminal"
)

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
