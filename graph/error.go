package graph

import (
	"net/http"
	"time"
)

// An Error is an answer that says no, or none at all. It never holds a token,
// a secret or a URL's query.
type Error struct {
	Service         Service
	Op              string // as "GET /v1.0/organization"
	Status          int    // 0: there was no answer
	ErrCode         string // the service's own code, as itemNotFound
	Message         string // the service's own words, shortened
	RequestID       string
	ClientRequestID string
	RetryAfter      time.Duration // how long the service asked to wait; 0: it did not
	Err             error         // what went wrong below; may be nil
}

// Error says it in one line.
func (e *Error) Error() string { return e.Op }

// Unwrap returns what went wrong below.
func (e *Error) Unwrap() error { return e.Err }

// Code is stable: graph.denied, graph.missing, graph.throttled,
// graph.unreachable, graph.too_large, graph.canceled or graph.invalid.
func (e *Error) Code() string { return "graph.invalid" }

// Hint says what to do about it, or is empty.
func (e *Error) Hint() string { return "" }

// A SignInError says that signing in failed, and what is missing.
type SignInError struct {
	AADSTS        string // Entra's code without its prefix, as 7000215; empty if there was none
	CorrelationID string // for Microsoft's support and the sign-in log
	code, message string
	hint          string
	err           error
}

// Error says it in one line, without tokens, secrets and assertions.
func (e *SignInError) Error() string { return e.message }

// Unwrap returns what went wrong below, if that holds no secret.
func (e *SignInError) Unwrap() error { return e.err }

// Code is stable and begins with "signin.".
func (e *SignInError) Code() string { return e.code }

// Hint names the permission, role or setting that is missing.
func (e *SignInError) Hint() string { return e.hint }

// Trouble turns an error of one of the connection's clients into an *Error or a
// *SignInError that shows no URL. It returns nil for nil.
func Trouble(s Service, op string, err error) error { return err }

// Refusal reads, bounded, and closes an answer that says no, and returns it as
// an *Error. It returns nil for an answer that says yes, and leaves that open.
func Refusal(s Service, op string, resp *http.Response) error { return nil }
