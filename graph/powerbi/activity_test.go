package powerbi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/powerbi"
	"github.com/orgstore/orgstore/graph/tenanttest"
)

const activity = "powerbi /v1.0/myorg/admin/activityevents"

var now = time.Date(2026, 11, 25, 4, 30, 0, 0, time.UTC)

// A fakeLog is an activity log that answers as Microsoft documents: windows within
// one UTC day and 28 days back, values in quotes, pages of one event, and a
// first page that is empty.
type fakeLog struct {
	t         *testing.T
	events    []event
	pageCount int
	// fail, if set, answers in place of the log.
	fail func(page int, w http.ResponseWriter) bool
}

type event struct {
	id, op string
	at     time.Time
}

func (l *fakeLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.pageCount++
	if l.fail != nil && l.fail(l.pageCount, w) {
		return
	}
	q := r.URL.Query()
	first, from, to := 0, time.Time{}, time.Time{}
	if token := q.Get("continuationToken"); token != "" {
		if len(q) != 1 {
			l.t.Errorf("a token beside others: %v", q)
		}
		var a, b int64
		if _, err := fmt.Sscanf(unquote(l.t, token), "+RID:%d/%d/%d==#", &first, &a, &b); err != nil {
			l.t.Errorf("token %q: %v", token, err)
		}
		from, to = time.UnixMilli(a).UTC(), time.UnixMilli(b).UTC()
	} else {
		from, to = parseQuoted(l.t, q.Get("startDateTime")), parseQuoted(l.t, q.Get("endDateTime"))
		first = -1 // an empty page with a token
		if from.Format(time.DateOnly) != to.Format(time.DateOnly) || from.After(to) || from.Before(now.Add(-28*24*time.Hour)) {
			l.t.Errorf("asked for %v to %v", from, to)
		}
	}
	var within []string
	for _, e := range l.events {
		if !e.at.Before(from) && !e.at.After(to) {
			within = append(within, fmt.Sprintf(`{"Id":%q,"CreationTime":%q,"Operation":%q,"Activity":%q,"UserId":"admin@contoso.com","ItemName":"Gauge","IsSuccess":true,"Else":{"a":[1]}}`,
				e.id, e.at.Format("2006-01-02T15:04:05"), e.op, e.op))
		}
	}
	page := ""
	if first >= 0 && first < len(within) {
		page = within[first]
	}
	if first+1 >= len(within) {
		fmt.Fprintf(w, `{"activityEventEntities":[%s],"continuationUri":null,"continuationToken":null,"lastResultSet":true}`, page)
		return
	}
	token := url.QueryEscape(fmt.Sprintf("+RID:%d/%d/%d==#", first+1, from.UnixMilli(), to.UnixMilli()))
	uri := ""
	if first%2 == 0 { // told or not, the token in the body is there
		uri = fmt.Sprintf(`"continuationUri":"https://wabi-west-europe-redirect.analysis.windows.net/v1.0/myorg/admin/activityevents?continuationToken='%s'",`, token)
	}
	fmt.Fprintf(w, `{"activityEventEntities":[%s],%s"continuationToken":%q}`, page, uri, token)
}

func unquote(t *testing.T, s string) string {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		t.Errorf("%q is not in quotes", s)
	}
	return strings.Trim(s, "'")
}

func parseQuoted(t *testing.T, s string) time.Time {
	at, err := time.Parse("2006-01-02T15:04:05.000Z", unquote(t, s))
	if err != nil {
		t.Error(err)
	}
	return at
}

func serveLog(t *testing.T, l *fakeLog) powerbi.PowerBI {
	l.t = t
	x := tenanttest.Start(t)
	x.Handle(activity, l.ServeHTTP)
	return powerbi.New(x.Connect())
}

// readAll reads a log to its end.
func readAll(t *testing.T, l *powerbi.ActivityLog) (ids []string, err error) {
	t.Helper()
	for e, err := range l.Events(context.Background()) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, e.ID)
	}
	return ids, nil
}

func TestEventsOfFourWeeks(t *testing.T) {
	l := &fakeLog{events: []event{
		{"too old", "InsertOrganizationalGalleryItem", now.Add(-29 * 24 * time.Hour)},
		{"first", "InsertOrganizationalGalleryItem", now.Add(-28 * 24 * time.Hour).Add(time.Second)},
		{"other", "ViewReport", now.Add(-20 * 24 * time.Hour)},
		{"midnight", "UpdateOrganizationalGalleryItem", time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)},
		{"last second", "DeleteOrganizationalGalleryItem", time.Date(2026, 11, 20, 23, 59, 59, 0, time.UTC)},
		{"midnight", "UpdateOrganizationalGalleryItem", time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)},
		{"today", "UpdateOrganizationalGalleryItem", now.Add(-time.Minute)},
	}}
	log := serveLog(t, l).ActivityLog(powerbi.Mark{}, now)
	ids, err := readAll(t, log)
	if want := []string{"first", "midnight", "last second", "today"}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("%v, %v; want %v", ids, err, want)
	}
	if m := log.Mark(); !m.Until.Equal(now) || len(m.Seen) != 1 || m.Seen[0].Key != "today" {
		t.Errorf("mark %+v", m)
	}
	if l.pageCount < 29 {
		t.Errorf("%d pages for 29 days", l.pageCount)
	}
}

