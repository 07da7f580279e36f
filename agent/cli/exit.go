package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// The exit codes. Other programs read them: they are never changed.
const (
	exitDone     = 0
	exitError    = 1
	exitUsage    = 2
	exitChanges  = 2 // with --detailed-exitcode
	exitSignIn   = 4
	exitLicense  = 10
	exitHeld     = 11
	exitReview   = 12
	exitUndone   = 13
	exitStale    = 14
	exitLocked   = 15
	exitPin      = 16
	exitLog      = 17
	exitWaiting  = 18
	exitClock    = 19
	exitSettings = 20  // of agent run: service managers do not start it again
	exitCanceled = 130 // Ctrl-C, as shells report it
)

// An exitWith is an error that leaves the program with a code of its own.
type exitWith struct {
	code int
	error
}

func (e *exitWith) Unwrap() error { return e.error }

// exitFor returns the code that the program leaves with after an error.
func exitFor(err error, f *fault.Fault) int {
	if own := (*exitWith)(nil); errors.As(err, &own) {
		return own.code
	}
	return max(exitOf(f.Cause()), exitError)
}

// faultExits lists the codes of faults that do not follow from their family.
var faultExits = map[verdict.Code]int{
	fault.CodeUsage: exitUsage, "confirm.no_terminal": exitUsage, "passphrase.no_terminal": exitUsage, "rollback.revision": exitUsage,
	fault.CodeCanceled: exitCanceled, fault.CodeLocked: exitLocked, fault.CodeLog: exitLog,
	"approval.stale": exitStale, "plan.stale": exitStale, "plan.step_gone": exitStale, "settings.moved": exitStale, "op.stale": exitStale,
	"rollback.waiting": exitWaiting, plan.CodeUnclear: exitWaiting, plan.CodeWaiting: exitWaiting,
	"time.clock_back": exitClock,
	plan.CodeLicense:  exitLicense,
	plan.CodePin:      exitPin, plan.CodeNoPackage: exitPin,
	plan.CodeNoBaseline: exitReview, plan.CodeRolledBack: exitReview,
	"op.undone": exitUndone, "check.failed": exitUndone,
	// Whoever makes trust bundles or edits the settings, not what they refuse.
	"trust.ambiguous": exitError, "trust.key_compromised": exitError, "trust.key_not_yet": exitError, "trust.key_retired": exitError,
	"trust.key_use": exitError, "trust.scope": exitError, "trust.threshold": exitError, "trust.unknown": exitError, "pin.unknown": exitError,
}

// exitOf maps the code of what was found to an exit code.
func exitOf(code verdict.Code) int {
	if exit, listed := faultExits[code]; listed {
		return exit
	}
	family := code.Family()
	switch {
	case family == "signin":
		return exitSignIn
	case slices.Contains([]string{"lic", "ent", "time", "life", "trust"}, family):
		return exitLicense
	case family == "pin":
		return exitPin
	case engine.OpensByItself(code):
		return exitHeld
	case family == "gate":
		return exitReview
	}
	return exitError
}

// detailed says whether a command was asked to leave with 0, 1 or 2 alone. It
// reads the command line itself, since its flags may be what was wrong.
func detailed(args []string) bool {
	return slices.Contains(args, "--detailed-exitcode") || slices.Contains(args, "--detailed-exitcode=true")
}

// arguments checks a command's arguments and reports a wrong number as usage.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		switch {
		case err != nil && len(args) > 0 && check(cmd, nil) == nil && check(cmd, args[:1]) != nil:
			return fault.Usage(fmt.Sprintf("usage: %s", cmd.UseLine()), "%s takes no arguments, and %q is one", cmd.CommandPath(), args[0])
		case err != nil:
			return fault.Usage(fmt.Sprintf("usage: %s", cmd.UseLine()), "%w", err)
		}
		return nil
	}
}
