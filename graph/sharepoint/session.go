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
	// defaultPartSize is how much is sent at a time: a multiple of 320 KiB, of
	// the size that is recommended for good connections (documented:
	// createUploadSession).
	defaultPartSize = 10 << 20
	// maxSessions bounds how often an upload starts over.
	maxSessions = 3
	// maxStalls bounds how often a session is asked for its progress without
	// having made any.
	maxStalls = 5
	// maxSessionAnswer bounds an answer of an upload session, in bytes.
	maxSessionAnswer = 1 << 20
	// cancelTimeout bounds the time to cancel a session.
	cancelTimeout = 10 * time.Second
)

// errSessionEnded says that a session no longer exists, or that it has all
// bytes and did not answer.
var errSessionEnded = errors.New("the upload session has ended")

// sendInParts sends the file through upload sessions. If a session has ended,
// the file may have arrived with it. If it has not, the upload starts over.
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

// sendParts sends part after part. After anything but a clear answer it asks
// the session for its progress.
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
				return itemFacts{}, errors.New("the upload makes no progress")
			}
		}
		at = next
	}
}

// canContinueAfter reports whether a session may continue after a status; 0
// means no answer.
func canContinueAfter(status int) bool {
	return status == 0 || status == http.StatusRequestedRangeNotSatisfiable || status == http.StatusTooManyRequests || status >= 500 && status != http.StatusInsufficientStorage
}

// putPart sends one part. The status is 0 if there was no answer.
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

// askProgress asks a session which byte it needs next.
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

// cancelSession tries to cancel a session. Otherwise the bytes that were sent
// would count against the library's quota until the session expires.
func (u *upload) cancelSession(ctx context.Context, address string) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer done()
	req, err := newPreauthenticatedRequest(ctx, http.MethodDelete, address, nil)
	if err != nil {
		return
	}
	_, _, _ = u.doSessionRequest(req, "DELETE the upload of "+u.name)
}

// A sessionProgress is the answer of a session: its progress, or the file that
// it created.
type sessionProgress struct {
	Ranges []string `json:"nextExpectedRanges"`
	driveItem
}

// toFacts returns the facts of the file. It is a file even if the answer does
// not say so.
func (p sessionProgress) toFacts() itemFacts {
	f := p.driveItem.toFacts()
	f.isFile = true
	return f
}

// nextOffset returns the first missing byte. The ranges need not be complete.
// No range means that nothing is left to send.
func (p sessionProgress) nextOffset(size int64) (int64, error) {
	first := size
	for _, r := range p.Ranges {
		start, _, _ := strings.Cut(r, "-")
		n, err := strconv.ParseInt(start, 10, 64)
		if err != nil || n < 0 || n > size {
			return 0, errors.New("the upload session asks for an invalid range")
		}
		first = min(first, n)
	}
	if first == size {
		return 0, errSessionEnded
	}
	return first, nil
}
