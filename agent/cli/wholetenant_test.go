package cli_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/packages/library"
	about "github.com/orgstore/orgstore/packages/tenant"
)

// A wholeTenant has all that a tenant can have, and keeps it in files of the
// working directory: packages in sharepoint, what the library shows beside them
// in notes, the activity log in events.json, a mailbox in mail.txt. It never asks
// the file system for times, so what it answers is the same after the files were
// copied.
type wholeTenant struct {
	closedTenant
	seen func(string, time.Time)
}

func (t wholeTenant) Library(ctx context.Context) (intake.Library, error) {
	if _, err := (showing{seen: t.seen}).Library(ctx); err != nil { // for the times that its hosts tell
		return nil, err
	}
	return showingLibrary{documentLibrary("sharepoint")}, nil
}

func (wholeTenant) Doctor(ctx context.Context) ([]about.Requirement, error) {
	return telling{}.Doctor(ctx)
}

func (wholeTenant) Facts(ctx context.Context, groups []string) (about.Facts, []about.Requirement, error) {
	return telling{}.Facts(ctx, groups)
}

func (wholeTenant) Changes(ctx context.Context, mark []byte, now time.Time) ([]about.Event, []byte, time.Time, error) {
	return watchedTenant{}.Changes(ctx, mark, now)
}

func (wholeTenant) Mail(ctx context.Context, m engine.Mail) error { return mailing{}.Mail(ctx, m) }

func (wholeTenant) CertificateEnds() (time.Time, error) { return mailing{}.CertificateEnds() }

// A documentLibrary is a folder whose files are told apart by their bytes alone.
type documentLibrary string

// documentTime is when every document was put there.
var documentTime = time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)

func (d documentLibrary) Changes(_ context.Context, from library.Cursor) ([]library.Item, library.Cursor, error) {
	known, next := map[string]string{}, map[string]string{}
	if from != "" {
		if err := json.Unmarshal([]byte(from), &known); err != nil {
			return nil, from, err
		}
	}
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, from, err
	}
	var items []library.Item
	for _, e := range entries {
		if !library.Arrives(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(string(d), e.Name()))
		if err != nil {
			return nil, from, err
		}
		sum := sha256.Sum256(text)
		next[e.Name()] = hex.EncodeToString(sum[:8])
		if known[e.Name()] != next[e.Name()] {
			items = append(items, library.Item{ID: e.Name(), Name: e.Name(), Size: int64(len(text)), Modified: documentTime, Revision: next[e.Name()]})
		}
	}
	cursor, err := json.Marshal(next)
	return items, library.Cursor(cursor), err
}

func (d documentLibrary) Fetch(_ context.Context, item library.Item, _ int64) (io.ReadCloser, error) {
	return os.Open(filepath.Join(string(d), item.ID))
}
