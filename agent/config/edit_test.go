package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/visual"
)

func setPin(guid, to string) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) { return SetPin(b, guid, to) }
}

func removePin(guid string) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) { return RemovePin(b, guid) }
}

var zeros = "sha256:" + strings.Repeat("0", 64)

func addVendor(name string, guids ...string) func([]byte) ([]byte, error) {
	v := Vendor{Name: name, Bundle: "a b/aurora.trust", Fingerprint: zeros, Enforced: license.ByPackage}
	for _, s := range guids {
		g, err := visual.ParseGUID(s)
		if err != nil {
			panic(err)
		}
		v.GUIDs = append(v.GUIDs, g)
	}
	return func(b []byte) ([]byte, error) { return AddVendor(b, v) }
}

func addAttester(name, key string) func([]byte) ([]byte, error) {
	k, err := license.ParseKey(key, license.UseAttestation)
	if err != nil {
		panic(err)
	}
	return func(b []byte) ([]byte, error) { return AddAttester(b, Attester{Name: name, Key: k}) }
}

var newAttester4 = "    - name: Ada Lovelace\n      key: \"" + ada + "\"\n"

const newVendor4 = `    - name: Aurora Visuals
      bundle: a b/aurora.trust
      fingerprint: "sha256:0000000000000000000000000000000000000000000000000000000000000000"
      guids: [a, b]
      enforced: package
`

