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
	// defaultPartSize is how much is sent at a time: a multiple of 320 KiB, and what is
	// advised for good links (documented: createUploadSession).
	defaultPartSize = 10 << 20
	// maxSessions bounds how often an upload starts over.
	maxSessions = 3
	// maxStalls bounds how often a session is asked how far it is without
	// having come further.
	maxStalls = 5
	// maxSessionAnswer bounds an answer of an upload session, in bytes.
	maxSessionAnswer = 1 << 20
	// cancelTimeout is how long taking a session back may take.
	cancelTimeout = 10 * time.Second
)

// errSessionEnded says that a session is gone, or has all the bytes and no answer.
var errSessionEnded = errors.New("the upload session has ended")

// sendInParts sends the file through upload sessions: where one is gone, the file
// may have arrived with it, or else it starts over.
func (u *upload) sendInParts(ctx context.Context) (itemFacts, error) {
	for range maxSessions {
		address, err := u.openSession(ctx)
		if err != nil {
			return itemFacts{}, err
		}
		f, err := u.sendParts(ctx, address)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, errSessionEnded) {
			u.cancelSession(ctx, address)
			return itemFacts{}, err
		}
		if f, same, err := u.findExisting(ctx); same || err != nil {
			return f, err
		}
	}
	return itemFacts{}, fmt.Errorf("the upload was cut off %d times", maxSessions)
}

// sendParts sends part after part. After anything but a clear answer the session is
// asked how far it is.
func (u *upload) sendParts(ctx context.Context, address string) (itemFacts, error) {
	at, stalls := int64(0), 0
	for {
		answer, status, err := u.putPart(ctx, address, at)
		if ctx.Err() != nil {
			return itemFacts{}, ctx.Err()
		}
		var next int64
		switch {
		case err == nil && (status == http.StatusOK || status == http.StatusCreated):
			return answer.toFacts(), nil
		case err == nil && status == http.StatusAccepted:
			next, err = answer.nextOffset(u.size)
		case canContinueAfter(status):
			next, err = u.askProgress(ctx, address)
		}
		if err != nil {
			return itemFacts{}, err
		}
		if next <= at {
			if stalls++; stalls > maxStalls {
				return itemFacts{}, errors.New("the upload does not go on")
			}
		}
		at = next
	}
}

// canContinueAfter says whether a session may go on after a status; 0 is no answer.
func canContinueAfter(status int) bool {
	return status == 0 || status == http.StatusRequestedRangeNotSatisfiable || status == http.StatusTooManyRequests || status >= 500 && status != http.StatusInsufficientStorage
}

// putPart sends one part. Its status is 0 where there was no answer.
func (u *upload) putPart(ctx context.Context, address string, at int64) (sessionProgress, int, error) {
	size := min(u.library.partSize, u.size-at)
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(u.content, at, size)), nil
	}
	body, _ := open()
	req, err := newPreauthenticatedRequest(ctx, http.MethodPut, address, body)
	if err != nil {
		return sessionProgress{}, http.StatusBadRequest, err
	}
	req.ContentLength, req.GetBody = size, open
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, at+size-1, u.size))
	return u.doSessionRequest(req, "PUT a part of "+u.name)
}

// askProgress asks a session how far it is.
func (u *upload) askProgress(ctx context.Context, address string) (int64, error) {
	req, err := newPreauthenticatedRequest(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	answer, _, err := u.doSessionRequest(req, "GET the progress of "+u.name)
	if err != nil {
		return 0, err
	}
	return answer.nextOffset(u.size)
}

// doSessionRequest sends a request without a token and reads the answer.
func (u *upload) doSessionRequest(req *http.Request, op string) (sessionProgress, int, error) {
	resp, err := u.library.conn.PlainClient().Do(req)
	if err != nil {
		return sessionProgress{}, 0, graph.WrapError(graph.Graph, op, err)
	}
	defer resp.Body.Close()
	status := resp.StatusCode
	switch err := graph.CheckResponse(graph.Graph, op, resp); {
	case status == http.StatusNotFound:
		return sessionProgress{}, status, errSessionEnded
	case err != nil:
		return sessionProgress{}, status, wrapConflict(err)
	}
	var p sessionProgress
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxSessionAnswer))
	if err != nil {
		return sessionProgress{}, 0, graph.WrapError(graph.Graph, op, err)
	}
	if err := json.Unmarshal(b, &p); err != nil && len(b) > 0 {
		return sessionProgress{}, 0, fmt.Errorf("the answer to %s cannot be read", op)
	}
	return p, status, nil
}

// cancelSession takes a session back, as far as that is possible: what was sent would
// otherwise count against the library's quota until the session expires.
func (u *upload) cancelSession(ctx context.Context, address string) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer done()
	req, err := newPreauthenticatedRequest(ctx, http.MethodDelete, address, nil)
	if err != nil {
		return
	}
	_, _, _ = u.doSessionRequest(req, "DELETE the upload of "+u.name)
}

// A sessionProgress is what a session answers: how far it is, or the file it made.
type sessionProgress struct {
	Ranges []string `json:"nextExpectedRanges"`
	driveItem
}

// toFacts are of a file, whether or not the answer says so: one was sent.
func (p sessionProgress) toFacts() itemFacts {
	f := p.driveItem.toFacts()
	f.isFile = true
	return f
}

// nextOffset is the first byte that is missing. Ranges need not be complete, and none
// says that there is nothing left to send.
func (p sessionProgress) nextOffset(size int64) (int64, error) {
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
		return 0, errSessionEnded
	}
	return first, nil
}
