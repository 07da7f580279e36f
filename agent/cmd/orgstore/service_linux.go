package main

import (
	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/service"
	"github.com/orgstore/orgstore/agent/service/systemd"
	"github.com/orgstore/orgstore/install"
)

func services() cli.Services {
	m, err := systemd.Here(install.SystemdUnit)
	if err != nil {
		return service.Nowhere{Why: err.Error(), Instead: "run orgstore by its full path"}
	}
	return m
}
