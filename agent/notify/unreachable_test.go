package notify

import (
	"testing"
	"time"

	"github.com/orgstore/orgstore/policies/plan"
)

// One absence is told once, whatever its error says meanwhile; the next one again.
func TestUnreachableStore(t *testing.T) {
	since := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	first := UnreachableStore("pilot", plan.Unread{Since: since, Message: "no network", Hint: "mount the share"})
	if first.Event != StoreUnreachable || first.Level != Alarm || first.Store != "pilot" || first.Code != plan.CodeUnreadable || first.Hint != "mount the share" ||
		first.Title != "the store pilot cannot be read" || first.Text != "the store pilot cannot be read since 2026-11-23 09:00 UTC: no network." {
		t.Errorf("the notice is %+v", first)
	}
	if same := UnreachableStore("pilot", plan.Unread{Since: since, Message: "timed out"}); same.Key != first.Key {
		t.Errorf("the same absence has the keys %q and %q", first.Key, same.Key)
	}
	if next := UnreachableStore("pilot", plan.Unread{Since: since.Add(time.Hour), Message: "no network"}); next.Key == first.Key {
		t.Errorf("two absences have one key, %q", next.Key)
	}
}
