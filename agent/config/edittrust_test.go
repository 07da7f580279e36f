package config

import (
	"errors"
	"strings"
	"testing"
)

// trusting is a settings file with two vendors and two keys of people, written in
// one of the ways people write.
func trusting(vendors, attesters string) string {
	return head + "trust:\n" + vendors + attesters + "# the end\n"
}

func TestEditsOfTrust(t *testing.T) {
	print := func(c string) string { return "sha256:" + strings.Repeat(c, 64) }
	block := "  vendors:\n    - name: Aurora Visuals # ours\n      bundle: aurora.trust\n      fingerprint: \"" + print("a") + "\"\n      guids: [a]\n" +
		"    # another\n    - name: Borealis\n      bundle: 'b o.trust'\n      fingerprint: '" + print("b") + "'\n      guids:\n        - b\n"
	flow := "  vendors: [{name: Aurora Visuals, bundle: aurora.trust, fingerprint: " + `"` + print("a") + `"` + ", guids: [a]}, {name: Borealis, bundle: \"b o.trust\", fingerprint: \"" + print("b") + "\", guids: [b]}]\n"
	people := "  attesters:\n    - {name: Ada Lovelace, key: \"" + ada + "\"}\n    - name: Grace Hopper\n      key: \"" + grace + "\"\n"
	for name, text := range map[string]string{"block": trusting(block, people), "flow": trusting(flow, people)} {
		t.Run(name, func(t *testing.T) {
			before, err := Parse("orgstore.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			out, err := UpdateVendor([]byte(text), "Borealis", "it's-2.trust", print("c"))
			if err != nil {
				t.Fatal(err)
			}
			after, err := Parse("orgstore.yaml", out)
			if v := after.Trust.Vendors[1]; err != nil || v.Bundle != "it's-2.trust" || v.Fingerprint != print("c") || v.Name != "Borealis" {
				t.Errorf("the vendor is %+v, %v", v, err)
			}
			if after.Trust.Vendors[0].Bundle != before.Trust.Vendors[0].Bundle {
				t.Error("the other vendor was changed")
			}
			for _, vendor := range []string{"Aurora Visuals", "Borealis"} {
				if out, err = RemoveVendor(out, vendor); err != nil {
					t.Fatal(err)
				}
			}
			for _, a := range before.Trust.Attesters {
				if out, err = RemoveAttester(out, a.Key.ID); err != nil {
					t.Fatal(err)
				}
			}
			after, err = Parse("orgstore.yaml", out)
			if err != nil || len(after.Trust.Vendors)+len(after.Trust.Attesters) != 0 || !strings.HasSuffix(string(out), "# the end\n") {
				t.Errorf("what is left: %v\n%s", err, out)
			}
		})
	}
	text := []byte(trusting(block, people))
	for name, edit := range map[string]func() ([]byte, error){
		"an update of nobody": func() ([]byte, error) { return UpdateVendor(text, "Carina", "c", print("c")) },
		"a vendor who is not": func() ([]byte, error) { return RemoveVendor(text, "Carina") },
		"a key that is not":   func() ([]byte, error) { return RemoveAttester(text, "Ada Lovelace") },
	} {
		if _, err := edit(); !errors.Is(err, ErrNotTrusted) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := UpdateVendor(text, "Borealis", "b.trust", "sha256:no"); err == nil {
		t.Error("a fingerprint that is none was written")
	}
}
