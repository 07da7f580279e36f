package cli

import (
	"fmt"
	"strings"

	"github.com/orgstore/orgstore/agent/engine"
)

// listLine tells people of one list.
func listLine(l engine.StatusList) string {
	text := fmt.Sprintf("%d of %s", l.Sequence, dayOf(l.Issued))
	switch l.State {
	case "old":
		return text + ", a newer one was due on " + dayOf(l.Next)
	case "missing":
		return text + ", missing"
	}
	return text + ", next by " + dayOf(l.Next)
}

// listLines tells people of several lists.
func listLines(lists []engine.StatusList) string {
	var lines []string
	for _, l := range lists {
		lines = append(lines, listLine(l))
	}
	return orDash(strings.Join(lines, "; "))
}
