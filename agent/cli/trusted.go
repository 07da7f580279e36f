package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
)

// A statusList is what is known of the newest status list of one key.
type statusList struct {
	Sequence int64  `json:"sequence"`
	Issued   string `json:"issued"`
	Next     string `json:"next"`  // when a newer one is due
	State    string `json:"state"` // ok, old, missing
}

// statusLists tells of an issuer's status lists. One that the journal knows and
// the trust does not is missing.
func statusLists(trust license.Trust, book journal.Book, issuers []string, at moment.Moment) []statusList {
	out := []statusList{}
	for _, known := range book.Statuses() {
		if !slices.Contains(issuers, known.Issuer) {
			continue
		}
		l := statusList{known.Sequence, engine.Timestamp(known.Issued), engine.Timestamp(known.Next), "missing"}
		for _, s := range trust.Statuses() {
			if s.MarkKey() != known.Mark || s.Sequence() != known.Sequence {
				continue
			}
			if l.State = "ok"; !at.Before(s.Next()) {
				l.State = "old"
			}
		}
		out = append(out, l)
	}
	return out
}

// line tells people of one list.
func (l statusList) line() string {
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
func listLines(lists []statusList) string {
	var lines []string
	for _, l := range lists {
		lines = append(lines, l.line())
	}
	return orDash(strings.Join(lines, "; "))
}
