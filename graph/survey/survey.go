// Package survey asks one tenant all that orgstore wants to know of it: the
// facts that licenses are held against, and whether each thing orgstore needs
// is there. Every call is harmless: it reads, counts, or asks for a token.
//
// All but the sign-in is optional. What cannot be had stays unknown, and the
// requirement that goes with it says why and what would mend it.
package survey

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/directory"
	"github.com/orgstore/orgstore/graph/fabric"
	"github.com/orgstore/orgstore/graph/powerbi"
	"github.com/orgstore/orgstore/packages/tenant"
)

// Source is how facts name where they are from.
const Source = "Microsoft Graph, Power BI and Fabric"

// A Connection reaches one tenant; *graph.Connection does.
type Connection interface {
	directory.API
	Cloud() graph.Cloud
	Token(ctx context.Context, s graph.Service) (azcore.AccessToken, error)
	PlainClient() *http.Client
}

// A LibraryProbe looks whether the library can be read and written. It writes
// nothing: where that cannot be known without writing, it says so. An error is
// for what keeps it from looking at all.
type LibraryProbe interface {
	Probe(ctx context.Context) ([]tenant.Requirement, error)
}

// A Survey asks one tenant.
type Survey struct {
	connection Connection
	tenant     string
	library    LibraryProbe
	// Now is the machine's clock, which is held against Microsoft's; nil is
	// time.Now.
	Now func() time.Time
	// StepTimeout is how long one thing may take; 0 is two minutes. What takes
	// longer, as a service that is down or an hourly quota that is used up, is
	// unknown.
	StepTimeout time.Duration
}

// New asks the tenant with an id, in lower case, through a connection. The
// library is nil where the settings name none in SharePoint.
func New(c Connection, tenantID string, library LibraryProbe) *Survey {
	return &Survey{connection: c, tenant: tenantID, library: library}
}

func (s *Survey) currentTime() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Facts asks for facts of the tenant, counting the members of some groups, and
// says of each what was found. What could not be had is unknown in them. An
// error is a failed sign-in, a canceled context, or a *TenantError.
func (s *Survey) Facts(ctx context.Context, groups []string) (tenant.Facts, []tenant.Requirement, error) {
	r := s.newRun()
	if err := r.signInToTenant(ctx); err != nil {
		return tenant.Facts{}, r.found, err
	}
	r.askSubscriptions(ctx)
	r.askUsers(ctx)
	r.askGroups(ctx, groups)
	r.askCapacities(ctx)
	r.askSettings(ctx)
	if err := ctx.Err(); err != nil {
		return tenant.Facts{}, r.found, err
	}
	return r.facts, r.found, nil
}

// Doctor checks everything that orgstore needs of the tenant. An error is a
// canceled context; a failed sign-in or the wrong tenant are among what was
// found, and what then was not asked is unknown.
func (s *Survey) Doctor(ctx context.Context) ([]tenant.Requirement, error) {
	r := s.newRun()
	r.reportCloud()
	r.checkClock(ctx)
	if err := r.signInToTenant(ctx); err != nil {
		r.notAskedReason = "not asked, since " + err.Error()
	}
	r.checkLibraryPermission(ctx)
	r.probeLibrary(ctx)
	r.askSubscriptions(ctx)
	r.askUsers(ctx)
	r.checkGroupsReadable(ctx)
	r.askCapacities(ctx)
	r.askSettings(ctx)
	r.checkActivityLog(ctx)
	r.reportQuotas()
	return r.found, ctx.Err()
}

// A TenantError says that the sign-in is for another tenant than the settings.
// What that tenant tells must not be used (case C3 of entitlement).
type TenantError struct {
	Settings string // the tenant of the settings
	SignedIn string // the tenant of the sign-in
}

func (e *TenantError) Error() string {
	return fmt.Sprintf("the settings are for the tenant %s, and the sign-in is for %s", e.Settings, e.SignedIn)
}

// Code is ent.tenant.
func (e *TenantError) Code() string { return tenant.ErrorCodeTenant }

// Hint says what to do about it.
func (e *TenantError) Hint() string {
	return "correct the tenant in the settings, or sign in with an application of that tenant"
}

// A surveyRun asks once, and collects what is found.
type surveyRun struct {
	*Survey
	directory directory.Directory
	powerBI   powerbi.PowerBI
	fabric    fabric.Fabric
	claims    tokenClaims
	facts     tenant.Facts
	found     []tenant.Requirement
	// notAskedReason says why nothing can be asked any more.
	notAskedReason string
	calls          int
	throttled      []string // what services said that were asked too often
}

func (s *Survey) newRun() *surveyRun {
	return &surveyRun{
		Survey:    s,
		directory: directory.New(s.connection), powerBI: powerbi.New(s.connection), fabric: fabric.New(s.connection),
		facts: tenant.Facts{ID: s.tenant, AsOf: s.currentTime().UTC().Truncate(time.Second), Source: Source},
	}
}
