package cli_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
)

// A thinkingPerson does something before each line that is typed.
type thinkingPerson struct {
	before func()
	typed  io.Reader
}

func (p *thinkingPerson) Read(b []byte) (int, error) {
	if p.before != nil {
		p.before()
		p.before = nil
	}
	return p.typed.Read(b)
}

// atTerminal runs the program for a person at a terminal.
func (x *tenant) atTerminal(ctx context.Context, in io.Reader, args ...string) (code int, said string) {
	x.Helper()
	var out, errs bytes.Buffer
	streams := cli.Streams{In: in, Out: &out, Err: &errs, InTerminal: true, OutTerminal: true}
	code = cli.Run(ctx, args, streams, x.Adapters)
	return code, out.String() + errs.String()
}

// Nobody is kept out while a person thinks about a question, and the person is
// asked again if what the question was about has changed meanwhile.
func TestNobodyIsKeptOutByAQuestion(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	other := x.another()
	in := &thinkingPerson{typed: strings.NewReader("y\ny\n"), before: func() {
		other.run(0, "hold", example.GaugeGUID, "--reason", "wait")
		other.run(0, "unhold", example.GaugeGUID)
		other.run(0, "agent", "run", "--once")
		x.installed(example.Gauge1500)
		other.run(0, "rollback", example.GaugeGUID, "--reason", "totals are wrong", "--force")
	}}
	code, said := x.atTerminal(t.Context(), in, "apply")
	if code != 0 {
		t.Errorf("left with %d: %s", code, said)
	}
	x.installed(example.Gauge1400)
}

// What changes while a person thinks is not made without being asked again.
func TestAnotherPlanIsAskedAgain(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1410)
	in := &thinkingPerson{typed: strings.NewReader("y\nn\n"), before: func() { x.add(example.Gauge1500) }}
	code, said := x.atTerminal(t.Context(), in, "apply")
	if code != 1 || strings.Count(said, "[y/N]") != 2 {
		t.Errorf("left with %d: %s", code, said)
	}
	x.installed(example.Gauge1400)
}

// Ctrl-C at a question ends the command at once.
func TestCanceledAtAQuestion(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	for _, args := range [][]string{{"apply"}, {"rollback", example.GaugeGUID, "--to", "0", "--reason", "why"}} {
		ctx, cancel := context.WithCancel(t.Context())
		silent, typist := io.Pipe()
		defer typist.Close()
		time.AfterFunc(200*time.Millisecond, cancel)
		if code, said := x.atTerminal(ctx, silent, args...); code != 130 {
			t.Errorf("%v left with %d: %s", args, code, said)
		}
	}
	x.installed(example.Gauge1400)
}

// An agent that cannot act says so with its exit code.
func TestOnceThatCannotAct(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	held, err := lock.Acquire(t.Context(), disk.OS(), ".orgstore", lock.Holder{Command: "apply", Since: time.Now()}, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, errs := x.run(15, "agent", "run", "--once")
	x.expect(errs, "apply", "hint: ")
	if err := held.Release(); err != nil {
		t.Fatal(err)
	}
	x.run(0, "agent", "run", "--once")
	x.installed(example.Gauge1500)
}

// The exit code of a look is that of the worst that waits or is broken, as apply's is.
func TestOnceEndsWithTheWorst(t *testing.T) {
	cut := func(x *tenant) {
		name := "store/" + example.GaugeGUID + ".pbiviz"
		text, err := os.ReadFile(name)
		if err != nil {
			x.Fatal(err)
		}
		x.file(name, text[:len(text)/2])
	}
	for _, c := range []struct {
		name   string
		happen func(x *tenant)
		want   int
	}{
		{"an upgrade that waits for approval", func(x *tenant) {
			x.edit("pin: ", "upgrade: {approvals: 1}\n    pin: ")
			x.add(example.Gauge1500)
		}, 12},
		{"an installed file that is cut short", cut, 1},
		{"a bundle that cannot be read", func(x *tenant) { x.file("aurora.trust", []byte("{}")) }, 10},
		{"a pin that nothing satisfies", func(x *tenant) { x.run(0, "pin", "set", example.GaugeGUID, "9.0.0.0") }, 16},
		{"all well", func(*tenant) {}, 0},
		{"a hold", func(x *tenant) {
			x.add(example.Gauge1500)
			x.run(0, "hold", example.GaugeGUID, "--reason", "wait")
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newTenant(t)
			c.happen(x)
			x.run(c.want, "agent", "run", "--once")
		})
	}
}

// edit changes the settings by hand, once.
func (x *tenant) edit(old, text string) {
	x.Helper()
	settings, err := os.ReadFile("orgstore.yaml")
	if err != nil || !bytes.Contains(settings, []byte(old)) {
		x.Fatal(string(settings), err)
	}
	x.file("orgstore.yaml", bytes.Replace(settings, []byte(old), []byte(text), 1))
}
