package operation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/verdict"
)

// MaxAnswer bounds an answer, in bytes: the history of some ten thousand changes.
const MaxAnswer = 16 << 20

// An Answer is what came of an operation, as it goes from program to program.
type Answer struct {
	// Result is the operation's own; nothing if there is none. What is asked of a
	// person first is a part of it.
	Result     jsontext.Value `json:"result,omitempty"`
	Notes      []string       `json:"notes,omitempty"`
	Incomplete []string       `json:"incomplete,omitempty"`
	Fault      *Fault         `json:"fault,omitempty"`
}

// A Fault is an error, as it goes from program to program.
type Fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	// Cause is the code of what lies behind, if Code does not tell.
	Cause string `json:"cause,omitempty"`
}

func faultOf(err error) *Fault {
	f := fault.Of(err)
	return &Fault{Code: f.Code, Message: f.Error(), Hint: f.Hint, Cause: string(f.Because)}
}

// err turns a fault into the error that it was.
func (f *Fault) err() error {
	if f == nil {
		return nil
	}
	return &fault.Fault{Code: f.Code, Hint: f.Hint, Err: errors.New(f.Message), Because: verdict.Code(f.Cause)}
}

// failed is the answer of an operation that was not begun.
func failed(err error) Answer { return Answer{Fault: faultOf(err)} }

func otherVersion(format string, args ...any) error {
	return fault.New("socket.version", "let both be of one version: after an update start the agent again, with orgstore service stop and start",
		"the agent that runs is of another version of orgstore than this program: "+format, args...)
}

// carryOut reads a request, carries out the operation, and writes the result.
func (o Operation[Request, Result]) carryOut(ctx context.Context, i Installation, request []byte) Answer {
	var r Request
	if err := json.Unmarshal(request, &r, json.RejectUnknownMembers(true)); err != nil {
		return failed(otherVersion("it does not understand the request for %q: %w", o.Name, err))
	}
	out, err := o.Run(ctx, i, r)
	a := Answer{Notes: out.Notes, Incomplete: out.Incomplete}
	if err != nil {
		a.Fault = faultOf(err)
	}
	if err != nil && reflect.ValueOf(out.Result).IsZero() {
		return a
	}
	var text bounded
	switch err := json.MarshalWrite(&text, out.Result, jsontext.AllowInvalidUTF8(true), json.Deterministic(true)); {
	case text.isFull:
		return failed(fault.New("socket.too_long", "ask for less: one visual, or one store", "the answer is longer than %d bytes", MaxAnswer))
	case err != nil:
		return failed(err)
	}
	a.Result = text.Bytes()
	return a
}

// outcome reads what an answer says of the operation.
func (o Operation[Request, Result]) outcome(a Answer) (Outcome[Result], error) {
	out := Outcome[Result]{Notes: a.Notes, Incomplete: a.Incomplete}
	if len(a.Result) > 0 {
		if err := json.Unmarshal(a.Result, &out.Result, json.RejectUnknownMembers(true)); err != nil {
			return Outcome[Result]{}, otherVersion("this program does not understand its answer to %q: %w", o.Name, err)
		}
	}
	return out, a.Fault.err()
}

// A bounded buffer refuses what is too long.
type bounded struct {
	bytes.Buffer
	isFull bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.isFull = b.isFull || b.Len()+len(p) > MaxAnswer; b.isFull {
		return 0, fmt.Errorf("more than %d bytes", MaxAnswer)
	}
	return b.Buffer.Write(p)
}
