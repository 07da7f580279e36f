package simulator

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A deltaMark is the meaning of a delta token: which changes are still to be
// listed.
type deltaMark struct {
	life          int64 // when the simulator that gave the token was made
	epoch         int
	after         int64 // lists changes after this one
	isFullListing bool  // everything that exists; deletions are left out
}

func (l *list) encodeToken(m deltaMark) string {
	full := 0
	if m.isFullListing {
		full = 1
	}
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d %d %d", l.id, l.life, m.epoch, m.after, full))
}

func (l *list) decodeToken(t string) (deltaMark, *problem) {
	bad := unexpectedProblem(http.StatusBadRequest, "invalidRequest", "The provided token is not one of this drive's.")
	b, err := base64.RawURLEncoding.DecodeString(t)
	if err != nil {
		return deltaMark{}, bad
	}
	var id string
	var m deltaMark
	var full int
	if n, err := fmt.Sscanf(string(b), "%s %d %d %d %d", &id, &m.life, &m.epoch, &m.after, &full); err != nil || n != 5 || id != l.id {
		return deltaMark{}, bad
	}
	m.isFullListing = full == 1
	return m, nil
}

// deltaURL returns the link that continues a delta.
func (c *call) deltaURL(l *list, m deltaMark) string {
	q := url.Values{}
	for _, k := range []string{qSelect, qExpand, qTop} {
		if v := c.query.Get(k); v != "" {
			q.Set(k, v)
		}
	}
	u := c.simulator.endpoints.Graph + "/v1.0/drives/" + l.drive + "/root/delta(token='" + l.encodeToken(m) + "')"
	if len(q) > 0 {
		u += "?" + q.Encode()
	}
	return u
}

// readDeltaToken reads where a delta call starts.
func (c *call) readDeltaToken(l *list) (m deltaMark, latest bool, p *problem) {
	t := c.vars["token"]
	if t == "" {
		t = c.query.Get("token")
	}
	switch {
	case t == "":
		return deltaMark{epoch: l.epoch, isFullListing: true}, false, nil
	case t == "latest":
		return deltaMark{epoch: l.epoch, after: l.seq}, true, nil
	}
	if at, err := time.Parse(time.RFC3339, t); err == nil {
		return deltaMark{epoch: l.epoch, after: l.seqBefore(at)}, false, nil
	}
	if m, p = l.decodeToken(t); p != nil {
		return m, false, p
	}
	// What an earlier life of the same tenant counted means nothing here: its count
	// starts anew, and may be behind.
	if m.epoch < l.epoch || m.life != l.life || m.after > l.seq {
		p = newProblem(http.StatusGone, cmp.Or(l.resyncCode, string(ApplyDifferences)), "The delta token is too old: enumerate again.")
		return m, false, p.withHeader("Location", c.deltaURL(l, deltaMark{epoch: l.epoch, isFullListing: true}))
	}
	return m, false, nil
}

// seqBefore returns the number of the latest change before a time.
func (l *list) seqBefore(at time.Time) (seq int64) {
	for _, i := range l.items {
		if i.modified.Before(at) {
			seq = max(seq, i.seq)
		}
	}
	return seq
}

func (s *Simulator) getDelta(c *call) (*answer, *problem) {
	i, p := c.findItem(readAccess)
	if p != nil {
		return nil, p
	}
	l := i.list
	if i != l.root {
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "A library tells changes of its root only.")
	}
	n, p := c.pageSize()
	if p != nil {
		return nil, p
	}
	m, latest, p := c.readDeltaToken(l)
	if p != nil {
		return nil, p
	}
	body := map[string]any{"@odata.context": s.endpoints.Graph + "/v1.0/$metadata#Collection(driveItem)", "value": []any{}}
	if latest {
		body["@odata.deltaLink"] = c.deltaURL(l, m)
		return okAnswer(body)
	}
	return c.deltaPageAnswer(l, m, n, body)
}

// deltaPageAnswer lists changes by their latest time, so that an item that
// changes during the listing comes again.
func (c *call) deltaPageAnswer(l *list, m deltaMark, n int, body map[string]any) (*answer, *problem) {
	horizon := l.visibleSeq(c)
	var changed []*item
	for _, i := range l.items {
		if i.seq > m.after && i.seq <= horizon && !(m.isFullListing && i.isDeleted) {
			changed = append(changed, i)
		}
	}
	slices.SortFunc(changed, func(a, b *item) int { return cmp.Compare(a.seq, b.seq) })
	more := len(changed) > n
	changed = changed[:min(n, len(changed))]
	value := []any{}
	for _, i := range changed {
		entry, p := c.deltaEntry(i)
		if p != nil {
			return nil, p
		}
		if c.answerFault != nil && c.answerFault.Kind == Duplicate {
			value = append(value, olderEntry(entry))
		}
		value = append(value, entry)
	}
	body["value"] = value
	if more {
		body["@odata.nextLink"] = c.deltaURL(l, deltaMark{epoch: l.epoch, after: changed[len(changed)-1].seq, isFullListing: m.isFullListing})
		return okAnswer(body)
	}
	body["@odata.deltaLink"] = c.deltaURL(l, deltaMark{epoch: l.epoch, after: max(m.after, horizon)})
	l.lastToldSeq = max(l.lastToldSeq, horizon)
	return okAnswer(body)
}

// visibleSeq returns the latest change that a call can see. A stale call sees
// nothing that no earlier delta listed.
func (l *list) visibleSeq(c *call) int64 {
	if c.answerFault != nil && c.answerFault.Kind == Stale {
		return l.lastToldSeq
	}
	return l.seq
}

// canSee reports whether a call can see an item at all.
func (c *call) canSee(i *item) bool {
	return i.contentRevision > 1 || i.isFolder || i.seq <= i.list.visibleSeq(c)
}

// deltaEntry returns an item as delta lists it: without cTag and without its
// parent's path. A deleted item has little more than its id.
func (c *call) deltaEntry(i *item) (map[string]any, *problem) {
	m := c.itemJSON(i)
	delete(m, "cTag")
	delete(m["parentReference"].(map[string]any), "path")
	if i.isDeleted {
		gone := map[string]any{"id": i.id, "deleted": map[string]any{"state": "deleted"}, "parentReference": m["parentReference"]}
		if i.isFolder {
			gone["folder"] = map[string]any{"childCount": 0}
		} else {
			gone["file"] = map[string]any{}
		}
		return gone, nil
	}
	if c.Header.Get("deltaExcludeParent") != "" {
		delete(m, "parentReference")
	}
	if p := c.addExpansions(i, m); p != nil {
		return nil, p
	}
	return c.selectMembers(m), nil
}

// olderEntry returns an entry as it was before the last change. If an item
// comes twice, the later entry counts.
func olderEntry(entry map[string]any) map[string]any {
	was := maps.Clone(entry)
	if tag, is := was["eTag"].(string); is {
		was["eTag"] = tag[:strings.LastIndexByte(tag, ',')] + `,0"`
	}
	if _, file := was["file"]; file && was["deleted"] == nil {
		was["size"] = 0
		was["file"] = map[string]any{"mimeType": "application/octet-stream"}
	}
	return was
}
