package output

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/agent/safetext"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))

type visualRow struct {
	GUID    string    `json:"guid"`
	Name    string    `json:"name"`
	Left    int       `json:"days_left"`
	Ends    time.Time `json:"license_ends"`
	Reasons []string  `json:"reasons"`
}

var someRows = []visualRow{
	{"auroraGauge", "Aurora Gauge", 40, time.Date(2026, 12, 31, 1, 0, 0, 0, time.FixedZone("", 3600)), nil},
	{"auroraBullet", "Aurora | 図表", -3, time.Time{}, []string{"lic.ended"}},
}

var someView = View{
	Columns: []string{"GUID", "NAME", "LICENSE UNTIL"},
	Rows:    [][]string{{"auroraGauge", "Aurora Gauge", "2026-12-31"}, {"auroraBullet", "Aurora | 図表", ""}},
	Text:    "1 license has ended",
}

func written(t *testing.T, f Format, query string, data any, view View) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f, query, "status", noon, data, view); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	for f, want := range map[Format]string{
		Table: `GUID          NAME           LICENSE UNTIL
auroraGauge   Aurora Gauge   2026-12-31
auroraBullet  Aurora | 図表

1 license has ended
`,
		CSV: `guid,name,license_until
auroraGauge,Aurora Gauge,2026-12-31
auroraBullet,Aurora | 図表,
`,
		Markdown: `| GUID | NAME | LICENSE UNTIL |
| --- | --- | --- |
| auroraGauge | Aurora Gauge | 2026-12-31 |
| auroraBullet | Aurora \| 図表 |  |

1 license has ended
`,
		None: "",
		JSON: `{
  "schema_version": 1,
  "timestamp": "2026-11-20T11:00:00Z",
  "command": "status",
  "status": "Success",
  "result": {
    "data": [
      {
        "guid": "auroraGauge",
        "name": "Aurora Gauge",
        "days_left": 40,
        "license_ends": "2026-12-31T00:00:00Z",
        "reasons": []
      },
      {
        "guid": "auroraBullet",
        "name": "Aurora | 図表",
        "days_left": -3,
        "license_ends": null,
        "reasons": [
          "lic.ended"
        ]
      }
    ],
    "message": "1 license has ended",
    "error_code": "",
    "hint": ""
  }
}
`,
	} {
		if got := written(t, f, "", someRows, someView); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", f, got, want)
		}
	}
}

func TestAListIsAlwaysAnArray(t *testing.T) {
	for name, data := range map[string]any{"nil": []visualRow(nil), "none": []visualRow{}, "one": someRows[:1]} {
		var e struct {
			Result struct{ Data json.RawMessage }
		}
		if err := json.Unmarshal([]byte(written(t, JSON, "", data, View{})), &e); err != nil || e.Result.Data[0] != '[' {
			t.Errorf("%s: %v, %s", name, err, e.Result.Data)
		}
	}
}

func TestTextAlone(t *testing.T) {
	view := View{Text: "orgstore 1.2\nbuilt with care\n\n"}
	for f, want := range map[Format]string{
		Table: "orgstore 1.2\nbuilt with care\n", Markdown: "orgstore 1.2\nbuilt with care\n", None: "",
		CSV: "message\n\"orgstore 1.2\\nbuilt with care\\n\\n\"\n",
	} {
		want = strings.ReplaceAll(want, `"`, "") // nothing in it needs CSV's quotes
		if got := written(t, f, "", nil, view); got != want {
			t.Errorf("%s: got %q, want %q", f, got, want)
		}
	}
}

func TestNothingFound(t *testing.T) {
	view := View{Columns: someView.Columns, Text: "no visuals yet"}
	for f, want := range map[Format]string{
		Table: "no visuals yet\n", CSV: "guid,name,license_until\n",
		Markdown: "| GUID | NAME | LICENSE UNTIL |\n| --- | --- | --- |\n\nno visuals yet\n",
	} {
		if got := written(t, f, "", []visualRow{}, view); got != want {
			t.Errorf("%s: got %q, want %q", f, got, want)
		}
	}
}

func TestRaggedRows(t *testing.T) {
	view := View{Columns: []string{"A", "B"}, Rows: [][]string{{"1"}, {"1", "2", "3"}, nil}}
	for _, f := range []Format{Table, CSV, Markdown} {
		if got := written(t, f, "", nil, view); strings.Contains(got, "3") || strings.Count(got, "1") != 2 {
			t.Errorf("%s: %q", f, got)
		}
	}
}

