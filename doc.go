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
package orgstore
