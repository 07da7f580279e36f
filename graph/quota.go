package graph

import (
	"net/url"
	"strings"
	"time"
)

// Limits bound what a call may cost. A zero field means its default.
type Limits struct {
	MaxTries     int           // of one call, including the first; default 6
	MaxRetryWait time.Duration // total wait between one call's tries; default 10 minutes
	MaxQueueWait time.Duration // total wait for room in the quotas; default 65 minutes, an hourly quota and a bit
	MaxJSONBytes int64         // size of a JSON answer, which is kept whole; default 64 MiB
	MaxBodyBytes int64         // size of any other answer; default 512 MiB
	MaxPerHost   int           // concurrent requests to one host; default 8
	StallTimeout time.Duration // until an answer begins, and in total while it hardly flows; default 100 seconds
	Quotas       []Quota       // nil: Quotas(), the numbers that Microsoft published
}

// DefaultLimits returns the limits to use if none are set. Only the quotas are
// Microsoft's numbers; the rest are our own. Tries and waits outlast a
// throttling of SharePoint, whose Retry-After is observed in minutes. The size
// of a JSON answer holds a scan of 100 workspaces. Power BI gives up its own
// long answers after 30 seconds (documented for GetGroupsAsAdmin), so 100
// seconds are enough.
func DefaultLimits() Limits {
	return Limits{
		MaxTries: 6, MaxRetryWait: 10 * time.Minute, MaxQueueWait: 65 * time.Minute,
		MaxJSONBytes: 64 << 20, MaxBodyBytes: 512 << 20, MaxPerHost: 8, StallTimeout: 100 * time.Second,
		Quotas: Quotas(),
	}
}

// minBytesPerSecond is the rate below which an answer does not count as
// flowing.
const minBytesPerSecond = 16 << 10

// withDefaults returns the limits with a default for each zero field.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	l.MaxTries, l.MaxPerHost = orDefault(l.MaxTries, d.MaxTries), orDefault(l.MaxPerHost, d.MaxPerHost)
	l.MaxRetryWait, l.MaxQueueWait, l.StallTimeout = orDefault(l.MaxRetryWait, d.MaxRetryWait), orDefault(l.MaxQueueWait, d.MaxQueueWait), orDefault(l.StallTimeout, d.StallTimeout)
	l.MaxJSONBytes, l.MaxBodyBytes = orDefault(l.MaxJSONBytes, d.MaxJSONBytes), orDefault(l.MaxBodyBytes, d.MaxBodyBytes)
	if l.Quotas == nil {
		l.Quotas = d.Quotas
	}
	return l
}

func orDefault[T int | int64 | time.Duration](v, standard T) T {
	if v <= 0 {
		return standard
	}
	return v
}

// A Quota is how much a service accepts in a period. A request that matches
// several quotas needs room in each. Quotas are held in memory. What another
// process used, or this one before a restart, is not known; Retry-After covers
// that.
type Quota struct {
	Name    string
	Service Service
	Method  string // empty: any
	// Path is the pattern of the request's path, compared segment by segment
	// and without regard to case. * matches one segment. ** at the end matches
	// any number of segments, including none.
	Path          string
	Amount        int           // in units of Cost, within any Window; 0: not counted
	Window        time.Duration // how long a request counts
	MaxConcurrent int           // concurrent requests; 0: as many as the host allows
	Cost          func(method, path string, query url.Values) int
	Source        string // who published the number
}

// appliesTo reports whether a request counts towards the quota.
func (q Quota) appliesTo(s Service, method, path string) bool {
	return q.Service == s && (q.Method == "" || q.Method == method) && matchesPath(q.Path, path)
}

// costOf returns how much of the quota a request uses, at most the whole quota.
func (q Quota) costOf(method, path string, query url.Values) int {
	if q.Cost == nil {
		return min(1, q.Amount)
	}
	return min(max(q.Cost(method, path, query), 1), q.Amount)
}

func matchesPath(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, w := range want {
		switch {
		case w == "**" && i == len(want)-1:
			return true
		case i >= len(got), w != "*" && !strings.EqualFold(w, got[i]):
			return false
		}
	}
	return len(want) == len(got)
}

