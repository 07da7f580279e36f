package graph

import (
	"slices"
	"strings"
	"sync/atomic"
)

// Traffic counts what a connection has requested since it was created,
// including sign-ins.
type Traffic struct {
	Requests  uint64 // first tries
	Retries   uint64
	Throttled uint64 // tries answered with 429, or with 503 and Retry-After
	// Quotas lists the quotas of which something is used in their current
	// window, by service and name.
	Quotas []QuotaUsage
}

// A QuotaUsage says what remains of one of Microsoft's published quotas. It
// counts this connection only; other programs with the same application use the
// quota, too.
type QuotaUsage struct {
	Service           Service
	Quota             string
	Remaining, Amount int // in the quota's own units
}

// counters add up the tries of all calls.
type counters struct{ requests, retries, throttled atomic.Uint64 }

// countTry counts one try.
func (n *counters) countTry(first, throttled bool) {
	if first {
		n.requests.Add(1)
	} else {
		n.retries.Add(1)
	}
	if throttled {
		n.throttled.Add(1)
	}
}

// Traffic returns the counts so far.
func (c *Connection) Traffic() Traffic {
	t := Traffic{Requests: c.counters.requests.Load(), Retries: c.counters.retries.Load(), Throttled: c.counters.throttled.Load()}
	seen := map[*bucket]bool{}
	for _, b := range c.limiter.quotas {
		if used := b.usedAmount(); used > 0 && !seen[b] {
			seen[b] = true
			t.Quotas = append(t.Quotas, QuotaUsage{b.quota.Service, b.quota.Name, b.quota.Amount - used, b.quota.Amount})
		}
	}
	slices.SortFunc(t.Quotas, func(a, b QuotaUsage) int {
		return strings.Compare(string(a.Service)+"\x00"+a.Quota, string(b.Service)+"\x00"+b.Quota)
	})
	return t
}

// usedAmount returns how much of the quota is used in its current window.
func (b *bucket) usedAmount() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quota.Amount <= 0 {
		return 0
	}
	b.dropOldSlots(b.clock.Now())
	return b.total
}
