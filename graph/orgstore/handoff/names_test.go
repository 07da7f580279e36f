package handoff

import (
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// A task names the entry as the list does, and warns of others of its name: whoever
// followed the package's name turned another visual off.
func TestATaskNamesTheEntryAsListed(t *testing.T) {
	parse := func(s string) visual.GUID {
		g, err := visual.ParseGUID(s)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	gauge, timeline := parse("auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E"), parse("auroraTimeline0EC4001DA97EE18F29D05EFD5CB885CD")
	for _, c := range []struct {
		name         string
		listed       map[visual.GUID]store.Listing
		want, unsaid []string
	}{
		{"no list", nil, []string{"Select Aurora Gauge, choose Settings"}, []string{"Take care"}},
		{"listed as the package is called", map[visual.GUID]store.Listing{gauge: {GUID: gauge, Name: "Aurora Gauge"}},
			[]string{"Select Aurora Gauge, choose Settings"}, []string{"Take care"}},
		{"listed otherwise, and another has its name", map[visual.GUID]store.Listing{
			gauge: {GUID: gauge, Name: "Verkaufsanzeige (neu)"}, timeline: {GUID: timeline, Name: "Aurora Gauge"},
		}, []string{
			`Select "Verkaufsanzeige (neu)" (ID ` + gauge.OrgStore() + "), choose Settings", `calls this visual "Verkaufsanzeige (neu)"`,
			"Leave these alone:", timeline.OrgStore(), "Export the list: it shows the ID",
		}, nil},
		{"not listed, and another has its name", map[visual.GUID]store.Listing{timeline: {GUID: timeline, Name: "aurora gauge", Source: store.FromAppSource}},
			[]string{"Select Aurora Gauge (ID " + gauge.OrgStore() + ")", "  " + timeline.String() + "\r\n"}, nil},
	} {
		s := Open(disk.OS(), Options{Context: store.DriverContext{
			Now:    func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) },
			Export: func() *store.Export { return &store.Export{Listed: c.listed} },
		}})
		text := string(s.task("st_1", store.Brief{Key: store.Key{Store: "store", GUID: gauge}, Name: "Aurora Gauge"}, actionOff).readme())
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: it does not say %q:\n%s", c.name, want, text)
			}
		}
		for _, unsaid := range c.unsaid {
			if strings.Contains(text, unsaid) {
				t.Errorf("%s: it says %q", c.name, unsaid)
			}
		}
	}
}
