package sharepoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/graph"
)

const (
	// part is how much is sent at a time: a multiple of 320 KiB, and what is
	// advised for good links (documented: createUploadSession).
	part = 10 << 20
	// mostSessions bounds how often an upload starts over.
	mostSessions = 3
	// mostStalls bounds how often a session is asked how far it is without
	// having come further.
	mostStalls = 5
	// mostAnswer bounds an answer of an upload session, in bytes.
	mostAnswer = 1 << 20
	// cancelPatience is how long taking a session back may take.
	cancelPatience = 10 * time.Second
)

// errOver says that a session is gone, or has all the bytes and no answer.
var errOver = errors.New("the upload session has ended")

// inParts sends the file through upload sessions: where one is gone, the file
// may have arrived with it, or else it starts over.
func (u *upload) inParts(ctx context.Context) (facts, error) {
	for range mostSessions {
		address, err := u.begin(ctx)
		if err != nil {
			return facts{}, err
		}
		f, err := u.send(ctx, address)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, errOver) {
			u.cancel(ctx, address)
			return facts{}, err
		}
		if f, same, err := u.there(ctx); same || err != nil {
			return f, err
		}
	}
	return facts{}, fmt.Errorf("the upload was cut off %d times", mostSessions)
}

// send sends part after part. After anything but a clear answer the session is
// asked how far it is.
func (u *upload) send(ctx context.Context, address string) (facts, error) {
	at, stalls := int64(0), 0
	for {
		answer, status, err := u.put(ctx, address, at)
		if ctx.Err() != nil {
			return facts{}, ctx.Err()
		}
		var next int64
		switch {
		case err == nil && (status == http.StatusOK || status == http.StatusCreated):
			return answer.facts(), nil
		case err == nil && status == http.StatusAccepted:
			next, err = answer.next(u.size)
		case passing(status):
			next, err = u.ask(ctx, address)
		}
		if err != nil {
			return facts{}, err
		}
		if next <= at {
			if stalls++; stalls > mostStalls {
				return facts{}, errors.New("the upload does not go on")
			}
		}
		at = next
	}
}

// passing says whether a session may go on after a status; 0 is no answer.
func passing(status int) bool {
	return status == 0 || status == http.StatusRequestedRangeNotSatisfiable || status == http.StatusTooManyRequests || status >= 500 && status != http.StatusInsufficientStorage
}

// put sends one part. Its status is 0 where there was no answer.
func (u *upload) put(ctx context.Context, address string, at int64) (progress, int, error) {
	size := min(u.l.part, u.size-at)
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(u.bytes, at, size)), nil
	}
	body, _ := open()
	req, err := preauthenticated(ctx, http.MethodPut, address, body)
	if err != nil {
		return progress{}, http.StatusBadRequest, err
	}
	req.ContentLength, req.GetBody = size, open
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, at+size-1, u.size))
	return u.exchange(req, "PUT a part of "+u.name)
}

// ask asks a session how far it is.
func (u *upload) ask(ctx context.Context, address string) (int64, error) {
	req, err := preauthenticated(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	answer, _, err := u.exchange(req, "GET the progress of "+u.name)
	if err != nil {
		return 0, err
	}
	return answer.next(u.size)
}

// exchange sends a request without a token and reads the answer.
func (u *upload) exchange(req *http.Request, op string) (progress, int, error) {
	resp, err := u.l.conn.PlainClient().Do(req)
	if err != nil {
		return progress{}, 0, graph.WrapError(graph.Graph, op, err)
	}
	defer resp.Body.Close()
	status := resp.StatusCode
	switch err := graph.CheckResponse(graph.Graph, op, resp); {
	case status == http.StatusNotFound:
		return progress{}, status, errOver
	case err != nil:
		return progress{}, status, taken(err)
	}
	var p progress
	b, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return progress{}, 0, graph.WrapError(graph.Graph, op, err)
	}
	if err := json.Unmarshal(b, &p); err != nil && len(b) > 0 {
		return progress{}, 0, fmt.Errorf("the answer to %s cannot be read", op)
	}
	return p, status, nil
}

// cancel takes a session back, as far as that is possible: what was sent would
// otherwise count against the library's quota until the session expires.
func (u *upload) cancel(ctx context.Context, address string) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), cancelPatience)
	defer done()
	req, err := preauthenticated(ctx, http.MethodDelete, address, nil)
	if err != nil {
		return
	}
	_, _, _ = u.exchange(req, "DELETE the upload of "+u.name)
}

// A progress is what a session answers: how far it is, or the file it made.
type progress struct {
	Ranges []string `json:"nextExpectedRanges"`
	driveItem
}

// facts are of a file, whether or not the answer says so: one was sent.
func (p progress) facts() facts {
	f := p.driveItem.facts()
	f.file = true
	return f
}

// next is the first byte that is missing. Ranges need not be complete, and none
// says that there is nothing left to send.
func (p progress) next(size int64) (int64, error) {
	first := size
	for _, r := range p.Ranges {
		start, _, _ := strings.Cut(r, "-")
		n, err := strconv.ParseInt(start, 10, 64)
		if err != nil || n < 0 || n > size {
			return 0, errors.New("the upload session asks for a range that is none")
		}
		first = min(first, n)
	}
	if first == size {
		return 0, errOver
	}
	return first, nil
}
