package change

import (
	"slices"
	"testing"
)

// The words are stored in journals: this list only ever grows.
func TestTheWordsAreThose(t *testing.T) {
	stored := []Kind{"install", "upgrade", "downgrade", "replace", "renew", "restore", "enable", "disable"}
	if !slices.Equal(Kinds(), stored) {
		t.Errorf("the kinds are %q, stored are %q", Kinds(), stored)
	}
}

func TestValid(t *testing.T) {
	for _, k := range Kinds() {
		if !k.Valid() {
			t.Errorf("%s is not valid", k)
		}
	}
	for _, k := range []Kind{"", "delete", "remove", "uninstall", "Install", "install ", "keep", "blocked"} {
		if k.Valid() || k.Puts() {
			t.Errorf("%q is a kind of change", k)
		}
	}
}

func TestPuts(t *testing.T) {
	for _, k := range Kinds() {
		if want := k != Enable && k != Disable; k.Puts() != want {
			t.Errorf("%s puts bytes: %v, want %v", k, k.Puts(), want)
		}
	}
}

func TestKindsReturnsItsOwnCopy(t *testing.T) {
	Kinds()[0] = "delete"
	if Kind("delete").Valid() {
		t.Error("a caller can add a kind")
	}
}
