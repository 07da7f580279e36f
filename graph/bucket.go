package graph

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"
)

// slotCount divide a bucket's window. Whole slots leave it, so it lasts one slot
// longer than Microsoft's: that is 1.6 % of the time lost, and covers requests
// that arrive later than they were counted.
const slotCount = 64

// maxClosed is how long a gate stays closed whatever a service says: one that
// asks for a year is mistaken.
const maxClosed = time.Hour

// A bucket is one quota's room. Its callers stand in line: the first waits for
// room, the others for their turn, so that a thousand wake up one by one.
type bucket struct {
	quota   Quota
	clock   Clock
	maxWait time.Duration // that anyone waits at a closed gate
	turn    chan struct{} // holds one: whose turn it is
	places  chan struct{} // holds Together; nil: not counted

	mu          sync.Mutex
	slotStart   time.Time // of the newest slot
	usedPerSlot [slotCount + 1]int
	newestSlot  int
	total       int
	closedUntil time.Time // no one passes before
}

func newBucket(q Quota, most time.Duration, c Clock) *bucket {
	b := &bucket{quota: q, clock: c, maxWait: most, turn: make(chan struct{}, 1)}
	if q.MaxConcurrent > 0 {
		b.places = make(chan struct{}, q.MaxConcurrent)
	}
	return b
}

// waitFor says how long there is no room for a cost, and whether that is because
// a service asked for it. It is 0 if there is room now.
func (b *bucket) waitFor(cost int) (wait time.Duration, shut bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if wait := b.closedUntil.Sub(now); wait > 0 {
		return wait, true
	}
	if b.quota.Amount <= 0 {
		return 0, false
	}
	b.dropOldSlots(now)
	if b.total+cost <= b.quota.Amount {
		return 0, false
	}
	return b.freedAt(b.total + cost - b.quota.Amount).Sub(now), false
}

// consume uses room for a cost.
func (b *bucket) consume(cost int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quota.Amount <= 0 {
		return
	}
	b.dropOldSlots(b.clock.Now())
	b.usedPerSlot[b.newestSlot] += cost
	b.total += cost
}

func (b *bucket) slotWidth() time.Duration { return b.quota.Window / slotCount }

// dropOldSlots lets slots leave that are older than the window.
func (b *bucket) dropOldSlots(now time.Time) {
	width := b.slotWidth()
	if b.slotStart.IsZero() || now.Before(b.slotStart.Add(-b.quota.Window)) {
		b.slotStart = now // first, or the clock was set back by more than a window
	}
	for n := 0; now.Sub(b.slotStart) >= width; n++ {
		if n > slotCount { // everything left long ago
			b.slotStart = now
			return
		}
		b.slotStart = b.slotStart.Add(width)
		b.newestSlot = (b.newestSlot + 1) % len(b.usedPerSlot)
		b.total -= b.usedPerSlot[b.newestSlot]
		b.usedPerSlot[b.newestSlot] = 0
	}
}

// freedAt says when so much of what was used will have left.
func (b *bucket) freedAt(much int) time.Time {
	for i := 1; i <= len(b.usedPerSlot); i++ { // the oldest first
		much -= b.usedPerSlot[(b.newestSlot+i)%len(b.usedPerSlot)]
		if much <= 0 {
			return b.slotStart.Add(time.Duration(i) * b.slotWidth())
		}
	}
	return b.slotStart.Add(b.quota.Window + b.slotWidth())
}

// closeFor lets no one pass for a time.
func (b *bucket) closeFor(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := b.clock.Now().Add(min(d, maxClosed)); until.After(b.closedUntil) {
		b.closedUntil = until
	}
}

// A quotaError says that there is no room in time.
type quotaError struct {
	name string
	wait time.Duration
}

func (e *quotaError) Error() string {
	return fmt.Sprintf("the quota of %s is used up for %s", e.name, e.wait.Round(time.Second))
}

// limiter are all quotas' rooms and all hosts' doors.
type limiter struct {
	clock  Clock
	limits Limits
	quotas []*bucket // the longest window first: what is taken last is sent soonest

	mu    sync.Mutex
	hosts map[string]*bucket
}

// maxHosts bounds how many hosts are remembered: answers name them.
const maxHosts = 1000

func newLimiter(l Limits, c Clock) *limiter {
	b := &limiter{clock: c, limits: l, hosts: map[string]*bucket{}}
	shared := map[string]*bucket{} // quotas of one name and service are one, by several paths
	for _, q := range l.Quotas {
		key := string(q.Service) + "\x00" + q.Name
		if shared[key] == nil {
			shared[key] = newBucket(q, l.MaxRetryWait, c)
		}
		b.quotas = append(b.quotas, shared[key])
	}
	return b
}

