package profile_test

import (
	"testing"

	"github.com/orgstore/orgstore/packages/license/profile"
)

// TestCodeIdentityOfBytes: what differs in the vendor's own license only is the same
// code, as far as a profile can take the license out.
func TestCodeIdentityOfBytes(t *testing.T) {
	set := profile.Set{parse(t, shipped(t, "base64-json-in-script"))}
	installed, renewed := open(t, pkg{Script: script(key(march))}), open(t, pkg{Script: script(key(june))})
	if !set.CodeIdentity(installed).IsSame(set.CodeIdentity(renewed)) {
		t.Error("a renewal is other code")
	}
	if none := (profile.Set{}); none.CodeIdentity(installed).IsSame(none.CodeIdentity(renewed)) {
		t.Error("without a profile, other bytes are the same code")
	}
	other := open(t, pkg{Script: script(key(june)) + ";f()"})
	if set.CodeIdentity(installed).IsSame(set.CodeIdentity(other)) {
		t.Error("another script is the same code")
	}
	if id := set.CodeIdentity(installed); !id.IsSame(id) {
		t.Error("a package is not the same code as itself")
	}
}
