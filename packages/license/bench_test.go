package license_test

import (
	"testing"

	"github.com/orgstore/orgstore/packages/license/licensetest"
)

func BenchmarkBind(b *testing.B) {
	for _, v := range []licensetest.Vendor{licensetest.Aurora(), licensetest.Borealis()} {
		b.Run(string(v.Record().Algorithm), func(b *testing.B) {
			p, trust := gauge(b), v.Trust()
			statement := v.Statement(p)
			for b.Loop() {
				if _, err := trust.Bind(p, statement); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWeigh is what observing costs for each candidate.
func BenchmarkWeigh(b *testing.B) {
	for _, v := range []licensetest.Vendor{licensetest.Aurora(), licensetest.Borealis()} {
		b.Run(string(v.Record().Algorithm), func(b *testing.B) {
			p, trust := gauge(b), v.Trust()
			bound, err := trust.Bind(p, v.Statement(p))
			if err != nil {
				b.Fatal(err)
			}
			need, facts, at := licensetest.Need(), licensetest.Facts(), licensetest.At("2026-12-01")
			for b.Loop() {
				if !trust.Weigh(bound, need, facts, at).Verdict.Passes() {
					b.Fatal("refused")
				}
			}
		})
	}
}
