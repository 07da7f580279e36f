package plan

import (
	"fmt"
	"slices"
	"testing"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
)

// tenant is 1,000 visuals with 10 releases each, half of the visuals current.
func tenant() Input {
	in := Input{Traits: map[string]store.Traits{"main": tellsAll}}
	for i := range 1000 {
		k := store.Key{Store: "main", GUID: guid(fmt.Sprintf("visual%d_7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E", i))}
		in.Wanted = append(in.Wanted, Wanted{k, pinned([]string{"~> 1.4", ">= 1.2, < 2", "1.7.0.0"}[i%3])})
		for r := range 10 {
			c := candidate(fmt.Sprintf("1.%d.0.%d", r, i%7), fmt.Sprint(i), "2027-06-01")
			c.GUID = k.GUID
			if r == 8 {
				c = c.judged(verdict.Reject, "lic.signature", "bad")
			}
			in.Candidates = append(in.Candidates, c)
		}
		p := in.Candidates[len(in.Candidates)-1-i%2*3].installed()
		p.Key = k
		in.Present = append(in.Present, p)
	}
	return in
}

// BenchmarkCompute has a goal of 50 ms; the baseline sorts the same candidates
// by visual and release and does nothing else.
func BenchmarkCompute(b *testing.B) {
	in := tenant()
	b.Run("baseline-sort", func(b *testing.B) {
		for b.Loop() {
			slices.SortFunc(slices.Clone(in.Candidates), func(x, y Candidate) int {
				if c := x.GUID.Compare(y.GUID); c != 0 {
					return c
				}
				return x.Release.Compare(y.Release)
			})
		}
	})
	b.Run("plan", func(b *testing.B) {
		for b.Loop() {
			Compute(in)
		}
	})
}
