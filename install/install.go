// Package install knows how the program gets onto a machine: it holds the files
// that the pages beside it speak of, so that the program and the pages cannot say
// different things.
package install

import _ "embed"

// SystemdUnit is the unit for systemd, as systemd/orgstore.service has it.
//
//go:embed systemd/orgstore.service
var SystemdUnit string
