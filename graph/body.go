package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

var (
	// errTooSlow says that hardly any byte came.
	errTooSlow = errors.New("the answer did not come in time")
	// errBrokenOff says that an answer ended too early.
	errBrokenOff = errors.New("the answer was cut off")
)

// A tooLargeError says that an answer is larger than allowed.
type tooLargeError struct{ limit int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d bytes, the most that is accepted", e.limit)
}

// A body is an answer that is bounded in size and time. It releases its
// request's places when it has been read or closed.
type body struct {
	io.ReadCloser
	remaining, limit int64
	read             int64
	readTime         time.Duration // time within Read only: a slow reader is not a slow answer
	stallTimeout     time.Duration
	clock            Clock
	ctx              context.Context
	cancel           context.CancelCauseFunc
	release          func()
}

// Read reads on. An answer may take the stall timeout once, and in addition as
// long as its bytes need at minBytesPerSecond.
func (b *body) Read(p []byte) (int, error) {
	if b.remaining < 0 {
		return 0, &tooLargeError{b.limit}
	}
	if int64(len(p)) > b.remaining+1 {
		p = p[:b.remaining+1] // one more, to tell a complete answer from a longer one
	}
	allowed := b.stallTimeout + time.Duration(b.read/minBytesPerSecond)*time.Second - b.readTime
	stop := afterFunc(b.clock, max(allowed, 0), func() { b.cancel(errTooSlow) })
	began := b.clock.Now()
	n, err := b.ReadCloser.Read(p)
	b.readTime += b.clock.Now().Sub(began)
	stop()
	b.read, b.remaining = b.read+int64(n), b.remaining-int64(n)
	switch {
	case b.remaining < 0:
		b.Close()
		return n - 1, &tooLargeError{b.limit}
	case err == io.EOF:
		b.release()
		return n, io.EOF
	case err != nil:
		b.release()
		return n, b.readError(err)
	}
	return n, nil
}

// readError says why reading failed.
func (b *body) readError(err error) error {
	cause := context.Cause(b.ctx)
	switch {
	case errors.Is(cause, errTooSlow):
		return errTooSlow
	case cause != nil:
		return cause
	}
	return fmt.Errorf("%w: %w", errBrokenOff, unwrapURLError(err))
}

// Close releases what the body holds.
func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	b.release()
	return err
}

// maxErrorBody is how much is read of an answer with an error status.
const maxErrorBody = 1 << 20

// buffer reads answers whole if their reader would do so anyway, so that a
// broken one can be requested again: errors and JSON. All other answers are
// streamed.
func (b *body) buffer(resp *http.Response) error {
	resp.Body = b
	refusal := resp.StatusCode >= 400
	switch {
	case resp.Request.Method == http.MethodHead:
		return nil
	case !refusal && resp.ContentLength > b.limit:
		b.Close()
		return &tooLargeError{b.limit}
	case !refusal && !isJSON(resp):
		return nil
	}
	defer b.Close()
	var from io.Reader = b
	if refusal {
		from = io.LimitReader(b, maxErrorBody)
	}
	kept, err := io.ReadAll(from)
	if err != nil && !refusal {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(kept)) // for an error, the status says most
	return nil
}

func isJSON(resp *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return kind == "application/json" || strings.HasSuffix(kind, "+json")
}
