package intake_test

import (
	"context"
	"slices"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
)

// hearing is the trust in a vendor whose bundle has a key for status lists.
func hearing(b *bench) license.Trust {
	b.t.Helper()
	v := licensetest.Aurora()
	s := v.Settings()
	s.Bundle = v.Bundle(v.WithStatusKey)
	trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{s})
	if err != nil {
		b.t.Fatal(err)
	}
	return trust
}

// A status list is recorded with its number, in any order with its bundle; what
// comes again, or is older, changes nothing.
func TestStatusLists(t *testing.T) {
	v := licensetest.Aurora()
	number := func(n int64, lids ...string) []byte {
		return v.Status(func(r *issuer.Revocation) { r.Sequence, r.Subscriptions = n, lids })
	}
	came, believed, revoked := journal.KindOf(journal.StatusReceived{}), journal.KindOf(journal.StatusVerified{}), journal.KindOf(journal.Revoked{})
	refused, marked := journal.KindOf(journal.StatusRefused{}), journal.KindOf(journal.TimeMarked{})
	for _, c := range []struct {
		name   string
		before [][]byte // come before the bundle that has the key
		after  [][]byte
		want   []journal.Kind
		mark   int64
	}{
		{"after its bundle", nil, [][]byte{number(3)}, []journal.Kind{came, believed, revoked, marked}, 3},
		{"before its bundle", [][]byte{number(3)}, nil, []journal.Kind{came, refused, believed, revoked, marked}, 3},
		{"with a line feed and without", nil, [][]byte{number(3), append(number(3), '\n')}, []journal.Kind{came, believed, revoked, marked}, 3},
		{"two in turn", nil, [][]byte{number(3), number(4)}, []journal.Kind{came, believed, revoked, marked, came, believed, revoked}, 4},
		{"the older one last", nil, [][]byte{number(4), number(3)}, []journal.Kind{came, believed, revoked, marked, came, refused}, 4},
		{"another one of a number", nil, [][]byte{number(4), number(4, "sub-1")}, []journal.Kind{came, believed, revoked, marked, came, refused}, 4},
		{"both before the bundle, the older one last", [][]byte{number(4), number(3)}, nil, []journal.Kind{came, refused, came, refused, believed, revoked, marked, refused}, 4},
		{"of a stranger", nil, [][]byte{licensetest.Borealis().Status()}, []journal.Kind{came, refused}, 0},
		{"no list at all", nil, [][]byte{append(number(3), '\n', '\n')}, []journal.Kind{journal.KindOf(journal.ItemRefused{})}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			deliver := func(files [][]byte) {
				for range 2 {
					for _, f := range files {
						b.take("aurora-status.license", f)
					}
				}
			}
			deliver(c.before)
			b.Trust = hearing(b)
			for range 2 { // what comes again is recorded no more
				if err := b.Restatus(context.Background(), tx); err != nil {
					t.Fatal(err)
				}
			}
			deliver(c.after)
			b.recorded(0, c.want...)
			if got := b.Journal.Book().StatusMarks()[v.Issuer+" "+v.StatusKey().ID]; got != c.mark {
				t.Errorf("the mark is %d, not %d", got, c.mark)
			}
		})
	}
}

// A journal in which a list was verified and what it revoked was not recorded has that
// as soon as the list is seen again; where the list is lost, that is no failure.
func TestWhatAnEarlierListRevokedIsRecorded(t *testing.T) {
	b, v := newBench(t), licensetest.Aurora()
	file := v.Status(func(r *issuer.Revocation) { r.Subscriptions = []string{"sub-88213"} })
	b.take("a.license", file)
	b.Trust = hearing(b)
	s, err := b.Trust.ReadStatus(file)
	if err != nil {
		t.Fatal(err)
	}
	list := b.Journal.Book().StatusLists()[0].List
	err = b.Journal.Append(t.Context(), tx, journal.StatusVerified{
		List: list, Issuer: s.Issuer(), KeyID: s.KeyID(), Mark: s.MarkKey(), Sequence: s.Sequence(), Issued: s.Issued(), Next: s.Next(), Claims: s.Digest(),
	})
	if err != nil {
		t.Fatal(err)
	}
	before, stranger := b.seq(), licensetest.Borealis().Trust()
	have := b.Trust
	for _, b.Trust = range []license.Trust{stranger, have, have} {
		if err := b.Restatus(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
	}
	b.recorded(before, journal.KindOf(journal.Revoked{}))
	if r := b.Journal.Book().Revoked(); len(r) != 1 || !slices.Equal(r[0].Subscriptions, []string{"sub-88213"}) {
		t.Errorf("what was revoked is %+v", r)
	}
}

func TestAStatusListSaysWhatBecameOfIt(t *testing.T) {
	b, v := newBench(t), licensetest.Aurora()
	if taken := b.take("a.license", v.Status()); !taken.Waits || taken.Refused == nil || !taken.New || taken.Status.IsZero() {
		t.Errorf("before its bundle: %+v", taken)
	}
	b.Trust = hearing(b)
	if taken := b.take("a.license", v.Status()); taken.Waits || taken.Refused != nil || taken.New {
		t.Errorf("after its bundle: %+v", taken)
	}
	older := v.Status(func(r *issuer.Revocation) { r.Sequence = 2 })
	if taken := b.take("b.license", older); taken.Waits || taken.Refused == nil || taken.Refused.Code() != "trust.status" {
		t.Errorf("an older one: %+v", taken)
	}
}

// While a vendor's bundle is lost, what was bound stays bound, and nothing is
// tried again until it is back.
func TestALostBundleUnbindsNothing(t *testing.T) {
	b, v, p := newBench(t), licensetest.Aurora(), gauge("1.0.0.0")
	b.take("p.pbiviz", p.File())
	b.take("p.pbiviz.license", v.Statement(p))
	have := b.Trust
	s := v.Settings()
	s.Bundle = license.Bundle{}
	s.Unavailable.Code, s.Unavailable.Message = "trust.unreadable", "the file is gone"
	trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{s})
	if err != nil {
		t.Fatal(err)
	}
	before := b.seq()
	for _, b.Trust = range []license.Trust{trust, have, trust} {
		b.rebind()
	}
	b.recorded(before)
	if len(b.Journal.Book().Bounds()) != 1 {
		t.Error("it is bound no more")
	}
}
