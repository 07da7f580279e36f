// Command orgstore keeps Power BI visuals at pinned versions. This file is
// wiring: which edges the command line works with.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	_ "time/tzdata" // Windows has no database of time zones

	"golang.org/x/term"

	"github.com/orgstore/orgstore/agent/actor"
	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/sqlite"
	"github.com/orgstore/orgstore/agent/service"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license/issuer"
)

func main() { os.Exit(run(adapters())) }

// run runs the program's command line until it ends or is told to.
func run(a cli.Adapters) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	return cli.Run(ctx, os.Args[1:], streams(), a)
}

func streams() cli.Streams {
	return cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: service.Errors(os.Stderr),
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
	}
}

func adapters() cli.Adapters {
	return cli.Adapters{
		Ports: engine.Ports{
			Disk:        disk.OS(),
			OpenJournal: func(ctx context.Context, path string) (journal.Log, error) { return sqlite.Open(ctx, path) },
			OpenTenant:  func(s config.Settings, r engine.Remote) (engine.Tenant, error) { return connect(disk.OS(), s, r) },
			Drivers:     drivers(),
			Libraries:   libraries(),
			Post:        post(os.Getenv),
			Learn:       learnRecipe,
			Secret:      func(at config.Secret) (string, error) { return secretAt(disk.OS(), os.Getenv, at) },
			Actor:       actor.Current,
			ActorOf:     actor.Of,
			Now:         time.Now,
			Env:         os.Getenv,
			Program:     "orgstore/" + build().Version,
		},
		Simulate: simulate,
		Watch:    watch,
		Ping:     ping(os.Getenv),
		Services: services(),
		Seal:     issuer.Key.Sealed,
		Build:    build(),
	}
}

// version is set when a release is built: -ldflags "-X main.version=1.2.3".
var version = "development"

func build() cli.Build {
	b := cli.Build{Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				b.Commit = s.Value
			}
		}
	}
	return b
}
