package survey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/fabric"
	"github.com/orgstore/orgstore/packages/tenant"
)

// defaultStepTimeout bounds a step if StepTimeout is not set.
const defaultStepTimeout = 2 * time.Minute

// A surveyStep is one question to the tenant.
type surveyStep struct {
	name, what string
	service    graph.Service
	deniedFix  string // what to do if it is denied
	missingFix string // what to do if it is missing
	// run returns what was seen and, if that is not everything, what is
	// lacking.
	run func(context.Context) (seen, lacks string, err error)
}

func (r *surveyRun) addRequirement(name, what string, state tenant.Readiness, detail, fix string) {
	r.found = append(r.found, tenant.Requirement{Name: name, What: what, State: state, Detail: detail, Fix: fix})
}

// runStep runs a step and adds a requirement with its result. It returns the
// step's error to callers that depend on the step.
func (r *surveyRun) runStep(ctx context.Context, s surveyStep) error {
	if err := ctx.Err(); err != nil {
		r.addRequirement(s.name, s.what, tenant.Unknown, "not checked, because the run was canceled", "")
		return err
	}
	if r.notAskedReason != "" {
		r.addRequirement(s.name, s.what, tenant.Unknown, r.notAskedReason, "")
		return nil
	}
	r.calls++
	limited, cancel := context.WithTimeout(ctx, cmp.Or(r.StepTimeout, defaultStepTimeout))
	defer cancel()
	seen, lacks, err := s.run(limited)
	switch {
	case err != nil:
		state, fix := r.readinessAfter(s, err)
		r.addRequirement(s.name, s.what, state, err.Error(), fix)
	case lacks != "":
		r.addRequirement(s.name, s.what, tenant.Limited, seen+"; "+lacks, s.deniedFix)
	default:
		r.addRequirement(s.name, s.what, tenant.Ready, seen, "")
	}
	return err
}

// readinessAfter says what an error means for a requirement. Only a refusal
// makes the requirement missing. After any other error it is unknown.
func (r *surveyRun) readinessAfter(s surveyStep, err error) (tenant.Readiness, string) {
	var off fabric.UnavailableError
	var signIn *graph.SignInError
	var e *graph.Error
	switch {
	case errors.As(err, &off):
		return tenant.Off, ""
	case errors.As(err, &signIn):
		return tenant.Missing, signIn.Hint()
	case !errors.As(err, &e):
		return tenant.Unknown, ""
	}
	switch e.Code() {
	case "graph.denied":
		return tenant.Missing, s.deniedFix
	case "graph.missing":
		return tenant.Missing, s.missingFix
	case "graph.throttled":
		r.throttled = append(r.throttled, fmt.Sprintf("%s asked to wait %s", e.Service.Title(), e.RetryAfter.Round(time.Second)))
		return tenant.Unknown, fixLater
	case "graph.unreachable":
		return tenant.Unknown, fmt.Sprintf(fixReach, r.connection.Cloud().BaseURL(s.service))
	}
	return tenant.Unknown, ""
}

// signInToTenant signs in and checks that the tenant is the right one. After an
// error, nothing else may be asked.
func (r *surveyRun) signInToTenant(ctx context.Context) error {
	if err := r.requestToken(ctx); err != nil {
		return err
	}
	return r.checkOrganization(ctx)
}

// requestToken requests a token. Nothing works without one, so a failure is
// always missing and never unknown.
func (r *surveyRun) requestToken(ctx context.Context) error {
	err := r.runStep(ctx, surveyStep{
		name: "sign_in", what: "sign-in to Microsoft Graph", service: graph.Graph,
		run: func(ctx context.Context) (string, string, error) {
			token, err := r.connection.Token(ctx, graph.Graph)
			if err != nil {
				return "", "", err
			}
			r.claims = readClaims(token.Token)
			seen := "signed in"
			if r.claims.Client != "" {
				seen += " as the application " + r.claims.Client
			}
			return seen, "", nil
		},
	})
	if err != nil && ctx.Err() == nil {
		r.found[len(r.found)-1].State = tenant.Missing
	}
	return err
}

// checkOrganization compares the tenant of the settings with that of the
// sign-in, first as the token says it, then as Graph does.
func (r *surveyRun) checkOrganization(ctx context.Context) error {
	var wrong *TenantError
	var name, from string
	if r.claims.isKnown {
		from = "the sign-in"
		wrong = r.otherTenantError(r.claims.Tenant)
	}
	askGraph := func() error {
		return r.runStep(ctx, surveyStep{
			name: "organization", what: "name and domains of the tenant", service: graph.Graph, deniedFix: roleFix("Organization.Read.All"),
			run: func(ctx context.Context) (string, string, error) {
				o, err := r.directory.Organization(ctx)
				if err != nil {
					return "", "", err
				}
				if wrong = r.otherTenantError(o.ID); wrong != nil {
					return "", "", wrong
				}
				name, from, r.facts.Domains = o.Name, "Microsoft Graph", o.Domains
				return fmt.Sprintf("%s, with %d verified domains", o.Name, len(o.Domains)), "", nil
			},
		})
	}
	if wrong == nil {
		if err := askGraph(); err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	const what = "settings and sign-in are for the same tenant"
	switch {
	case wrong != nil:
		if from != "" { // the token named another tenant, so Graph was not asked
			r.addRequirement("organization", "name and domains of the tenant", tenant.Unknown, "not checked, because "+wrong.Error(), "")
		}
		r.addRequirement("tenant_id", what, tenant.Missing, wrong.Error(), wrong.Hint())
		return wrong
	case from == "":
		r.addRequirement("tenant_id", what, tenant.Unknown, "neither the sign-in nor Microsoft Graph names the tenant; the tenant in the settings counts", roleFix("Organization.Read.All"))
	case name == "":
		r.addRequirement("tenant_id", what, tenant.Ready, r.tenant+", according to "+from, "")
	default:
		r.addRequirement("tenant_id", what, tenant.Ready, fmt.Sprintf("%s is %s, according to %s", r.tenant, name, from), "")
	}
	return nil
}

func (r *surveyRun) otherTenantError(id string) *TenantError {
	if id == r.tenant {
		return nil
	}
	return &TenantError{Settings: r.tenant, SignedIn: id}
}
