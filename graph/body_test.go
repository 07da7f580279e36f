package graph

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

// A pace gives some bytes at each read, which takes some time.
type pace struct {
	ctx   context.Context
	clock *paced
	bytes int
	takes time.Duration
	left  int
}

func (p *pace) Close() error { return nil }

func (p *pace) Read(b []byte) (int, error) {
	p.clock.pass(p.takes)
	if p.ctx.Err() != nil {
		return 0, p.ctx.Err()
	}
	n := min(p.bytes, p.left, len(b))
	if n == 0 {
		return 0, io.EOF
	}
	p.left -= n
	return n, nil
}

// paced is a clock with one timer.
type paced struct {
	steps
	at time.Time
	f  func()
}

func (p *paced) pass(d time.Duration) {
	p.now = p.now.Add(d)
	if p.f != nil && !p.now.Before(p.at) {
		p.f()
	}
}

func (p *paced) AfterFunc(d time.Duration, f func()) func() bool {
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
		{"a slow drip", 1, 1000, time.Second, 0, errSlow},
		{"one long pause", 1, 1, 101 * time.Second, 0, errSlow},
		{"hours, and flowing", 32 << 10, 200 << 20, time.Second, 0, nil},
		{"a slow reader", 1, 1000, 0, time.Hour, nil},
		{"too much", 1000, 300 << 20, 0, 0, &tooLargeError{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			k := &paced{}
			left := 0
			b := &body{left: 256 << 20, limit: 256 << 20, patient: 100 * time.Second, clock: k, ctx: ctx, cancel: cancel, done: func() { left++ },
				ReadCloser: &pace{ctx, k, c.bytes, c.takes, c.all}}
			buffer := make([]byte, 64<<10)
			read, err := 0, error(nil)
			for err == nil {
				var n int
				n, err = b.Read(buffer)
				read += n
				k.pass(c.between)
			}
			var large *tooLargeError
			switch {
			case c.want == nil && (err != io.EOF || read != c.all),
				errors.Is(c.want, errSlow) && !errors.Is(err, errSlow),
				errors.As(c.want, &large) && (!errors.As(err, &large) || read != 256<<20):
				t.Errorf("read %d: %v", read, err)
			}
			if left == 0 {
				t.Error("the place was not given back")
			}
		})
	}
}
