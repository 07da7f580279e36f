package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/store"
)

// A program that was built without a driver says so, and what to use.
func TestADriverThatIsNotInTheTable(t *testing.T) {
	drivers := engine.StoreDrivers{config.FolderDriver: func(engine.StoreRequest) (store.Store, error) { return nil, nil }}
	if _, err := drivers.Open(engine.StoreRequest{Settings: config.Store{Driver: config.FolderDriver}}); err != nil {
		t.Errorf("the one in the table: %v", err)
	}
	_, err := drivers.Open(engine.StoreRequest{Settings: config.Store{Driver: config.HandoffDriver}})
	if f := fault.Of(err); f.Code != "store.unsupported" || f.Hint == "" {
		t.Errorf("got %+v", f)
	}
	_, err = engine.LibraryDrivers{}.Open(t.Context(), engine.LibraryRequest{Settings: config.Library{Folder: "inbox"}})
	if f := fault.Of(err); f.Code != "library.unsupported" || f.Hint == "" {
		t.Errorf("got %+v", f)
	}
}

// A plainTenant can do nothing but what every tenant can.
type plainTenant struct{ engine.Tenant }

// A replayingTenant keeps which recipe it was to replay.
type replayingTenant struct {
	engine.Tenant
	name, text, approved string
}

func (r *replayingTenant) Recorded(name string, recipe []byte, approved string) (store.Store, error) {
	r.name, r.text, r.approved = name, string(recipe), approved
	return nil, nil
}

func TestTheTenantReplaysARecipe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "portal.yaml")
	if err := os.WriteFile(file, []byte("recipe: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := engine.StoreRequest{Settings: config.Store{Driver: config.RecordedDriver, Recipe: file, Approved: "sha256:00"}, Disk: disk.OS()}
	replaying := &replayingTenant{}
	r.Tenant = func() (engine.Tenant, error) { return replaying, nil }
	if _, err := engine.OpenRecorded(r); err != nil || replaying.name != file || replaying.text != "recipe: 1\n" || replaying.approved != "sha256:00" {
		t.Errorf("it replays %+v, %v", replaying, err)
	}
	r.Tenant = func() (engine.Tenant, error) { return plainTenant{}, nil }
	if _, err := engine.OpenRecorded(r); fault.Of(err).Code != "tenant.unsupported" {
		t.Errorf("by a tenant that cannot replay: %v", err)
	}
	closed := errors.New("cannot sign in")
	r.Tenant = func() (engine.Tenant, error) { return nil, closed }
	if _, err := engine.OpenRecorded(r); !errors.Is(err, closed) {
		t.Errorf("by a tenant that is closed: %v", err)
	}
	r.Settings.Recipe = file + ".none"
	if _, err := engine.OpenRecorded(r); err == nil {
		t.Errorf("without a recipe: %v", err)
	}
}
