package graph

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"
)

// slotCount is the number of slots in a bucket's window. Only whole slots are
// dropped, so the window lasts one slot longer than Microsoft's. This costs 1.6
// % of the time and covers requests that arrive later than they were counted.
const slotCount = 64

// maxClosed is the longest time that a bucket stays closed. A service that asks
// for a year is mistaken.
const maxClosed = time.Hour

// A bucket holds the room in one quota. Its callers stand in line: the first
// waits for room, the others for their turn. So a thousand callers wake up one
// by one.
type bucket struct {
	quota   Quota
	clock   Clock
	maxWait time.Duration // how long a caller waits at most while the bucket is closed
	turn    chan struct{} // holds one: the caller whose turn it is
	places  chan struct{} // holds MaxConcurrent; nil: no limit

	mu          sync.Mutex
	slotStart   time.Time // when the newest slot began
	usedPerSlot [slotCount + 1]int
	newestSlot  int
	total       int
	closedUntil time.Time // nobody passes before this time
}

func newBucket(q Quota, most time.Duration, c Clock) *bucket {
	b := &bucket{quota: q, clock: c, maxWait: most, turn: make(chan struct{}, 1)}
	if q.MaxConcurrent > 0 {
		b.places = make(chan struct{}, q.MaxConcurrent)
	}
	return b
}

// waitFor returns how long there is no room for a cost, and whether that is
// because a service asked for it. It returns 0 if there is room now.
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

// dropOldSlots drops the slots that are older than the window.
func (b *bucket) dropOldSlots(now time.Time) {
	width := b.slotWidth()
	if b.slotStart.IsZero() || now.Before(b.slotStart.Add(-b.quota.Window)) {
		b.slotStart = now // the first use, or the clock was set back by more than a window
	}
	for n := 0; now.Sub(b.slotStart) >= width; n++ {
		if n > slotCount { // all slots are long out of the window
			b.slotStart = now
			return
		}
		b.slotStart = b.slotStart.Add(width)
		b.newestSlot = (b.newestSlot + 1) % len(b.usedPerSlot)
		b.total -= b.usedPerSlot[b.newestSlot]
		b.usedPerSlot[b.newestSlot] = 0
	}
}

// freedAt returns when a given amount of what was used will be free again.
func (b *bucket) freedAt(much int) time.Time {
	for i := 1; i <= len(b.usedPerSlot); i++ { // the oldest first
		much -= b.usedPerSlot[(b.newestSlot+i)%len(b.usedPerSlot)]
		if much <= 0 {
			return b.slotStart.Add(time.Duration(i) * b.slotWidth())
		}
	}
	return b.slotStart.Add(b.quota.Window + b.slotWidth())
}

// closeFor lets nobody pass for some time.
func (b *bucket) closeFor(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := b.clock.Now().Add(min(d, maxClosed)); until.After(b.closedUntil) {
		b.closedUntil = until
	}
}

// A quotaError says that a quota has no room in time.
type quotaError struct {
	name string
	wait time.Duration
}

func (e *quotaError) Error() string {
	return fmt.Sprintf("the quota of %s is used up for %s", e.name, e.wait.Round(time.Second))
}

// A limiter holds the buckets of all quotas and of all hosts.
type limiter struct {
	clock  Clock
	limits Limits
	quotas []*bucket // the longest window first: its cost is consumed last

	mu    sync.Mutex
	hosts map[string]*bucket
}

// maxHosts bounds how many hosts are remembered, because answers can name new
// ones.
const maxHosts = 1000

func newLimiter(l Limits, c Clock) *limiter {
	b := &limiter{clock: c, limits: l, hosts: map[string]*bucket{}}
	shared := map[string]*bucket{} // quotas with the same name and service share a bucket, by several paths
	for _, q := range l.Quotas {
		key := string(q.Service) + "\x00" + q.Name
		if shared[key] == nil {
			shared[key] = newBucket(q, l.MaxRetryWait, c)
		}
		b.quotas = append(b.quotas, shared[key])
	}
	return b
}

// hostBucket returns the bucket of a host, which limits the requests at a time.
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

// An admission is a request on its way through the limiter. It first stands in
// line, then occupies places, and at the end releases them.
type admission struct {
	clock    Clock
	deadline time.Time // when it stops waiting
	buckets  []*bucket // the host's first
	costs    []int
	turns    []chan struct{} // its turns, until the request is counted
	places   []chan struct{} // its places
	once     sync.Once
}

// admit waits until a request's host and all its quotas have room. The caller
// is then first in every line and must call occupy or release.
func (b *limiter) admit(ctx context.Context, s Service, method string, u *url.URL) (*admission, error) {
	p := &admission{clock: b.clock, deadline: b.clock.Now().Add(b.limits.MaxQueueWait), buckets: []*bucket{b.hostBucket(u.Host)}, costs: []int{0}}
	query := u.Query()
	for i, q := range b.limits.Quotas {
		if s != "" && q.appliesTo(s, method, u.Path) {
			p.buckets, p.costs = append(p.buckets, b.quotas[i]), append(p.costs, q.costOf(method, u.Path, query))
		}
	}
	for _, r := range p.buckets[1:] { // the host has no line: one caller that waits for a quota would hold up all others
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

// acquire takes one of a channel's places and adds the channel to a list.
func acquire(ctx context.Context, c chan struct{}, noted *[]chan struct{}) error {
	select {
	case c <- struct{}{}:
		*noted = append(*noted, c)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// waitForRoom waits until every bucket has room.
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
		i = -1 // another bucket may have closed meanwhile
	}
	return nil
}

// occupy takes the request's places and counts it. So a request is counted when
// it is sent, not while it waits for a slow host. Send the request at once
// afterwards, and call release when it has been answered.
func (p *admission) occupy(ctx context.Context) error {
	for {
		for i := len(p.buckets) - 1; i >= 0; i-- { // the host's last: waiting for it holds up nobody else
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

// hasRoom reports whether every bucket has room now.
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

// closeFor closes the quotas that the request counts towards. If no quota is
// known, it closes the whole host.
func (p *admission) closeFor(d time.Duration) {
	for _, b := range p.buckets[min(1, len(p.buckets)-1):] {
		b.closeFor(d)
	}
}
