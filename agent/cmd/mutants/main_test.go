package main

import (
	"bytes"
	"context"
	"go/format"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// sampled runs the command on the package of the test.
func sampled(t *testing.T, o options) (string, error) {
	t.Helper()
	if testing.Short() {
		t.Skip("it builds a program")
	}
	t.Setenv("CGO_ENABLED", "0")
	o.patterns, o.together = []string{"./testdata/sample"}, 2
	var out bytes.Buffer
	err := run(context.Background(), o, &out, &progress{})
	return out.String(), err
}

func TestTheSample(t *testing.T) {
	o, err := parse([]string{"-limit", "500ms", "a package"})
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadDir("testdata/sample")
	if err != nil {
		t.Fatal(err)
	}
	got, err := sampled(t, o)
	if err != nil {
		t.Fatal(err)
	}
	const dir = "  agent/cmd/mutants/testdata/sample/sample.go:"
	want := `survived:
` + dir + `7 Least: a < b -> a <= b
` + dir + `14 IsBetween: n <= to -> n < to
` + dir + `19 CountDown: n < 0 -> n <= 0

timed out:
` + dir + `18 CountDown: n != 0 -> n == 0
` + dir + `19 CountDown: n < 0 -> !(n < 0)

not covered:
` + dir + `31 Untested: !ready -> ready

  mutants  killed  timed out  survived  not covered  equivalent  did not compile  not tried  noticed  package
        9       3          2         3            1           0                0          0   62.5 %  agent/cmd/mutants/testdata/sample
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	after, err := os.ReadDir("testdata/sample")
	if err != nil || len(after) != len(before) {
		t.Errorf("the package's folder has %d files, and had %d: %v", len(after), len(before), err)
	}
}

func TestASample(t *testing.T) {
	o, err := parse([]string{"-n", "2", "-seed", "7", "-only", "Least|IsBetween", "a package"})
	if err != nil {
		t.Fatal(err)
	}
	first, err := sampled(t, o)
	if err != nil || !strings.Contains(first, "\n        5 ") {
		t.Errorf("%v\n%s", err, first)
	}
	if again, _ := sampled(t, o); again != first {
		t.Errorf("another sample:\n%s\n%s", first, again)
	}
}

func TestWhatStopsIt(t *testing.T) {
	for name, args := range map[string][]string{
		"no package": {}, "a negative sample": {"-n", "-1", "p"}, "none at a time": {"-p", "0", "p"}, "no pattern": {"-only", "(", "p"},
	} {
		if _, err := parse(args); err == nil {
			t.Errorf("%s: passes", name)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := run(ctx, options{patterns: []string{"./testdata/sample"}}, new(bytes.Buffer), &progress{}); err == nil {
		t.Error("a command that was stopped says nothing")
	}
}

// changed is a function's body with all mutants in it, and what they are.
func changed(t *testing.T, body string, omitted ...int) (string, []string) {
	t.Helper()
	out := map[int]bool{}
	for _, id := range omitted {
		out[id] = true
	}
	found, code, err := find("p/f.go", []byte("package p\nfunc f() bool {\n"+body+"\n}\n"), 1, out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := format.Source(code); err != nil {
		t.Fatalf("%v\n%s", err, code)
	}
	var names []string
	for _, m := range found {
		if m.first < 3 || m.last < m.first {
			t.Errorf("%s: lines %d to %d", m.name(), m.first, m.last)
		}
		names = append(names, strings.TrimPrefix(m.name(), "p/f.go f: "))
	}
	text := strings.TrimSuffix(strings.TrimPrefix(string(code), "package p\nfunc f() bool {\n"), "\n}\n")
	return text, names
}

func TestEachChange(t *testing.T) {
	for _, c := range []struct{ body, want, names string }{
		{"if ok {}", "if ((ok) != mutantOn(1)) {}", "ok -> !(ok)"},
		{"if !ok {}", "if ((!ok) != mutantOn(1)) {}", "!ok -> ok"},
		{"if (!ok) {}", "if (((!ok) != mutantOn(1))) {}", "!ok -> ok"},
		{"if a == b {}", "if ((a == b) != mutantOn(1)) {}", "a == b -> a != b"},
		{"x := a != b", "x := ((a != b) != mutantOn(1))", "a != b -> a == b"},
		{"x := a < b", "x := mutantLess(1, a , b)", "a < b -> a <= b"},
		{"x := a<=b", "x := mutantLessOrEqual(1, a,b)", "a<=b -> a < b"},
		{"x := a > b", "x := mutantGreater(1, a , b)", "a > b -> a >= b"},
		{"x := a >= b", "x := mutantGreaterOrEqual(1, a , b)", "a >= b -> a > b"},
		{"x := a && b", "x := ((((a) != mutantOn(1)) && ((b) != mutantOn(1))) != mutantOn(1))", "a && b -> a || b"},
		{"x := a || b", "x := ((((a) != mutantOn(1)) || ((b) != mutantOn(1))) != mutantOn(1))", "a || b -> a && b"},
		{"if a < b {}", "if ((mutantLess(2, a , b)) != mutantOn(1)) {}", "a < b -> !(a < b); a < b -> a <= b"},
		{"switch { case a, !b: }", "switch { case ((a) != mutantOn(1)), ((!b) != mutantOn(2)): }", "a -> !(a); !b -> b"},
		{"switch x { case a: }", "switch x { case a: }", ""},
		{"return true, nil, false", "return ((true) != mutantOn(1)), nil, ((false) != mutantOn(2))", "true -> false; false -> true"},
		{"for ok {}", "for ok {}", ""},
		{"const c = 1 < 2\nvar a [1]int", "const c = 1 < 2\nvar a [1]int", ""},
		{"x := !a\ny := !a", "x := ((!a) != mutantOn(1))\ny := ((!a) != mutantOn(2))", "!a -> a; !a -> a (2)"},
		{"x := a == b ||\n\tc", "x := ((((((a == b) != mutantOn(2))) != mutantOn(1)) ||\n\t((c) != mutantOn(1))) != mutantOn(1))", "a == b || c -> a == b && c; a == b -> a != b"},
	} {
		if got, names := changed(t, c.body); got != c.want || strings.Join(names, "; ") != c.names {
			t.Errorf("%s\n got %s\nwant %s\n got %s\nwant %s", c.body, got, c.want, strings.Join(names, "; "), c.names)
		}
	}
}

// What a changed operator binds more tightly stands in parentheses.
func TestNamesSayWhatIsMeant(t *testing.T) {
	if _, names := changed(t, "x := a || b || c"); names[0] != "a || b || c -> (a || b) && c" {
		t.Errorf("got %q", names[0])
	}
	if got, names := changed(t, "x := !a == !b", 2); strings.Contains(got, "On(2)") || len(names) != 3 {
		t.Errorf("omitted, and still there: %s, %q", got, names)
	}
}

func TestNamesOfFunctions(t *testing.T) {
	const code = `package p
func (t *T) a() bool { return true }
func (t G[K]) b() bool { return true }
func (*G[K, V]) c() bool { return true }
func d() bool { return true }
var e = !f
`
	found, _, err := find("p/f.go", []byte(code), 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	var in []string
	for _, m := range found {
		in = append(in, m.in)
	}
	if got := strings.Join(in, " "); got != "T.a G.b G.c d (outside functions)" {
		t.Errorf("got %s", got)
	}
}

// What the compiler does not like is omitted, and only that.
func TestWhatDoesNotCompileIsOmitted(t *testing.T) {
	a := &target{module: "/m", Dir: "/m/p", omitted: map[int]bool{}, mutants: []mutant{
		{id: 1, file: "p/a.go", first: 7, last: 9}, {id: 2, file: "p/a.go", first: 9, last: 9}, {id: 3, file: "p/b.go", first: 8, last: 8},
	}}
	if !a.omit("# p\np/a.go:8:12: mismatched types\n") || len(a.omitted) != 1 || !a.omitted[1] {
		t.Errorf("omitted: %v", a.omitted)
	}
	if a.omit("p/a.go:8:12: mismatched types\np/a.go:20:1: unexpected }") {
		t.Error("the same complaint omits more")
	}
}

func TestTheListOfEquivalents(t *testing.T) {
	if _, err := parseEquivalent(equivalentText); err != nil {
		t.Error(err)
	}
	got, err := parseEquivalent("# remark\np/a.go f: a -> b\n\twhy\n\np/a.go f: c -> d\n\twhy not\n")
	if err != nil || len(got) != 2 || got["p/a.go f: a -> b"] != "why" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"p/a.go f: a -> b\n", "p/a.go f: a -> b\np/a.go f: c -> d\n\twhy\n", "\twhy\n", "a\n\twhy\na\n\twhy\n"} {
		if _, err := parseEquivalent(bad); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
	examined := []*target{{module: "/m", Dir: "/m/p", mutants: []mutant{{file: "p/a.go", in: "f", before: "a", after: "b"}}}}
	reasons := map[string]string{"p/a.go f: a -> b": "r", "p/a.go f: x -> y": "r", "q/a.go f: x -> y": "r"}
	if got := stale(reasons, examined); len(got) != 1 || got[0] != "p/a.go f: x -> y" {
		t.Errorf("stale: %v", got)
	}
	if r := judge(examined, reasons, regexp.MustCompile(""))[examined[0]]; r[0].outcome != equivalent {
		t.Errorf("it is %s", r[0].outcome)
	}
}

func TestTheLimitOfOneMutant(t *testing.T) {
	slow := &target{takes: time.Minute}
	if got := slow.most(0); got != 10*time.Minute {
		t.Errorf("slow tests get %s", got)
	}
	if got := (&target{takes: time.Second}).most(0); got != 20*time.Second {
		t.Errorf("quick tests get %s", got)
	}
	if got := slow.most(time.Second); got != time.Second {
		t.Errorf("the option is ignored: %s", got)
	}
}