// TestEventsGoOnFromAMark reads what came since, and what came late.
func TestEventsGoOnFromAMark(t *testing.T) {
	l := &fakeLog{events: []event{{"a", "InsertOrganizationalGalleryItem", now.Add(-3 * time.Hour)}}}
	p := serveLog(t, l)
	log := p.ActivityLog(powerbi.Mark{Until: now.Add(-5 * time.Hour)}, now)
	if ids, err := readAll(t, log); err != nil || !slices.Equal(ids, []string{"a"}) {
		t.Fatal(ids, err)
	}
	l.events = append(l.events, event{"late", "UpdateOrganizationalGalleryItem", now.Add(-2 * time.Hour)}, event{"new", "DeleteOrganizationalGalleryItem", now.Add(time.Hour)})
	log = p.ActivityLog(log.Mark(), now.Add(2*time.Hour))
	if ids, err := readAll(t, log); err != nil || !slices.Equal(ids, []string{"late", "new"}) {
		t.Error(ids, err)
	}
	if ids, err := readAll(t, log); err != nil || len(ids) != 0 {
		t.Error("read once more:", ids, err)
	}
	log = p.ActivityLog(log.Mark(), now.Add(50*time.Hour))
	if ids, err := readAll(t, log); err != nil || len(ids) != 0 || len(log.Mark().Seen) != 0 {
		t.Error("two days later:", ids, err, log.Mark())
	}
}

// TestEventsAfterAnInterruption: the mark stays before the day that was not read
// to its end, and its events come again.
func TestEventsAfterAnInterruption(t *testing.T) {
	yesterday := now.Add(-24 * time.Hour)
	l := &fakeLog{events: []event{{"a", "InsertOrganizationalGalleryItem", yesterday}, {"b", "InsertOrganizationalGalleryItem", now.Add(-2 * time.Hour)}, {"c", "InsertOrganizationalGalleryItem", now.Add(-time.Hour)}}}
	l.fail = func(page int, w http.ResponseWriter) bool {
		if page != 6 { // the second event of the last of three days
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	p := serveLog(t, l)
	log := p.ActivityLog(powerbi.Mark{Until: now.Add(-6 * time.Hour)}, now)
	ids, err := readAll(t, log)
	if err == nil || !slices.Equal(ids, []string{"a", "b"}) {
		t.Fatal(ids, err)
	}
	if want := time.Date(2026, 11, 24, 23, 59, 59, 999e6, time.UTC); !log.Mark().Until.Equal(want) {
		t.Errorf("mark %+v, want %v", log.Mark(), want)
	}
	if ids, err := readAll(t, p.ActivityLog(log.Mark(), now)); err != nil || !slices.Equal(ids, []string{"b", "c"}) {
		t.Error(ids, err)
	}
}

// TestEventsLeftEarly: whoever stops reading has not read that day.
func TestEventsLeftEarly(t *testing.T) {
	l := &fakeLog{events: []event{{"a", "InsertOrganizationalGalleryItem", now.Add(-2 * time.Hour)}, {"b", "InsertOrganizationalGalleryItem", now.Add(-time.Hour)}}}
	p := serveLog(t, l)
	begun := powerbi.Mark{Until: now.Add(-time.Hour)}
	log := p.ActivityLog(begun, now)
	for range log.Events(context.Background()) {
		break
	}
	if log.Mark().Until.Equal(now) {
		t.Error("the mark went on")
	}
	if ids, err := readAll(t, log); err != nil || !slices.Equal(ids, []string{"a", "b"}) {
		t.Error(ids, err)
	}
}

func TestEventsThatMakeNoSense(t *testing.T) {
	for _, c := range []struct{ name, body, ids, says string }{
		{"records without members", `{"activityEventEntities":[{},{"Activity":null},{"Activity":"InsertOrganizationalGalleryItem"},{"Activity":"InsertOrganizationalGalleryItem"}]}`, "[]", ""},
		{"a time that is none", `{"activityEventEntities":[{"Id":"a","CreationTime":"yesterday","Operation":"InsertOrganizationalGalleryItem"}]}`, "[a]", ""},
		{"nothing at all", `{}`, "[]", ""},
		{"null", `null`, "[]", ""},
		{"a record that is a text", `{"activityEventEntities":["a"]}`, "[]", "not the JSON"},
		{"the same page again", `{"activityEventEntities":[],"continuationToken":"again"}`, "[]", "again and again"},
		{"a token that is not escaped", `{"activityEventEntities":[],"continuationToken":"100%"}`, "[]", "again and again"},
		{"cut off", `{"activityEventEntities":[`, "[]", "not the JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := tenanttest.Start(t)
			x.Respond(activity, 200, c.body)
			log := powerbi.New(x.Connect()).ActivityLog(powerbi.Mark{Until: now.Add(-time.Hour)}, now)
			ids, err := readAll(t, log)
			if c.name == "records without members" && len(ids) == 1 {
				ids = nil // one event without an id, told once
			}
			if fmt.Sprint(ids) != c.ids || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, %v", ids, err)
			}
			if (err == nil) != log.Mark().Until.Equal(now) {
				t.Errorf("mark %+v", log.Mark())
			}
		})
	}
}

