package localapi

import (
	"context"
	"sync"
)

// A line is where callers wait, so that many do not keep the agent from its own
// work, nor the callers of one account those of another.
type line struct {
	turns chan struct{} // one for each who is served

	mu    sync.Mutex
	n     int
	lanes map[uint32]*lane
}

// A lane is the part of one account.
type lane struct {
	turns chan struct{}
	n     int
}

func newLine() *line {
	return &line{turns: make(chan struct{}, atOnce), lanes: map[uint32]*lane{}}
}

// join lets a caller in; false where there are too many.
func (l *line) join(uid uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	own, known := l.lanes[uid]
	if l.n >= maxCallers || known && own.n >= maxEach {
		return false
	}
	if !known {
		own = &lane{turns: make(chan struct{}, eachAtOnce)}
		l.lanes[uid] = own
	}
	own.n++
	l.n++
	return true
}

// leave is the other half of join.
func (l *line) leave(uid uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n--
	if l.lanes[uid].n--; l.lanes[uid].n == 0 {
		delete(l.lanes, uid)
	}
}

// turn waits until it is the turn of a caller who has joined. The caller's own
// lane comes first: who waits there takes nobody else's turn.
func (l *line) turn(ctx context.Context, uid uint32) (done func(), err error) {
	l.mu.Lock()
	own := l.lanes[uid].turns
	l.mu.Unlock()
	if err := take(ctx, own); err != nil {
		return nil, err
	}
	if err := take(ctx, l.turns); err != nil {
		<-own
		return nil, err
	}
	return func() { <-l.turns; <-own }, nil
}

func take(ctx context.Context, turns chan<- struct{}) error {
	select {
	case turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
