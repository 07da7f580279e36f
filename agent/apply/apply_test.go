package apply_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// steps are the steps of the table, by what they do.
func steps(b *bench) map[string]plan.Step {
	return map[string]plan.Step{
		"install":      b.step(change.Install, absent(), b.state("new", true)),
		"upgrade":      b.step(change.Upgrade, b.state("old", true), b.state("new", true)),
		"upgrade, off": b.step(change.Upgrade, b.state("old", false), b.state("new", false)),
		"downgrade":    b.step(change.Downgrade, b.state("new", true), b.state("old", true)),
		"renew":        b.step(change.Renew, b.state("old", true), b.state("renewed", true)),
		"renew, same":  b.step(change.Renew, b.state("old", true), b.state("old again", true)),
		"enable":       b.step(change.Enable, b.state("old", false), b.state("old", true)),
		"disable":      b.step(change.Disable, b.state("old", true), b.state("old", false)),
	}
}

// TestEveryStepAndEveryFault carries out every kind of step in every kind of
// store while the store misbehaves, then starts again with a store that
// behaves. What comes of it is in testdata, to be read.
func TestEveryStepAndEveryFault(t *testing.T) {
	for tells, traits := range stores() {
		var table strings.Builder
		kinds := slices.Sorted(maps.Keys(steps(newBench(t, traits))))
		for _, kind := range kinds {
			fmt.Fprintf(&table, "%s\n", kind)
			for _, f := range append(faults(), answersOddly, refusesOddly, goesBlindOddly, "always "+holdsOther, "always "+flips) {
				b := newBench(t, traits)
				s := steps(b)[kind]
				b.start(s.From)
				from, first := b.content(), b.seq()
				name, always := strings.CutPrefix(string(f), "always ")
				b.wire.faults, b.wire.forever = []fault{fault(name)}, always
				r := b.do(s)
				fmt.Fprintf(&table, "  %s\n    %s\n", f, line(b, r, first))
				second := b.seq()
				b.wire.faults, b.wire.blind, b.wire.odd = nil, 0, false
				for _, r := range b.recover() {
					fmt.Fprintf(&table, "    then %s\n", line(b, r, second))
				}
				sound(b, s, from, r)
			}
		}
		golden(t, "faults-"+tells+".txt", table.String())
	}
}

// line says what came of a step.
func line(b *bench, r apply.Result, after uint64) string {
	out := string(r.Outcome)
	if r.Code != "" {
		out += " " + string(r.Code)
	}
	return fmt.Sprintf("%s; store: %s; recorded: %s", out, b.content(), strings.Join(b.facts(after), " "))
}

// sound holds what must be true after any fault, and a restart with a store
// that behaves.
func sound(b *bench, s plan.Step, from string, r apply.Result) {
	b.Helper()
	book, now := b.applier.Journal.Book(), b.content()
	open := book.Open(b.key)
	last := book.Revisions(b.key)
	done := false
	for _, rev := range last {
		done = done || rev.Step == s.ID && rev.Stood()
	}
	to := label(b, s.To.Release, s.To.Enabled)
	if b.wire.traits.TellsDigest {
		if open != nil && !open.Waiting && open.Unclear == "" {
			b.Errorf("%s: step %s stays open", s.Kind, open.Step.Kind)
		}
		if done && now != to {
			b.Errorf("%s is done, and the store holds %s", s.Kind, now)
		}
	}
	if r.Outcome == apply.Verified && now != to {
		b.Errorf("%s is said to be verified, and the store holds %s", s.Kind, now)
	}
	if r.Outcome == apply.Undone && from != "nothing" && now != from {
		b.Errorf("%s is said to be undone, and the store holds %s", s.Kind, now)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) == got {
		return
	}
	w, g := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		switch {
		case i >= len(w) || i >= len(g):
			t.Fatalf("%s has %d lines, and there are %d", file, len(w), len(g))
		case w[i] != g[i]:
			t.Fatalf("%s, line %d:\nwant %s\ngot  %s", file, i+1, w[i], g[i])
		}
	}
}
