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
	// LogReach is how far back the activity log is read. Microsoft's pages give 28
	// and 30 days; no page of the API gives a number, so the lower one counts.
	LogReach = 28 * 24 * time.Hour
	// LogOverlap is how much of what was read is read again: events are told up to
	// an hour late (documented: "Track user activities in Power BI"), and an
	// older figure is a day.
	LogOverlap = 24 * time.Hour
	// maxPages bounds one day's pages of some thousands of events each.
	maxPages = 2000
	// timeFormat is how Microsoft's example writes a time.
	timeFormat = "2006-01-02T15:04:05.000Z"
)

// A Mark is up to where the log was read. The zero Mark begins as far back as
// the log reaches.
type Mark struct {
	Until time.Time `json:"until,omitzero"`
	// Seen are the events of the last Overlap before Until, which come again.
	Seen []SeenEvent `json:"seen,omitempty"`
}

// A SeenEvent is an event that was told already.
type SeenEvent struct {
	Key string    `json:"key"`
	At  time.Time `json:"at"`
}

// A ActivityLog reads the changes of the store from a mark on.
type ActivityLog struct {
	api  API
	mark Mark
	now  time.Time
}

// ActivityLog reads from a mark up to now.
func (p PowerBI) ActivityLog(since Mark, now time.Time) *ActivityLog {
	since.Until, since.Seen = since.Until.UTC(), slices.Clone(since.Seen)
	return &ActivityLog{p.api, since, now.UTC()}
}

// Mark is up to where the log was read so far. It moves on after each UTC day
// that was read to its end, so that what was interrupted goes on there; events
// of a day that was not come again.
func (l *ActivityLog) Mark() Mark { return Mark{l.mark.Until, slices.Clone(l.mark.Seen)} }

// Events tells each change of the store once, by days. Within a day, Microsoft
// documents no order. The last pair may be an error, of the API, the context or
// about an answer.
//
// A service that wants a day's filter per operation would be asked three times;
// here a day is asked once, and the other operations are left out on this side.
func (l *ActivityLog) Events(ctx context.Context) iter.Seq2[tenant.Event, error] {
	return func(yield func(tenant.Event, error) bool) {
		for w := range dayWindows(l.mark.Until, l.now) {
			seen := slices.Clone(l.mark.Seen)
			for e, err := range l.windowEvents(ctx, w) {
				if err != nil {
					yield(tenant.Event{}, err)
					return
				}
				key := e.Key()
				if slices.ContainsFunc(seen, func(s SeenEvent) bool { return s.Key == key }) {
					continue
				}
				seen = append(seen, SeenEvent{key, cmp.Or(e.At, w.to)})
				if !yield(e, nil) {
					return
				}
			}
			l.advanceMark(w, seen)
		}
	}
}

// advanceMark moves the mark to the end of a window.
func (l *ActivityLog) advanceMark(w window, seen []SeenEvent) {
	if w.to.After(l.mark.Until) {
		l.mark.Until = w.to
	}
	oldest := l.mark.Until.Add(-LogOverlap)
	l.mark.Seen = slices.DeleteFunc(seen, func(s SeenEvent) bool { return s.At.Before(oldest) })
}

// A window is a part of one UTC day: Microsoft refuses what spans two.
type window struct{ from, to time.Time }

// dayWindows cuts the time from a mark, less the overlap, up to now into days.
func dayWindows(until, now time.Time) iter.Seq[window] {
	from := until.Add(-LogOverlap)
	if oldest := now.Add(-LogReach); from.Before(oldest) {
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

// eventPage is one page of GET /admin/activityevents.
type eventPage struct {
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

// windowEvents reads all pages of a window. A page may be empty and yet have others
// after it; the last is the one without a token.
func (l *ActivityLog) windowEvents(ctx context.Context, w window) iter.Seq2[tenant.Event, error] {
	return func(yield func(tenant.Event, error) bool) {
		query := w.queryValues()
		for range maxPages {
			var a eventPage
			if err := l.api.GetJSON(ctx, graph.PowerBI, activityPath, query, nil, &a); err != nil {
				yield(tenant.Event{}, err)
				return
			}
			for _, r := range a.Events {
				if e, ok := r.toEvent(); ok && !yield(e, nil) {
					return
				}
			}
			next := a.nextToken()
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

// queryValues asks for a window; the quotes are part of the values (documented).
func (w window) queryValues() url.Values {
	quoted := func(t time.Time) []string { return []string{"'" + t.Format(timeFormat) + "'"} }
	return url.Values{"startDateTime": quoted(w.from), "endDateTime": quoted(w.to)}
}

// nextToken is the quoted token of the next page, or empty. The token in the body is
// already escaped for a URL, as Microsoft's example shows, and escaping it again
// makes another one of it; so it is read from the URI where there is one. The
// host in there is that of a cluster and is not asked: the token of the sign-in
// is for the API's host.
func (a eventPage) nextToken() string {
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

// toEvent reads a record, and says whether it is about the store.
func (r record) toEvent() (tenant.Event, bool) {
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

// ProbeActivityLog asks for the last hour of the log, one page of it at most, to learn
// whether it may be read at all. It returns how many events that page told.
func (p PowerBI) ProbeActivityLog(ctx context.Context, now time.Time) (int, error) {
	w := lastHour(now.UTC())
	var a eventPage
	err := p.api.GetJSON(ctx, graph.PowerBI, activityPath, w.queryValues(), nil, &a)
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
