package engine

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/orgstore/orgstore/agent/activity"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/loop"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/tenant"
)

// A Tenant is the customer's tenant as commands need it. Nothing goes over the
// network, and nobody signs in, before one of its methods is called.
type Tenant interface {
	// Library opens the document library that the settings name. Where it also
	// can do library.Poster, what became of items is written back.
	Library(context.Context) (intake.Library, error)
	// Doctor signs in and checks by harmless calls what orgstore needs. An error
	// means that nothing could be found out.
	Doctor(context.Context) ([]tenant.Requirement, error)
	// Facts asks what entitlement is held against; groups are the ids of those
	// whose members are to be counted. What could not be told is unknown in the
	// facts, and the requirements say why.
	Facts(ctx context.Context, groups []string) (tenant.Facts, []tenant.Requirement, error)
	activity.Source
	// Mail sends a mail from a mailbox of the tenant.
	Mail(context.Context, Mail) error
	// CertificateEnds reads when the certificate that signs in ends; zero where
	// none does. It asks nobody.
	CertificateEnds() (time.Time, error)
	// Traffic is what was asked so far.
	Traffic() loop.Traffic
	// Close lets go of connections that nobody uses; the tenant can be asked again.
	Close() error
}

// A Remote is what the edge that reaches a tenant gets from the command line.
type Remote struct {
	// Program names this program, as orgstore/1.2.3.
	Program string
	// Env reads an environment variable, as one that holds a secret.
	Env func(string) string
	// Prompt shows a person what to do, as where to type a device code.
	Prompt func(ctx context.Context, message string) error
	// Seen is told the authenticated Date of Microsoft's answers. It may be
	// called from several goroutines.
	Seen func(host string, date time.Time)
}

// connectTenant connects to the tenant, once for each session.
func (e *Engine) connectTenant() (Tenant, error) {
	if e.tenant != nil {
		return e.tenant, nil
	}
	t, err := e.Connect(e.Settings, e.dates.see)
	e.tenant = t
	return t, err
}

// Connect prepares the way to the tenant that settings name.
func (p Ports) Connect(settings config.Settings, seen func(string, time.Time)) (Tenant, error) {
	if p.OpenTenant == nil {
		return nil, fault.New("tenant.unsupported", "use a library that is a folder", "this program was built without what reaches a tenant")
	}
	return p.OpenTenant(settings, Remote{
		Program: p.Program, Env: p.Env, Seen: seen,
		Prompt: func(_ context.Context, message string) error {
			p.announce(message)
			return nil
		},
	})
}

// dates collects what Microsoft's hosts told the time is: the newest of each.
type dates struct {
	mu     sync.Mutex
	newest map[string]time.Time
}

// see notes what a host told. It is called from several goroutines.
func (d *dates) see(host string, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.newest == nil {
		d.newest = map[string]time.Time{}
	}
	if at.After(d.newest[host]) {
		d.newest[host] = at
	}
}

func (d *dates) seen() []moment.Sighting {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []moment.Sighting
	for host, at := range d.newest {
		all = append(all, moment.Sighting{Host: host, At: at})
	}
	return all
}

// recordWitnessedTime raises the mark of trusted time to what Microsoft's hosts told, where
// that is worth an entry: about once an hour.
func (e *Engine) recordWitnessedTime(ctx context.Context) error {
	to, by, ok := e.Journal.Book().TimeMark().Witnessed(e.dates.seen())
	if !ok {
		return nil
	}
	return e.Journal.Append(ctx, e.Tx, journal.TimeMarked{Trusted: to, Source: "Date of " + strings.Join(by, " and ")})
}

// noteUnreadLibrary says once what kept the library from being read, and keeps a
// failure to sign in as the command's error.
func (e *Engine) noteUnreadLibrary(err error) {
	f, text := fault.Of(err), "not everything in the library could be read: "+err.Error()
	if f.Hint != "" {
		text += " (" + f.Hint + ")"
	}
	e.UnreadLibrary = safetext.Lines(text)
	e.note("%s", e.UnreadLibrary)
	if f.IsSignIn() {
		e.signInFault = f
	}
}

// signInError is the error of a command that did what it could without signing in.
func (e *Engine) signInError() error {
	if e.signInFault == nil {
		return nil
	}
	return e.signInFault
}