// Quotas returns the numbers that Microsoft published. If a number depends on
// the size of the tenant, it is the smallest tenant's.
func Quotas() []Quota {
	const (
		sharePoint = "documented: SharePoint, how to avoid getting throttled (2025-10-02), tenants of up to 1,000 licenses"
		identity   = "documented: Graph, throttling limits, identity and access, tenants of up to 50 users"
		outlook    = "documented: Graph, throttling limits, Outlook; of one app and mailbox"
		powerBI    = "documented: Power BI REST description (2024-10-15)"
		fabric     = "documented: Fabric REST description (2026-08-04)"
	)
	all := []Quota{
		{Name: "SharePoint a day", Path: "/*/sites/**", Amount: 1_200_000, Window: 24 * time.Hour, Cost: fileCost, Source: sharePoint},
		{Name: "SharePoint a minute", Path: "/*/sites/**", Amount: 1_250, Window: time.Minute, Cost: fileCost, Source: sharePoint},
		{Name: "identity", Path: "/*/users/**", Amount: 3_500, Window: 10 * time.Second, Cost: identityCost, Source: identity},
	}
	alike := map[string][]string{"SharePoint a day": {"/*/drives/**"}, "SharePoint a minute": {"/*/drives/**"}, "identity": {"/*/groups/**", "/*/organization/**", "/*/subscribedSkus/**"}}
	for _, q := range all[:3:3] {
		for _, p := range alike[q.Name] {
			q.Path = p
			all = append(all, q)
		}
	}
	for i := range all {
		all[i].Service = Graph
	}
	hourly := func(s Service, source, name, path string, amount int) Quota {
		return Quota{Name: name, Service: s, Path: path, Amount: amount, Window: time.Hour, Source: source}
	}
	minutely := func(s Service, source, name, path string, amount int) Quota {
		return Quota{Name: name, Service: s, Path: path, Amount: amount, Window: time.Minute, Source: source}
	}
	const admin = "/v1.0/myorg/admin/"
	scan := hourly(PowerBI, powerBI, "scans", admin+"workspaces/getInfo", 500)
	scan.MaxConcurrent = 16
	return append(all,
		Quota{Name: "mail", Service: Graph, Path: "/*/users/*/sendMail", Amount: 10_000, Window: 10 * time.Minute, MaxConcurrent: 4, Source: outlook},
		hourly(PowerBI, powerBI, "activity events", admin+"activityevents", 200),
		hourly(PowerBI, powerBI, "capacities", admin+"capacities", 200),
		hourly(PowerBI, powerBI, "modified workspaces", admin+"workspaces/modified", 30),
		scan,
		hourly(PowerBI, powerBI, "scan states", admin+"workspaces/scanStatus/*", 10_000),
		hourly(PowerBI, powerBI, "scan results", admin+"workspaces/scanResult/*", 500),
		hourly(PowerBI, powerBI, "workspaces an hour", admin+"groups", 50),
		minutely(PowerBI, powerBI, "workspaces a minute", admin+"groups", 15),
		hourly(PowerBI, powerBI, "reports an hour", admin+"reports", 50),
		minutely(PowerBI, powerBI, "reports a minute", admin+"reports", 5),
		minutely(Fabric, fabric, "tenant settings", "/v1/admin/tenantsettings/**", 25),
		minutely(Fabric, fabric, "overrides", "/v1/admin/capacities/delegatedTenantSettingOverrides", 25),
		hourly(Fabric, fabric, "workspaces", "/v1/admin/workspaces", 200),
		hourly(Fabric, fabric, "items", "/v1/admin/items", 200),
		hourly(Fabric, fabric, "items of workspaces", "/v1/admin/workspaces/*/items/**", 200),
	)
}

// fileCost returns SharePoint's cost of a request in resource units: 1 for one
// item, a download, or a delta with a token; 2 for lists and changes; 5 for
// permissions.
func fileCost(method, path string, query url.Values) int {
	last := strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])
	switch {
	case strings.Contains(strings.ToLower(path), "/permissions"):
		return 5
	case method != "GET" && method != "HEAD":
		return 2
	case (last == "delta" || last == "delta()") && query.Get("token") == "" && query.Get("$skiptoken") == "" && query.Get("$deltatoken") == "":
		return 2
	}
	switch last {
	case "children", "items", "lists", "drives", "columns", "versions", "sites":
		return 2
	}
	return 1
}

// identityCost returns Entra's cost, in resource units, of the requests that
// this program sends. If the documentation has no number for a path, it is the
// higher one.
func identityCost(_, path string, query url.Values) int {
	cost := 3
	switch {
	case strings.Contains(strings.ToLower(path), "/transitivemembers"):
		cost = 5
	case matchesPath("/*/users/**", path):
		cost = 2
	}
	if query.Has("$select") {
		cost--
	}
	if query.Has("$expand") {
		cost++
	}
	return cost
}
