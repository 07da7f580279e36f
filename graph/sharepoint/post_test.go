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

func sampleNote() library.Note {
	return library.Note{
		GUID: "auroraGauge1", Version: "1.2.3.4", LicenseUntil: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC),
		Verdict: "accept", Installed: "since 2026-11-25",
	}
}

func postNote(t *testing.T, l *Library, id string, n library.Note) {
	t.Helper()
	if err := l.Post(context.Background(), id, n); err != nil {
		t.Error(err)
	}
}

// countWrites counts the calls that change something.
func countWrites(calls []string) int {
	return len(slices.DeleteFunc(calls, func(c string) bool { return strings.HasPrefix(c, "GET ") }))
}

func TestPost(t *testing.T) {
	f := newFake(t)
	id := f.putFile("root", "gauge.pbiviz", "one")
	l := f.openLibrary()
	_, next := listChanges(t, l, "")
	postNote(t, l, id, sampleNote())
	want := map[string]any{"OrgstoreGuid": "auroraGauge1", "OrgstoreVersion": "1.2.3.4", "OrgstoreLicenseUntil": "2027-03-01", "OrgstoreVerdict": "accept", "OrgstoreInstalled": "since 2026-11-25"}
	if !maps.Equal(f.items[id].fields, want) {
		t.Errorf("written %v", f.items[id].fields)
	}
	if got := countWrites(f.takeCalls()); got != 7 { // six columns and the note
		t.Errorf("%d writes", got)
	}
	postNote(t, l, id, sampleNote())
	postNote(t, f.openLibrary(), id, sampleNote())
	if got := countWrites(f.takeCalls()); got != 0 {
		t.Errorf("%d writes of the same", got)
	}
	n := sampleNote()
	n.Reason, n.GUID = "line\nfeed and "+strings.Repeat("x", 3000), ""
	postNote(t, l, id, n)
	if r := f.items[id].fields["OrgstoreReason"].(string); len([]rune(r)) != maxTextLength || strings.Contains(r, "\n") || f.items[id].fields["OrgstoreGuid"] != "" {
		t.Errorf("written %q", r)
	}
	expectChanges(t, l, next, "") // nothing arrives for it
}

func TestPostOfWhatIsGone(t *testing.T) {
	f := newFake(t)
	id := f.putFile("root", "gauge.pbiviz", "one")
	l := f.openLibrary()
	f.changeItem(id, func(i *storedItem) { i.isDeleted = true })
	postNote(t, l, id, sampleNote())
	postNote(t, l, "none", sampleNote())
}

// A person edits the same row at the same time.
func TestPostAtTheSameTimeAsAPerson(t *testing.T) {
	f := newFake(t)
	id := f.putFile("root", "gauge.pbiviz", "one")
	times := 2
	f.intercept = func(call string) *cannedReply {
		if strings.HasPrefix(call, "PATCH ") && times > 0 {
			times--
			f.changeItem(id, func(i *storedItem) { i.fields["Notes"] = "mine" })
		}
		return nil
	}
	l := f.openLibrary()
	postNote(t, l, id, sampleNote())
	if got := f.items[id].fields; got["Notes"] != "mine" || got["OrgstoreVerdict"] != "accept" {
		t.Errorf("written %v", got)
	}
	times = 100
	n := sampleNote()
	n.Verdict = "reject"
	if err := l.Post(context.Background(), id, n); err == nil || !strings.Contains(err.Error(), "412") {
		t.Errorf("against somebody who never stops: %v", err)
	}
}

func TestPostWhoseAnswerIsLost(t *testing.T) {
	f := newFake(t)
	id := f.putFile("root", "gauge.pbiviz", "one")
	lost := map[string]bool{}
	f.intercept = func(call string) *cannedReply {
		if strings.HasPrefix(call, "GET ") || lost[call] {
			return nil
		}
		lost[call] = true
		return &cannedReply{dropsConnection: true, isCarriedOut: true}
	}
	l := f.openLibrary()
	for range 3 { // a column's answer is lost once, and it is there the next time
		if l.Post(context.Background(), id, sampleNote()) == nil {
			break
		}
	}
	postNote(t, l, id, sampleNote())
	if f.items[id].fields["OrgstoreVerdict"] != "accept" || len(f.columns) != 6 {
		t.Errorf("written %v in %d columns", f.items[id].fields, len(f.columns))
	}
}

func TestColumnsThatMayNotBeAdded(t *testing.T) {
	f := newFake(t)
	id := f.putFile("root", "gauge.pbiviz", "one")
	f.columns["GUID"] = map[string]any{"name": "GUID", "displayName": "GUID", "text": map[string]any{}}
	f.columns["Reason"] = map[string]any{"name": "Reason0", "displayName": "Reason", "text": map[string]any{"allowMultipleLines": true}}
	f.columns["_UIVersionString"] = map[string]any{"name": "_UIVersionString", "displayName": "Version", "readOnly": true, "text": map[string]any{}}
	f.columns["Installed"] = map[string]any{"name": "Installed", "displayName": "Installed", "boolean": map[string]any{}}
	f.intercept = func(call string) *cannedReply {
		if strings.HasPrefix(call, "POST ") {
			return &cannedReply{status: 403, body: `{"error":{"code":"accessDenied","message":"no"}}`, header: map[string]string{"Content-Type": "application/json"}}
		}
		return nil
	}
	n := sampleNote()
	n.Reason = "why"
	err := f.openLibrary().Post(context.Background(), id, n)
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
