package cli

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/localapi"
)

// takenEvery is how often an agent looks whether another one that serves callers
// has ended.
const takenEvery = 10 * time.Second

// receive begins to serve callers where the settings say so.
func (a *agent) receive(ctx context.Context, running *sync.WaitGroup, with Adapters) error {
	file := a.settings.Agent.Socket
	if file == "" {
		return nil
	}
	s, err := localapi.Listen(file)
	if err != nil && !errors.Is(err, localapi.ErrTaken) {
		return fault.New("agent.socket", "make its folder, for the agent's account alone to write to (under systemd: orgstore service install), or take agent: {socket} out of the settings", "cannot serve callers: %w", err)
	}
	server := a.operationServer(with)
	running.Go(func() {
		if s == nil {
			a.note("another agent serves callers at %s, and this one does when that ends", file)
			s = awaited(ctx, file)
		}
		if s == nil {
			return
		}
		a.log.Info("serving", "socket", file)
		if err := s.Serve(ctx, server.Answer, a.Err); err != nil {
			a.note("callers are not served any more: %v", err)
		}
	})
	return nil
}

// operationServer carries out operations for callers, with the settings as they are
// at each call.
func (a *agent) operationServer(with Adapters) operation.Server {
	g := &globals{Adapters: with, Streams: Streams{In: strings.NewReader("")}, settingsFile: a.settings.File}
	return operation.Server{Ports: with.Ports, ReadSettings: g.settings, Log: a.log}
}

// awaited waits until no other agent listens; nil where ctx ends before that.
func awaited(ctx context.Context, file string) *localapi.Server {
	tick := time.NewTicker(takenEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if s, err := localapi.Listen(file); err == nil {
			return s
		}
	}
}
