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
// Where a new part goes, in the order in which it is best made:
//
// A store driver:
//
//   - a package under packages/store, or under graph if it speaks to a tenant, that is
//     a store.Store and passes storetest.Run of packages/store/storetest
//   - what only some stores can do (read packages back, keep tasks): an ability of
//     packages/store/ability.go, asked for by store.As
//   - its line in the table of agent/cmd/orgstore/drivers.go
//   - its settings: a line in the table of agent/config/store.go
//
// A library, where packages arrive: a package under packages/library, or under graph; a
// line in agent/cmd/orgstore/drivers.go; its settings in agent/config.
//
// A notice channel:
//
//   - a package under agent/notify that is a notify.Sender; notify itself keeps count
//     and tries again for all channels
//   - its line in the table of agent/notify/channels
//   - its settings: config.Channel, in agent/config/notify.go
//
// A gate:
//
//   - its kind, one entry of gateKinds in policies/plan/gatekinds.go
//   - what it is computed from, in plan.Conditions: a value, never a function
//   - what fills that, Engine.Conditions in agent/engine/snapshot.go
//
// An operation with its command:
//
//   - a request, a result, and a method of engine.Engine in a file of agent/engine that
//     is named after the operation; the result's JSON is what -o json shows. A question
//     to a person is an engine.Question in the result, answered by calling again
//   - its line in the table of agent/engine/operation, which says who may call it, and
//     the golden files of its request and result there
//   - a command in agent/cli that turns flags into the request and the result into a
//     view, and its name in newRoot of agent/cli/root.go
//   - a script in agent/cli/testdata/script
//
// A page of a console:
//
//   - the operation that it shows, as above: a page calls the engine and never a command
//   - a package of its own under agent, beside cli, that turns results into pages; the
//     engine must not import it, and the program's main package starts it
package orgstore
