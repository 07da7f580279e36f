package library

import "testing"

func TestArrives(t *testing.T) {
	for name, want := range map[string]bool{
		"gauge.pbiviz": true, "GAUGE.PBIVIZ": true, "gauge.pbiviz.license": true, "a b.license": true,
		"": false, ".pbiviz": false, ".hidden.license": false, "~$gauge.pbiviz": false, "gauge.pbiviz.tmp": false,
		"OrganizationalVisuals.csv": true, "organizationalvisuals (1).csv": true, "visuals.csv": false,
		"apbiviz": false, "gauge.zip": false, "pbiviz": false,
	} {
		if Arrives(name) != want {
			t.Errorf("%q: got %v", name, !want)
		}
	}
}

func TestLegible(t *testing.T) {
	for name, want := range map[string]string{
		"Größe 100%.pbiviz": "Größe 100%.pbiviz", "line\nfeed": "line\uFFFDfeed", "\x1b[31mred": "\uFFFD[31mred",
		"bytes\xff\xfe": "bytes\uFFFD", "\u202egauge": "\uFFFDgauge",
	} {
		if got := Legible(name); got != want {
			t.Errorf("%q: got %q", name, got)
		}
	}
}
