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
// loop and socket, and later the console stand on it. What vendors and attesters sign
// on machines of their own (vendor, attester) stands beside it: only the command line
// knows it, since no private key ever lies where the agent runs.
//
// Where a new part goes, in the order in which it is best made. After each: go test .
// here, which holds these rules.
//
// A store driver:
//
//   - a package under packages/store, or under graph if it speaks to a tenant, that is
//     a store.Store and passes storetest.Run of packages/store/storetest
//   - what only some stores can do (read packages back, keep tasks): an interface of
//     packages/store/ability.go, which the driver has and the engine asks for by
//     store.As; storetest compares it with the driver's Traits
//   - its name and the keys that its settings have: the constants, the table, and the
//     struct Store of agent/config/store.go; a new key also stands in agent/config/file.go,
//     and go test ./agent/config -run Schema -update writes the schema anew
//   - its line in the table of agent/cmd/orgstore/drivers.go
//
// A library, where packages arrive:
//
//   - a package under packages/library, or under graph, that is an intake.Library; what
//     only some can do is in packages/library/ability.go
//   - its settings: the struct Library of agent/config/config.go, whose Kind names it,
//     and its keys in agent/config/file.go
//   - its line in the table of agent/cmd/orgstore/drivers.go
//
// A notice channel:
//
//   - a package under agent/notify that is a notify.Sender; notify itself keeps count
//     and tries again for all channels
//   - its settings: config.Channel and its Kind, in agent/config/notify.go, and its keys
//     in agent/config/file.go
//   - its line in the table of agent/notify/channels, and what it sends with in the Wire
//     there, which the program's main package fills
//
// A gate, which keeps a change back:
//
//   - its kind, a constant and one entry of gateKinds in policies/plan/gatekinds.go, with
//     the function that finds gates of this kind, in gates.go there. Plans, overrides,
//     and help read the table
//   - what it is computed from: a member of plan.Conditions, a value and never a function
//   - what fills that member, conditionsAt in agent/engine/snapshot.go
//
// An operation with its command:
//
//   - a request, a result, and a method of engine.Engine in a file of agent/engine that
//     is named after the operation; the result's JSON is what -o json shows. It prints
//     nothing. A question to a person is an engine.Question in the result, answered by
//     calling again
//   - its line in the table of agent/engine/operation, which says who may call it, and
//     the golden files of its request and result there: go test ./agent/engine/operation
//     -update
//   - a command in agent/cli that turns flags into the request and the result into a
//     view by carryOut, and its name in newRoot of agent/cli/root.go
//   - a script in agent/cli/testdata/script
//
// A page of the console:
//
//   - the operation that it shows, as above: a page calls the engine and never a command
//   - the page itself in agent/console, beside agent/cli, which turns results into pages.
//     The engine must import neither, and the program's main package starts both
package orgstore
