package graph

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// TestLicenseCases: an answer that drips is given up within the patience, and one
// that flows may take longer than that.
func TestLicenseCases(t *testing.T) {
	casetest.Run(t, "H6", func(t *testing.T, report casetest.Report) {
		const patience = 100 * time.Second
		for _, c := range []struct {
			name       string
			perSecond  int
			size       int
			gaveUp     bool
			atMostTook time.Duration
		}{
			{"one byte a second", 1, 10_000, true, patience + 2*time.Second},
			{"32 KiB a second", 32 << 10, 20 << 20, false, time.Hour},
		} {
			t.Run(c.name, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				clock := &pacedClock{}
				began := clock.now
				b := &body{remaining: 256 << 20, limit: 256 << 20, stallTimeout: patience, clock: clock, ctx: ctx, cancel: cancel, release: func() {},
					ReadCloser: &pacedReader{ctx, clock, c.perSecond, time.Second, c.size}}
				read, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, b, make([]byte, 64<<10)) // io.Discard alone reads 8 KiB at a time
				if errors.Is(err, errTooSlow) != c.gaveUp || clock.now.Sub(began) > c.atMostTook {
					t.Errorf("%d bytes in %s: %v", read, clock.now.Sub(began), err)
				}
				if err == nil && read == int64(c.size) {
					report(verdict.Accept, "")
				}
			})
		}
	})
}
