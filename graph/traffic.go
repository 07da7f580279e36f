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
	// Quotas are the quotas that something counted towards within their window, by
	// service and name.
	Quotas []QuotaUsage
}

// A QuotaUsage is what is left of one of Microsoft's published quotas, as far as this
// connection used it: others that ask as the same application use it as well.
type QuotaUsage struct {
	Service           Service
	Quota             string
	Remaining, Amount int // in the quota's own units
}

// counters are what the tries of all calls add up to.
type counters struct{ requests, retries, throttled atomic.Uint64 }

// countTry counts a try that was made.
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

// Traffic returns what was asked so far.
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

// usedAmount says how much of the quota's window is used.
func (b *bucket) usedAmount() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quota.Amount <= 0 {
		return 0
	}
	b.dropOldSlots(b.clock.Now())
	return b.total
}
