package plan

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/verdict"
)

// TestUnattested: a package that could follow an attested one says early that it
// needs an attestation, whatever its version; what is older, or installed under
// a vendor's signature, has no need of one.
func TestUnattested(t *testing.T) {
	attested := candidate("1.4.0.0", "a", "2027-06-01")
	attested.Terms.Grade = license.Attested
	signed := candidate("1.4.0.0", "a", "2027-06-01")
	bare := func(v, bytes string) Candidate {
		return candidate(v, bytes, "").judged(verdict.Reject, CodeUnlicensed, "no license")
	}
	readable := candidate("1.4.0.0", "b", "2028-06-01").judged(verdict.Reject, CodeGrade, "too low")
	readable.Terms.Grade = license.Readable
	wrong := candidate("1.4.0.0", "b", "").judged(verdict.Reject, "lic.digest", "about other bytes")
	ended := attested.judged(verdict.Reject, CodeExpired, "ended")
	for _, c := range []struct {
		name      string
		installed Candidate
		other     Candidate
		want      string
		hint      string
	}{
		{"a renewed package", attested, bare("1.4.0.0", "b"), "keep keep.needs_attestation", "hint for lic.none"},
		{"a newer version", attested, bare("1.4.1.0", "b"), "keep keep.needs_attestation", "hint for lic.none"},
		{"one whose own license can be read", attested, readable, "keep keep.needs_attestation", "hint for lic.grade"},
		{"an older version", attested, bare("1.3.0.0", "b"), "keep keep.current", ""},
		{"outside the pin", attested, bare("2.0.0.0", "b"), "keep keep.newer_outside_pin", ""},
		{"a statement that is refused", attested, wrong, "keep keep.current", ""},
		{"after a signed one", signed, bare("1.4.0.0", "b"), "keep keep.current", ""},
		{"after the end", ended, bare("1.4.0.0", "b"), "keep keep.license_ended", "hint for lic.none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Compute(input(">= 1.3, < 2", []Present{c.installed.installed()}, c.installed, c.other))
			if got := lines(p); got != c.want {
				t.Fatalf("got %s, want %s", got, c.want)
			}
			if r := p.Idle[0].Reason; c.hint != "" && !strings.Contains(r.Hint, c.hint) {
				t.Errorf("the hint is %q", r.Hint)
			}
		})
	}
}
