package main

import (
	_ "embed"
	"fmt"
	"strings"
)

// equivalentText lists the mutants that no test can tell from the original: the
// name of each, as a report has it but for the line, and indented on the next
// line the reason.
//
//go:embed equivalent.txt
var equivalentText string

// parseEquivalent reads the list, and returns the reasons by name.
func parseEquivalent(text string) (map[string]string, error) {
	reasons := map[string]string{}
	name := ""
	for i, line := range strings.Split(text, "\n") {
		reason := strings.TrimSpace(line)
		switch indented := strings.HasPrefix(line, "\t"); {
		case reason == "" || strings.HasPrefix(line, "#"):
		case indented && name == "":
			return nil, fmt.Errorf("line %d gives a reason, and no mutant stands before it", i+1)
		case indented:
			reasons[name], name = reason, ""
		case name != "":
			return nil, fmt.Errorf("line %d: %s has no reason", i, name)
		case reasons[line] != "":
			return nil, fmt.Errorf("line %d: %s is listed twice", i+1, line)
		default:
			name = line
		}
	}
	if name != "" {
		return nil, fmt.Errorf("%s has no reason", name)
	}
	return reasons, nil
}

// stale lists the names that are no mutant of these packages any more.
func stale(reasons map[string]string, targets []*target) []string {
	known, folders := map[string]bool{}, map[string]bool{}
	for _, t := range targets {
		folders[t.folder()] = true
		for _, m := range t.mutants {
			known[m.name()] = true
		}
	}
	var all []string
	for name := range reasons {
		file, _, _ := strings.Cut(name, " ")
		if folders[file[:max(strings.LastIndex(file, "/"), 0)]] && !known[name] {
			all = append(all, name)
		}
	}
	return all
}
