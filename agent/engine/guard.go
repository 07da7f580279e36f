package engine

import (
	"errors"
	"os"
	"runtime"
	"strconv"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/localapi"
	"github.com/orgstore/orgstore/packages/disk/ownership"
)

// CodeFileMode is the code of the fault that others than its owner decide what a
// file holds on which trust rests.
const CodeFileMode = "trust.file_mode"

// windowsService is the name of orgstore's service on Windows.
const windowsService = "orgstore"

// Guard refuses a file on which trust rests where anybody but root and this account could
// change it: whoever can would say what is believed and wanted.
func (p Ports) Guard(what, name string) error { return guard(what, name, ownership.Use{}) }

// GuardSecret refuses a file with a secret that others can change or read.
func GuardSecret(what, name string) error {
	return guard(what, name, ownership.Use{IsSecret: true})
}

// guardData refuses a data folder that others own, or that everybody may write to. What
// groups may is left to who shares it; doctor tells.
func guardData(s config.Settings) error {
	return guard("the data folder", s.Data, ownership.Use{GroupMayWrite: true, Owners: dataOwners(s)})
}

// guardInData refuses a file in the data folder as Guard does; it may be the service's.
func guardInData(what, name string, s config.Settings) error {
	return guard(what, name, ownership.Use{Owners: dataOwners(s)})
}

// dataOwners are the accounts that may own data beside root and this one: the service's.
// Root works on what the settings, which are root's, give to a service.
func dataOwners(s config.Settings) []string {
	if runtime.GOOS == "windows" {
		return []string{ownership.ServiceSID(windowsService)}
	}
	if owner, err := localapi.Owner(s.Data); err == nil && os.Geteuid() == 0 {
		return []string{strconv.FormatUint(uint64(owner), 10)}
	}
	return nil
}

func guard(what, name string, use ownership.Use) error {
	why := ownership.Check(name, use)
	if why == nil {
		return nil
	}
	hint := "let it, and each folder above it, belong to root or to the account that runs orgstore, and let nobody else write to them"
	if e := (*ownership.ExposedError)(nil); errors.As(why, &e) {
		hint += ": " + e.Fix
	}
	return fault.New(CodeFileMode, hint, "%s %s is not safe: %w", what, name, why)
}
