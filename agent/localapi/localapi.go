// Package localapi lets the people of a machine be served by the agent that runs
// there, each under an account of their own: the agent listens on a Unix socket,
// and the kernel says who calls. Who may call is the socket's group, which the
// kernel checks too. It does not know what callers ask for, nor what they may.
//
// A call is one HTTP request, and its answer is whole before the first byte of it
// is sent: nothing of the agent waits for a caller.
package localapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The protocol's number is in its path: a request of another is told from one
// that is broken.
const (
	path    = "/v2/operation"
	address = "http://orgstore" + path
)

const (
	// maxRequest bounds a request, in bytes: a reason is a sentence or two.
	maxRequest = 64 << 10
	// MaxAnswer bounds an answer, in bytes: results of the engine are half of it at
	// most.
	MaxAnswer = 32 << 20
	// maxReply is an answer and what is around it.
	maxReply = MaxAnswer + 1<<16
	// maxTime is how long a caller may take, waiting in the line included.
	maxTime = 5 * time.Minute
	// readTime is how long a request may take to arrive: it is sent at once. sendTime is
	// how long an answer may take to be taken, stopTime how long calls keep the agent
	// from ending.
	readTime = 3 * time.Second
	sendTime = 30 * time.Second
	stopTime = 5 * time.Second
	// atOnce is how many callers are served at the same time, eachAtOnce how many
	// of one account. Each reads the whole journal into memory.
	atOnce     = 4
	eachAtOnce = 2
	// maxCallers bounds those who are served or wait, maxEach those of one account: a
	// fifth, so that a few accounts cannot keep all others out.
	maxCallers = 500
	maxEach    = 100
)

// A Caller is an account of this machine, as the kernel says.
type Caller struct {
	UID uint32
	PID int32 // for people who read logs; it may be another's by now
}

// A Request asks for an operation. Nothing in it says who asks.
type Request struct {
	Settings  string         `json:"settings"` // digest of those the caller goes by
	Operation string         `json:"operation"`
	Request   jsontext.Value `json:"request"` // the operation's own
}

// A Reply is what came of an operation, in the operation's own form.
type Reply struct {
	Answer  jsontext.Value `json:"answer,omitempty"`
	Refused *Refusal       `json:"refused,omitempty"` // then there is nothing else
}

// A Refusal says why a call is not served, and what to do.
type Refusal struct {
	Reason   string `json:"code"`
	Sentence string `json:"message"`
	Advice   string `json:"hint"`
}

// Refuse makes one. The code is that of the error, without the room in front.
func Refuse(code, hint, format string, args ...any) *Refusal {
	return &Refusal{"socket." + code, fmt.Sprintf(format, args...), hint}
}

func (r *Refusal) Error() string { return r.Sentence }

// Code is stable.
func (r *Refusal) Code() string { return r.Reason }

// Hint is what to do.
func (r *Refusal) Hint() string { return r.Advice }

// What keeps a call from being made.
var (
	// ErrNobody: no agent listens there.
	ErrNobody = errors.New("no agent answers")
	// ErrOutside: the caller is not in the socket's group.
	ErrOutside = errors.New("the socket is closed to this account")
	// ErrTaken: another agent listens there.
	ErrTaken = errors.New("another agent listens there")
	// ErrStranger: another account than the agent's listens there.
	ErrStranger = errors.New("another account than the agent's listens there")
)

// parse reads a request. Members that it does not know are refused: who wrote
// them means something by them.
func parse(r io.Reader) (Request, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxRequest+1))
	if err != nil {
		return Request{}, err
	}
	if len(text) > maxRequest {
		return Request{}, fmt.Errorf("it is larger than %d bytes", maxRequest)
	}
	var q Request
	err = json.UnmarshalRead(bytes.NewReader(text), &q, json.RejectUnknownMembers(true))
	return q, err
}
