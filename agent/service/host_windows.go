package service

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// patience is what the manager is asked to wait for a step that has begun.
const patience = 150 * time.Second

// host does the work under the service manager of Windows where that started
// the program, and by itself otherwise. A service takes no signals: Windows
// sends one to every service whenever anybody logs off.
func host(ctx context.Context, work func(context.Context) error) error {
	service, err := svc.IsWindowsService()
	switch {
	case err != nil:
		return fmt.Errorf("cannot tell whether the service manager started this: %w", err)
	case !service:
		return signaled(ctx, work)
	}
	// Go takes that for SIGTERM, which ends the context of the program.
	h := &handler{ctx: context.WithoutCancel(ctx), work: work}
	if err := svc.Run(Name, h); err != nil {
		return fmt.Errorf("cannot run under the service manager: %w", err)
	}
	return h.err
}

// Errors is where a service writes what a terminal would show: the event log. Outside
// of a service it is otherwise.
func Errors(otherwise io.Writer) io.Writer {
	if service, err := svc.IsWindowsService(); err != nil || !service {
		return otherwise
	}
	log, err := eventlog.Open(Name)
	if err != nil {
		return otherwise
	}
	return eventWriter{func(s severity, text string) error {
		switch s {
		case failure:
			return log.Error(1, text)
		case warning:
			return log.Warning(1, text)
		}
		return log.Info(1, text)
	}}
}

// handler speaks with the service manager.
type handler struct {
	ctx  context.Context
	work func(context.Context) error
	err  error
}

// Execute is called by the service manager, once. The exit code makes the
// manager restart a service whose work failed, if it was told to.
func (h *handler) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	asked, ended := make(chan request), make(chan struct{})
	go translate(requests, asked, ended)
	h.err = managed(h.ctx, h.work, asked, func(stopping bool) {
		if stopping {
			status <- svc.Status{State: svc.StopPending, WaitHint: uint32(patience.Milliseconds())}
			return
		}
		status <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	})
	close(ended)
	if h.err != nil {
		return true, 1
	}
	return false, 0
}

// translate passes on what is understood until the work has ended.
func translate(requests <-chan svc.ChangeRequest, asked chan<- request, ended <-chan struct{}) {
	for {
		var r request
		select {
		case <-ended:
			return
		case c := <-requests:
			if c.Cmd == svc.Stop || c.Cmd == svc.Shutdown {
				r = stop
			}
		}
		select {
		case <-ended:
			return
		case asked <- r:
		}
	}
}
