package sharepoint

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/library"
)

func note() library.Note {
	return library.Note{
		GUID: "auroraGauge1", Version: "1.2.3.4", LicenseUntil: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC),
		Verdict: "accept", Installed: "since 2026-11-25",
	}
}

func post(t *testing.T, l *Library, id string, n library.Note) {
	t.Helper()
	if err := l.Post(context.Background(), id, n); err != nil {
		t.Error(err)
	}
}

// writes counts the calls that change something.
func writes(calls []string) int {
	return len(slices.DeleteFunc(calls, func(c string) bool { return strings.HasPrefix(c, "GET ") }))
}

func TestPost(t *testing.T) {
	f := newFake(t)
	id := f.put("root", "gauge.pbiviz", "one")
	l := f.open()
	_, next := changes(t, l, "")
	post(t, l, id, note())
	want := map[string]any{"OrgstoreGuid": "auroraGauge1", "OrgstoreVersion": "1.2.3.4", "OrgstoreLicenseUntil": "2027-03-01", "OrgstoreVerdict": "accept", "OrgstoreInstalled": "since 2026-11-25"}
	if !maps.Equal(f.items[id].fields, want) {
		t.Errorf("written %v", f.items[id].fields)
	}
	if got := writes(f.asked()); got != 7 { // six columns and the note
		t.Errorf("%d writes", got)
	}
	post(t, l, id, note())
	post(t, f.open(), id, note())
	if got := writes(f.asked()); got != 0 {
		t.Errorf("%d writes of the same", got)
	}
	n := note()
	n.Reason, n.GUID = "line\nfeed and "+strings.Repeat("x", 3000), ""
	post(t, l, id, n)
	if r := f.items[id].fields["OrgstoreReason"].(string); len([]rune(r)) != mostInLines || strings.Contains(r, "\n") || f.items[id].fields["OrgstoreGuid"] != "" {
		t.Errorf("written %q", r)
	}
	expect(t, l, next, "") // nothing arrives for it
}

func TestPostOfWhatIsGone(t *testing.T) {
	f := newFake(t)
	id := f.put("root", "gauge.pbiviz", "one")
	l := f.open()
	f.change(id, func(i *stored) { i.deleted = true })
	post(t, l, id, note())
	post(t, l, "none", note())
}

// A person edits the same row at the same time.
func TestPostAtTheSameTimeAsAPerson(t *testing.T) {
	f := newFake(t)
	id := f.put("root", "gauge.pbiviz", "one")
	times := 2
	f.before = func(call string) *reply {
		if strings.HasPrefix(call, "PATCH ") && times > 0 {
			times--
			f.change(id, func(i *stored) { i.fields["Notes"] = "mine" })
		}
		return nil
	}
	l := f.open()
	post(t, l, id, note())
	if got := f.items[id].fields; got["Notes"] != "mine" || got["OrgstoreVerdict"] != "accept" {
		t.Errorf("written %v", got)
	}
	times = 100
	n := note()
	n.Verdict = "reject"
	if err := l.Post(context.Background(), id, n); err == nil || !strings.Contains(err.Error(), "412") {
		t.Errorf("against somebody who never stops: %v", err)
	}
}

func TestPostWhoseAnswerIsLost(t *testing.T) {
	f := newFake(t)
	id := f.put("root", "gauge.pbiviz", "one")
	lost := map[string]bool{}
	f.before = func(call string) *reply {
		if strings.HasPrefix(call, "GET ") || lost[call] {
			return nil
		}
		lost[call] = true
		return &reply{drop: true, arrived: true}
	}
	l := f.open()
	for range 3 { // a column's answer is lost once, and it is there the next time
		if l.Post(context.Background(), id, note()) == nil {
			break
		}
	}
	post(t, l, id, note())
	if f.items[id].fields["OrgstoreVerdict"] != "accept" || len(f.columns) != 6 {
		t.Errorf("written %v in %d columns", f.items[id].fields, len(f.columns))
	}
}

func TestColumnsThatMayNotBeAdded(t *testing.T) {
	f := newFake(t)
	id := f.put("root", "gauge.pbiviz", "one")
	f.columns["GUID"] = map[string]any{"name": "GUID", "displayName": "GUID", "text": map[string]any{}}
	f.columns["Reason"] = map[string]any{"name": "Reason0", "displayName": "Reason", "text": map[string]any{"allowMultipleLines": true}}
	f.columns["_UIVersionString"] = map[string]any{"name": "_UIVersionString", "displayName": "Version", "readOnly": true, "text": map[string]any{}}
	f.columns["Installed"] = map[string]any{"name": "Installed", "displayName": "Installed", "boolean": map[string]any{}}
	f.before = func(call string) *reply {
		if strings.HasPrefix(call, "POST ") {
			return &reply{status: 403, body: `{"error":{"code":"accessDenied","message":"no"}}`, header: map[string]string{"Content-Type": "application/json"}}
		}
		return nil
	}
	n := note()
	n.Reason = "why"
	err := f.open().Post(context.Background(), id, n)
	if err == nil || !strings.Contains(err.Error(), "cannot add the columns Version, License until, Verdict, Installed to the library") {
		t.Errorf("got %v", err)
	}
	coded, ok := err.(interface {
		Code() string
		Hint() string
	})
	if !ok || coded.Code() != "library.columns" || !strings.Contains(coded.Hint(), "by hand") {
		t.Errorf("got %#v", err)
	}
	if got := f.items[id].fields; !maps.Equal(got, map[string]any{"GUID": "auroraGauge1", "Reason0": "why"}) {
		t.Errorf("written %v", got)
	}
}
