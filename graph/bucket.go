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

// lacks says how long there is no room for a cost, and whether that is because
// a service asked for it. It is 0 if there is room now.
func (b *bucket) lacks(cost int) (wait time.Duration, shut bool) {
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
		return 0, false
	}
	return b.leaves(b.sum + cost - b.quota.Amount).Sub(now), false
}

// use uses room for a cost.
func (b *bucket) use(cost int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quota.Amount <= 0 {
		return
	}
	b.advance(b.clock.Now())
	b.used[b.newest] += cost
	b.sum += cost
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

// A pass is a request on its way through: in line, with its places, or gone.
type pass struct {
	clock Clock
	until time.Time // it waits no longer
	taken []*bucket // the host first
	costs []int
	line  []chan struct{} // its turns, until it is counted
	held  []chan struct{} // its places
	once  sync.Once
}

// enter waits until a request's host and every quota have room. It then is
// first in every line, and must hold or leave.
func (b *buckets) enter(ctx context.Context, s Service, method string, u *url.URL) (*pass, error) {
	p := &pass{clock: b.clock, until: b.clock.Now().Add(b.limits.Queue), taken: []*bucket{b.host(u.Host)}, costs: []int{0}}
	query := u.Query()
	for i, q := range b.limits.Quotas {
		if s != "" && q.matches(s, method, u.Path) {
			p.taken, p.costs = append(p.taken, b.rooms[i]), append(p.costs, q.cost(method, u.Path, query))
		}
	}
	for _, r := range p.taken[1:] { // the host has no line: who waits for a quota would hold up all others
		if err := into(ctx, r.turn, &p.line); err != nil {
			p.leave()
			return nil, err
		}
	}
	if err := p.wait(ctx); err != nil {
		p.leave()
		return nil, err
	}
	return p, nil
}

// into takes one of a channel's places, and notes it.
func into(ctx context.Context, c chan struct{}, noted *[]chan struct{}) error {
	select {
	case c <- struct{}{}:
		*noted = append(*noted, c)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// wait waits for room everywhere.
func (p *pass) wait(ctx context.Context) error {
	for i := 0; i < len(p.taken); i++ {
		b := p.taken[i]
		lacks, shut := b.lacks(p.costs[i])
		if lacks <= 0 {
			continue
		}
		if lacks > p.until.Sub(p.clock.Now()) || shut && lacks > b.most {
			return &fullError{b.quota.Name, lacks}
		}
		if err := p.clock.Sleep(ctx, lacks); err != nil {
			return err
		}
		i = -1 // another may have closed meanwhile
	}
	return nil
}

// hold takes the request's places and counts it, so that it is counted when it
// is sent and not while it waits at a slow host's door. It is to be sent now,
// and to leave when it has been answered.
func (p *pass) hold(ctx context.Context) error {
	for {
		for i := len(p.taken) - 1; i >= 0; i-- { // the host last: waiting at its door holds up nobody else
			if r := p.taken[i].room; r != nil {
				if err := into(ctx, r, &p.held); err != nil {
					p.leave()
					return err
				}
			}
		}
		if p.open() {
			break
		}
		empty(&p.held)
		if err := p.wait(ctx); err != nil {
			p.leave()
			return err
		}
	}
	for i, b := range p.taken {
		b.use(p.costs[i])
	}
	empty(&p.line)
	return nil
}

// open says whether there is room everywhere now.
func (p *pass) open() bool {
	for i, b := range p.taken {
		if lacks, _ := b.lacks(p.costs[i]); lacks > 0 {
			return false
		}
	}
	return true
}

func empty(noted *[]chan struct{}) {
	for _, c := range *noted {
		<-c
	}
	*noted = nil
}

// leave gives back the turns and places. It may be called again.
func (p *pass) leave() {
	p.once.Do(func() {
		empty(&p.line)
		empty(&p.held)
	})
}

// shut closes the narrowest of what the request passed: the quotas it counts
// towards, or the whole host where no quota is known.
func (p *pass) shut(d time.Duration) {
	for _, b := range p.taken[min(1, len(p.taken)-1):] {
		b.shut(d)
	}
}
