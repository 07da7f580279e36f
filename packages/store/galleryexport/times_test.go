package galleryexport_test

import (
	"slices"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/store/galleryexport"
)

func TestTimes(t *testing.T) {
	for text, want := range map[string][]string{
		"2026-11-24T08:00:00Z":      {"2026-11-24 08:00"},
		"2026-11-24T10:00:00+02:00": {"2026-11-24 08:00"},
		"11/24/2026 8:00:00 PM":     {"2026-11-24 20:00"},
		"24/11/2026, 20:00:00":      {"2026-11-24 20:00"},
		"24.11.2026 20:00":          {"2026-11-24 20:00"},
		"1/2/2026":                  {"2026-01-02 00:00", "2026-02-01 00:00"},
		"2026-11-24":                {"2026-11-24 00:00"},
		"yesterday":                 nil,
		"":                          nil,
	} {
		var got []string
		for _, at := range galleryexport.Times(text) {
			got = append(got, at.Format("2006-01-02 15:04"))
			if at.Location() != time.UTC {
				t.Errorf("%q is in %v", text, at.Location())
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q means %v, not %v", text, got, want)
		}
	}
}