// edits pairs what a file says before and after; both follow head.
var edits = []struct {
	name          string
	edit          func([]byte) ([]byte, error)
	before, after string
}{
	{"no list yet", setPin("a", "1.4"), "# end\n", "# end\nvisuals:\n  - guid: a\n    pin: \"1.4\"\n"},
	{"no list and no line end", setPin("a", "1.4"), "data: x # end", "data: x # end\nvisuals:\n  - guid: a\n    pin: \"1.4\""},
	{"an empty list", setPin("a", "~> 1.4"), "visuals: []\n# end\n", "visuals:\n  - guid: a\n    pin: \"~> 1.4\"\n# end\n"},
	{"an empty list with a comment", setPin("a", "1.4"), "visuals: [ ]  # none yet\npackages:\n", "visuals:  # none yet\n  - guid: a\n    pin: \"1.4\"\npackages:\n"},
	{"an empty list at the end", setPin("a", "1.4"), "visuals: []", "visuals:\n  - guid: a\n    pin: \"1.4\""},
	{"a list whose items are comments", setPin("a", "1.4"), "visuals:  # mine\n#  - guid: x\npackages:\n", "visuals:  # mine\n  - guid: a\n    pin: \"1.4\"\n#  - guid: x\npackages:\n"},
	{"a null that is written out", setPin("a", "1.4"), "visuals: ~ # mine\npackages:\n", "visuals: # mine\n  - guid: a\n    pin: \"1.4\"\npackages:\n"},
	{"after the last item and its comments", setPin("b", "2.0"),
		"visuals:\n  # the pilot\n  - guid: a # A\n    pin: '1' # one\n    # more about a\n\n  # later\npackages: {} # p\n",
		"visuals:\n  # the pilot\n  - guid: a # A\n    pin: '1' # one\n    # more about a\n  - guid: b\n    pin: \"2.0\"\n\n  # later\npackages: {} # p\n"},
	{"a list at its key's column", setPin("b", "2"), "visuals:\n- guid: a\n  pin: '1'\npackages:\n", "visuals:\n- guid: a\n  pin: '1'\n- guid: b\n  pin: \"2\"\npackages:\n"},
	{"wide dashes", setPin("b", "2"), "visuals:\n    -   guid: a\n        pin: '1'\n", "visuals:\n    -   guid: a\n        pin: '1'\n    -   guid: b\n        pin: \"2\"\n"},
	{"a dash on a line of its own", setPin("b", "2"), "visuals:\n  -\n    guid: a\n    pin: '1'\n", "visuals:\n  -\n    guid: a\n    pin: '1'\n  - guid: b\n    pin: \"2\"\n"},
	{"items in braces", setPin("b", "2"), "visuals:\n  - {guid: a, pin: '1'} # A\n# end\n", "visuals:\n  - {guid: a, pin: '1'} # A\n  - {guid: b, pin: \"2\"}\n# end\n"},
	{"a list in brackets", setPin("b", "2"), "visuals: [{guid: a, pin: '1'}] # all\n", "visuals: [{guid: a, pin: '1'}, {guid: b, pin: \"2\"}] # all\n"},
	{"brackets over lines", setPin("b", "2"), "visuals: [\n  {guid: a, pin: '1', name: \"x]}\"}, # A\n]\n", "visuals: [\n  {guid: a, pin: '1', name: \"x]}\"}, {guid: b, pin: \"2\"}, # A\n]\n"},
	{"a name over lines", setPin("b", "2"), "visuals:\n  - guid: a\n    pin: '1'\n    name: >-\n      # not a\n      comment\n\n# end\n", "visuals:\n  - guid: a\n    pin: '1'\n    name: >-\n      # not a\n      comment\n  - guid: b\n    pin: \"2\"\n\n# end\n"},
	{"a file that ends with dots", setPin("b", "2"), "data: x\n...\n", "data: x\nvisuals:\n  - guid: b\n    pin: \"2\"\n...\n"},

	{"a pin in double quotes", setPin("a", ">= 1.4, < 2"), "visuals:\n  - guid: a\n    pin: \"~> 1\\x2e4\"  # why\n", "visuals:\n  - guid: a\n    pin: \">= 1.4, < 2\"  # why\n"},
	{"a pin in single quotes", setPin("a", "2"), "visuals: [{pin: '1' , guid: a}]\n", "visuals: [{pin: '2' , guid: a}]\n"},
	{"a pin without quotes", setPin("a", "1.10"), "visuals:\n- {pin: 1.4, guid: a}\n", "visuals:\n- {pin: \"1.10\", guid: a}\n"},
	{"a constraint without quotes", setPin("a", "1.10"), "visuals:\n  - guid: a\n    pin: ~> 1.4 # why\n", "visuals:\n  - guid: a\n    pin: \"1.10\" # why\n"},
	{"the name that reports use", setPin("a_OrgStore", "2"), "visuals: [{guid: a, pin: 1}]\n", "visuals: [{guid: a, pin: \"2\"}]\n"},
	{"the same pin", setPin("a", "1.10"), "visuals: [{guid: a, pin: 1.10}]\n", "visuals: [{guid: a, pin: 1.10}]\n"},
	{"letters before it in the line", setPin("a", "2"), "visuals: [{name: Größe 図, guid: a, pin: '1'}]\n", "visuals: [{name: Größe 図, guid: a, pin: '2'}]\n"},
	{"a GUID of digits", setPin("007", "2"), "visuals: []\n", "visuals:\n  - guid: \"007\"\n    pin: \"2\"\n"},
	{"a GUID that YAML reads as a word", setPin("null", "2"), "visuals: []\n", "visuals:\n  - guid: \"null\"\n    pin: \"2\"\n"},

	{"the only one", removePin("a"), "visuals: # all\n  # pilot\n  - guid: a # A\n    pin: '1'\n    # of a\n\n# end\n", "visuals: [] # all\n  # pilot\n\n# end\n"},
	{"the first", removePin("a"), "visuals:\n  - guid: a\n    pin: '1'\n  # about b\n  - guid: b\n    pin: '1'\n", "visuals:\n  # about b\n  - guid: b\n    pin: '1'\n"},
	{"the last", removePin("b"), "visuals:\n  - {guid: a, pin: 1}\n  - guid: b\n    pin: '1'", "visuals:\n  - {guid: a, pin: 1}\n"},
	{"the first in brackets", removePin("a"), "visuals: [{guid: a, pin: 1}, {guid: b, pin: 1}]\n", "visuals: [{guid: b, pin: 1}]\n"},
	{"the last in brackets", removePin("b"), "visuals: [{guid: a, pin: 1}, {guid: b, pin: 1} ]\n", "visuals: [{guid: a, pin: 1} ]\n"},
	{"the only one in brackets", removePin("a"), "visuals: [{guid: a, pin: 1}]\n", "visuals: []\n"},
	{"the only one in brackets, before a comma", removePin("a"), "visuals: [{guid: a, pin: 1} , # c\n ]\n", "visuals: [ # c\n ]\n"},
	{"a dash above it", removePin("a"), "visuals:\n  -\n    guid: a\n    pin: 1\n  - {guid: b, pin: 1}\n", "visuals:\n  - {guid: b, pin: 1}\n"},

	{"no trust yet", addVendor("Aurora Visuals", "a", "b"), "data: x\n", "data: x\ntrust:\n  vendors:\n" + newVendor4},
	{"trust that is a comment", addVendor("Aurora Visuals", "a", "b"), "trust: # whom\n#  least: signed\ndata: x\n", "trust: # whom\n  vendors:\n" + newVendor4 + "#  least: signed\ndata: x\n"},
	{"trust without vendors", addVendor("Aurora Visuals", "a", "b"), "trust:\n  least: signed # s\n  # more\n\ndata: x\n", "trust:\n  least: signed # s\n  # more\n  vendors:\n" + newVendor4 + "\ndata: x\n"},
	{"no vendors", addVendor("Aurora Visuals", "a", "b"), "trust:\n  vendors: []\n  # comment\n", "trust:\n  vendors:\n" + newVendor4 + "  # comment\n"},
	{"another vendor", addVendor("Aurora Visuals", "a", "b"), "trust:\n  vendors:\n" + vendor("X", "x") + "  least: signed\n", "trust:\n  vendors:\n" + vendor("X", "x") + strings.Replace(`    - {name: Aurora Visuals, bundle: a b/aurora.trust, fingerprint: "ZERO", guids: [a, b], enforced: package}`, "ZERO", zeros, 1) + "\n  least: signed\n"},
	{"trust in braces", addVendor("A", "a"), "trust: {least: signed}\n", `trust: {least: signed, vendors: [{name: A, bundle: a b/aurora.trust, fingerprint: "` + zeros + `", guids: [a], enforced: package}]}` + "\n"},
	{"trust in empty braces", addVendor("A", "a"), "trust: {}\n", `trust: {vendors: [{name: A, bundle: a b/aurora.trust, fingerprint: "` + zeros + `", guids: [a], enforced: package}]}` + "\n"},
	{"no trust yet, an attester", addAttester("Ada Lovelace", ada), "data: x\n", "data: x\ntrust:\n  attesters:\n" + newAttester4},
	{"trust that is a comment, an attester", addAttester("Ada Lovelace", ada), "trust: # whom\n#  least: signed\n", "trust: # whom\n  attesters:\n" + newAttester4 + "#  least: signed\n"},
	{"no attesters", addAttester("Ada Lovelace", ada), "trust:\n  attesters: [] # none\n  # comment\n", "trust:\n  attesters: # none\n" + newAttester4 + "  # comment\n"},
	{"attesters beside vendors", addAttester("Ada Lovelace", ada), "trust:\n  vendors:\n" + vendor("X", "x") + "# end\n", "trust:\n  vendors:\n" + vendor("X", "x") + "  attesters:\n" + newAttester4 + "# end\n"},
	{"another attester", addAttester("Ada Lovelace", ada), "trust:\n  attesters:\n    - name: Grace # G\n      key: '" + grace + "' # hers\n  least: signed\n", "trust:\n  attesters:\n    - name: Grace # G\n      key: '" + grace + "' # hers\n" + newAttester4 + "  least: signed\n"},
	{"attesters in brackets", addAttester("Ödön", ada), "trust: {attesters: [{name: Grace, key: '" + grace + "'}]} # t\n", "trust: {attesters: [{name: Grace, key: '" + grace + "'}, {name: \"Ödön\", key: \"" + ada + "\"}]} # t\n"},
	{"a name that needs quotes", addVendor(`a: "b" # ü {`, "a"), "trust: {vendors: []}\n", `trust: {vendors: [{name: "a: \"b\" # ü {", bundle: a b/aurora.trust, fingerprint: "` + zeros + `", guids: [a], enforced: package}]}` + "\n"},
}

