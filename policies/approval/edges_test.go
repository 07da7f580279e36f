package approval_test

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/policies/approval"
)

// Only those who may still approve are counted on.
func TestWhenTooFewAreNamed(t *testing.T) {
	shared := asked(carol)
	shared.Shared = []string{"BOB"}
	attested := asked(carol)
	attested.Attesters = []string{"Ada"}
	for _, c := range []struct {
		name   string
		count  int
		from   []string
		record approval.Record
		few    bool
	}{
		{"enough", 2, []string{"ada", "bob"}, asked(carol), false},
		{"more than enough", 1, []string{"ada", "bob"}, asked(carol), false},
		{"one of them asked", 2, []string{"ada", "bob"}, asked(ada), true},
		{"one of them asked, and the other is enough", 1, []string{"ada", "bob"}, asked(ada), false},
		{"several people use one of the accounts", 2, []string{"ada", "bob"}, shared, true},
		{"one of them attested the license", 2, []string{"ada", "bob"}, attested, true},
		{"nobody asked", 2, []string{"ada", "bob"}, approval.Record{Asking: approval.AskedNobody, Asker: ada}, false},
		{"not on record who asked, so that one more is needed", 2, []string{"ada", "bob"}, approval.Record{}, true},
		{"anybody may", 9, nil, asked(ada), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := approval.Tally(approval.Need{Count: c.count, From: c.from}, c.record)
			if strings.Contains(a.Hint, "too few") != c.few {
				t.Errorf("it says %q", a.Hint)
			}
		})
	}
}

func TestHowManyNamesAreSaid(t *testing.T) {
	for want, names := range map[string][]string{
		"needs an approval of ada":                     {"ada"},
		"needs an approval of ada or bob":              {"ada", "bob"},
		"needs an approval of a, b, c, d or e":         {"a", "b", "c", "d", "e"},
		"needs an approval of a, b, c, d, e or 1 more": {"a", "b", "c", "d", "e", "f"},
	} {
		a := approval.Tally(approval.Need{Count: 1, From: names}, approval.Record{Asking: approval.AskedNobody})
		if a.Message != want {
			t.Errorf("got %q, want %q", a.Message, want)
		}
	}
}
