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

// A mark is what a delta token means: which changes are still to be told.
type mark struct {
	epoch int
	after int64 // changes later than this
	full  bool  // an enumeration from nothing: deletions are not told
}

func (l *list) token(m mark) string {
	full := 0
	if m.full {
		full = 1
	}
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d %d", l.id, m.epoch, m.after, full))
}

func (l *list) readToken(t string) (mark, *problem) {
	bad := unexpected(http.StatusBadRequest, "invalidRequest", "The provided token is not one of this drive's.")
	b, err := base64.RawURLEncoding.DecodeString(t)
	if err != nil {
		return mark{}, bad
	}
	var id string
	var m mark
	var full int
	if n, err := fmt.Sscanf(string(b), "%s %d %d %d", &id, &m.epoch, &m.after, &full); err != nil || n != 4 || id != l.id {
		return mark{}, bad
	}
	m.full = full == 1
	return m, nil
}

// deltaURL is a link that goes on with a delta.
func (c *call) deltaURL(l *list, m mark) string {
	q := url.Values{}
	for _, k := range []string{qSelect, qExpand, qTop} {
		if v := c.query.Get(k); v != "" {
			q.Set(k, v)
		}
	}
	u := c.s.endpoints.Graph + "/v1.0/drives/" + l.drive + "/root/delta(token='" + l.token(m) + "')"
	if len(q) > 0 {
		u += "?" + q.Encode()
	}
	return u
}

// begin says what a delta call asks for.
func (c *call) begin(l *list) (m mark, latest bool, p *problem) {
	t := c.vars["token"]
	if t == "" {
		t = c.query.Get("token")
	}
	switch {
	case t == "":
		return mark{epoch: l.epoch, full: true}, false, nil
	case t == "latest":
		return mark{epoch: l.epoch, after: l.seq}, true, nil
	}
	if at, err := time.Parse(time.RFC3339, t); err == nil {
		return mark{epoch: l.epoch, after: l.since(at)}, false, nil
	}
	if m, p = l.readToken(t); p != nil {
		return m, false, p
	}
	if m.epoch < l.epoch {
		p = say(http.StatusGone, l.resync, "The delta token is too old: enumerate again.")
		return m, false, p.with("Location", c.deltaURL(l, mark{epoch: l.epoch, full: true}))
	}
	return m, false, nil
}

// since is the latest change before a time.
func (l *list) since(at time.Time) (seq int64) {
	for _, i := range l.items {
		if i.modified.Before(at) {
			seq = max(seq, i.seq)
		}
	}
	return seq
}

func (s *Simulator) delta(c *call) (*answer, *problem) {
	i, p := c.item(reads)
	if p != nil {
		return nil, p
	}
	l := i.list
	if i != l.root {
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "A library tells changes of its root only.")
	}
	n, p := c.top()
	if p != nil {
		return nil, p
	}
	m, latest, p := c.begin(l)
	if p != nil {
		return nil, p
	}
	body := map[string]any{"@odata.context": s.endpoints.Graph + "/v1.0/$metadata#Collection(driveItem)", "value": []any{}}
	if latest {
		body["@odata.deltaLink"] = c.deltaURL(l, m)
		return ok(body)
	}
	return c.deltaPage(l, m, n, body)
}

// deltaPage tells changes in the order in which they came last, so that an item
// which changes during the enumeration is told again.
func (c *call) deltaPage(l *list, m mark, n int, body map[string]any) (*answer, *problem) {
	horizon := l.horizon(c)
	var changed []*item
	for _, i := range l.items {
		if i.seq > m.after && i.seq <= horizon && !(m.full && i.deleted) {
			changed = append(changed, i)
		}
	}
	slices.SortFunc(changed, func(a, b *item) int { return cmp.Compare(a.seq, b.seq) })
	more := len(changed) > n
	changed = changed[:min(n, len(changed))]
	value := []any{}
	for _, i := range changed {
		entry, p := c.change(i)
		if p != nil {
			return nil, p
		}
		if c.fault != nil && c.fault.Kind == Duplicate {
			value = append(value, older(entry))
		}
		value = append(value, entry)
	}
	body["value"] = value
	if more {
		body["@odata.nextLink"] = c.deltaURL(l, mark{epoch: l.epoch, after: changed[len(changed)-1].seq, full: m.full})
		return ok(body)
	}
	body["@odata.deltaLink"] = c.deltaURL(l, mark{epoch: l.epoch, after: max(m.after, horizon)})
	l.seen = max(l.seen, horizon)
	return ok(body)
}

// horizon is the latest change that a call is told: a stale one is told nothing
// that no earlier delta told.
func (l *list) horizon(c *call) int64 {
	if c.fault != nil && c.fault.Kind == Stale {
		return l.seen
	}
	return l.seq
}

// tells says whether a call is told of an item at all.
func (c *call) tells(i *item) bool {
	return i.filled > 1 || i.folder || i.seq <= i.list.horizon(c)
}

// change is an item as delta tells it: without cTag, and without the path of
// its parent; of a deleted item little more than its id.
func (c *call) change(i *item) (map[string]any, *problem) {
	m := c.show(i)
	delete(m, "cTag")
	delete(m["parentReference"].(map[string]any), "path")
	if i.deleted {
		gone := map[string]any{"id": i.id, "deleted": map[string]any{"state": "deleted"}, "parentReference": m["parentReference"]}
		if i.folder {
			gone["folder"] = map[string]any{"childCount": 0}
		} else {
			gone["file"] = map[string]any{}
		}
		return gone, nil
	}
	if c.Header.Get("deltaExcludeParent") != "" {
		delete(m, "parentReference")
	}
	if p := c.expanded(i, m); p != nil {
		return nil, p
	}
	return c.selected(m), nil
}

// older is an entry as it was before the last change: where an item appears
// twice, the later entry counts.
func older(entry map[string]any) map[string]any {
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
