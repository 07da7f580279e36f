package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Journals hold the digests of settings. One that changes looks like settings that
// somebody changed, so the golden file is not written anew without a reason.
func TestDigestsOfSettings(t *testing.T) {
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(accepted)) {
		s, err := Parse("orgstore.yaml", []byte(accepted[name]))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s  %s\n", s.Digest(), name)
	}
	golden := filepath.Join("testdata", "digests.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}
