package survey

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/tenant"
)

// clockTolerance is how far a clock may be off. Entra allows it for assertions,
// and packages/moment treats no more than that as drift.
const clockTolerance = 5 * time.Minute

// compareClocks says how far a clock is off from Microsoft's.
func compareClocks(local, server time.Time) (seen, lacks string, err error) {
	off := local.Sub(server).Round(time.Second)
	switch {
	case off > clockTolerance:
		return fmt.Sprintf("it is %s ahead", off), "licenses may seem to have expired, and sign-ins may fail", nil
	case off < -clockTolerance:
		return fmt.Sprintf("it is %s behind", -off), "licenses are checked by Microsoft's time, changes need a review, and sign-ins may fail", nil
	}
	return fmt.Sprintf("they differ by %s", off.Abs()), "", nil
}

// selectedRoles let an application use a library only if the library grants it
// access, too.
func selectedRoles() []string {
	return []string{"Lists.SelectedOperations.Selected", "Sites.Selected"}
}

// wideRoles let an application write into every library.
func wideRoles() []string {
	return []string{"Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All", "Files.ReadWrite.All"}
}

// checkLibraryPermission looks in the sign-in for a role that lets orgstore
// reach a library. Whether the library grants access, too, only the library
// shows.
func (r *surveyRun) checkLibraryPermission(ctx context.Context) {
	const name, what = "library.permission", "application permission for a library in SharePoint"
	has := func(roles []string) string {
		i := slices.IndexFunc(roles, func(role string) bool { return slices.Contains(r.claims.Roles, role) })
		if i < 0 {
			return ""
		}
		return roles[i]
	}
	wide := has(wideRoles())
	switch {
	case r.library == nil:
		r.addRequirement(name, what, tenant.Off, "the settings name no library in SharePoint", "")
	case r.notAskedReason != "" || ctx.Err() != nil:
		r.addRequirement(name, what, tenant.Unknown, r.notAskedReason, "")
	case !r.claims.isKnown:
		r.addRequirement(name, what, tenant.Unknown, "the sign-in does not say which permissions it has", "")
	case r.claims.Scopes != "":
		r.addRequirement(name, what, tenant.Unknown, "this is a person's sign-in, which may reach only what both the person and the application may reach", "")
	case wide != "":
		r.addRequirement(name, what, tenant.Limited, wide+" reaches every site, which is more than needed",
			roleFix(selectedRoles()[0])+"; grant the application the role write on the library; then remove "+wide)
	case has(selectedRoles()) != "":
		r.addRequirement(name, what, tenant.Ready, "the application has "+has(selectedRoles()), "")
	default:
		r.addRequirement(name, what, tenant.Missing, "the application has "+describeRoles(r.claims.Roles), roleFix(selectedRoles()[0]))
	}
}

func describeRoles(roles []string) string {
	if len(roles) == 0 {
		return "no application permission for Microsoft Graph"
	}
	shown := make([]string, 0, len(roles))
	for _, role := range roles[:min(len(roles), 20)] {
		shown = append(shown, tenant.Clean(role))
	}
	return "no permission for libraries, only " + strings.Join(shown, ", ")
}

// probeLibrary checks the library. Its requirements always say whether the
// library can be written.
func (r *surveyRun) probeLibrary(ctx context.Context) {
	const name, what = "library", "library in SharePoint"
	switch {
	case r.library == nil:
		r.addRequirement(name, what, tenant.Off, "the settings name no library in SharePoint", "")
		return
	case r.notAskedReason != "" || ctx.Err() != nil:
		r.addRequirement(name, what, tenant.Unknown, r.notAskedReason, "")
		return
	}
	limited, cancel := context.WithTimeout(ctx, cmp.Or(r.StepTimeout, defaultStepTimeout))
	defer cancel()
	found, err := r.library.Probe(limited)
	r.found = append(r.found, found...)
	if err != nil {
		finding := surveyStep{
			name: name, service: graph.Graph, deniedFix: roleFix(selectedRoles()[0]) + ", and grant the application the role write on the library",
			missingFix: "correct the library in the settings, or grant the application the role write on it; without that, Microsoft answers as if the library did not exist",
		}
		state, fix := r.readinessAfter(finding, err)
		r.addRequirement(name, what, state, err.Error(), fix)
	}
	if !slices.ContainsFunc(found, func(q tenant.Requirement) bool { return q.Name == "library.write" }) {
		r.found = append(r.found, unknownWrite(""))
	}
}

// reportQuotas says whether Microsoft throttled the checks.
func (r *surveyRun) reportQuotas() {
	const name, what = "quotas", "Microsoft's quotas"
	if len(r.throttled) > 0 {
		r.addRequirement(name, what, tenant.Limited, strings.Join(slices.Compact(r.throttled), "; "), fixLater)
		return
	}
	if r.notAskedReason != "" {
		r.addRequirement(name, what, tenant.Unknown, r.notAskedReason, "")
		return
	}
	r.addRequirement(name, what, tenant.Ready, fmt.Sprintf("none of %d checks was throttled; orgstore keeps to %d published quotas", r.calls, len(graph.Quotas())), "")
}
