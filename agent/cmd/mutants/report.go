package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// A result is what became of one mutant.
type result struct {
	mutant
	outcome outcome
}

// columns are the outcomes of the table, in its order.
var columns = []outcome{killed, timedOut, survived, notCovered, equivalent, noCompile, notTried}

// report writes what became of every mutant: those that no test noticed one by
// one, then a table. A mutant that timed out was noticed.
func report(w io.Writer, targets []*target, results map[*target][]result) {
	for _, o := range []outcome{survived, timedOut, notCovered, noCompile} {
		listed(w, o, targets, results)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "mutants\t")
	for _, o := range columns {
		fmt.Fprintf(table, "%s\t", o)
	}
	fmt.Fprintln(table, "noticed\t  package")
	for _, t := range targets {
		row(table, t.folder(), results[t])
	}
	if len(targets) > 1 {
		var all []result
		for _, t := range targets {
			all = append(all, results[t]...)
		}
		row(table, "all", all)
	}
	_ = table.Flush() // there is nobody else to tell
}

// listed lists the mutants with one outcome.
func listed(w io.Writer, o outcome, targets []*target, results map[*target][]result) {
	headed := false
	for _, t := range targets {
		for _, r := range results[t] {
			if r.outcome != o {
				continue
			}
			if !headed {
				fmt.Fprintf(w, "%s:\n", o)
				headed = true
			}
			fmt.Fprintf(w, "  %s:%d %s\n", r.file, r.first, r.change())
		}
	}
	if headed {
		fmt.Fprintln(w)
	}
}

func row(w io.Writer, name string, results []result) {
	fmt.Fprintf(w, "%d\t", len(results))
	for _, o := range columns {
		fmt.Fprintf(w, "%d\t", tally(results, o))
	}
	fmt.Fprintf(w, "%s\t  %s\n", share(results), name)
}

// tally counts the mutants with one of some outcomes.
func tally(results []result, outcomes ...outcome) int {
	n := 0
	for _, r := range results {
		if slices.Contains(outcomes, r.outcome) {
			n++
		}
	}
	return n
}

// share is how many of the mutants that were tried the tests noticed.
func share(results []result) string {
	noticed := tally(results, killed, timedOut)
	tried := noticed + tally(results, survived)
	if tried == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(noticed)/float64(tried))
}
