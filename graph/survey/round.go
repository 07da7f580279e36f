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

// patience is how long one thing may take where nothing else is said.
const patience = 2 * time.Minute

// A step is one thing to ask.
type step struct {
	name, what string
	service    graph.Service
	fix        string // where it is denied
	gone       string // what mends it where it is not there
	// ask returns what was seen and, where that is less than all, in what.
	ask func(context.Context) (seen, lacks string, err error)
}

func (r *round) add(name, what string, state tenant.Readiness, detail, fix string) {
	r.found = append(r.found, tenant.Requirement{Name: name, What: what, State: state, Detail: detail, Fix: fix})
}

// try takes a step and says what came of it. It returns the error for those
// that go on from it.
func (r *round) try(ctx context.Context, s step) error {
	if err := ctx.Err(); err != nil {
		r.add(s.name, s.what, tenant.Unknown, "not asked any more", "")
		return err
	}
	if r.blocked != "" {
		r.add(s.name, s.what, tenant.Unknown, r.blocked, "")
		return nil
	}
	r.calls++
	limited, cancel := context.WithTimeout(ctx, cmp.Or(r.Patience, patience))
	defer cancel()
	seen, lacks, err := s.ask(limited)
	switch {
	case err != nil:
		state, fix := r.judge(s, err)
		r.add(s.name, s.what, state, err.Error(), fix)
	case lacks != "":
		r.add(s.name, s.what, tenant.Limited, seen+"; "+lacks, s.fix)
	default:
		r.add(s.name, s.what, tenant.Ready, seen, "")
	}
	return err
}

// judge says what an error means for what was asked. Only an answer that says
// no makes it missing; all else leaves it unknown.
func (r *round) judge(s step, err error) (tenant.Readiness, string) {
	var off fabric.OffError
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
		return tenant.Missing, s.fix
	case "graph.missing":
		return tenant.Missing, s.gone
	case "graph.throttled":
		r.slowed = append(r.slowed, fmt.Sprintf("%s asked to wait %s", e.Service.Title(), e.RetryAfter.Round(time.Second)))
		return tenant.Unknown, fixLater
	case "graph.unreachable":
		return tenant.Unknown, fmt.Sprintf(fixReach, r.connection.Cloud().BaseURL(s.service))
	}
	return tenant.Unknown, ""
}

// enter signs in and looks which tenant that is for. An error keeps everything
// else from being asked.
func (r *round) enter(ctx context.Context) error {
	if err := r.signIn(ctx); err != nil {
		return err
	}
	return r.organization(ctx)
}

// signIn asks for a token. Whatever keeps it from being had, nothing works
// without, so that it is missing and never unknown.
func (r *round) signIn(ctx context.Context) error {
	err := r.try(ctx, step{
		name: "sign_in", what: "sign-in to Microsoft Graph", service: graph.Graph,
		ask: func(ctx context.Context) (string, string, error) {
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

// organization holds the tenant of the settings against that of the sign-in,
// as the token says it and as Graph does.
func (r *round) organization(ctx context.Context) error {
	var wrong *TenantError
	var name, from string
	if r.claims.known {
		from = "the sign-in"
		wrong = r.another(r.claims.Tenant)
	}
	asked := func() error {
		return r.try(ctx, step{
			name: "organization", what: "name and domains of the tenant", service: graph.Graph, fix: grant("Organization.Read.All"),
			ask: func(ctx context.Context) (string, string, error) {
				o, err := r.directory.Organization(ctx)
				if err != nil {
					return "", "", err
				}
				if wrong = r.another(o.ID); wrong != nil {
					return "", "", wrong
				}
				name, from, r.facts.Domains = o.Name, "Microsoft Graph", o.Domains
				return fmt.Sprintf("%s, with %d verified domains", o.Name, len(o.Domains)), "", nil
			},
		})
	}
	if wrong == nil {
		if err := asked(); err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	const what = "settings and sign-in are for one tenant"
	switch {
	case wrong != nil:
		if from != "" { // the token told, and Graph was not asked
			r.add("organization", "name and domains of the tenant", tenant.Unknown, "not asked, since "+wrong.Error(), "")
		}
		r.add("tenant_id", what, tenant.Missing, wrong.Error(), wrong.Hint())
		return wrong
	case from == "":
		r.add("tenant_id", what, tenant.Unknown, "neither the sign-in nor Microsoft Graph says for which tenant it is; that of the settings counts", grant("Organization.Read.All"))
	case name == "":
		r.add("tenant_id", what, tenant.Ready, r.tenant+", says "+from, "")
	default:
		r.add("tenant_id", what, tenant.Ready, fmt.Sprintf("%s is %s, says %s", r.tenant, name, from), "")
	}
	return nil
}

func (r *round) another(id string) *TenantError {
	if id == r.tenant {
		return nil
	}
	return &TenantError{Settings: r.tenant, SignedIn: id}
}
