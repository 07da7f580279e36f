package galleryexport

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/orgstore/orgstore/packages/store"
)

const (
	gauge = "auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E"
	tiles = "auroraTiles3F9A1C7E5B2D4860A1B2C3D4E5F60718"
	cloud = "WordCloud1447959067750"
)

// textOf writes rows down: GUID, source, access, pane, changed, name.
func textOf(l List) string {
	var out []string
	for _, r := range l.Rows {
		out = append(out, fmt.Sprintf("%s %s %s %s %s %s", r.GUID.String()[:6], orDash(string(r.Source)), yesNoText(r.Enabled), yesNoText(r.Pane), orDash(r.Changed), orDash(r.Name)))
	}
	for _, s := range l.Skipped {
		out = append(out, fmt.Sprintf("line %d: %s", s.Line, s.Why))
	}
	return strings.Join(out, "\n")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func yesNoText(b *bool) string {
	switch {
	case b == nil:
		return "?"
	case *b:
		return "on"
	}
	return "off"
}

func TestTheListsOfThePortal(t *testing.T) {
	both := "aurora file on ? 2026-11-20 Aurora Gauge\nWordCl appsource off ? 2026-11-21 Word Cloud"
	for _, c := range []struct{ name, file, want string }{
		{"by names, in the order observed first", "guid,disabled,name,source,changed,visualizationPane\n" +
			gauge + "_OrgStore,false,Aurora Gauge,File,2026-11-20,true\n" + cloud + ",True,Word Cloud,AppSource,2026-11-21,false\n",
			"aurora file on on 2026-11-20 Aurora Gauge\nWordCl appsource off off 2026-11-21 Word Cloud"},
		{"by position, an empty header", "guid,name,,changed,disabled\n" + gauge + "_OrgStore,Aurora Gauge,File,2026-11-20,false\n" + cloud + ",Word Cloud,AppSource,2026-11-21,true\n", both},
		{"headers all empty", ",,,,\n" + gauge + "_OrgStore,Aurora Gauge,File,2026-11-20,false\n" + cloud + ",Word Cloud,AppSource,2026-11-21,true\n", both},
		{"no header", gauge + "_OrgStore,Aurora Gauge,File,2026-11-20,false\n" + cloud + ",Word Cloud,AppSource,2026-11-21,true\n", both},
		{"headers in a language nobody foresaw, semicolons", "Kennung;Bezeichnung;Quelle;Geändert;Deaktiviert\r\n" +
			gauge + "_OrgStore;Aurora Gauge;Datei;2026-11-20;FALSCH\r\n" + cloud + ";Word Cloud;AppSource;2026-11-21;WAHR\r\n", both},
		{"tabs", "guid\tname\tsource\tchanged\tdisabled\n" + gauge + "_OrgStore\tAurora Gauge\tFile\t2026-11-20\tno\n" + cloud + "\tWord Cloud\tAppSource\t2026-11-21\tyes\n", both},
		{"a byte-order mark and names in any case", "\xef\xbb\xbfGUID, Name ,SOURCE,Changed,Disabled\n" + gauge + "_OrgStore,Aurora Gauge,file,2026-11-20,0\n" + cloud + ",Word Cloud,APPSOURCE,2026-11-21,1\n", both},
		{"a spreadsheet's own first line", "sep=;\nguid;name;source;changed;disabled\n" + gauge + "_OrgStore;Aurora Gauge;File;2026-11-20;false\n" + cloud + ";Word Cloud;AppSource;2026-11-21;true\n", both},
		{"enabled instead of disabled", "Visual ID,Display name,Source,Last modified,Access\n" + gauge + "_OrgStore,Aurora Gauge,File,2026-11-20,On\n" + cloud + ",Word Cloud,AppSource,2026-11-21,Off\n", both},
		{"separators and line breaks inside quotes", "guid,name,source,changed,disabled\n" + gauge + "_OrgStore,\"Gauge, the\n\"\"best\"\"\",File,\"20.11.2026, 10:15\",false\n",
			"aurora file on ? 20.11.2026, 10:15 Gauge, the \"best\""},
		{"values nobody understands stay untold", "guid,name,source,changed,disabled\n" + gauge + "_OrgStore,Aurora Gauge,File,yesterday,perhaps\n", "aurora file ? ? yesterday Aurora Gauge"},
		{"no column for access", "guid,name,source\n" + gauge + "_OrgStore,Aurora Gauge,File\n" + cloud + ",Word Cloud,AppSource\n", "aurora file ? ? - Aurora Gauge\nWordCl appsource ? ? - Word Cloud"},
		{"short lines", "guid,name,source,changed,disabled\n" + gauge + "_OrgStore,Aurora Gauge\n", "aurora file ? ? - Aurora Gauge"},
		{"no source, and the suffix tells", "guid,name,changed,disabled\n" + gauge + "_OrgStore,Aurora Gauge,x,false\n" + tiles + ",Aurora Tiles,x,true\n", "aurora file on ? x Aurora Gauge\naurora appsource off ? x Aurora Tiles"},
		{"a file and AppSource under one GUID", "guid,name,source,changed,disabled\n" + gauge + "_OrgStore,Ours,File,a,false\n" + gauge + ",Theirs,AppSource,b,false\n", "aurora file on ? a Ours\naurora appsource on ? b Theirs"},
		{"a contradiction", "guid,name,source,changed,disabled\n" + gauge + "_OrgStore,Ours,AppSource,a,false\n" + tiles + "_OrgStore,Tiles,File,b,false\n",
			"aurora file on ? b Tiles\nline 2: its GUID is that of a file, and its source is AppSource"},
		{"an entry twice and a line of something else", "guid,name,source,changed,disabled\n" + gauge + "_OrgStore,A,File,a,false\n" + gauge + "_OrgStore,B,File,a,true\ntotal: 2,,,,\n",
			"aurora file on ? a A\nline 3: the same entry a second time\nline 4: \"total: 2\" names no visual"},
		{"a store without visuals", "guid,name,source,changed,disabled\n", ""},
		{"a visual called like a header", gauge + "_OrgStore,Status,File,a,false\n", "aurora file on ? a Status"},
		{"characters that cannot be seen", "guid,name,source,changed,disabled\n" + gauge + "_OrgStore,Aur\u202eora\x1b[31m,File,a,false\n", "aurora file on ? a Aurora[31m"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := Parse([]byte(c.file))
			if err != nil {
				t.Fatal(err)
			}
			if got := textOf(l); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestUTF16(t *testing.T) {
	units := utf16.Encode([]rune("\ufeffguid\tname\tsource\tchanged\tdisabled\r\n" + gauge + "_OrgStore\tÄurora\tFile\tx\tfalse\r\n"))
	little, big := make([]byte, 0, 2*len(units)), make([]byte, 0, 2*len(units))
	for _, u := range units {
		little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
	}
	for name, file := range map[string][]byte{"little endian": little, "big endian": big, "cut in the middle": little[:len(little)-1]} {
		l, err := Parse(file)
		if err != nil || len(l.Rows) != 1 || l.Rows[0].Name != "Äurora" {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
}

func TestWhatIsNoList(t *testing.T) {
	for name, file := range map[string]string{
		"empty": "", "spaces": " \r\n \r\n", "prose": "Dear all,\nplease find attached the list.\n",
		"a package": "PK\x03\x04\x00\x00", "another table": "customer,amount\nContoso,12\n",
		"too large": strings.Repeat("x", MaxSize+1), "too many lines": "guid,name\n" + strings.Repeat("a1,b\n", MaxRows+2),
		"columns missing": "guid\n" + gauge + "_OrgStore\n" + cloud + "\n", "neither source nor access": "guid,name,changed\n" + gauge + "_OrgStore,Aurora Gauge,x\n",
		"headers of another table": "id,amount\n", "another table with ids": "id,amount\ncustomer12,5\n", "ids without headers": "customer12,5\ncustomer13,7\n",
		"headers alone, in a language nobody foresaw": "Kennung;Bezeichnung;Quelle;Geändert;Deaktiviert\r\n",
		"HTML": "<!doctype html><html><body>sign in</body></html>", "JSON": `{"value":[]}`,
	} {
		if l, err := Parse([]byte(file)); err == nil {
			t.Errorf("%s is read as %+v", name, l)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"OrganizationalVisuals.csv": true, "organizationalvisuals (2).CSV": true, "OrganizationalVisuals-2026-11-23.csv": true,
		"visuals.csv": false, "OrganizationalVisuals.csv.license": false, "OrganizationalVisuals.xlsx": false,
	} {
		if IsName(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("guid,name,,changed,disabled\n" + gauge + "_OrgStore,Aurora Gauge,File,2026-11-20,false\n"))
	f.Add([]byte("\xff\xfeg\x00u\x00i\x00d\x00"))
	f.Add([]byte("sep=;\n;;;\n\"\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		l, err := Parse(file)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, r := range l.Rows {
			id := r.GUID.String() + string(r.Source)
			switch {
			case r.GUID.IsZero(), seen[id], r.Source != store.FromFile && r.Source != store.FromAppSource:
				t.Errorf("a row is %+v", r)
			case len([]rune(r.Name)) > maxCell+1, strings.ContainsAny(r.Name+r.Changed, "\n\r\x1b"):
				t.Errorf("a name is %q", r.Name)
			}
			seen[id] = true
		}
	})
}
