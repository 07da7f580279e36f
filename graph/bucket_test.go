package graph

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func apiURL(path string) *url.URL {
	return &url.URL{Scheme: "https", Host: "api.powerbi.com", Path: path}
}

// Within any window no more than the quota goes through, and all of it does.
func TestAThousandCallersKeepAQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const amount, callers = 30, 1000
		b := newLimiter(Limits{MaxPerHost: 8, MaxRetryWait: time.Hour, MaxQueueWait: 1000 * time.Hour,
			Quotas: []Quota{{Name: "modified", Service: PowerBI, Path: "/modified", Amount: amount, Window: time.Hour}}}, systemClock{})
		var mu sync.Mutex
		var sent []time.Time
		var wg sync.WaitGroup
		began := time.Now()
		for range callers {
			wg.Go(func() {
				p, err := b.admit(t.Context(), PowerBI, "GET", apiURL("/modified"))
				if err == nil {
					err = p.occupy(t.Context())
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				sent = append(sent, time.Now())
				mu.Unlock()
				p.release()
			})
		}
		wg.Wait()
		for i := amount; i < len(sent); i++ {
			if sent[i].Sub(sent[i-amount]) <= time.Hour {
				t.Fatalf("%d requests within %s", amount+1, sent[i].Sub(sent[i-amount]))
			}
		}
		least := time.Duration(callers/amount) * time.Hour // 33 full hours before the last ten
		if took := time.Since(began); took < least || float64(took) > 1.05*float64(least) {
			t.Errorf("took %s, and the quota allows %s", took, least)
		}
	})
}

// Whatever is asked when, no window holds more than the quota, and nobody waits
// when there would be room a slot later than Microsoft's.
func TestNoWindowHoldsMoreThanTheQuota(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.IntRange(1, 50).Draw(t, "amount")
		window := time.Duration(rapid.IntRange(1, 7200).Draw(t, "seconds")) * time.Second
		k := &stepClock{now: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
		b := newBucket(Quota{Amount: amount, Window: window}, time.Hour, k)
		type use struct {
			at   time.Time
			cost int
		}
		var used []use
		within := func(d time.Duration) (sum int) {
			for _, u := range used {
				if k.now.Sub(u.at) < d {
					sum += u.cost
				}
			}
			return sum
		}
		for range rapid.IntRange(1, 100).Draw(t, "requests") {
			k.now = k.now.Add(time.Duration(rapid.Int64Range(0, int64(window)/8).Draw(t, "pause")))
			cost := rapid.IntRange(1, amount).Draw(t, "cost")
			for tries := 0; ; tries++ {
				wait := b.tryTake(cost)
				if wait <= 0 {
					break
				}
				if tries > 2*slotCount {
					t.Fatal("waits for ever")
				}
				if within(window+2*b.slotWidth())+cost <= amount {
					t.Fatalf("waits %s although there is room", wait)
				}
				k.now = k.now.Add(wait)
			}
			used = append(used, use{k.now, cost})
			if sum := within(window); sum > amount {
				t.Fatalf("%d of %d within %s", sum, amount, window)
			}
		}
	})
}

func TestCallersWhoLeaveTakeNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLimiter(Limits{MaxPerHost: 8, MaxRetryWait: time.Hour, MaxQueueWait: 1000 * time.Hour,
			Quotas: []Quota{{Name: "q", Service: PowerBI, Path: "/x", Amount: 1, Window: time.Minute}}}, systemClock{})
		pass := func(ctx context.Context) error {
			p, err := b.admit(ctx, PowerBI, "GET", apiURL("/x"))
			if err != nil {
				return err
			}
			defer p.release()
			return p.occupy(ctx)
		}
		if err := pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if err := pass(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		began := time.Now()
		if err := pass(t.Context()); err != nil || time.Since(began) > 62*time.Second {
			t.Errorf("waited %s: %v", time.Since(began), err)
		}
	})
}

func TestAFullQuotaIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLimiter(Limits{MaxPerHost: 1, MaxRetryWait: time.Minute, MaxQueueWait: 10 * time.Minute,
			Quotas: []Quota{{Name: "capacities", Service: PowerBI, Path: "/x", Amount: 2, Window: time.Hour}}}, systemClock{})
		for range 2 {
			p, err := b.admit(t.Context(), PowerBI, "GET", apiURL("/x"))
			if err == nil {
				err = p.occupy(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			p.release()
		}
		began := time.Now()
		_, err := b.admit(t.Context(), PowerBI, "GET", apiURL("/x"))
		e := WrapError(PowerBI, "GET /x", err).(*Error)
		if e.Code() != "graph.throttled" || e.RetryAfter < time.Hour || time.Since(began) > 0 {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if p, err := b.admit(t.Context(), PowerBI, "GET", apiURL("/y")); err != nil {
			t.Errorf("what is not counted waits: %v", err)
		} else {
			p.release()
		}
	})
}

func TestOnlySoManyPassAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLimiter(Limits{MaxPerHost: 8, MaxRetryWait: time.Hour, MaxQueueWait: time.Hour,
			Quotas: []Quota{{Name: "scans", Service: PowerBI, Method: "POST", Path: "/scan", MaxConcurrent: 3}}}, systemClock{})
		var mu sync.Mutex
		now, most := map[string]int{}, map[string]int{}
		count := func(k string, by int) {
			mu.Lock()
			defer mu.Unlock()
			now[k] += by
			most[k] = max(most[k], now[k])
		}
		var wg sync.WaitGroup
		for i := range 300 {
			path := []string{"/scan", "/other"}[i%2]
			wg.Go(func() {
				p, err := b.admit(t.Context(), PowerBI, "POST", apiURL(path))
				if err == nil {
					err = p.occupy(t.Context())
				}
				if err != nil {
					t.Error(err)
					return
				}
				count(path, 1)
				count("all", 1)
				time.Sleep(time.Second)
				count(path, -1)
				count("all", -1)
				p.release()
				p.release() // again, which changes nothing
			})
		}
		wg.Wait()
		if most["/scan"] != 3 || most["all"] != 8 {
			t.Errorf("%d scans and %d requests at a time", most["/scan"], most["all"])
		}
	})
}

// A host that hangs and recovers must not be sent at once what was counted
// minutes ago.
func TestRequestsCountWhenTheyAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLimiter(Limits{MaxPerHost: 1, MaxRetryWait: time.Hour, MaxQueueWait: time.Hour,
			Quotas: []Quota{{Name: "q", Service: PowerBI, Path: "/x", Amount: 2, Window: time.Minute}}}, systemClock{})
		var sent []time.Time
		var mu sync.Mutex
		send := func(path string, takes time.Duration) {
			p, err := b.admit(t.Context(), PowerBI, "GET", apiURL(path))
			if err == nil {
				err = p.occupy(t.Context())
			}
			if err != nil {
				t.Error(err)
				return
			}
			if path == "/x" {
				mu.Lock()
				sent = append(sent, time.Now())
				mu.Unlock()
			}
			time.Sleep(takes)
			p.release()
		}
		var wg sync.WaitGroup
		wg.Go(func() { send("/hangs", 5*time.Minute) })
		synctest.Wait()
		for range 6 {
			wg.Go(func() { send("/x", 0) })
		}
		wg.Wait()
		for i := 2; i < len(sent); i++ {
			if sent[i].Sub(sent[i-2]) <= time.Minute {
				t.Errorf("sent at %v", sent)
			}
		}
	})
}

