package graph

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

// A pacedReader gives some bytes at each read, which takes some time.
type pacedReader struct {
	ctx       context.Context
	clock     *pacedClock
	perRead   int
	readTime  time.Duration
	remaining int
}

func (p *pacedReader) Close() error { return nil }

func (p *pacedReader) Read(b []byte) (int, error) {
	p.clock.advance(p.readTime)
	if p.ctx.Err() != nil {
		return 0, p.ctx.Err()
	}
	n := min(p.perRead, p.remaining, len(b))
	if n == 0 {
		return 0, io.EOF
	}
	p.remaining -= n
	return n, nil
}

// pacedClock is a clock with one timer.
type pacedClock struct {
	stepClock
	at time.Time
	f  func()
}

func (p *pacedClock) advance(d time.Duration) {
	p.now = p.now.Add(d)
	if p.f != nil && !p.now.Before(p.at) {
		p.f()
	}
}

func (p *pacedClock) AfterFunc(d time.Duration, f func()) func() bool {
	p.at, p.f = p.now.Add(d), f
	return func() bool { p.f = nil; return true }
}

func TestAnswersMustFlow(t *testing.T) {
	for _, c := range []struct {
		name           string
		bytes, all     int
		takes, between time.Duration
		want           error
	}{
		{"at once", 1000, 1000, 0, 0, nil},
		{"slow, and over within the patience", 1, 90, time.Second, 0, nil},
		{"a slow drip", 1, 1000, time.Second, 0, errTooSlow},
		{"one long pause", 1, 1, 101 * time.Second, 0, errTooSlow},
		{"hours, and flowing", 32 << 10, 200 << 20, time.Second, 0, nil},
		{"a slow reader", 1, 1000, 0, time.Hour, nil},
		{"too much", 1000, 300 << 20, 0, 0, &tooLargeError{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			k := &pacedClock{}
			left := 0
			b := &body{remaining: 256 << 20, limit: 256 << 20, stallTimeout: 100 * time.Second, clock: k, ctx: ctx, cancel: cancel, release: func() { left++ },
				ReadCloser: &pacedReader{ctx, k, c.bytes, c.takes, c.all}}
			buffer := make([]byte, 64<<10)
			read, err := 0, error(nil)
			for err == nil {
				var n int
				n, err = b.Read(buffer)
				read += n
				k.advance(c.between)
			}
			var large *tooLargeError
			switch {
			case c.want == nil && (err != io.EOF || read != c.all),
				errors.Is(c.want, errTooSlow) && !errors.Is(err, errTooSlow),
				errors.As(c.want, &large) && (!errors.As(err, &large) || read != 256<<20):
				t.Errorf("read %d: %v", read, err)
			}
			if left == 0 {
				t.Error("the place was not given back")
			}
		})
	}
}
