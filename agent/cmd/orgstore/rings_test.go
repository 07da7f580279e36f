package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
)

// inTwoStores is a story with a pilot before the store: each command changes both,
// the one after the other.
func inTwoStores(t testing.TB, l laboratory) []chapter {
	t.Helper()
	aurora := licensetest.Aurora()
	gauge, upgraded := parsed(t, example.Gauge(example.Gauge1400)), parsed(t, example.Gauge(example.Gauge1500))
	term := func(seq int64, ends string) func(*issuer.Request) {
		return func(r *issuer.Request) { r.Sequence, r.Ends = seq, licensetest.Time(ends) }
	}
	run := func(args ...string) {
		t.Helper()
		if p := here(l.adapters(), args...); p.code != 0 {
			t.Fatalf("%v left with %d: %s", args, p.code, p.err)
		}
	}
	in := func(w world, args ...string) []string { return append([]string{"--config", w.settings()}, args...) }
	run("init", l.dir, "--tenant", licensetest.Tenant)
	l.write(t, l.path("mail", "aurora.trust"), aurora.BundleFile())
	run(in(l.world, "trust", "add", l.path("mail", "aurora.trust"), "--name", "Aurora Visuals", "--guid", example.GaugeGUID, "--fingerprint", aurora.Bundle().Fingerprint())...)
	run(in(l.world, "pin", "set", example.GaugeGUID, "~> 1.4")...)
	l.change(t, "store:\n  driver: folder\n  path: store", "stores:\n  pilot: { driver: folder, path: pilot }\n  store: { driver: folder, path: store }\nrings: [pilot, store]")
	if err := disk.MakeDir(l.d, l.path(pilot), 0o755); err != nil {
		t.Fatal(err)
	}
	apply := func(w world) []string { return in(w, "apply", "--force") }
	takes := func(name string, file []byte) func(testing.TB, world) {
		return func(t testing.TB, w world) {
			w.write(t, w.path("mail", name), file)
			run(in(w, "package", "add", w.path("mail", name))...)
		}
	}
	return []chapter{
		{name: "install", command: apply, puts: 2, before: takes("gauge.pbiviz", aurora.Embedded(gauge, term(1, "2026-12-20")).File())},
		{name: "renew", command: apply, puts: 2, before: takes("renewed.pbiviz", aurora.Embedded(gauge, term(2, "2027-11-20")).File())},
		{name: "upgrade", command: apply, puts: 2, before: takes("upgraded.pbiviz", aurora.Embedded(upgraded, term(3, "2027-11-20")).File())},
	}
}

// change edits the settings by hand.
func (l laboratory) change(t testing.TB, from, to string) {
	t.Helper()
	text, err := disk.ReadFile(l.d, l.settings(), 1<<20)
	if err != nil || !strings.Contains(string(text), from) {
		t.Fatalf("the settings do not have %q: %v", from, err)
	}
	err = disk.Replace(l.d, l.settings(), 0o644, func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Replace(string(text), from, to, 1))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The program dies at any point of changing two stores, one after the other, and
// the power goes as well. The store never holds what the pilot does not; started
// again it gets to the same end.
func TestDiesBetweenTwoStores(t *testing.T) {
	t.Parallel()
	l := laboratoryAt(t, t.TempDir())
	died := 0
	for _, c := range inTwoStores(t, l) {
		c.before(t, l.world)
		before := l.state(t)
		start := l.copied(t)
		whole := l.run(steady, c.command(l.world)...)
		after := l.state(t)
		if n := l.installs(located(l, whole.points)); whole.code != 0 || n != c.puts {
			t.Fatalf("%s left with %d and put %d packages: %s", c.name, whole.code, n, whole.err)
		}
		name := spots(l.dir)
		for _, point := range whole.points {
			at := name(point)
			if !strings.HasPrefix(point, "before ") && !strings.HasPrefix(point, "after recording") {
				continue
			}
			for lost := range uint64(2) { // 0: the power stays
				died++
				t.Run(fmt.Sprintf("%s/%s/%d", c.name, at, lost), func(t *testing.T) {
					l := start.copied(t)
					l.failing(at, func(bool) error { return errors.New("died") }, c.command(l.world)...)
					if lost > 0 {
						l = l.found(t, lost)
					}
					inTurn(t, before, l.state(t), after)
					if again := l.run(steady, c.command(l.world)...); again.code != 0 {
						t.Errorf("started again it left with %d: %s%s", again.code, again.err, again.out)
					}
					if diff := cmp.Diff(after, l.state(t)); diff != "" {
						t.Errorf("started again it did not get where it was going (-want +got):\n%s", diff)
					}
					l.tidy(t)
					l.complete(t, l.adapters(), after.Done)
				})
			}
		}
	}
	t.Logf("it died %d times", died)
}

// located gives points back the folder that was taken out of them.
func located(l laboratory, points []string) []string {
	all := make([]string, len(points))
	for i, p := range points {
		all[i] = strings.ReplaceAll(p, " /", " "+l.dir+"/")
	}
	return all
}

// inTurn checks that a change goes through the pilot first: what is new in the store
// is in the pilot, too.
func inTurn(t *testing.T, before, left, after state) {
	t.Helper()
	const file = example.GaugeGUID + ".pbiviz"
	for _, in := range []string{pilot, theStore} {
		if got := left.Store[placed(in, file)]; got != before.Store[placed(in, file)] && got != after.Store[placed(in, file)] {
			t.Errorf("%s holds neither what it held nor what it should: %s", in, got)
		}
	}
	if got := left.Store[file]; got != before.Store[file] && left.Store[placed(pilot, file)] != got {
		t.Errorf("the store holds %s, and the pilot %s", got, left.Store[placed(pilot, file)])
	}
}
