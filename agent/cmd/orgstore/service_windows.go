package main

import (
	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/service"
	"github.com/orgstore/orgstore/agent/service/scm"
)

func services() cli.Services {
	m, err := scm.Here()
	if err != nil {
		return service.Nowhere{Why: err.Error(), Instead: "run orgstore by its full path"}
	}
	return m
}