func TestEdits(t *testing.T) {
	for _, c := range edits {
		t.Run(c.name, func(t *testing.T) {
			for _, eol := range []string{"\n", "\r\n"} {
				before, after := strings.ReplaceAll(head+c.before, "\n", eol), strings.ReplaceAll(head+c.after, "\n", eol)
				got, err := c.edit([]byte(before))
				if err != nil {
					t.Fatalf("line end %q: %v", eol, err)
				}
				if string(got) != after {
					t.Errorf("line end %q: got\n%s\nwant\n%s", eol, got, after)
				}
			}
			bom := "\ufeff" + head
			if got, err := c.edit([]byte(bom + c.before)); err != nil || string(got) != bom+c.after {
				t.Errorf("with a byte order mark: %v\n%s", err, got)
			}
		})
	}
}

func TestEditsFollowTheFilesIndentation(t *testing.T) {
	four := "version: 1\ntenant: 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11\nlibrary:\n    folder: inbox\nstore:\n    driver: folder\n    path: store\n"
	got, err := SetPin([]byte(four), "a", "1.4")
	if want := four + "visuals:\n    - guid: a\n      pin: \"1.4\"\n"; err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestEditsOfJSONStayJSON(t *testing.T) {
	text := accepted["JSON"]
	got, err := SetPin([]byte(text), "a", "1.4")
	if want := strings.TrimSuffix(text, "}") + `, "visuals": [{"guid": "a", "pin": "1.4"}]}`; err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestEditsOfTheTemplate(t *testing.T) {
	b := Template("8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11")
	b = must(addVendor("Aurora Visuals", "auroraGauge")(b))
	b = must(addAttester("Ada Lovelace", ada)(b))
	b = must(SetPin(b, "auroraGauge", "~> 1.4"))
	b = must(SetPin(b, "auroraBullet", "1.10"))
	b = must(SetPin(b, "auroraGauge", "1.5.0.0"))
	s, err := Parse("orgstore.yaml", b)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Visuals) != 2 || s.Visuals[0].Pin.String() != "1.5.0.0" || len(s.Trust.Vendors) != 1 || len(s.Trust.Attesters) != 1 {
		t.Errorf("got %+v\n%s", s, b)
	}
	for line := range strings.Lines(string(Template(s.Tenant))) {
		if strings.Contains(line, "#") && !strings.Contains(string(b), line) {
			t.Errorf("the comment %q is gone", line)
		}
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestEditsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		edit   func([]byte) ([]byte, error)
		before string
		says   string
	}{
		{"an anchor", setPin("a", "2"), "visuals:\n  - &x {guid: a, pin: '1'}\n", "anchors"},
		{"a pin over lines", setPin("a", "2"), "visuals:\n  - guid: a\n    pin: >-\n      1.4\n", "several lines"},
		{"a comment inside an empty list", setPin("a", "2"), "visuals: [ # none\n  ]\n", "comment inside"},
		{"a pin that is none", setPin("a", "one"), "", "one"},
		{"a GUID that is none", setPin("a b", "1"), "", "not a visual's GUID"},
		{"a file with faults", setPin("a", "1"), "nope: 1\n", "unknown key"},
		{"a vendor who is there", addVendor("X", "a"), "trust:\n  vendors:\n" + vendor("X", "x"), "given twice"},
		{"a GUID that has a vendor", addVendor("Y", "x"), "trust:\n  vendors:\n" + vendor("X", "x"), `the vendor "X" already`},
		{"an attester's key that is there", addAttester("Eve", ada2), attesters("Ada", ada), "given twice"},
		{"an attester without a name", addAttester("", ada), "", "empty"},
		{"an empty name", addVendor("", "a"), "", "empty"},
	} {
		got, err := c.edit([]byte(head + c.before))
		if err == nil || !strings.Contains(err.Error(), c.says) || got != nil {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		}
	}
	if _, err := RemovePin([]byte(head), "a"); !errors.Is(err, ErrNotListed) {
		t.Errorf("removing what is not there: %v", err)
	}
}

func TestAnEditThatReadsOtherwiseIsNotReturned(t *testing.T) {
	for _, c := range []struct{ before, with string }{
		{"pin: '1'", "pin: '2'"},                // not what is wanted
		{"name: x", "name: y"},                  // nor a label
		{"least: signed", "least: attested"},    // nor another setting
		{"pin: '1'", "pin: [1]"},                // at fault
		{"# end", "  - {guid: z, pin: '1'}\n#"}, // one visual more
	} {
		text := head + "trust: {least: signed}\nvisuals:\n  - {guid: a, pin: '1', name: x}\n# end\n"
		e, err := newEditor([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		at := strings.Index(text, c.before)
		e.replace(at, at+len(c.before), c.with)
		if out, err := e.finish(e.written, nil); err == nil {
			t.Errorf("returned:\n%s", out)
		}
	}
}

// Whatever the layout, an edit changes what was asked for and nothing else, and
// leaves every other line as it was.
func TestEditsOnAnyLayout(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 4).Draw(rt, "visuals")
		text := head + layout(rt, n)
		before, err := Parse("orgstore.yaml", []byte(text))
		if err != nil {
			rt.Fatalf("the generated file is at fault: %v\n%s", err, text)
		}
		guid := fmt.Sprintf("v%d", rapid.IntRange(0, n).Draw(rt, "which"))
		if rapid.Bool().Draw(rt, "remove") {
			out, err := RemovePin([]byte(text), guid)
			if guid == fmt.Sprintf("v%d", n) {
				if !errors.Is(err, ErrNotListed) {
					rt.Fatalf("removed what is not there: %v", err)
				}
				return
			}
			checkEdit(rt, text, out, err, len(before.Visuals)-1)
			return
		}
		out, err := SetPin([]byte(text), guid, "~> 9.9")
		want := len(before.Visuals)
		if guid == fmt.Sprintf("v%d", n) {
			want++
		}
		checkEdit(rt, text, out, err, want)
		s, _ := Parse("orgstore.yaml", out)
		if v, ok := s.Visual(mustGUID(guid)); !ok || v.Pin.String() != "~> 9.9" {
			rt.Fatalf("not set:\n%s", out)
		}
	})
}

