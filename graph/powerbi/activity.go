package powerbi

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/tenant"
)

const (
	// Reach is how far back the activity log is read. Microsoft's pages give 28
	// and 30 days; no page of the API gives a number, so the lower one counts.
	Reach = 28 * 24 * time.Hour
	// Overlap is how much of what was read is read again: events are told up to
	// an hour late (documented: "Track user activities in Power BI"), and an
	// older figure is a day.
	Overlap = 24 * time.Hour
	// maxPages bounds one day's pages of some thousands of events each.
	maxPages = 2000
	// timeForm is how Microsoft's example writes a time.
	timeForm = "2006-01-02T15:04:05.000Z"
)

// A Mark is up to where the log was read. The zero Mark begins as far back as
// the log reaches.
type Mark struct {
	Until time.Time `json:"until,omitzero"`
	// Seen are the events of the last Overlap before Until, which come again.
	Seen []Sighting `json:"seen,omitempty"`
}

// A Sighting is an event that was told already.
type Sighting struct {
	Key string    `json:"key"`
	At  time.Time `json:"at"`
}

// A Log reads the changes of the store from a mark on.
type Log struct {
	api  API
	mark Mark
	now  time.Time
}

// Log reads from a mark up to now.
func (p PowerBI) Log(since Mark, now time.Time) *Log {
	since.Until, since.Seen = since.Until.UTC(), slices.Clone(since.Seen)
	return &Log{p.api, since, now.UTC()}
}

// Mark is up to where the log was read so far. It moves on after each UTC day
// that was read to its end, so that what was interrupted goes on there; events
// of a day that was not come again.
func (l *Log) Mark() Mark { return Mark{l.mark.Until, slices.Clone(l.mark.Seen)} }

// Events tells each change of the store once, by days. Within a day, Microsoft
// documents no order. The last pair may be an error, of the API, the context or
// about an answer.
//
// A service that wants a day's filter per operation would be asked three times;
// here a day is asked once, and the other operations are left out on this side.
func (l *Log) Events(ctx context.Context) iter.Seq2[tenant.Event, error] {
	return func(yield func(tenant.Event, error) bool) {
		for w := range windows(l.mark.Until, l.now) {
			seen := slices.Clone(l.mark.Seen)
			for e, err := range l.window(ctx, w) {
				if err != nil {
					yield(tenant.Event{}, err)
					return
				}
				key := e.Key()
				if slices.ContainsFunc(seen, func(s Sighting) bool { return s.Key == key }) {
					continue
				}
				seen = append(seen, Sighting{key, cmp.Or(e.At, w.to)})
				if !yield(e, nil) {
					return
				}
			}
			l.read(w, seen)
		}
	}
}

// read moves the mark to the end of a window.
func (l *Log) read(w window, seen []Sighting) {
	if w.to.After(l.mark.Until) {
		l.mark.Until = w.to
	}
	oldest := l.mark.Until.Add(-Overlap)
	l.mark.Seen = slices.DeleteFunc(seen, func(s Sighting) bool { return s.At.Before(oldest) })
}

// A window is a part of one UTC day: Microsoft refuses what spans two.
type window struct{ from, to time.Time }

// windows cuts the time from a mark, less the overlap, up to now into days.
func windows(until, now time.Time) iter.Seq[window] {
	from := until.Add(-Overlap)
	if oldest := now.Add(-Reach); from.Before(oldest) {
		from = oldest
	}
	return func(yield func(window) bool) {
		for from.Before(now) {
			next := time.Date(from.Year(), from.Month(), from.Day()+1, 0, 0, 0, 0, time.UTC)
			to := next.Add(-time.Millisecond)
			if now.Before(to) {
				to = now
			}
			if !yield(window{from, to}) {
				return
			}
			from = next
		}
	}
}

// answer is one page of GET /admin/activityevents.
type answer struct {
	Events []record `json:"activityEventEntities"`
	URI    string   `json:"continuationUri"`
	Token  string   `json:"continuationToken"`
}

