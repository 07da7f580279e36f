package engine

import (
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// LostTrust is a package that could be put and could not be any more.
type LostTrust struct {
	GUID      string `json:"guid"`
	Name      string `json:"name"`
	Version   string `json:"version"`
	Digest    string `json:"digest"`
	Installed bool   `json:"installed"` // it stays
	Reason    string `json:"reason"`
}

// lostTrust finds what passes today and would not under another trust. What is
// installed stays; the list says which it is.
func (e *Engine) lostTrust(after license.Trust) []LostTrust {
	book, at := e.Journal.Book(), e.Moment()
	now := e.Observer()
	then := now
	then.Trust, _ = listening(after, book.Statuses(), e.archive.Statement)
	type offer struct {
		digest visual.Digest
		id     string
	}
	passed := map[offer]bool{}
	for _, c := range now.Candidates(book, false, at) {
		passed[offer{c.Release.Digest, c.Terms.ID}] = c.Judgment.Verdict.Passes()
	}
	lost := []LostTrust{}
	for _, c := range then.Candidates(book, false, at) {
		if !passed[offer{c.Release.Digest, c.Terms.ID}] || c.Judgment.Verdict.Passes() {
			continue
		}
		lost = append(lost, LostTrust{
			c.GUID.String(), c.Name, c.Release.Version.String(), c.Release.Digest.String(), e.isInstalled(book, c.Release, c.GUID), firstReason(c.Judgment),
		})
	}
	return lost
}

func (e *Engine) isInstalled(book journal.Book, r visual.Release, g visual.GUID) bool {
	for name := range e.Stores {
		if b := book.Belief(store.Key{Store: name, GUID: g}); b.Presence == store.Present && b.Release != nil && b.Release.Digest == r.Digest {
			return true
		}
	}
	return false
}

func firstReason(j verdict.Judgment) string {
	if len(j.Findings) == 0 {
		return ""
	}
	return j.Findings[0].Message
}
