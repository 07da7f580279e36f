package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/lock"
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

// A fault is an error with what people and programs need to act on it.
type fault struct {
	exit int
	code string
	hint string
	err  error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// usage is a fault in the words of the command line itself.
func usage(hint, format string, args ...any) error {
	return &fault{exit: exitUsage, code: "usage", hint: hint, err: fmt.Errorf(format, args...)}
}

// problem is any other fault that a command finds itself.
func problem(exit int, code, hint, format string, args ...any) error {
	return &fault{exit: exit, code: code, hint: hint, err: fmt.Errorf(format, args...)}
}

// verdict is the fault's code as readers of packages and licenses know it.
func (f *fault) verdict() verdict.Code { return verdict.Code(f.code) }

// diagnose turns any error into a fault. What nobody foresaw is for doctor to look
// into.
func diagnose(err error) *fault {
	if f := foreseen(err); f != nil {
		return f
	}
	return &fault{exitError, "error", "see what is amiss: orgstore doctor; once that is mended, run the command again", err}
}

// foreseen turns an error that says itself what to do into a fault, and any other
// into nil.
func foreseen(err error) *fault {
	var f *fault
	var refusal *verdict.Refusal
	var held *lock.Held
	var broken *journal.BrokenError
	var edge coded
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.Canceled):
		return &fault{exitCanceled, "canceled", "nothing is lost: run the command again to go on", errors.New("stopped before the end")}
	case errors.As(err, &held):
		return &fault{exitLocked, "locked", held.Hint(), err}
	case errors.Is(err, journal.ErrLost):
		return &fault{exitLocked, "locked", "nothing more was done by this run: look at orgstore history, then run the command again", err}
	case errors.As(err, &broken):
		return &fault{exitLog, "log.inconsistent", "keep the journal's file as it is and find out who changed it; nothing is changed until then", err}
	case errors.As(err, &refusal):
		return &fault{exitOf(refusal.Code()), string(refusal.Code()), refusal.Findings[0].Hint, err}
	case errors.As(err, &edge):
		return &fault{exitOf(verdict.Code(edge.Code())), edge.Code(), edge.Hint(), err}
	}
	return nil
}

// exitOf maps what was found to an exit code.
func exitOf(code verdict.Code) int {
	room, _, _ := strings.Cut(string(code), ".")
	switch {
	case code == "time.clock_back":
		return exitClock
	case room == "signin":
		return exitSignIn
	case room == "lic", room == "ent", room == "time", room == "life", room == "trust", code == plan.CodeLicense:
		return exitLicense
	case room == "pin", code == plan.CodePin, code == plan.CodeNoPackage:
		return exitPin
	case code == plan.CodeNoBaseline, code == plan.CodeRolledBack:
		return exitReview
	case opensByItself(code):
		return exitHeld
	case room == "gate":
		return exitReview
	case code == "op.unknown_outcome", code == plan.CodeWaiting:
		return exitWaiting
	case code == "op.undone", code == "check.failed":
		return exitUndone
	case code == "op.stale":
		return exitStale
	}
	return exitError
}

// opensByItself says that a gate is one of time, or of somebody who said when: a
// change behind it is made later, and that is no error.
func opensByItself(code verdict.Code) bool {
	kind, gate := strings.CutPrefix(string(code), "gate.")
	return gate && (kind == plan.GateHold || plan.Gate{Kind: kind}.ByItself())
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
			return usage(fmt.Sprintf("usage: %s", cmd.UseLine()), "%s takes no arguments, and %q is one", cmd.CommandPath(), args[0])
		case err != nil:
			return usage(fmt.Sprintf("usage: %s", cmd.UseLine()), "%w", err)
		}
		return nil
	}
}
