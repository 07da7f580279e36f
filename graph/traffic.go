package graph

import (
	"slices"
	"strings"
	"sync/atomic"
)

// Traffic is what a connection has asked since it was made, signing in included.
type Traffic struct {
	Requests  uint64 // first tries
	Retries   uint64
	Throttled uint64 // tries that were answered with 429, or with 503 and when to come back
	// Rooms are the quotas that something counted towards within their window, by
	// service and name.
	Rooms []Room
}

// A Room is what is left of one of Microsoft's published quotas, as far as this
// connection used it: others that ask as the same application use it as well.
type Room struct {
	Service      Service
	Quota        string
	Left, Amount int // in the quota's own units
}

// counts are what the tries of all calls add up to.
type counts struct{ requests, retries, throttled atomic.Uint64 }

// tried counts a try that was made.
func (n *counts) tried(first, throttled bool) {
	if first {
		n.requests.Add(1)
	} else {
		n.retries.Add(1)
	}
	if throttled {
		n.throttled.Add(1)
	}
}

// Traffic returns what was asked so far.
func (c *Connection) Traffic() Traffic {
	t := Traffic{Requests: c.counts.requests.Load(), Retries: c.counts.retries.Load(), Throttled: c.counts.throttled.Load()}
	seen := map[*bucket]bool{}
	for _, b := range c.buckets.rooms {
		if used := b.inUse(); used > 0 && !seen[b] {
			seen[b] = true
			t.Rooms = append(t.Rooms, Room{b.quota.Service, b.quota.Name, b.quota.Amount - used, b.quota.Amount})
		}
	}
	slices.SortFunc(t.Rooms, func(a, b Room) int {
		return strings.Compare(string(a.Service)+"\x00"+a.Quota, string(b.Service)+"\x00"+b.Quota)
	})
	return t
}

// inUse says how much of the quota's window is used.
func (b *bucket) inUse() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quota.Amount <= 0 {
		return 0
	}
	b.advance(b.clock.Now())
	return b.sum
}
