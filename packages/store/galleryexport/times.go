package galleryexport

import "time"

// Times reads what a list writes about when an entry was changed: all that it
// may mean, in UTC though the zone is unknown; nothing where it cannot be read.
// The form is nobody's promise, and 1/2/2026 is a day in January or in February.
func Times(changed string) []time.Time {
	var all []time.Time
	for _, day := range []string{"2006-01-02", "1/2/2006", "2/1/2006", "2.1.2006"} {
		for _, clock := range []string{"", " 15:04:05", " 15:04", " 3:04:05 PM", ", 15:04:05", ", 3:04:05 PM", "T15:04:05", "T15:04:05Z07:00"} {
			if t, err := time.Parse(day+clock, changed); err == nil {
				all = append(all, t.UTC())
			}
		}
	}
	return all
}
