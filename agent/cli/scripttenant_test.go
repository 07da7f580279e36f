package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/loop"
	note "github.com/orgstore/orgstore/packages/library"
	library "github.com/orgstore/orgstore/packages/library/folder"
	about "github.com/orgstore/orgstore/packages/tenant"
)

// envTenant says how the tenant of a script answers: unsigned or denied.
const envTenant = "ORGSTORE_TEST_TENANT"

// A closedTenant answers nothing but an error, as tenants do to who has no
// permission. What a real one answers is tested in cmd/orgstore.
type closedTenant struct{ err error }

func aTenant(_ config.Settings, r engine.Remote) (engine.Tenant, error) {
	switch os.Getenv(envTenant) {
	case "unsigned":
		return closedTenant{edgeError{"cannot sign in: the secret has ended", "signin.secret", "create a secret in the app registration"}}, nil
	case "denied":
		return closedTenant{edgeError{"the library is closed", "graph.denied", "grant Sites.Selected"}}, nil
	}
	switch os.Getenv(envTenant) {
	case "shows":
		return showing{seen: r.Seen}, nil
	case "tells":
		return telling{}, nil
	case "watched":
		return watchedTenant{}, nil
	case "mails":
		return mailing{}, nil
	case "whole":
		return wholeTenant{seen: r.Seen}, nil
	}
	return nil, errors.New("nobody expected that the tenant is asked")
}

// A telling tenant answers what is asked of it, but for capacities.
type telling struct{ closedTenant }

func (telling) Doctor(context.Context) ([]about.Requirement, error) {
	return []about.Requirement{
		{Name: "sign_in", What: "sign-in to Microsoft Graph", State: about.Ready, Detail: "signed in as the application x"},
		{Name: "capacities", What: "capacities", State: about.Missing, Detail: "Power BI says no", Fix: "enable the tenant setting"},
	}, nil
}

func (telling) Facts(_ context.Context, groups []string) (about.Facts, []about.Requirement, error) {
	f := about.Facts{
		ID: "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11", Source: "Microsoft Graph",
		AsOf:  time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC),
		Users: about.Users{Free: about.Is[int64](1200), Pro: about.Is[int64](310), PPU: about.Is[int64](25)},
	}
	for _, id := range groups {
		f.Groups = append(f.Groups, about.Group{ID: id, Name: "BI designers", Members: about.Is[int64](12)})
	}
	return f, []about.Requirement{{Name: "capacities", What: "capacities", State: about.Missing, Detail: "Power BI says no", Fix: "enable the tenant setting"}}, nil
}

// A watchedTenant has an activity log: the file events.json, a list of events. It
// tells each once, and all again where it is not told how far it was read.
type watchedTenant struct{ closedTenant }

func (watchedTenant) Changes(_ context.Context, mark []byte, now time.Time) ([]about.Event, []byte, time.Time, error) {
	text, err := os.ReadFile("events.json")
	if err != nil {
		return nil, mark, time.Time{}, edgeError{"the activity log is closed", "graph.denied", "enable the tenant setting"}
	}
	var all, told []about.Event
	read := map[string]bool{}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, nil, now, err
	}
	if len(mark) > 0 {
		if err := json.Unmarshal(mark, &read); err != nil {
			return nil, nil, now, err
		}
	}
	for _, e := range all {
		if !read[e.Key()] {
			told = append(told, e)
		}
		read[e.Key()] = true
	}
	next, err := json.Marshal(read)
	return told, next, now, err
}

// A showing tenant has a library in the folder sharepoint, which shows notes as
// files of the folder notes, unless that is a file.
type showing struct {
	closedTenant
	seen func(string, time.Time)
}

// envDates says what hosts tell the time is: HOST=TIME, with spaces between.
const envDates = "ORGSTORE_TEST_DATES"

func (t showing) Library(context.Context) (intake.Library, error) {
	for _, told := range strings.Fields(os.Getenv(envDates)) {
		host, text, _ := strings.Cut(told, "=")
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, err
		}
		t.seen(host, at)
	}
	l, err := library.OpenWithClock("sharepoint", folderClock)
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

func (t closedTenant) Changes(_ context.Context, mark []byte, _ time.Time) ([]about.Event, []byte, time.Time, error) {
	return nil, mark, time.Time{}, t.err
}

func (t closedTenant) Mail(context.Context, engine.Mail) error { return t.err }

func (t closedTenant) CertificateEnds() (time.Time, error) { return time.Time{}, t.err }

func (t closedTenant) Traffic() loop.Traffic { return loop.Traffic{} }

func (t closedTenant) Close() error { return nil }

// An edgeError is an error as edges make them: with a code and a hint.
type edgeError struct{ text, code, hint string }

func (e edgeError) Error() string { return e.text }
func (e edgeError) Code() string  { return e.code }
func (e edgeError) Hint() string  { return e.hint }

// A mailing tenant has one mailbox, the file mail.txt, and a certificate that
// ends soon.
type mailing struct{ closedTenant }

func (mailing) Mail(_ context.Context, m engine.Mail) error {
	if m.From != "orgstore@contoso.com" {
		return edgeError{"the tenant has no mailbox " + m.From, "notice.mailbox", "name one that exists"}
	}
	return appended("mail.txt", fmt.Sprintf("To: %s\nSubject: %s\n\n%s", strings.Join(m.To, ", "), m.Subject, m.Text))
}

func (mailing) CertificateEnds() (time.Time, error) {
	return time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC), nil
}

// envPost says how addresses answer what is posted to them: all fail where it
// says fails, one where it names the variable that holds it, and none otherwise.
const envPost = "ORGSTORE_TEST_POST"

// posted keeps what is posted to an address in the file posts.txt, a line for
// each header and one for the body.
func posted(_ context.Context, _ config.Settings, p engine.Post) error {
	if how := os.Getenv(envPost); how == "fails" || how != "" && how == p.To.Env {
		return errors.New("hooks.contoso.com answered 503 Service Unavailable")
	}
	text := "to " + p.To.String() + "\n"
	for _, name := range slices.Sorted(maps.Keys(p.Header)) {
		text += name + ": " + p.Header[name] + "\n"
	}
	return appended("posts.txt", text+string(p.Body)+"\n")
}

func appended(name, text string) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
