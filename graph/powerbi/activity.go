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
	// LogReach is how far back the activity log is read. Microsoft's pages name
	// 28 and 30 days, and no page of the API names a number, so the lower one
	// counts.
	LogReach = 28 * 24 * time.Hour
	// LogOverlap is how much of the log is read again. Events appear up to an
	// hour late (documented: "Track user activities in Power BI"). An older
	// number is a day.
	LogOverlap = 24 * time.Hour
	// maxPages bounds the pages of one day. Each has some thousands of events.
	maxPages = 2000
	// timeFormat is the format of times in Microsoft's example.
	timeFormat = "2006-01-02T15:04:05.000Z"
)

// A Mark says up to when the log was read. The zero Mark starts as far back as
// the log reaches.
type Mark struct {
	Until time.Time `json:"until,omitzero"`
	// Seen are the events of the last LogOverlap before Until. They will come
	// again.
	Seen []SeenEvent `json:"seen,omitempty"`
}

// A SeenEvent is an event that was returned already.
type SeenEvent struct {
	Key string    `json:"key"`
	At  time.Time `json:"at"`
}

// An ActivityLog reads the changes of the store since a mark.
type ActivityLog struct {
	api  API
	mark Mark
	now  time.Time
}

// ActivityLog returns a log from a mark up to now.
func (p PowerBI) ActivityLog(since Mark, now time.Time) *ActivityLog {
	since.Until, since.Seen = since.Until.UTC(), slices.Clone(since.Seen)
	return &ActivityLog{p.api, since, now.UTC()}
}

// Mark returns up to when the log was read. It advances after each UTC day that
// was read to its end, so that an interrupted reading continues there. Events
// of a day that was not read to its end come again.
func (l *ActivityLog) Mark() Mark { return Mark{l.mark.Until, slices.Clone(l.mark.Seen)} }

// Events returns each change of the store once, by days. Microsoft documents no
// order within a day. The last pair may hold an error from the API or the
// context, or about an answer.
//
// The API accepts one operation per filter, so filters would need three
// requests a day. Events requests each day once and drops the other operations
// itself.
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

// A window is a part of one UTC day. Microsoft refuses a window across two
// days.
type window struct{ from, to time.Time }

// dayWindows splits the time from a mark, less the overlap, up to now into
// days.
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

// An eventPage is one page of GET /admin/activityevents.
type eventPage struct {
	Events []record `json:"activityEventEntities"`
	URI    string   `json:"continuationUri"`
	Token  string   `json:"continuationToken"`
}

// A record holds the members of an event that Microsoft documents and this
// package uses.
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

// windowEvents reads all pages of a window. An empty page may have others after
// it. The last page is the one without a token.
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
				yield(tenant.Event{}, errors.New("the activity log of Power BI returns the same page again and again"))
				return
			}
			query = url.Values{"continuationToken": {next}}
		}
		yield(tenant.Event{}, errors.New("the activity log of Power BI has too many pages for one day"))
	}
}

const activityPath = "/v1.0/myorg/admin/activityevents"

// queryValues returns the query for a window. The quotes are part of the values
// (documented).
func (w window) queryValues() url.Values {
	quoted := func(t time.Time) []string { return []string{"'" + t.Format(timeFormat) + "'"} }
	return url.Values{"startDateTime": quoted(w.from), "endDateTime": quoted(w.to)}
}

// nextToken returns the quoted token of the next page, or "". The token in the
// body is already escaped for a URL, as Microsoft's example shows, and escaping
// it again would change it. So the token is read from the URI if there is one.
// The host in that URI is a cluster's. It is not used, because the sign-in
// token is for the API's own host.
func (a eventPage) nextToken() string {
	token := ""
	if u, err := url.Parse(a.URI); err == nil {
		// A plus sign that is not escaped is a plus sign: this is not a form.
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

// toEvent converts a record and reports whether it is about the store.
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

// parseTime parses a time in UTC, which Microsoft writes without a zone.
func parseTime(s string) time.Time {
	for _, form := range []string{"2006-01-02T15:04:05", time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// ProbeActivityLog requests at most one page of the log's last hour, to find
// out whether the log can be read. It returns the number of events on that
// page.
func (p PowerBI) ProbeActivityLog(ctx context.Context, now time.Time) (int, error) {
	w := lastHour(now.UTC())
	var a eventPage
	err := p.api.GetJSON(ctx, graph.PowerBI, activityPath, w.queryValues(), nil, &a)
	return len(a.Events), err
}

// lastHour returns the part of the last hour that lies in today. Just after
// midnight it returns the last hour of yesterday.
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