func mustGUID(s string) visual.GUID {
	g, err := visual.ParseGUID(s)
	if err != nil {
		panic(err)
	}
	return g
}

func checkEdit(rt *rapid.T, before string, out []byte, err error, visuals int) {
	if err != nil {
		rt.Fatalf("%v\n%s", err, before)
	}
	s, err := Parse("orgstore.yaml", out)
	if err != nil || len(s.Visuals) != visuals {
		rt.Fatalf("%v, want %d visuals:\n%s\nfrom\n%s", err, visuals, out, before)
	}
	for line := range strings.Lines(before) {
		if strings.HasPrefix(line, "#") && !strings.Contains(string(out), line) {
			rt.Fatalf("the line %q is gone:\n%s", line, out)
		}
	}
}

// layout draws a list of visuals v0, v1, … as people write them.
func layout(rt *rapid.T, n int) string {
	if n == 0 {
		return rapid.SampledFrom([]string{"", "visuals:\n", "visuals: []\n", "visuals: # c\n# x\n", "visuals: [\n]\n", "data: x"}).Draw(rt, "empty")
	}
	pin := rapid.SampledFrom([]string{"1.4", "'~> 1.4'", `"1.10"`, "1.4.0.0 # c", "~> 1.4"})
	noise := rapid.SampledFrom([]string{"", "\n", "# comment %d\n", "   # deep\n", "\n# apart %d\n\n"})
	var b strings.Builder
	if rapid.Bool().Draw(rt, "brackets") {
		b.WriteString("visuals: [" + rapid.SampledFrom([]string{"", " ", "\n  "}).Draw(rt, "open"))
		for i := range n {
			p := rapid.SampledFrom([]string{"1.4", "'~> 1.4'", `"1.10"`}).Draw(rt, "pin")
			fmt.Fprintf(&b, "{guid: v%d, pin: %s}", i, p)
			if i < n-1 {
				b.WriteString(rapid.SampledFrom([]string{",", ", ", " ,\n  ", ",\n  "}).Draw(rt, "comma"))
			}
		}
		return b.String() + rapid.SampledFrom([]string{"]\n", " ]", ",\n  ]\n# end\n", ", # c\n  ]\n"}).Draw(rt, "close")
	}
	b.WriteString("visuals:\n")
	indent := spaces(rapid.SampledFrom([]int{0, 2, 4}).Draw(rt, "indent"))
	gap := spaces(rapid.IntRange(1, 3).Draw(rt, "gap"))
	for i := range n {
		if s := noise.Draw(rt, "noise"); strings.Contains(s, "%d") {
			fmt.Fprintf(&b, s, i)
		} else {
			b.WriteString(s)
		}
		if rapid.Bool().Draw(rt, "braces") {
			fmt.Fprintf(&b, "%s-%s{guid: v%d, pin: '1'}\n", indent, gap, i)
		} else {
			fmt.Fprintf(&b, "%s-%sguid: v%d\n%s %spin: %s\n", indent, gap, i, indent, gap, pin.Draw(rt, "pin"))
		}
	}
	b.WriteString(rapid.SampledFrom([]string{"", "\n", "# end\n", "packages:\n", "  # x\npackages: {}\n", "...\n"}).Draw(rt, "end"))
	return b.String()
}