func TestWhoStopsWaitingForAPlaceGivesBackTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLimiter(Limits{MaxPerHost: 1, MaxRetryWait: time.Hour, MaxQueueWait: time.Hour,
			Quotas: []Quota{{Name: "scans", Service: PowerBI, Path: "/scan", MaxConcurrent: 1}}}, systemClock{})
		enter := func(path string) *admission {
			p, err := b.admit(t.Context(), PowerBI, "POST", apiURL(path))
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		first := enter("/other")
		if err := first.occupy(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := enter("/scan").occupy(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if len(b.quotas[0].turn) != 0 || len(b.quotas[0].places) != 0 {
			t.Error("it holds what it gave up")
		}
		first.release()
		if err := enter("/scan").occupy(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAClockThatIsSetBackStopsNothing(t *testing.T) {
	k := &stepClock{now: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
	b := newBucket(Quota{Amount: 2, Window: time.Minute}, time.Hour, k)
	for _, by := range []time.Duration{0, 0, -48 * time.Hour, 0, 0, 1000 * time.Hour, 0, 0} {
		k.now = k.now.Add(by)
		wait := b.tryTake(1)
		if wait > 62*time.Second {
			t.Errorf("waits %s", wait)
		}
		k.now = k.now.Add(wait)
	}
}

// tryTake uses room if there is, and says how long to wait if not.
func (b *bucket) tryTake(cost int) time.Duration {
	wait, _ := b.waitFor(cost)
	if wait <= 0 {
		b.consume(cost)
	}
	return wait
}

type stepClock struct{ now time.Time }

func (s *stepClock) Now() time.Time { return s.now }

func (s *stepClock) Sleep(context.Context, time.Duration) error { return nil }

func TestQuotasAreMicrosofts(t *testing.T) {
	got := func(s Service, method, path string) string {
		u, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, q := range Quotas() {
			if q.appliesTo(s, method, u.Path) {
				out += fmt.Sprintf("%d/%d/%s ", q.costOf(method, u.Path, u.Query()), q.Amount, q.Window)
			}
		}
		return out
	}
	const files = "%[1]d/1200000/24h0m0s %[1]d/1250/1m0s "
	for _, c := range []struct {
		service      Service
		method, path string
		want         string
	}{
		{Graph, "GET", "/v1.0/drives/d/items/i", fmt.Sprintf(files, 1)},
		{Graph, "GET", "/v1.0/drives/d/items/i/content", fmt.Sprintf(files, 1)},
		{Graph, "GET", "/v1.0/drives/d/items/i/children", fmt.Sprintf(files, 2)},
		{Graph, "GET", "/v1.0/drives/d/root/delta", fmt.Sprintf(files, 2)},
		{Graph, "GET", "/v1.0/drives/d/root/delta?token=t", fmt.Sprintf(files, 1)},
		{Graph, "GET", "/v1.0/drives/d/root/delta(token='t')", fmt.Sprintf(files, 1)},
		{Graph, "PUT", "/v1.0/drives/d/root:/a.pbiviz:/content", fmt.Sprintf(files, 2)},
		{Graph, "PATCH", "/v1.0/sites/s/lists/l/items/1/fields", fmt.Sprintf(files, 2)},
		{Graph, "POST", "/v1.0/sites/s/permissions", fmt.Sprintf(files, 5)},
		{Graph, "GET", "/v1.0/users/$count", "2/3500/10s "},
		{Graph, "GET", "/v1.0/subscribedSkus", "3/3500/10s "},
		{Graph, "GET", "/v1.0/groups/g/transitiveMembers/$count", "5/3500/10s "},
		{Graph, "GET", "/v1.0/organization?$select=id", "2/3500/10s "},
		{PowerBI, "GET", "/v1.0/myorg/admin/activityevents", "1/200/1h0m0s "},
		{PowerBI, "GET", "/v1.0/myorg/admin/capacities", "1/200/1h0m0s "},
		{PowerBI, "GET", "/v1.0/myorg/admin/workspaces/modified", "1/30/1h0m0s "},
		{PowerBI, "POST", "/v1.0/myorg/admin/workspaces/getInfo", "1/500/1h0m0s "},
		{PowerBI, "GET", "/v1.0/myorg/admin/workspaces/scanStatus/1", "1/10000/1h0m0s "},
		{PowerBI, "GET", "/v1.0/myorg/admin/workspaces/scanResult/1", "1/500/1h0m0s "},
		{PowerBI, "GET", "/v1.0/myorg/admin/groups", "1/50/1h0m0s 1/15/1m0s "},
		{PowerBI, "GET", "/v1.0/myorg/admin/reports", "1/50/1h0m0s 1/5/1m0s "},
		{Fabric, "GET", "/v1/admin/tenantsettings", "1/25/1m0s "},
		{Fabric, "GET", "/v1/admin/items", "1/200/1h0m0s "},
		{Fabric, "GET", "/v1/admin/workspaces", "1/200/1h0m0s "},
		{Fabric, "GET", "/v1/admin/workspaces/w/items/i", "1/200/1h0m0s "},
		{PowerBI, "GET", "/v1/admin/tenantsettings", ""},
		{Graph, "GET", "/v1.0/me", ""},
	} {
		if g := got(c.service, c.method, c.path); g != c.want {
			t.Errorf("%s %s %s: got %q, want %q", c.service, c.method, c.path, g, c.want)
		}
	}
	for _, q := range Quotas() {
		if q.Name == "" || q.Source == "" || q.Amount == 0 || q.Window == 0 {
			t.Errorf("%+v says too little", q)
		}
		if q.Name == "scans" && q.MaxConcurrent != 16 {
			t.Errorf("%d scans at a time", q.MaxConcurrent)
		}
	}
}
