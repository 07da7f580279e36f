package replay

import (
	"errors"
	"fmt"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
)

// The codes of what replaying refuses.
const (
	codeShape   verdict.Code = "recorded.shape"   // an answer looks otherwise than recorded
	codeEntry   verdict.Code = "recorded.entry"   // the list's entry is not the expected one
	codeOff     verdict.Code = "recorded.off"     // changing was not accepted
	codeMissing verdict.Code = "recorded.missing" // the recipe does not say how
	codeVerify  verdict.Code = "recorded.verify"  // the list does not show what was changed
	codeValue   verdict.Code = "recorded.value"   // a value that cannot be sent in its place
	codeAnswer  verdict.Code = "recorded.answer"  // no answer
)

// An Error says that a change may have been made, or partly: a request that
// changes was sent. What is known to have changed nothing is a *verdict.Refusal.
type Error struct {
	code    verdict.Code
	message string
	hint    string
	err     error
}

// Error tells what happened.
func (e *Error) Error() string { return e.message }

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.err }

// Code returns the error's stable code.
func (e *Error) Code() string { return string(e.code) }

// Hint says what a person can do.
func (e *Error) Hint() string { return e.hint }

func refuse(code verdict.Code, hint, format string, args ...any) *verdict.Refusal {
	return verdict.Refuse(code, fmt.Sprintf(format, args...), hint)
}

// newStrangeError is the error of an answer that looks otherwise than recorded.
func newStrangeError(format string, args ...any) *store.StrangeError {
	return &store.StrangeError{Reason: codeShape, Message: fmt.Sprintf(format, args...),
		Advice: "the portal changed, or the sign-in was refused; nothing was tried again. Record again, learn, and approve the new recipe"}
}

// withSent turns an error into one that says what was sent, once that may have
// changed something.
func withSent(sent string, err error) error {
	var odd *store.StrangeError
	var r *verdict.Refusal
	switch {
	case errors.As(err, &odd):
		return &store.StrangeError{Sent: true, Reason: odd.Reason,
			Message: fmt.Sprintf("%s was sent, and then %s; the visual may have changed, and nothing is repeated", sent, odd.Message),
			Advice:  "before orgstore may change anything there again, record anew, `orgstore store learn`, and approve the new recipe"}
	case errors.As(err, &r):
		return &Error{code: r.Code(), message: fmt.Sprintf("%s; %s was sent before, so the visual may have changed", r.Error(), sent),
			hint: "look at the visual in the portal; orgstore repeats nothing by itself"}
	}
	return err
}
