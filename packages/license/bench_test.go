package license_test

import (
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

// BenchmarkJudge is all of judging a package of 1 MB, from its bytes to what may
// be put into a store. The goal is at most 1.3 times the baseline.
func BenchmarkJudge(b *testing.B) {
	file := pbiviztest.Realistic()
	for _, v := range []licensetest.Vendor{licensetest.Aurora(), licensetest.Borealis()} {
		b.Run(string(v.Record().Algorithm), func(b *testing.B) {
			p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
			if err != nil {
				b.Fatal(err)
			}
			trust, statement := v.Trust(), v.Statement(p)
			need, facts, at := licensetest.Need(), licensetest.Facts(), licensetest.At("2026-12-01")
			judge := func() {
				p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
				if err != nil {
					b.Fatal(err)
				}
				if l, judged := trust.Judge(p, statement, need, facts, at); l.IsZero() {
					b.Fatal(judged)
				}
			}
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			var ratio pbiviztest.Ratio
			for b.Loop() {
				b.StopTimer()
				base := measureBaseline(b, file)
				b.StartTimer()
				ratio.Add(base, pbiviztest.Took(judge))
			}
			b.ReportMetric(ratio.Value(), "x-baseline")
		})
	}
}

func measureBaseline(b *testing.B, file []byte) time.Duration {
	return pbiviztest.Took(func() {
		if err := pbiviztest.Baseline(file); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkBind(b *testing.B) {
	for _, v := range []licensetest.Vendor{licensetest.Aurora(), licensetest.Borealis()} {
		b.Run(string(v.Record().Algorithm), func(b *testing.B) {
			p, trust := gaugePackage(b), v.Trust()
			statement := v.Statement(p)
			for b.Loop() {
				if _, err := trust.Bind(p, statement); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEvaluate is what observing costs for each candidate.
func BenchmarkEvaluate(b *testing.B) {
	for _, v := range []licensetest.Vendor{licensetest.Aurora(), licensetest.Borealis()} {
		b.Run(string(v.Record().Algorithm), func(b *testing.B) {
			p, trust := gaugePackage(b), v.Trust()
			bound, err := trust.Bind(p, v.Statement(p))
			if err != nil {
				b.Fatal(err)
			}
			need, facts, at := licensetest.Need(), licensetest.Facts(), licensetest.At("2026-12-01")
			for b.Loop() {
				if !trust.Evaluate(bound, need, facts, at).Verdict.Passes() {
					b.Fatal("refused")
				}
			}
		})
	}
}
