package gallery

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"time"
)

// An Event is a record of the activity log about the store. Microsoft does not
// document more members of such a record, so it has none.
type Event struct {
	ID        string
	At        time.Time // when it happened, in UTC
	VisibleAt time.Time // when the log shows it: 5 to 60 minutes later
	Operation string    // InsertOrganizationalGalleryItem, Update…, Delete…
	User      string
	Item      string // the visual's name
	Object    string // the entry's id
}

// recordEvent adds an event. The caller holds g.mu.
func (g *Gallery) recordEvent(operation, user string, e *Entry) {
	now := g.options.Now().UTC()
	late := 5*time.Minute + time.Duration(g.rand.Int64N(int64(55*time.Minute)))
	g.events = append(g.events, Event{newUUID(g.rand), now, now.Add(late), operation, user, e.Name, e.ID})
}

// Events returns what the activity log has by now.
func (g *Gallery) Events() []Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.options.Now()
	var there []Event
	for _, e := range g.events {
		if !e.VisibleAt.After(now) {
			there = append(there, e)
		}
	}
	return there
}

// CSVName is the name of the file in which the page saves its export
// (observed).
const CSVName = "OrganizationalVisuals.csv"

// CSV returns the page's export. Its columns, their order, and an empty header
// are observed; the formats of the values are not known.
func (g *Gallery) CSV() []byte {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"GUID", "Name", "", "Changed", "Disabled", "Visualization pane"})
	for _, e := range g.Entries() {
		guid, source := e.GUID.OrgStore(), "File"
		if e.AppSource {
			guid, source = e.GUID.String(), "AppSource"
		}
		_ = w.Write([]string{guid, e.Name, source, e.Changed.Format("1/2/2006 3:04:05 PM"), fmt.Sprint(!e.Access), fmt.Sprint(e.Pane)})
	}
	w.Flush()
	return b.Bytes()
}
