package main

import (
	"context"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/graph/orgstore/handoff"
	library "github.com/orgstore/orgstore/packages/library/folder"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/folder"
)

// drivers is the table of store drivers, by the names that settings give them. What
// each has in the settings is in agent/config.
func drivers() engine.StoreDrivers {
	return engine.StoreDrivers{
		config.FolderDriver: func(r engine.StoreRequest) (store.Store, error) { return folder.Open(r.Disk, r.Settings.Path), nil },
		config.HandoffDriver: func(r engine.StoreRequest) (store.Store, error) {
			return handoff.Open(r.Disk, handoff.Options{Folder: r.Settings.Path, Context: r.Context}), nil
		},
		config.RecordedDriver: engine.OpenRecorded, // the tenant replays it: see remote.Recorded
	}
}

// libraries is the table of where packages may arrive, by the keys under library in
// the settings.
func libraries() engine.LibraryDrivers {
	return engine.LibraryDrivers{
		config.FolderLibrary: func(_ context.Context, r engine.LibraryRequest) (intake.Library, error) {
			return library.Open(r.Settings.Folder)
		},
		config.SharePointLibrary: engine.OpenTenantLibrary, // see remote.Library
	}
}
