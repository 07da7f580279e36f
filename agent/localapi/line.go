package localapi

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// A line is where callers wait, so that many do not keep the agent from its own
// work, nor the callers of one account those of another.
type line struct {
	turns *semaphore.Weighted // one for each who is served

	mu    sync.Mutex
	n     int
	lanes map[uint32]*lane
}

// A lane is the part of one account.
type lane struct {
	turns *semaphore.Weighted
	n     int
}

func newLine() *line {
	return &line{turns: semaphore.NewWeighted(atOnce), lanes: map[uint32]*lane{}}
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
		own = &lane{turns: semaphore.NewWeighted(eachAtOnce)}
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
	if err := own.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	if err := l.turns.Acquire(ctx, 1); err != nil {
		own.Release(1)
		return nil, err
	}
	return func() { l.turns.Release(1); own.Release(1) }, nil
}
