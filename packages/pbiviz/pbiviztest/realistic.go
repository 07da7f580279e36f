package pbiviztest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Realistic makes a package whose pbiviz.json has about 1 MB: minified script,
// style, localized strings, an icon and capabilities with many properties.
func Realistic() []byte {
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
	return Package{
		Script: script.String(), Style: style.String(), IconData: Icon + strings.Repeat("QUJD", 4000),
		Strings: `{"en-US":{` + strs.String()[1:] + `}}`,
		Capabilities: `{"dataRoles":[{"name":"a","displayName":"A","kind":"Grouping"}],"dataViewMappings":[],"objects":{` +
			objects.String()[1:] + `},"privileges":[]}`,
	}.Bytes()
}

// Baseline is the least that judging a package can cost: read, inflate, SHA-256
// of the file and of each entry, one pass over the JSON tokens.
func Baseline(file []byte) error {
	sha256.Sum256(file)
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		body := make([]byte, f.UncompressedSize64)
		if _, err := io.ReadFull(r, body); err != nil {
			return err
		}
		sha256.Sum256(body)
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		for dec := jsontext.NewDecoder(bytes.NewBuffer(body)); ; {
			if _, err := dec.ReadToken(); err == io.EOF {
				break
			} else if err != nil {
				return err
			}
		}
	}
	return nil
}

// Ratio is the median of what something took over the median of what a baseline
// took in the same run, turn by turn, so that another load on the machine weighs
// on both alike.
type Ratio struct{ baseline, measured []time.Duration }

// Add adds one turn of each.
func (r *Ratio) Add(baseline, measured time.Duration) {
	r.baseline, r.measured = append(r.baseline, baseline), append(r.measured, measured)
}

// Value returns the ratio so far; at least one turn was added.
func (r *Ratio) Value() float64 { return float64(median(r.measured)) / float64(median(r.baseline)) }

func median(d []time.Duration) time.Duration { return slices.Sorted(slices.Values(d))[len(d)/2] }

// Took tells how long something takes.
func Took(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}
