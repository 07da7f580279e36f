package graph

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"
)

// slots divide a bucket's window. Whole slots leave it, so it lasts one slot
// longer than Microsoft's: that is 1.6 % of the time lost, and covers requests
// that arrive later than they were counted.
const slots = 64

// longest is how long a gate stays closed whatever a service says: one that
// asks for a year is mistaken.
const longest = time.Hour

// A bucket is one quota's room. Its callers stand in line: the first waits for
// room, the others for their turn, so that a thousand wake up one by one.
type bucket struct {
	quota Quota
	clock Clock
	most  time.Duration // that anyone waits at a closed gate
	turn  chan struct{} // holds one: whose turn it is
	room  chan struct{} // holds Together; nil: not counted

	mu     sync.Mutex
	start  time.Time // of the newest slot
	used   [slots + 1]int
	newest int
	sum    int
	closed time.Time // no one passes before
}

func newBucket(q Quota, most time.Duration, c Clock) *bucket {
	b := &bucket{quota: q, clock: c, most: most, turn: make(chan struct{}, 1)}
	if q.Together > 0 {
		b.room = make(chan struct{}, q.Together)
	}
	return b
}

// take waits for room for a cost, and uses it. It waits no longer than until.
func (b *bucket) take(ctx context.Context, cost int, until time.Time) error {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-b.turn }()
	for {
		wait, shut := b.tryTake(cost)
		if wait <= 0 {
			return nil
		}
		if left := until.Sub(b.clock.Now()); wait > left || shut && wait > b.most {
			return &fullError{b.quota.Name, wait}
		}
		if err := b.clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// tryTake uses room for a cost if there is. If not, it says how long to wait,
// and whether that is because a service asked for it.
func (b *bucket) tryTake(cost int) (wait time.Duration, shut bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if wait := b.closed.Sub(now); wait > 0 {
		return wait, true
	}
	if b.quota.Amount <= 0 {
		return 0, false
	}
	b.advance(now)
	if b.sum+cost <= b.quota.Amount {
		b.used[b.newest] += cost
		b.sum += cost
		return 0, false
	}
	return b.leaves(b.sum + cost - b.quota.Amount).Sub(now), false
}

func (b *bucket) width() time.Duration { return b.quota.Window / slots }

// advance lets slots leave that are older than the window.
func (b *bucket) advance(now time.Time) {
	width := b.width()
	if b.start.IsZero() || now.Before(b.start.Add(-b.quota.Window)) {
		b.start = now // first, or the clock was set back by more than a window
	}
	for n := 0; now.Sub(b.start) >= width; n++ {
		if n > slots { // everything left long ago
			b.start = now
			return
		}
		b.start = b.start.Add(width)
		b.newest = (b.newest + 1) % len(b.used)
		b.sum -= b.used[b.newest]
		b.used[b.newest] = 0
	}
}

// leaves says when so much of what was used will have left.
func (b *bucket) leaves(much int) time.Time {
	for i := 1; i <= len(b.used); i++ { // the oldest first
		much -= b.used[(b.newest+i)%len(b.used)]
		if much <= 0 {
			return b.start.Add(time.Duration(i) * b.width())
		}
	}
	return b.start.Add(b.quota.Window + b.width())
}

// shut lets no one pass for a time.
func (b *bucket) shut(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := b.clock.Now().Add(min(d, longest)); until.After(b.closed) {
		b.closed = until
	}
}

// A fullError says that there is no room in time.
type fullError struct {
	name string
	wait time.Duration
}

func (e *fullError) Error() string {
	return fmt.Sprintf("the quota of %s is used up for %s", e.name, e.wait.Round(time.Second))
}

// buckets are all quotas' rooms and all hosts' doors.
type buckets struct {
	clock  Clock
	limits Limits
	rooms  []*bucket // the longest window first: what is taken last is sent soonest

	mu    sync.Mutex
	hosts map[string]*bucket
}

// mostHosts bounds how many hosts are remembered: answers name them.
const mostHosts = 1000

func newBuckets(l Limits, c Clock) *buckets {
	b := &buckets{clock: c, limits: l, hosts: map[string]*bucket{}}
	shared := map[string]*bucket{} // quotas of one name and service are one, by several paths
	for _, q := range l.Quotas {
		key := string(q.Service) + "\x00" + q.Name
		if shared[key] == nil {
			shared[key] = newBucket(q, l.Wait, c)
		}
		b.rooms = append(b.rooms, shared[key])
	}
	return b
}

// host returns a host's door, by which only so many pass at a time.
func (b *buckets) host(name string) *bucket {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[name]
	if h == nil {
		if len(b.hosts) >= mostHosts {
			clear(b.hosts)
		}
		h = newBucket(Quota{Name: "requests to " + name, Together: b.limits.Hosts}, b.limits.Wait, b.clock)
		b.hosts[name] = h
	}
	return h
}

// A pass is what a request holds while it is under way.
type pass struct {
	taken []*bucket
	held  []chan struct{}
	once  sync.Once
}

// leave gives back the places. It may be called again.
func (p *pass) leave() {
	p.once.Do(func() {
		for _, h := range p.held {
			<-h
		}
	})
}

// shut closes the narrowest of what the request passed: the quotas it counts
// towards, or the whole host where no quota is known.
func (p *pass) shut(d time.Duration) {
	for _, b := range p.taken[min(1, len(p.taken)-1):] {
		b.shut(d)
	}
}

// enter waits until a request's host and every quota have room.
func (b *buckets) enter(ctx context.Context, s Service, method string, u *url.URL) (*pass, error) {
	until := b.clock.Now().Add(b.limits.Queue)
	query := u.Query()
	p := &pass{taken: []*bucket{b.host(u.Host)}}
	costs := []int{0}
	for i, q := range b.limits.Quotas {
		if s != "" && q.matches(s, method, u.Path) {
			p.taken, costs = append(p.taken, b.rooms[i]), append(costs, q.cost(method, u.Path, query))
		}
	}
	for i, r := range p.taken {
		if err := r.take(ctx, costs[i], until); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// hold takes the request's places, which it has until it leaves.
func (p *pass) hold(ctx context.Context) error {
	for i := len(p.taken) - 1; i >= 0; i-- { // the host last: waiting at its door holds up nobody else
		r := p.taken[i].room
		if r == nil {
			continue
		}
		select {
		case r <- struct{}{}:
			p.held = append(p.held, r)
		case <-ctx.Done():
			p.leave()
			return context.Cause(ctx)
		}
	}
	return nil
}
