package intake_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

// pairs makes packages with their statements, of visuals that have ten releases
// each.
func pairs(n int) (*shelf, license.Trust) {
	vendor, s := licensetest.Aurora(), &shelf{}
	var guids []string
	for i := range n {
		guid := fmt.Sprintf("auroraVisual%d", i/10)
		if i%10 == 0 {
			guids = append(guids, guid)
		}
		p := licensetest.Package(pbiviztest.Package{GUID: guid, Version: fmt.Sprintf("1.%d.0.0", i%10), Script: fmt.Sprintf("var v = %d;\n", i)})
		s.put(fmt.Sprintf("%d.pbiviz", i), p.File())
		s.put(fmt.Sprintf("%d.pbiviz.license", i), vendor.Statement(p))
	}
	return s, vendor.Trust(guids...)
}

// BenchmarkPoll takes 1,000 packages with their statements in, and looks for
// what there is to bind again, which every command does.
func BenchmarkPoll(b *testing.B) {
	for _, n := range []int{250, 500, 1000} {
		s, trust := pairs(n)
		poll := func(b *testing.B) *bench {
			full := newBench(b)
			full.Trust = trust
			if _, _, err := full.Poll(context.Background(), tx, s, ""); err != nil {
				b.Fatal(err)
			}
			if got := len(full.Journal.Book().Bounds()); got != n {
				b.Fatalf("%d are bound", got)
			}
			return full
		}
		b.Run(fmt.Sprintf("poll %d", n), func(b *testing.B) {
			for b.Loop() {
				poll(b)
			}
		})
		b.Run(fmt.Sprintf("rebind %d", n), func(b *testing.B) {
			full := poll(b)
			for b.Loop() {
				full.rebind()
			}
		})
		b.Run(fmt.Sprintf("read %d", n), func(b *testing.B) { // the part of reading packages in it
			for b.Loop() {
				for i := range n {
					if _, err := pbiviz.Read(s.files[fmt.Sprintf("%d.pbiviz", i)], pbiviz.DefaultLimits()); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
