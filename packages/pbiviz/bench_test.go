package pbiviz_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

// realistic makes a package whose pbiviz.json has about 1 MB: minified script,
// style, localized strings, an icon and capabilities with many properties.
func realistic() []byte {
	random := rand.New(rand.NewPCG(7, 11))
	name := func() string { return fmt.Sprintf("%c%x", 'a'+random.IntN(26), random.IntN(1<<14)) }
	var script strings.Builder
	for script.Len() < 900_000 {
		fmt.Fprintf(&script, "function %s(%s,%s){if(%s!==\"%s\")return this.%s.%s(%d);\n\tvar %s=%s[%d]||{};}",
			name(), name(), name(), name(), name(), name(), name(), random.IntN(1000), name(), name(), random.IntN(10))
	}
	var style, strs, objects strings.Builder
	for style.Len() < 40_000 {
		fmt.Fprintf(&style, ".%s > .%s { color: #%06x; width: %dpx }\n", name(), name(), random.IntN(1<<24), random.IntN(400))
	}
	for i := range 400 {
		fmt.Fprintf(&strs, `,"%s_%d":"%s %s"`, name(), i, name(), name())
	}
	for i := range 20 {
		fmt.Fprintf(&objects, `,"object%d":{"displayName":"%s","properties":{"show":{"type":{"bool":true}}`, i, name())
		for k := range 12 {
			fmt.Fprintf(&objects, `,"p%d":{"displayName":"%s","type":{"fill":{"solid":{"color":true}}}}`, k, name())
		}
		objects.WriteString("}}")
	}
	return pbiviztest.Package{
		Script: script.String(), Style: style.String(), IconData: pbiviztest.Icon + strings.Repeat("QUJD", 4000),
		Strings: `{"en-US":{` + strs.String()[1:] + `}}`,
		Capabilities: `{"dataRoles":[{"name":"a","displayName":"A","kind":"Grouping"}],"dataViewMappings":[],"objects":{` +
			objects.String()[1:] + `},"privileges":[]}`,
	}.Bytes()
}

// baseline is the least a judge can do: read, inflate, SHA-256 of the file and
// of each entry, one pass over the JSON tokens.
func baseline(tb testing.TB, file []byte) {
	sha256.Sum256(file)
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		body := make([]byte, f.UncompressedSize64)
		if _, err := io.ReadFull(r, body); err != nil {
			tb.Fatal(err)
		}
		sha256.Sum256(body)
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		for dec := jsontext.NewDecoder(bytes.NewBuffer(body)); ; {
			if _, err := dec.ReadToken(); err == io.EOF {
				break
			} else if err != nil {
				tb.Fatal(err)
			}
		}
	}
}

// BenchmarkRead compares judging a package with the baseline; the goal is a
// ratio of at most 1.3. The ratio is that of the medians of runs in turn, so that
// another load on the machine weighs on both alike.
func BenchmarkRead(b *testing.B) {
	file := realistic()
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
		var base, read []time.Duration
		for b.Loop() {
			b.StopTimer()
			base = append(base, clock(func() { baseline(b, file) }))
			b.StartTimer()
			read = append(read, clock(func() {
				if _, err := pbiviz.Read(file, pbiviz.DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}))
		}
		b.ReportMetric(float64(median(read))/float64(median(base)), "x-baseline")
	})
}

func clock(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
