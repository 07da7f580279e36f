package main

import (
	"bytes"
	"io"
	"testing"

	"filippo.io/age/armor"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
)

// The program itself guards a key with full work, whatever tests of the command
// line have in its place: the sealed file says so.
func TestTheProgramSealsWithFullWork(t *testing.T) {
	t.Parallel()
	file, err := adapters().Seal(licensetest.Key("ada-2026", license.Ed25519), "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(armor.NewReader(bytes.NewReader(file)))
	if err != nil || !bytes.Contains(plain, []byte(" 18\n")) {
		t.Errorf("sealed with other work than 2^18: %v", err)
	}
}
