// Command mutants tries what the tests of packages notice: it changes one
// condition after another, and runs the package's own tests on each change.
//
//	go run ./agent/cmd/mutants [-n COUNT] [-seed NUMBER] PACKAGE...
//
// The changes, called mutants, are these, each by itself:
//
//   - a condition of an if, or of a switch without a tag, is negated
//   - < and <=, > and >=, == and !=, && and || are swapped
//   - a ! is dropped
//   - a returned true is false, and the other way around
//
// A mutant is killed if a test fails, and survives if all pass. One for which the
// tests take too long, as in a loop without an end, counts as noticed, too. What
// no test evaluates is not tried, and listed as not covered. The list
// equivalent.txt names mutants that do what the original does, with the reason.
//
// No file of the packages is changed: go builds the tests with an overlay, once
// for each package, with all its mutants in it, and an environment variable
// chooses the one to be. That is a hundred times less to compile than with one
// build for each, and tells exactly which conditions the tests evaluate, which a
// cover profile does not for those of a switch. A test that starts its own
// program again starts the same mutant.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// options are what the command line says.
type options struct {
	sample   int
	seed     uint64
	together int
	limit    time.Duration
	short    bool
	list     bool
	only     *regexp.Regexp
	patterns []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, o, os.Stdout, newProgress(os.Stderr))
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	o := options{only: regexp.MustCompile("")}
	f := flag.NewFlagSet("mutants", flag.ContinueOnError)
	f.IntVar(&o.sample, "n", 0, "try a sample of so `many` mutants, of all packages together; 0 tries all")
	f.Uint64Var(&o.seed, "seed", 1, "the `number` that chooses the sample")
	f.IntVar(&o.together, "p", 2, "try so `many` at a time")
	f.DurationVar(&o.limit, "limit", 0, "the most `time` of a processor for one mutant; 0 is ten times what the tests take, and at least 20 seconds")
	f.BoolVar(&o.short, "short", false, "run the tests with -short")
	f.BoolVar(&o.list, "list", false, "list the mutants, and try none")
	f.Func("only", "try only mutants whose name matches this `pattern`", func(s string) (err error) {
		o.only, err = regexp.Compile(s)
		return err
	})
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.patterns = f.Args()
	switch {
	case len(o.patterns) == 0:
		return o, errors.New("name packages, such as ./policies/window")
	case o.sample < 0 || o.together < 1 || o.limit < 0:
		return o, errors.New("-n and -limit are not below 0, and -p is at least 1")
	}
	return o, nil
}

// run does all that the command does. Where it is stopped it reports what it
// knows by then.
func run(ctx context.Context, o options, out io.Writer, p *progress) error {
	reasons, err := parseEquivalent(equivalentText)
	if err != nil {
		return fmt.Errorf("equivalent.txt: %w", err)
	}
	targets, err := list(ctx, o.patterns)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for i, t := range targets {
		p.say("building %s", t.folder())
		t.short = o.short
		dir := filepath.Join(work, strconv.Itoa(i))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := t.prepare(ctx, dir); err != nil {
			return err
		}
	}
	results := judge(targets, reasons, o.only)
	if !o.list {
		err = try(ctx, results, targets, o, p)
	}
	p.end()
	show(out, targets, results, o)
	for _, name := range slices.Sorted(slices.Values(stale(reasons, targets))) {
		err = errors.Join(err, fmt.Errorf("equivalent.txt names what is no mutant any more: %s", name))
	}
	return err
}

func show(out io.Writer, targets []*target, results map[*target][]result, o options) {
	if o.list {
		listed(out, notTried, targets, results)
	}
	report(out, targets, results)
}

// judge says of each mutant what is known before any is tried.
func judge(targets []*target, reasons map[string]string, only *regexp.Regexp) map[*target][]result {
	results := map[*target][]result{}
	for _, t := range targets {
		for _, m := range t.mutants {
			o := notTried
			switch name := m.name(); {
			case !only.MatchString(name):
				continue
			case reasons[name] != "":
				o = equivalent
			case t.omitted[m.id]:
				o = noCompile
			case !t.reached[m.id]:
				o = notCovered
			}
			results[t] = append(results[t], result{m, o})
		}
	}
	return results
}

// A job is one mutant to try.
type job struct {
	target *target
	result *result
}

// choose returns what is to be tried, or a sample of it.
func choose(results map[*target][]result, targets []*target, o options) []job {
	var jobs []job
	for _, t := range targets {
		for i := range results[t] {
			if r := &results[t][i]; r.outcome == notTried {
				jobs = append(jobs, job{t, r})
			}
		}
	}
	if o.sample == 0 || o.sample >= len(jobs) {
		return jobs
	}
	rand.New(rand.NewPCG(o.seed, 0)).Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
	return jobs[:o.sample]
}

// try tries mutants, some at a time, and stops at the first that cannot be tried.
func try(ctx context.Context, results map[*target][]result, targets []*target, o options, p *progress) error {
	jobs := choose(results, targets, o)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan job)
	var wg sync.WaitGroup
	for range o.together {
		wg.Go(func() {
			for j := range next {
				outcome, err := j.target.try(ctx, j.result.id, j.target.most(o.limit))
				if err != nil {
					cancel(err)
				}
				j.result.outcome = outcome
				p.count(outcome, len(jobs))
			}
		})
	}
	for _, j := range jobs {
		if ctx.Err() == nil {
			next <- j
		}
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// most is how much of a processor's time the tests of one mutant may take.
func (t *target) most(limit time.Duration) time.Duration {
	if limit > 0 {
		return limit
	}
	return max(20*time.Second, 10*t.takes)
}
