package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/visual"
)

// A tenant's year is a year of the agent whose library lies in a tenant: each
// month's renewal comes ten days before the end, an upgrade comes and is gone
// back from, junk comes, the tenant stumbles at every third look and is away for a
// week at a time.
type tenantYear struct {
	*tenanted
	t     testing.TB
	dice  *rand.Rand
	begin time.Time
	seq   int64
	ends  map[visual.Digest]time.Time // of what was sent
	build string
	told  []string
}

func (y *tenantYear) now() time.Time { return y.clock.Now() }

// sleep lets the clock go on to some time of a day of the year.
func (y *tenantYear) sleep(day int) {
	y.clock.mu.Lock()
	defer y.clock.mu.Unlock()
	until := y.begin.AddDate(0, 0, day)
	if ahead := until.Sub(today().Add(time.Since(y.clock.begun) + y.clock.ahead)); ahead > 0 {
		y.clock.ahead += ahead
	}
}

// sends puts a package of the newest build into the library, licensed for a month
// more.
func (y *tenantYear) sends(name string, ends time.Time, tenant string) {
	y.seq++
	p := licensetest.Aurora().Embedded(parsed(y.t, example.Gauge(y.build)), func(r *issuer.Request) {
		r.Sequence, r.Issued, r.Ends, r.Tenants = y.seq, y.now().UTC().Truncate(24*time.Hour), ends, []string{tenant}
	})
	if tenant == licensetest.Tenant {
		y.ends[visual.DigestOf(p.File())] = ends
	}
	y.put(name, p.File())
}

func (y *tenantYear) put(name string, file []byte) {
	if _, err := y.visuals.Upload(name, file); err != nil {
		y.t.Fatal(err)
	}
}

// look lets the agent look once, with a fault or without.
func (y *tenantYear) look(faults ...simulator.Fault) {
	y.t.Helper()
	if err := y.tenant.SetFaults(faults...); err != nil {
		y.t.Fatal(err)
	}
	y.tenant.ClearCalls()
	code, said := y.run("agent", "run", "--once")
	y.told = append(y.told, fmt.Sprintf("%s %v: %d", y.now().Format(time.DateOnly), faults, code))
	switch {
	case code != 0 && !strings.Contains(said, "hint: "):
		y.t.Fatalf("on %s it left with %d and no hint:\n%s", y.now(), code, said)
	case code != 0 && len(faults) == 0:
		y.t.Fatalf("on %s it left with %d:\n%s\n%s", y.now(), code, said, strings.Join(y.told, "\n"))
	case len(y.tenant.LoggedCalls()) > 120:
		y.t.Errorf("on %s it made %d calls", y.now(), len(y.tenant.LoggedCalls()))
	}
	if err := y.tenant.SetFaults(); err != nil {
		y.t.Fatal(err)
	}
}

// licensed checks that what is installed was sent and is licensed.
func (y *tenantYear) licensed() {
	y.t.Helper()
	held := y.read(y.t, y.book(y.t)).Store[example.GaugeGUID+".pbiviz"]
	ends, sent := y.ends[held]
	if !sent {
		y.t.Fatalf("on %s the store holds what was not sent: %s\n%s", y.now(), held, strings.Join(y.told, "\n"))
	}
	if !y.now().Before(ends) {
		y.t.Fatalf("on %s the license has ended on %s although the renewal is here\n%s", y.now(), ends, strings.Join(y.told, "\n"))
	}
}

// strike draws a fault that strikes one of the next calls.
func (y *tenantYear) strike() simulator.Fault {
	kinds := simulator.AllFaultKinds()
	return simulator.Fault{Kind: kinds[y.dice.IntN(len(kinds))], Nth: 1 + y.dice.IntN(12), Count: 1 + y.dice.IntN(3)}
}

func TestAYearInATenant(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	y := &tenantYear{tenanted: newTenanted(t), t: t, dice: rand.New(rand.NewPCG(1, 1)), begin: today(), ends: map[visual.Digest]time.Time{}, build: example.Gauge1400}
	y.offline(t)
	ends := y.begin.AddDate(0, 1, 0).Truncate(24 * time.Hour)
	y.sends("gauge.pbiviz", ends, licensetest.Tenant)
	y.look()
	for day := 3; day < 365; day += 3 {
		y.sleep(day)
		switch left := ends.Sub(y.now()); {
		case day == 120:
			y.build = example.Gauge1410
			y.sends("upgraded.pbiviz", ends, licensetest.Tenant)
		case day == 150:
			if code, said := y.run("rollback", example.GaugeGUID, "--reason", "totals are wrong", "--force"); code != 0 {
				t.Fatalf("the rollback left with %d:\n%s", code, said)
			}
			y.build = example.Gauge1400 // which the vendor renews as well, when asked
			y.sends("renewed.pbiviz", ends, licensetest.Tenant)
		case left < 11*24*time.Hour && left > 0:
			ends = ends.AddDate(0, 1, 0)
			y.sends(fmt.Sprintf("other-%d.pbiviz", day), ends, licensetest.OtherTenant)
			y.put(fmt.Sprintf("junk-%d.pbiviz", day), []byte("junk"))
			y.sends(fmt.Sprintf("gauge-%d.pbiviz", day), ends, licensetest.Tenant)
		}
		switch {
		case day/60%2 == 1 && day%60 < 9: // the tenant is away for a week
			y.look(simulator.Fault{Kind: simulator.ServerError, Count: -1})
			y.licensed()
		case y.dice.IntN(3) == 0:
			y.look(y.strike())
			y.look() // as the agent does a few seconds later
			y.licensed()
		default:
			y.look()
			y.licensed()
		}
	}
	for _, c := range y.tenant.UnexpectedCalls() {
		t.Errorf("no client should ask this: %s", c)
	}
	y.keepsSecrets(t)
	y.complete(t, adaptersAt(y.now()), stood(y.book(t)))
	changes := len(y.book(t).History())
	t.Logf("%d looks, %d changes, %d packages sent", len(y.told), changes, len(y.ends))
	if changes < 14 {
		t.Errorf("only %d changes were made in a year", changes)
	}
}
