package engine

import (
	"context"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/store"
)

// A StoreRequest is a store that settings name, and what its driver may use.
type StoreRequest struct {
	Settings config.Store
	Disk     disk.Disk
	// Context is what a driver is told that sees nothing of its store by itself.
	Context store.DriverContext
	// Tenant connects to the tenant, for drivers that reach it.
	Tenant func() (Tenant, error)
}

// A StoreDriver opens a store. It reaches for nothing yet.
type StoreDriver func(StoreRequest) (store.Store, error)

// A LibraryRequest is a library that settings name, and what may be used to reach it.
type LibraryRequest struct {
	Settings config.Library
	// Tenant connects to the tenant, for libraries in it.
	Tenant func() (Tenant, error)
}

// A LibraryDriver opens a library.
type LibraryDriver func(context.Context, LibraryRequest) (intake.Library, error)

// StoreDrivers is a table of store drivers, by the names that config.Drivers lists. A
// new one is a package and a line.
type StoreDrivers map[string]StoreDriver

// Open opens a store by its driver.
func (d StoreDrivers) Open(r StoreRequest) (store.Store, error) {
	open, ok := d[r.Settings.Driver]
	if !ok {
		return nil, fault.New("store.unsupported", "use the driver handoff", "this program was built without the store driver %s", r.Settings.Driver)
	}
	return open(r)
}

// LibraryDrivers is a table of what opens libraries, by config.Library.Kind. A new one
// is a package and a line.
type LibraryDrivers map[string]LibraryDriver

// Open opens a library by its kind.
func (d LibraryDrivers) Open(ctx context.Context, r LibraryRequest) (intake.Library, error) {
	open, ok := d[r.Settings.Kind()]
	if !ok {
		return nil, fault.New("library.unsupported", "use a library that is a folder", "this program was built without what opens a library of the kind %s", r.Settings.Kind())
	}
	return open(ctx, r)
}

// openStore opens one store of the settings.
func (e *Engine) openStore(c config.Store) (store.Store, error) {
	return e.Drivers.Open(StoreRequest{Settings: c, Disk: e.Disk, Context: e.driverContext(c.Name), Tenant: e.connectTenant})
}

// openLibrary opens where packages arrive.
func (e *Engine) openLibrary(ctx context.Context) (intake.Library, error) {
	return e.Libraries.Open(ctx, LibraryRequest{Settings: e.Settings.Library, Tenant: e.connectTenant})
}

// OpenTenantLibrary is the driver of libraries in the tenant.
func OpenTenantLibrary(ctx context.Context, r LibraryRequest) (intake.Library, error) {
	t, err := r.Tenant()
	if err != nil {
		return nil, err
	}
	return t.Library(ctx)
}

// A Replayer is a Tenant that replays a recipe. Approved is the digest under
// which changing was accepted; empty where it was not.
type Replayer interface {
	Recorded(name string, recipe []byte, approved string) (store.Store, error)
}

// The bounds of files, in bytes.
const (
	MaxRecording = 256 << 20
	maxRecipe    = 1 << 20
)

// OpenRecorded is the driver of stores that a recipe drives.
func OpenRecorded(r StoreRequest) (store.Store, error) {
	if err := (Ports{}).Guard("the recipe", r.Settings.Recipe); err != nil {
		return nil, err
	}
	text, err := Ports{Disk: r.Disk}.ReadBounded(r.Settings.Recipe, maxRecipe)
	if err != nil {
		return nil, err
	}
	t, err := r.Tenant()
	if err != nil {
		return nil, err
	}
	replayer, ok := t.(Replayer)
	if !ok {
		return nil, fault.New("tenant.unsupported", "use the driver handoff", "this program was built without what replays a recipe")
	}
	return replayer.Recorded(r.Settings.Recipe, text, r.Settings.Approved)
}