// hostBucket returns a host's door, by which only so many pass at a time.
func (b *limiter) hostBucket(name string) *bucket {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[name]
	if h == nil {
		if len(b.hosts) >= maxHosts {
			clear(b.hosts)
		}
		h = newBucket(Quota{Name: "requests to " + name, MaxConcurrent: b.limits.MaxPerHost}, b.limits.MaxRetryWait, b.clock)
		b.hosts[name] = h
	}
	return h
}

// A admission is a request on its way through: in line, with its places, or gone.
type admission struct {
	clock    Clock
	deadline time.Time // it waits no longer
	buckets  []*bucket // the host first
	costs    []int
	turns    []chan struct{} // its turns, until it is counted
	places   []chan struct{} // its places
	once     sync.Once
}

// admit waits until a request's host and every quota have room. It then is
// first in every line, and must hold or leave.
func (b *limiter) admit(ctx context.Context, s Service, method string, u *url.URL) (*admission, error) {
	p := &admission{clock: b.clock, deadline: b.clock.Now().Add(b.limits.MaxQueueWait), buckets: []*bucket{b.hostBucket(u.Host)}, costs: []int{0}}
	query := u.Query()
	for i, q := range b.limits.Quotas {
		if s != "" && q.appliesTo(s, method, u.Path) {
			p.buckets, p.costs = append(p.buckets, b.quotas[i]), append(p.costs, q.costOf(method, u.Path, query))
		}
	}
	for _, r := range p.buckets[1:] { // the host has no line: who waits for a quota would hold up all others
		if err := acquire(ctx, r.turn, &p.turns); err != nil {
			p.release()
			return nil, err
		}
	}
	if err := p.waitForRoom(ctx); err != nil {
		p.release()
		return nil, err
	}
	return p, nil
}

// acquire takes one of a channel's places, and notes it.
func acquire(ctx context.Context, c chan struct{}, noted *[]chan struct{}) error {
	select {
	case c <- struct{}{}:
		*noted = append(*noted, c)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// waitForRoom waits for room everywhere.
func (p *admission) waitForRoom(ctx context.Context) error {
	for i := 0; i < len(p.buckets); i++ {
		b := p.buckets[i]
		lacks, shut := b.waitFor(p.costs[i])
		if lacks <= 0 {
			continue
		}
		if lacks > p.deadline.Sub(p.clock.Now()) || shut && lacks > b.maxWait {
			return &quotaError{b.quota.Name, lacks}
		}
		if err := p.clock.Sleep(ctx, lacks); err != nil {
			return err
		}
		i = -1 // another may have closed meanwhile
	}
	return nil
}

// occupy takes the request's places and counts it, so that it is counted when it
// is sent and not while it waits at a slow host's door. It is to be sent now,
// and to leave when it has been answered.
func (p *admission) occupy(ctx context.Context) error {
	for {
		for i := len(p.buckets) - 1; i >= 0; i-- { // the host last: waiting at its door holds up nobody else
			if r := p.buckets[i].places; r != nil {
				if err := acquire(ctx, r, &p.places); err != nil {
					p.release()
					return err
				}
			}
		}
		if p.hasRoom() {
			break
		}
		releaseAll(&p.places)
		if err := p.waitForRoom(ctx); err != nil {
			p.release()
			return err
		}
	}
	for i, b := range p.buckets {
		b.consume(p.costs[i])
	}
	releaseAll(&p.turns)
	return nil
}

// hasRoom says whether there is room everywhere now.
func (p *admission) hasRoom() bool {
	for i, b := range p.buckets {
		if lacks, _ := b.waitFor(p.costs[i]); lacks > 0 {
			return false
		}
	}
	return true
}

func releaseAll(noted *[]chan struct{}) {
	for _, c := range *noted {
		<-c
	}
	*noted = nil
}

// release gives back the turns and places. It may be called again.
func (p *admission) release() {
	p.once.Do(func() {
		releaseAll(&p.turns)
		releaseAll(&p.places)
	})
}

// closeFor closes the narrowest of what the request passed: the quotas it counts
// towards, or the whole host where no quota is known.
func (p *admission) closeFor(d time.Duration) {
	for _, b := range p.buckets[min(1, len(p.buckets)-1):] {
		b.closeFor(d)
	}
}
