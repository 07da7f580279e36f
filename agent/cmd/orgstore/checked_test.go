package main

import (
	"errors"
	"io"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/engine/enginetest"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
)

// checkedBy adds a check to the settings: this test program, which runs no tests
// and ends with 0, or which is given a flag that it does not know.
func (l laboratory) checkedBy(t testing.TB, argument string) {
	t.Helper()
	text, err := disk.ReadFile(l.d, l.settings(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	program := "'" + strings.ReplaceAll(os.Args[0], "'", "''") + "'"
	with := strings.Replace(string(text), "version: 1\n", "version: 1\ncheck: { command: ["+program+", "+argument+"] }\n", 1)
	err = disk.Replace(l.d, l.settings(), 0o644, func(w io.Writer) error {
		_, err := io.WriteString(w, with)
		return err
	})
	if err != nil || with == string(text) {
		t.Fatalf("the settings have no check: %v", err)
	}
}

// An upgrade is checked, and the program dies at any point of that: before, in
// and after the check, on the way back too. Started again it gets to the same
// end: what the check finds good is there, and what it finds bad is not, is
// blocked and is held.
func TestDiesAroundACheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, argument string
		code, there    int // how apply leaves; which of the mishap's packages is there in the end
		kept           int // blocks and holds, each
	}{
		{"passes", "-test.run=^$", 0, 2, 0},
		{"fails", "-no-such-flag", 13, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMishap(t)
			m.start.checkedBy(t, c.argument)
			var points []spot
			name := spots(m.start.dir)
			upgrade := func(l laboratory, pass func(int, string) error) process {
				s := &enginetest.Stage{Pass: pass}
				return here(staged(l.adapters(), s), m.command...)
			}
			whole := upgrade(m.start.copied(t), func(_ int, point string) error {
				points = append(points, name(point))
				return nil
			})
			if whole.code != c.code {
				t.Fatalf("it left with %d: %s%s", whole.code, whole.err, whole.out)
			}
			for _, at := range points {
				t.Run(at.String(), func(t *testing.T) {
					l := m.start.copied(t)
					name, dead := spots(l.dir), false
					upgrade(l, func(_ int, point string) error {
						if dead = dead || name(point) == at; dead {
							return errors.New("died")
						}
						return nil
					})
					again := here(l.adapters(), m.command...)
					if again.code != 0 && again.code != c.code {
						t.Errorf("started again it left with %d: %s%s", again.code, again.err, again.out)
					}
					s := l.state(t)
					if got := s.Store[example.GaugeGUID+".pbiviz"]; got != m.gauge[c.there] {
						t.Errorf("the store holds %s, want %s", got, m.gauge[c.there])
					}
					if s.Blocks != c.kept || s.Holds != c.kept {
						t.Errorf("%d blocks and %d holds, want %d of each", s.Blocks, s.Holds, c.kept)
					}
					before := s.Store
					if third := here(l.adapters(), m.command...); third.code != 0 || !maps.Equal(before, l.state(t).Store) {
						t.Errorf("once more it left with %d: %s%s", third.code, third.err, third.out)
					}
				})
			}
			t.Logf("%d points", len(points))
		})
	}
}
