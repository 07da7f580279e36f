package main

import (
	"bytes"
	"testing"

	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// TestLicenseCases plays the main job with a tenant, and looks for that tenant's
// secrets in all that was printed and kept.
func TestLicenseCases(t *testing.T) {
	casetest.Run(t, "H8", func(t *testing.T, report casetest.Report) {
		w := newTenanted(t)
		w.tellTenantStory(t, blow{}, "")
		secrets, files := w.tenant.Secrets(), w.files(t)
		holds := func(text []byte) bool {
			for _, s := range secrets {
				if bytes.Contains(text, []byte(s)) {
					return true
				}
			}
			return false
		}
		if w.said.Len() == 0 || len(files) < 5 || !holds(files["secret"]) {
			t.Fatalf("nothing to look into: %d bytes were printed, there are %d files", w.said.Len(), len(files))
		}
		leaked := holds(w.said.Bytes())
		for name, text := range files {
			if name != "secret" && holds(text) {
				t.Errorf("a secret is in %s", name)
				leaked = true
			}
		}
		if !leaked {
			report(verdict.Accept, "")
		}
	})
}
