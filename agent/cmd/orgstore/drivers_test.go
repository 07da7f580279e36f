package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/store/storetest"
)

// smallRecipe lists, and changes by one request.
const smallRecipe = `recipe: 1
cloud: public
audience: https://analysis.windows.net/powerbi/api
list:
  steps:
    - name: list
      method: GET
      url: https://api.powerbi.com/some/list
      token: true
      expect: {status: 200, type: application/json, shape: ["/ array"]}
  entries: ""
  guid: /guid
  suffix: true
update:
  - name: update
    method: POST
    url: https://api.powerbi.com/some/uploads
    token: true
    body: {bytes: application/octet-stream}
    expect: {status: 201}
`

// schemaOf reads what the settings' schema says of the drivers and libraries.
func schemaOf(t *testing.T) (drivers, libraries []string) {
	t.Helper()
	var schema struct {
		Defs struct {
			Store struct {
				Properties struct{ Driver struct{ Enum []string } }
			} `json:"storeSection"`
			Library struct{ Properties map[string]any } `json:"librarySection"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(slices.Values(schema.Defs.Store.Properties.Driver.Enum)), slices.Sorted(maps.Keys(schema.Defs.Library.Properties))
}

// Whatever the schema names can be opened, and whatever can be opened is named there.
func TestTheTablesHaveWhatTheSchemaNames(t *testing.T) {
	stores, places := schemaOf(t)
	if table := slices.Sorted(maps.Keys(drivers())); !slices.Equal(table, stores) || len(table) == 0 {
		t.Errorf("the schema names the drivers %v, the table %v", stores, table)
	}
	if named := slices.Sorted(slices.Values(config.Drivers())); !slices.Equal(named, stores) {
		t.Errorf("the schema names the drivers %v, package config %v", stores, named)
	}
	if table := slices.Sorted(maps.Keys(libraries())); !slices.Equal(table, places) || len(table) == 0 {
		t.Errorf("the schema names the libraries %v, the table %v", places, table)
	}
}

// offline prepares the way to a tenant, over which nothing goes.
func offline(t *testing.T, s config.Settings) func() (engine.Tenant, error) {
	return func() (engine.Tenant, error) {
		tenant, err := connect(disk.OS(), s, engine.Remote{Program: "orgstore/test"})
		if err == nil {
			t.Cleanup(func() { _ = tenant.Close() })
		}
		return tenant, err
	}
}

// What each driver's store can do agrees with its traits.
func TestEachDriverOpensAStore(t *testing.T) {
	recipe := filepath.Join(t.TempDir(), "portal.yaml")
	if err := os.WriteFile(recipe, []byte(smallRecipe), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range config.Drivers() {
		t.Run(name, func(t *testing.T) {
			s, err := drivers().Open(engine.StoreRequest{
				Settings: config.Store{Name: config.OnlyStore, Driver: name, Path: t.TempDir(), Recipe: recipe}, Disk: disk.OS(),
				Tenant: offline(t, config.Settings{Tenant: licensetest.Tenant}),
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, complaint := range storetest.Contradictions(s) {
				t.Error(complaint)
			}
		})
	}
}

func TestEachKindOfLibraryIsOpened(t *testing.T) {
	site := config.SharePoint{Site: "https://contoso.sharepoint.com/sites/BI", Library: "Visuals"}
	for _, l := range []config.Library{{Folder: t.TempDir()}, {SharePoint: site}} {
		lib, err := libraries().Open(t.Context(), engine.LibraryRequest{Settings: l, Tenant: offline(t, config.Settings{Tenant: licensetest.Tenant, Library: l})})
		if err != nil || lib == nil {
			t.Errorf("%s: %v", l.Kind(), err)
		}
	}
}
