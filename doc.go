// Package orgstore holds no code: it is the floor plan. Five rooms, each one
// idea:
//
//   - packages: what a package of a visual is, and what may be said of one
//   - policies: what should be
//   - graph: the tenant over the wire
//   - agent: what runs
//   - install: how it gets there
//
// Packages import packages; policies import packages and policies; graph
// imports packages and graph; agent imports packages, policies and agent. What
// touches the world outside (stores, libraries, databases) is an edge, imported
// by the program's main package and by tests only. The tests here hold all
// that.
//
// Inside agent, engine is the middle: it opens an installation and offers its
// operations, each a request and a result. The command line (cli), the agent's
// loop and socket, and later the console stand on it.
//
// Where a new part goes:
//
//   - a store driver: a package under graph/orgstore or packages/store, which passes
//     packages/store/storetest; a line in the table of agent/cmd/orgstore/drivers.go;
//     its settings in the table of agent/config/store.go
//   - a library, where packages arrive: a package under graph or packages/library, a
//     line in the same file, its settings in agent/config
//   - a notice channel: a package under agent/notify that sends a message; a line in
//     the table of agent/notify/channels; its settings in agent/config
//   - a gate: policies/plan/gates.go, and what it is computed from in
//     agent/engine/snapshot.go
//   - an operation: a request, a result, and a method in agent/engine; a command in
//     agent/cli that parses, asks, and shows
package orgstore
