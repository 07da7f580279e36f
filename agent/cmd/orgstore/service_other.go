//go:build !linux && !windows

package main

import (
	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/service"
)

func services() cli.Services {
	return service.Nowhere{
		Why:     "orgstore cannot be a service of this system: it knows systemd and Windows",
		Instead: "let launchd or cron call `orgstore agent run --once`, or run orgstore in a container (install/container.md)",
	}
}
