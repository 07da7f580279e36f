package simulator

import (
	"strconv"
	"time"
)

// A cost is what a call uses of a published limit.
type cost struct {
	limit string // the name of the limit; empty for none
	units float64
}

// The costs of Graph's calls in resource units. They are documented for
// SharePoint in "Avoid getting throttled or blocked in SharePoint Online", and
// for the directory in "Microsoft Graph service-specific throttling limits".
var (
	costGet        = cost{"sharepoint", 1}
	costDelta      = cost{"sharepoint", 1} // with a token; without one it is two
	costList       = cost{"sharepoint", 2}
	costWrite      = cost{"sharepoint", 2}
	costPermission = cost{"sharepoint", 5}
)

// A limit is refilled evenly over its period.
type limit struct {
	units  float64
	period time.Duration
}

// limitNamed returns Microsoft's limit per app for the smallest tenants.
func limitNamed(name string) (limit, bool) {
	switch name {
	case "sharepoint":
		return limit{1250, time.Minute}, true
	case "identity":
		return limit{3500, 10 * time.Second}, true
	case "mail":
		return limit{10_000, 10 * time.Minute}, true
	case "activityevents", "capacities":
		return limit{200, time.Hour}, true
	case "tenantsettings", "overrides":
		return limit{25, time.Minute}, true
	}
	return limit{}, false
}

type bucket struct {
	remaining float64
	filledAt  time.Time
}

// spendQuota takes a call's cost from its app's bucket. The caller holds s.mu.
func (s *Simulator) spendQuota(c *call) *problem {
	take := c.route.cost
	l, is := limitNamed(take.limit)
	if !s.options.Quotas || !is || c.token == nil {
		return nil
	}
	if take == costDelta && c.vars["token"] == "" && c.query.Get("token") == "" {
		take.units = 2
	}
	key := c.token.app + " " + take.limit
	b := s.buckets[key]
	if b == nil {
		b = &bucket{l.units, c.now}
		s.buckets[key] = b
	}
	rate := l.units / l.period.Seconds()
	b.remaining = min(l.units, b.remaining+rate*c.now.Sub(b.filledAt).Seconds())
	b.filledAt = c.now
	if b.remaining < take.units {
		wait := max(1, int((take.units-b.remaining)/rate+0.999))
		return throttledProblem(c.service.name).withHeader("Retry-After", strconv.Itoa(wait))
	}
	b.remaining -= take.units
	s.setLimitHeaders(c, take.limit, l, b.remaining, rate)
	return nil
}

// setLimitHeaders warns when 80 % of a limit is used, as the services do.
func (s *Simulator) setLimitHeaders(c *call, name string, l limit, left, rate float64) {
	if left > l.units/5 {
		return
	}
	switch name {
	case "sharepoint":
		c.limitHeaders.Set("RateLimit-Limit", strconv.Itoa(int(l.units)))
		c.limitHeaders.Set("RateLimit-Remaining", strconv.Itoa(int(left)))
		c.limitHeaders.Set("RateLimit-Reset", strconv.Itoa(int((l.units-left)/rate+0.999)))
	case "identity":
		c.limitHeaders.Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(1-left/l.units, 'f', 2, 64))
		c.limitHeaders.Set("x-ms-resource-unit", strconv.Itoa(int(c.route.cost.units)))
	}
}
