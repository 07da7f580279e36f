package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/verdict"
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

// exitOf maps the code of what was found to an exit code: the one that lists the code
// itself, or the one of gates and families that it belongs to.
func exitOf(code verdict.Code) int {
	all := exitCodes()
	if i := slices.IndexFunc(all, func(e exitCode) bool { return slices.Contains(e.codes, code) }); i >= 0 {
		return all[i].Code
	}
	if engine.OpensByItself(code) {
		return exitHeld
	}
	if i := slices.IndexFunc(all, func(e exitCode) bool { return slices.Contains(e.families, code.Family()) }); i >= 0 {
		return all[i].Code
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