func TestQueries(t *testing.T) {
	for _, c := range []struct {
		query string
		f     Format
		want  string
	}{
		{"[0].guid", Table, "auroraGauge\n"},
		{"[].guid", Table, "auroraGauge\nauroraBullet\n"},
		{"[].guid", CSV, "value\nauroraGauge\nauroraBullet\n"},
		{"[].{left: days_left, guid: guid}", Table, "guid          left\nauroraGauge   40\nauroraBullet  -3\n"},
		{"[].{left: days_left, guid: guid}", CSV, "guid,left\nauroraGauge,40\nauroraBullet,-3\n"},
		{"[].[guid, days_left]", Markdown, "| column1 | column2 |\n| --- | --- |\n| auroraGauge | 40 |\n| auroraBullet | -3 |\n"},
		{"[?days_left < `0`].reasons[]", Table, "lic.ended\n"},
		{"length(@)", Table, "2\n"},
		{"[0].nothing", Table, ""},
		{"[?guid == 'x']", Table, ""},
		{"[0].{guid: guid}", Table, "guid\nauroraGauge\n"},
		{"[0].guid", None, ""},
	} {
		if got := written(t, c.f, c.query, someRows, someView); got != c.want {
			t.Errorf("%s as %s: got %q, want %q", c.query, c.f, got, c.want)
		}
	}
	got := written(t, JSON, "[].days_left", someRows, someView)
	var e Envelope
	if err := json.Unmarshal([]byte(got), &e); err != nil {
		t.Fatal(err)
	}
	if b, _ := json.Marshal(e.Result.Data); string(b) != "[40,-3]" || e.Status != Success || e.Result.Message != "" {
		t.Errorf("got\n%s", got)
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	for _, q := range []string{"[", "a b", "foo(", "'", "[::0]", "nofunction(@)", strings.Repeat("(", 5000), strings.Repeat("[", 4000), strings.Repeat("!", 4000)} {
		var b bytes.Buffer
		err := Write(&b, JSON, q, "status", noon, someRows, someView)
		if err == nil && q != "[::0]" || err != nil && !errors.Is(err, ErrQuery) {
			t.Errorf("%.20q: %v", q, err)
		}
		if err != nil && b.Len() > 0 {
			t.Errorf("%.20q: refused and written all the same", q)
		}
	}
	if err := CheckQuery("["); !errors.Is(err, ErrQuery) {
		t.Errorf("CheckQuery: %v", err)
	}
	if err := CheckQuery(""); err != nil {
		t.Errorf("no query: %v", err)
	}
}

func TestFailures(t *testing.T) {
	fail := Failure{Code: "license.ended", Message: "cannot install\x1b[2J: its license ended", Hint: "ask the vendor", Data: someRows[:1], View: someView}
	var out, errs bytes.Buffer
	if err := WriteFailure(&out, &errs, JSON, "apply", noon, fail); err != nil {
		t.Fatal(err)
	}
	var e Envelope
	if err := json.Unmarshal(out.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	if e.Status != Failed || e.Command != "apply" || e.Result.ErrorCode != "license.ended" || e.Result.Hint != "ask the vendor" || e.SchemaVersion != 1 || e.Result.Data == nil {
		t.Errorf("got %+v", e)
	}
	if want := "error: cannot install\\x1b[2J: its license ended\nhint: ask the vendor\n"; errs.String() != want {
		t.Errorf("got %q", errs.String())
	}
	out.Reset()
	errs.Reset()
	if err := WriteFailure(&out, &errs, Table, "apply", noon, Failure{Message: "no"}); err != nil || out.Len() > 0 || errs.String() != "error: no\n" {
		t.Errorf("%v, %q, %q", err, out.String(), errs.String())
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range Formats() {
		if got, err := ParseFormat(string(f)); err != nil || got != f {
			t.Errorf("%s: %v, %v", f, got, err)
		}
	}
	if f, err := ParseFormat(""); err != nil || f != Table {
		t.Errorf("no format: %v, %v", f, err)
	}
	if _, err := ParseFormat("xml"); err == nil {
		t.Error("xml is accepted")
	}
}

// What strangers call their visuals.
var attacks = map[string]string{
	"colors":              "a\x1b[31mb",
	"a cleared screen":    "\x1b[2J\x1b[H",
	"an 8-bit sequence":   "\u009b31m",
	"an overwritten line": "good\rbad",
	"another line":        "a\nb",
	"a column":            "a\tb",
	"backspaces":          "abc\b\b\bx",
	"a bell":              "\a",
	"backwards":           "abc\u202efed",
	"isolates":            "\u2066a\u2069",
	"an invisible mark":   "a\u200bb\u200e",
	"tags":                "a\U000e0041",
	"a line separator":    "a\u2028b",
	"not UTF-8":           "a\xffb",
	"a zero":              "a\x00b",
}

func TestAttacksOnTheTerminal(t *testing.T) {
	for name, s := range attacks {
		view := View{Columns: []string{"NAME", "X"}, Rows: [][]string{{s, "x"}}, Text: strings.ReplaceAll(s, "\n", "")}
		for _, f := range Formats() {
			got := written(t, f, "", []map[string]string{{"name": s}}, view)
			for _, r := range got {
				if r != '\n' && !unicode.IsGraphic(r) {
					t.Errorf("%s: %s writes %U", name, f, r)
				}
			}
			if f == Table && strings.Count(got, "\n") != 4 {
				t.Errorf("%s: the table has other lines:\n%q", name, got)
			}
		}
	}
}

func TestJSONMeansWhatItMeantBeforeEscaping(t *testing.T) {
	for name, s := range attacks {
		var e struct{ Result struct{ Data []string } }
		if err := json.Unmarshal([]byte(written(t, JSON, "", []string{s}, View{})), &e); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); e.Result.Data[0] != want {
			t.Errorf("%s: got %q, want %q", name, e.Result.Data[0], want)
		}
	}
}

func TestACellWithNothingIsEmptyInCSV(t *testing.T) {
	v := View{Columns: []string{"A", "B"}, Rows: [][]string{{"x", Nothing}}}
	if got := written(t, CSV, "", nil, v); got != "a,b\nx,\n" {
		t.Errorf("got %q", got)
	}
	if got := written(t, Table, "", nil, v); !strings.Contains(got, "x  -") {
		t.Errorf("got %q", got)
	}
}

func TestFormulas(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0", "-2+3": "'-2+3", "@SUM(A1)": "'@SUM(A1)",
		"\t=1": `'\t=1`, "\r=1": `'\x0d=1`, " =1": "' =1", "＝1": "'＝1", "-3": "-3", "+3.5": "+3.5", "1.4.0.0": "1.4.0.0", "": "", "'=1": "'=1",
		"~> 1.4": "~> 1.4", ">= 1.4": ">= 1.4", "= 1.4": "'= 1.4",
	} {
		got := written(t, CSV, "", nil, View{Columns: []string{"A"}, Rows: [][]string{{cell}}})
		rows, err := csv.NewReader(strings.NewReader(got + "end\n")).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Fatalf("%q: %v", cell, err)
		}
		if cell != "" && rows[1][0] != want {
			t.Errorf("%q becomes %q, want %q", cell, rows[1][0], want)
		}
	}
}

