package moment_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/moment"
)

func TestWitnessed(t *testing.T) {
	at := func(host string, after time.Duration) moment.Sighting {
		return moment.Sighting{Host: host, At: noon.Add(after)}
	}
	const login, graph, power = "login.example", "graph.example", "power.example"
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	for _, c := range []struct {
		name string
		mark time.Time
		seen []moment.Sighting
		to   time.Duration // after noon; below zero: the mark stays
		by   []string
	}{
		{"nothing was seen", noon, nil, -1, nil},
		{"a minute later", noon, []moment.Sighting{at(login, time.Minute), at(graph, time.Minute)}, -1, nil},
		{"just below an hour", noon, []moment.Sighting{at(login, time.Hour-1)}, -1, nil},
		{"an hour later", noon, []moment.Sighting{at(login, time.Hour)}, time.Hour, []string{login}},
		{"a day later, from one host", noon, []moment.Sighting{at(login, day)}, day, []string{login}},
		{"more than a day, from one host", noon, []moment.Sighting{at(login, day+1)}, -1, nil},
		{"more than a day, twice from one host", noon, []moment.Sighting{at(login, 2*day), at(login, 2*day+1)}, -1, nil},
		{"more than a day, from two hosts", noon, []moment.Sighting{at(login, 2*day), at(graph, 2*day+time.Second)}, 2 * day, []string{graph, login}},
		{"two hosts that disagree", noon, []moment.Sighting{at(login, 2*day), at(graph, 2*day+11*time.Minute)}, -1, nil},
		{"one host far ahead of two that agree", noon, []moment.Sighting{at(power, year), at(login, 2*day), at(graph, 2*day)}, 2 * day, []string{graph, login}},
		{"one host far ahead, one a little", noon, []moment.Sighting{at(power, year), at(graph, 2*time.Hour)}, 2 * time.Hour, []string{graph}},
		{"one host far behind", noon, []moment.Sighting{at(power, -year), at(graph, 2*time.Hour)}, 2 * time.Hour, []string{graph}},
		{"all behind the mark", noon, []moment.Sighting{at(login, -day), at(graph, -day)}, -1, nil},
		{"no mark yet, one host", time.Time{}, []moment.Sighting{at(login, 0)}, -1, nil},
		{"no mark yet, two hosts", time.Time{}, []moment.Sighting{at(login, 0), at(graph, 0)}, 0, []string{graph, login}},
		{"agreement across the end of a day", noon, []moment.Sighting{at(login, day+time.Minute), at(graph, day-time.Minute)}, day - time.Minute, []string{graph, login}},
		{"the newest word of a host counts", noon, []moment.Sighting{at(login, 3*time.Hour), at(login, 2*time.Hour)}, 3 * time.Hour, []string{login}},
	} {
		to, by, ok := moment.Mark{Trusted: c.mark}.Witnessed(c.seen)
		if ok != (c.to >= 0) || ok && (!to.Equal(noon.Add(c.to)) || !slices.Equal(by, c.by)) {
			t.Errorf("%s: %s by %v, %t", c.name, to, by, ok)
		}
	}
}

// TestOneHostNeverRaisesByMoreThanADay: whatever it says and however often.
func TestOneHostNeverRaisesByMoreThanADay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mark := moment.Mark{Trusted: noon}
		hours := rapid.Int64Range(-1e4, 1e6)
		liar := moment.Sighting{Host: "liar", At: noon.Add(time.Duration(hours.Draw(t, "liar")) * time.Hour)}
		seen := []moment.Sighting{liar, liar}
		honest := noon.Add(time.Duration(rapid.Int64Range(0, 5000).Draw(t, "now")) * time.Minute)
		for i := range rapid.IntRange(0, 3).Draw(t, "hosts") {
			seen = append(seen, moment.Sighting{Host: fmt.Sprint(i), At: honest.Add(time.Duration(i) * time.Second)})
		}
		to, by, ok := mark.Witnessed(seen)
		if ok && (to.Before(noon.Add(time.Hour)) || len(by) == 0) {
			t.Errorf("%s by %v", to, by)
		}
		if most := noon.Add(24 * time.Hour); ok && to.After(most) && to.After(honest.Add(10*time.Minute)) {
			t.Errorf("a liar raised the mark to %s; it is %s", to, honest)
		}
	})
}