// Whatever a file holds, an edit ends in an error or in what was asked for;
// finish compares, and this looks for panics and for places it cannot find.
func FuzzEdit(f *testing.F) {
	for _, c := range edits {
		f.Add(c.before)
	}
	f.Add("visuals: [{guid: a, pin: 1}, ]\n")
	f.Add("visuals: # x\n- {\n  guid: a,\n pin: '1' }\n")
	f.Fuzz(func(t *testing.T, tail string) {
		text := []byte(head + tail)
		if _, err := Parse(FileName, text); err != nil {
			return
		}
		for _, edit := range []func([]byte) ([]byte, error){setPin("a", "9"), setPin("fuzz", "9"), removePin("a"), addVendor("Fuzz", "fuzz"), addAttester("Fuzz", ada)} {
			out, err := edit(text)
			var faults Faults
			if err != nil && !errors.As(err, &faults) && !errors.Is(err, ErrNotListed) {
				t.Errorf("%v", err)
			}
			if (out == nil) == (err == nil) {
				t.Errorf("a file of %d bytes with error %v", len(out), err)
			}
		}
	})
}

// A visual that an edit adds goes by what the file says for all.
func TestPinUnderApprovalsForAll(t *testing.T) {
	text := head + "approvals: {from: [ada, bob], upgrade: 2}\ncheck: {command: [look]}\nvisuals:\n  - {guid: a, pin: '1'}\n"
	out, err := SetPin([]byte(text), "b", "~> 1.4")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse("orgstore.yaml", out)
	if err != nil || len(s.Visuals) != 2 || s.Visuals[1].Approvals.Upgrade != 2 {
		t.Errorf("%+v, %v", s.Visuals, err)
	}
}
