package cli_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/intake"
	note "github.com/orgstore/orgstore/packages/library"
	library "github.com/orgstore/orgstore/packages/library/folder"
	about "github.com/orgstore/orgstore/packages/tenant"
)

// envTenant says how the tenant of a script answers: unsigned or denied.
const envTenant = "ORGSTORE_TEST_TENANT"

// A closedTenant answers nothing but an error, as tenants do to who has no
// permission. What a real one answers is tested in cmd/orgstore.
type closedTenant struct{ err error }

func aTenant(config.Settings, cli.Remote) (cli.Tenant, error) {
	switch os.Getenv(envTenant) {
	case "unsigned":
		return closedTenant{edgeError{"cannot sign in: the secret has ended", "signin.secret", "create a secret in the app registration"}}, nil
	case "denied":
		return closedTenant{edgeError{"the library is closed", "graph.denied", "grant Sites.Selected"}}, nil
	}
	if os.Getenv(envTenant) == "shows" {
		return showing{}, nil
	}
	return nil, errors.New("nobody expected that the tenant is asked")
}

// A showing tenant has a library in the folder sharepoint, which shows notes as
// files of the folder notes, unless that is a file.
type showing struct{ closedTenant }

func (showing) Library(context.Context) (intake.Library, error) {
	l, err := library.Open("sharepoint")
	return showingLibrary{l}, err
}

type showingLibrary struct{ intake.Library }

func (showingLibrary) Post(_ context.Context, item string, n note.Note) error {
	text := fmt.Sprintf("guid: %s\nversion: %s\nuntil: %s\nverdict: %s\nreason: %s\ninstalled: %s\n",
		n.GUID, n.Version, n.LicenseUntil.Format(time.DateOnly), n.Verdict, n.Reason, n.Installed)
	f, err := os.OpenFile(filepath.Join("notes", item), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return edgeError{"the columns are closed", "graph.denied", "grant write"}
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func (t closedTenant) Library(context.Context) (intake.Library, error) { return nil, t.err }

func (t closedTenant) Doctor(context.Context) ([]about.Requirement, error) { return nil, t.err }

func (t closedTenant) Facts(context.Context, []string) (about.Facts, []about.Requirement, error) {
	return about.Facts{}, nil, t.err
}

func (t closedTenant) Close() error { return nil }

// An edgeError is an error as edges make them: with a code and a hint.
type edgeError struct{ text, code, hint string }

func (e edgeError) Error() string { return e.text }
func (e edgeError) Code() string  { return e.code }
func (e edgeError) Hint() string  { return e.hint }
