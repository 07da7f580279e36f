package license_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// equal compares plain data.
func equal(t testing.TB, got, wanted any) {
	t.Helper()
	if d := cmp.Diff(wanted, got); d != "" {
		t.Errorf("not as wanted (-want +got):\n%s", d)
	}
}
