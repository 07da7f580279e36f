// Package fault holds the error that orgstore shows to people and programs: what
// went wrong, a stable code, and what to do about it. It knows no exit codes: those
// belong to the command line.
package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/packages/disk/statefile"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/verdict"
)

// The codes that belong to no package of their own. They are stable.
const (
	CodeUnknown  = "error"            // nobody foresaw it
	CodeUsage    = "usage"            // the request itself is wrong
	CodeCanceled = "canceled"         // stopped before its end, by Ctrl-C for one
	CodeLocked   = "locked"           // another process is changing the stores
	CodeLog      = "log.inconsistent" // the audit log is broken
)

// CodeLicense is the cause of what is refused because of its license, whatever
// the fault itself is called.
const CodeLicense verdict.Code = "lic.refused"

// FamilySignIn is the family of the codes of whoever could not sign in to the tenant.
const FamilySignIn = "signin"

// LicenseFamilies lists the families of codes that say that a license was refused, or
// whom nobody trusts. The code of a clock that went back is of them, and is neither.
func LicenseFamilies() []string { return []string{"lic", "ent", "time", "life", "trust"} }

// A Fault is an error with all that people and programs need to act on it.
type Fault struct {
	// Code names the fault for programs. It is stable.
	Code string
	// Hint says what to do; empty if there is nothing to do.
	Hint string
	Err  error
	// Because is the code of what lies behind, if Code does not tell: a saved plan
	// that fails because a license has ended, for one.
	Because verdict.Code
}

// New returns a fault with a code and a hint. The rest is as in fmt.Errorf.
func New(code, hint, format string, args ...any) *Fault {
	return &Fault{Code: code, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// Usage returns the fault of a request that is wrong in itself: a name that does
// not exist, a value that cannot be read.
func Usage(hint, format string, args ...any) *Fault {
	return New(CodeUsage, hint, format, args...)
}

// DueTo returns the fault with the code of what lies behind it.
func (f *Fault) DueTo(cause verdict.Code) *Fault {
	g := *f
	g.Because = cause
	return &g
}

// Error returns the message alone.
func (f *Fault) Error() string { return f.Err.Error() }

// Unwrap returns the error behind the message.
func (f *Fault) Unwrap() error { return f.Err }

// Verdict returns the code as readers of packages and licenses know it.
func (f *Fault) Verdict() verdict.Code { return verdict.Code(f.Code) }

// Cause returns the code that says what kind of fault it is: Because, or Code.
func (f *Fault) Cause() verdict.Code {
	if f.Because != "" {
		return f.Because
	}
	return f.Verdict()
}

// IsSignIn reports whether nobody could sign in to the tenant.
func (f *Fault) IsSignIn() bool { return f.Cause().Family() == FamilySignIn }

// IsLicense reports whether a license was refused.
func (f *Fault) IsLicense() bool {
	return f.Cause() != license.CodeClockBack && slices.Contains(LicenseFamilies(), f.Cause().Family())
}

// An edgeError is the error of a driver that reaches the world outside: it has a
// stable code and says what to do.
type edgeError interface {
	error
	Code() string
	Hint() string
}

// Of turns any error into a fault. What nobody foresaw is for doctor to look into.
func Of(err error) *Fault {
	if f := Known(err); f != nil {
		return f
	}
	return &Fault{Code: CodeUnknown, Hint: "see what is amiss: orgstore doctor; once that is mended, run the command again", Err: err}
}

// Known turns an error that says itself what to do into a fault, and any other
// into nil.
func Known(err error) *Fault {
	var f *Fault
	var refusal *verdict.Refusal
	var held *lock.Held
	var broken *journal.BrokenError
	var newer *statefile.NewerError
	var edge edgeError
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.Canceled):
		return &Fault{Code: CodeCanceled, Hint: "nothing is lost: run the command again to go on", Err: errors.New("stopped before the end")}
	case errors.As(err, &held):
		return &Fault{Code: CodeLocked, Hint: held.Hint(), Err: err}
	case errors.Is(err, journal.ErrLost):
		return &Fault{Code: CodeLocked, Hint: "nothing more was done by this run: look at orgstore history, then run the command again", Err: err}
	case errors.As(err, &broken):
		return &Fault{Code: CodeLog, Hint: "keep the journal's file as it is and find out who changed it; nothing is changed until then", Err: err}
	case errors.As(err, &refusal):
		return &Fault{Code: string(refusal.Code()), Hint: refusal.Findings[0].Hint, Err: err}
	case errors.As(err, &newer):
		return &Fault{Code: CodeUnknown, Hint: newer.Hint(), Err: err}
	case errors.As(err, &edge):
		return &Fault{Code: edge.Code(), Hint: edge.Hint(), Err: err}
	}
	return nil
}
