package localapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
)

// dialTime bounds how long the kernel may take to connect.
const dialTime = 5 * time.Second

// Call asks the agent that listens at a socket and runs under an account; nobody
// else there is told anything. Its errors include ErrNobody, ErrOutside,
// ErrStranger and *Refusal. When ctx ends, so does what was asked for.
func Call(ctx context.Context, file string, agent uint32, q Request) (Reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, maxTime+readTime+sendTime, Refuse("silent", "see whether it runs: orgstore service status", "the agent listens and does not answer"))
	defer cancel()
	text, err := json.Marshal(q)
	if err != nil {
		return Reply{}, err
	}
	asked, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return Reply{}, err
	}
	c, err := dial(ctx, file, agent)
	if err != nil {
		return Reply{}, plain(ctx, err)
	}
	defer c.Close()
	t := &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return c, nil }}
	answer, err := t.RoundTrip(asked)
	if err != nil {
		return Reply{}, cut(ctx)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxReply)) // at once: the agent waits for that
	var r Reply
	if err == nil {
		err = json.Unmarshal(said, &r, json.RejectUnknownMembers(true))
	}
	switch {
	case err != nil:
		return Reply{}, cut(ctx)
	case r.Refused != nil:
		return Reply{}, r.Refused
	}
	return r, nil
}

// dial connects, and makes sure that the agent's account listens there: root may
// listen anywhere.
func dial(ctx context.Context, file string, agent uint32) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "unix", file)
	if err != nil {
		return nil, err
	}
	by, err := peer(c)
	if err == nil && by.UID != agent && by.UID != 0 {
		err = ErrStranger
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// cut is the error of a call that was begun and has no whole answer.
func cut(ctx context.Context) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	return Refuse("cut", "the agent's log says more; see in orgstore history whether it was done, then try again",
		"the agent ended the call: it is being stopped, has too many callers, or cannot tell who calls")
}

// plain says in this package's words why nobody can be called.
func plain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ended(ctx)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return ErrNobody
	case errors.Is(err, fs.ErrPermission):
		return ErrOutside
	}
	return err
}

// ended says why a context ended: what it was told, where that is this package's
// word; that somebody pressed Ctrl-C has many.
func ended(ctx context.Context) error {
	if r := (*Refusal)(nil); errors.As(context.Cause(ctx), &r) {
		return r
	}
	return ctx.Err()
}
