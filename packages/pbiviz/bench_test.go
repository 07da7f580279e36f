package pbiviz_test

import (
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

// BenchmarkRead compares reading a package with the baseline of judging one;
// the goal of all of judging is a ratio of at most 1.3.
func BenchmarkRead(b *testing.B) {
	file := pbiviztest.Realistic()
	b.Run("baseline", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			baseline(b, file)
		}
	})
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		var ratio pbiviztest.Ratio
		for b.Loop() {
			b.StopTimer()
			base := baseline(b, file)
			b.StartTimer()
			ratio.Add(base, pbiviztest.Took(func() {
				if _, err := pbiviz.Read(file, pbiviz.DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}))
		}
		b.ReportMetric(ratio.Value(), "x-baseline")
	})
}

func baseline(b *testing.B, file []byte) time.Duration {
	return pbiviztest.Took(func() {
		if err := pbiviztest.Baseline(file); err != nil {
			b.Fatal(err)
		}
	})
}