// record is what is read of an event: members that Microsoft documents.
type record struct {
	ID        string `json:"Id"`
	Created   string `json:"CreationTime"`
	Operation string `json:"Operation"`
	Activity  string `json:"Activity"`
	User      string `json:"UserId"`
	Item      string `json:"ItemName"`
	Object    string `json:"ObjectId"`
	Success   *bool  `json:"IsSuccess"`
}

// window reads all pages of a window. A page may be empty and yet have others
// after it; the last is the one without a token.
func (l *Log) window(ctx context.Context, w window) iter.Seq2[tenant.Event, error] {
	return func(yield func(tenant.Event, error) bool) {
		query := w.query()
		for range maxPages {
			var a answer
			if err := l.api.GetJSON(ctx, graph.PowerBI, activityPath, query, nil, &a); err != nil {
				yield(tenant.Event{}, err)
				return
			}
			for _, r := range a.Events {
				if e, ok := r.event(); ok && !yield(e, nil) {
					return
				}
			}
			next := a.next()
			switch {
			case next == "":
				return
			case next == query.Get("continuationToken"):
				yield(tenant.Event{}, errors.New("the activity log of Power BI answers the same page again and again"))
				return
			}
			query = url.Values{"continuationToken": {next}}
		}
		yield(tenant.Event{}, errors.New("the activity log of Power BI has pages without end for one day"))
	}
}

const activityPath = "/v1.0/myorg/admin/activityevents"

// query asks for a window; the quotes are part of the values (documented).
func (w window) query() url.Values {
	quoted := func(t time.Time) []string { return []string{"'" + t.Format(timeForm) + "'"} }
	return url.Values{"startDateTime": quoted(w.from), "endDateTime": quoted(w.to)}
}

// next is the quoted token of the next page, or empty. The token in the body is
// already escaped for a URL, as Microsoft's example shows, and escaping it again
// makes another one of it; so it is read from the URI where there is one. The
// host in there is that of a cluster and is not asked: the token of the sign-in
// is for the API's host.
func (a answer) next() string {
	token := ""
	if u, err := url.Parse(a.URI); err == nil {
		// A plus that was not escaped is a plus: these are no forms.
		query, _ := url.ParseQuery(strings.ReplaceAll(u.RawQuery, "+", "%2B"))
		token = query.Get("continuationToken")
	}
	if token == "" {
		var err error
		if token, err = url.PathUnescape(a.Token); err != nil {
			token = a.Token
		}
	}
	if token = strings.Trim(token, "'"); token == "" {
		return ""
	}
	return "'" + token + "'"
}

// event reads a record, and says whether it is about the store.
func (r record) event() (tenant.Event, bool) {
	op := tenant.Operation(cmp.Or(r.Activity, r.Operation))
	if !slices.Contains(tenant.Operations(), op) {
		return tenant.Event{}, false
	}
	return tenant.Event{
		ID: tenant.Clean(r.ID), At: parseTime(r.Created), Operation: op, User: tenant.Clean(r.User),
		Item: tenant.Clean(r.Item), Object: tenant.Clean(r.Object), Failed: r.Success != nil && !*r.Success,
	}, true
}

// parseTime reads a time in UTC, which Microsoft writes without a zone.
func parseTime(s string) time.Time {
	for _, form := range []string{"2006-01-02T15:04:05", time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// Reachable asks for the last hour of the log, one page of it at most, to learn
// whether it may be read at all. It returns how many events that page told.
func (p PowerBI) Reachable(ctx context.Context, now time.Time) (int, error) {
	w := lastHour(now.UTC())
	var a answer
	err := p.api.GetJSON(ctx, graph.PowerBI, activityPath, w.query(), nil, &a)
	return len(a.Events), err
}

// lastHour is what of the last hour lies in today or, just after midnight, in
// yesterday.
func lastHour(now time.Time) window {
	day := now.Truncate(24 * time.Hour)
	switch from := now.Add(-time.Hour); {
	case now.Sub(day) < time.Minute:
		return window{day.Add(-time.Hour), day.Add(-time.Millisecond)}
	case from.Before(day):
		return window{day, now}
	default:
		return window{from, now}
	}
}