// TestContinuation asks for the next page in whichever way the last one names
// it: each is the token +RID:a/b== of Microsoft's example, escaped once.
func TestContinuation(t *testing.T) {
	const want = activity + "?continuationToken='+RID:a/b=='"
	for name, says := range map[string]string{
		"a URI and a token":           `"continuationUri":"https://api.powerbi.com/v1.0/myorg/admin/activityevents?continuationToken='%2BRID%3Aa%2Fb%3D%3D'","continuationToken":"%2BRID%3Aa%2Fb%3D%3D"`,
		"a URI with a filter":         `"continuationUri":"https://x.example/y?continuationToken='%2BRID%3Aa%2Fb%3D%3D'&$filter=Activity eq 'ViewReport'","continuationToken":"other"`,
		"a URI with escaped quotes":   `"continuationUri":"https://x.example/y?continuationToken=%27%2BRID%3Aa%2Fb%3D%3D%27"`,
		"a URI without quotes":        `"continuationUri":"https://x.example/y?continuationToken=+RID:a/b=="`,
		"a token alone":               `"continuationUri":null,"continuationToken":"%2BRID%3Aa%2Fb%3D%3D"`,
		"a token that is not escaped": `"continuationToken":"+RID:a/b=="`,
		"a URI without a token":       `"continuationUri":"https://x.example/y","continuationToken":"%2BRID%3Aa%2Fb%3D%3D"`,
		"a URI that is none":          `"continuationUri":":","continuationToken":"'+RID:a/b=='"`,
	} {
		x := tenanttest.Start(t)
		x.Handle(activity, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("continuationToken") {
				fmt.Fprint(w, `{"activityEventEntities":[],"continuationUri":null,"continuationToken":null}`)
				return
			}
			fmt.Fprintf(w, `{"activityEventEntities":[],%s}`, says)
		})
		_, err := readAll(t, powerbi.New(x.Connect()).ActivityLog(powerbi.Mark{Until: now.Add(time.Hour)}, now.Add(time.Minute)))
		if asked := x.Requests(); err != nil || len(asked) < 2 || asked[1] != want {
			t.Errorf("%s: %v\n%v", name, err, asked)
		}
	}
}

func TestReachable(t *testing.T) {
	for at, want := range map[time.Time]string{
		now: "?endDateTime='2026-11-25T04:30:00.000Z'&startDateTime='2026-11-25T03:30:00.000Z'",
		time.Date(2026, 11, 25, 0, 20, 0, 0, time.UTC): "?endDateTime='2026-11-25T00:20:00.000Z'&startDateTime='2026-11-25T00:00:00.000Z'",
		time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC):  "?endDateTime='2026-11-24T23:59:59.999Z'&startDateTime='2026-11-24T23:00:00.000Z'",
	} {
		x := tenanttest.Start(t)
		x.Respond(activity, 200, `{"activityEventEntities":[{"Id":"a"},{"Id":"b"}],"continuationToken":"more"}`)
		n, err := powerbi.New(x.Connect()).ProbeActivityLog(context.Background(), at)
		if asked := x.Requests(); n != 2 || err != nil || len(asked) != 1 || asked[0] != activity+want {
			t.Errorf("%d, %v, %v", n, err, asked)
		}
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	x := tenanttest.Start(t)
	x.Handle(activity, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		fmt.Fprint(w, `{"activityEventEntities":[]}`)
	})
	log := powerbi.New(x.Connect()).ActivityLog(powerbi.Mark{}, now)
	var last error
	for _, err := range log.Events(ctx) {
		last = err
	}
	if !errors.Is(last, context.Canceled) || len(x.Requests()) != 1 {
		t.Errorf("%v after %d requests", last, len(x.Requests()))
	}
}
