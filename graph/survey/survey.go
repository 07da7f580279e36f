// Package survey asks one tenant for all that orgstore wants to know about it:
// the facts that licenses are compared with, and whether the tenant has what
// orgstore needs. Every call is harmless: it reads, counts, or requests a
// token.
//
// Only the sign-in is required. What cannot be read stays unknown, and its
// requirement says why and how to fix it.
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

// Source is the name of this source in the facts.
const Source = "Microsoft Graph, Power BI and Fabric"

// A Connection sends requests to one tenant; *graph.Connection is one.
type Connection interface {
	directory.API
	Cloud() graph.Cloud
	Token(ctx context.Context, s graph.Service) (azcore.AccessToken, error)
	PlainClient() *http.Client
}

// A LibraryProbe checks whether the library can be read and written, and writes
// nothing. If it cannot know that without writing, a requirement says so. An
// error means that it could not check at all.
type LibraryProbe interface {
	Probe(ctx context.Context) ([]tenant.Requirement, error)
}

// A Survey asks one tenant.
type Survey struct {
	connection Connection
	tenant     string
	library    LibraryProbe
	// Now is the machine's clock, which is compared with Microsoft's; nil means
	// time.Now.
	Now func() time.Time
	// StepTimeout bounds one step; 0 means two minutes. A step that takes
	// longer is unknown, for example if a service is down or an hourly quota is
	// used up.
	StepTimeout time.Duration
}

// New returns a survey of the tenant with an id, in lower case. The library is
// nil if the settings name none in SharePoint.
func New(c Connection, tenantID string, library LibraryProbe) *Survey {
	return &Survey{connection: c, tenant: tenantID, library: library}
}

func (s *Survey) currentTime() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Facts asks for facts of the tenant and counts the members of some groups. It
// also returns one requirement per question. Facts that could not be read are
// unknown. An error is a failed sign-in, a canceled context, or a *TenantError.
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

// Doctor checks everything that orgstore needs from the tenant. An error means
// a canceled context. A failed sign-in or the wrong tenant is among the
// requirements, and whatever was not asked because of it is unknown.
func (s *Survey) Doctor(ctx context.Context) ([]tenant.Requirement, error) {
	r := s.newRun()
	r.reportCloud()
	r.checkClock(ctx)
	if err := r.signInToTenant(ctx); err != nil {
		r.notAskedReason = "not checked, because " + err.Error()
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

// A TenantError says that the sign-in is for a different tenant than the
// settings. Nothing that tenant says may be used (case C3 of entitlement).
type TenantError struct {
	Settings string // the tenant of the settings
	SignedIn string // the tenant of the sign-in
}

func (e *TenantError) Error() string {
	return fmt.Sprintf("the settings are for the tenant %s, but the sign-in is for %s", e.Settings, e.SignedIn)
}

// Code is ent.tenant.
func (e *TenantError) Code() string { return tenant.ErrorCodeTenant }

// Hint says what to do about it.
func (e *TenantError) Hint() string {
	return "correct the tenant in the settings, or sign in with an application of that tenant"
}

// A surveyRun asks once and collects the requirements.
type surveyRun struct {
	*Survey
	directory directory.Directory
	powerBI   powerbi.PowerBI
	fabric    fabric.Fabric
	claims    tokenClaims
	facts     tenant.Facts
	found     []tenant.Requirement
	// notAskedReason, if set, says why nothing can be asked any more.
	notAskedReason string
	calls          int
	throttled      []string // the services that refused to be asked so often
}

func (s *Survey) newRun() *surveyRun {
	return &surveyRun{
		Survey:    s,
		directory: directory.New(s.connection), powerBI: powerbi.New(s.connection), fabric: fabric.New(s.connection),
		facts: tenant.Facts{ID: s.tenant, AsOf: s.currentTime().UTC().Truncate(time.Second), Source: Source},
	}
}