func TestMarkdownIsText(t *testing.T) {
	got := written(t, Markdown, "", nil, View{Columns: []string{"A"}, Rows: [][]string{{"<img src=x> | [a](b) **c** `d` a_b\\"}}})
	want := "| A |\n| --- |\n| &lt;img src=x&gt; \\| \\[a\\](b) \\*\\*c\\*\\* \\`d\\` a\\_b\\\\ |\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSafeOnAnyText(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(rt, "bytes")) + rapid.String().Draw(rt, "text")
		got := safetext.Line(s)
		if !utf8.ValidString(got) || strings.IndexFunc(got, func(r rune) bool { return !unicode.IsGraphic(r) }) >= 0 {
			rt.Fatalf("%q is not safe", got)
		}
		if safetext.Line(got) != got {
			rt.Fatalf("safe text changes: %q", got)
		}
		if strings.Contains(safetext.Lines(s), "\x1b") {
			rt.Fatal("an escape is left")
		}
	})
}

func TestTime(t *testing.T) {
	if got := Time(noon); got != "2026-11-20T11:00:00Z" {
		t.Errorf("got %q", got)
	}
	if got := Time(time.Time{}); got != "" {
		t.Errorf("the zero time is %q", got)
	}
}

func TestNoStyleOutsideATerminal(t *testing.T) {
	if styled(&bytes.Buffer{}) {
		t.Error("a buffer is styled")
	}
	if got := table(someView, true); !strings.HasPrefix(got, "\x1b[1mGUID") || strings.Count(got, "\x1b") != 2 {
		t.Errorf("got %q", got)
	}
}

func TestDataThatCannotBeWritten(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, JSON, "", "status", noon, func() {}, View{}); err == nil || b.Len() > 0 {
		t.Errorf("%v, %q", err, b.String())
	}
}

// Queries come from command lines of scripts; whatever they are, the program
// answers.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{"[0].guid", "[::0]", "sort_by(@, &guid)[-1]", "max_by(@, &x)", "join(',', @)", "{a: @, b: [0]}", "map(&@, @)", "a || b && !c", "@.*[?a>`1`]", "reverse(`1`)", "[-9223372036854775808:9223372036854775807:-1]"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		var b bytes.Buffer
		if err := Write(&b, Table, q, "status", noon, someRows, someView); err != nil && !errors.Is(err, ErrQuery) && !strings.Contains(err.Error(), "JSON") {
			t.Errorf("%q: %v", q, err)
		}
	})
}

// A view that would be wider than a window has another for tables, and is the
// same for programs.
func TestNarrow(t *testing.T) {
	v := View{
		Columns: []string{"NAME", "STATE", "DETAIL", "FIX"}, Rows: [][]string{{"library", "missing", "it is not there", "make it"}}, Text: "1 is missing",
		Narrow: &View{Columns: []string{"NAME", "SEEN"}, Rows: [][]string{
			{"library", strings.Repeat("図表 words ", 14)}, {"", "https://contoso.sharepoint.com/" + strings.Repeat("a", 60) + " is a word"}, {"x", ""}, {"y", "a\nb"},
		}},
	}
	const want = `NAME     SEEN
library  図表 words 図表 words 図表 words 図表 words 図表 words 図表 words 図表
         words 図表 words 図表 words 図表 words 図表 words 図表 words 図表 words
         図表 words
         https://contoso.sharepoint.com/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
         is a word
x
y        a\nb

1 is missing
`
	if got := written(t, Table, "", nil, v); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := written(t, CSV, "", nil, v); got != "name,state,detail,fix\nlibrary,missing,it is not there,make it\n" {
		t.Errorf("got %s", got)
	}
}
