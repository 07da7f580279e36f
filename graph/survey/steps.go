package survey

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/directory"
	"github.com/orgstore/orgstore/graph/fabric"
	"github.com/orgstore/orgstore/packages/tenant"
)

func (r *surveyRun) askSubscriptions(ctx context.Context) {
	_ = r.runStep(ctx, surveyStep{
		name: "subscriptions", what: "licenses with a Power BI plan that the tenant bought", service: graph.Graph, deniedFix: roleFix("LicenseAssignment.Read.All"),
		run: func(ctx context.Context) (string, string, error) {
			all, err := r.directory.Subscriptions(ctx)
			if err != nil {
				return "", "", err
			}
			r.facts.Subscriptions = tenant.Is(all)
			return pluralize(len(all), "product", "products"), "", nil
		},
	})
}

func (r *surveyRun) askUsers(ctx context.Context) {
	_ = r.runStep(ctx, surveyStep{
		name: "users", what: "number of users by Power BI plan", service: graph.Graph, deniedFix: roleFix("User.Read.All"),
		run: func(ctx context.Context) (string, string, error) {
			c, err := r.directory.Users(ctx)
			if err != nil {
				return "", "", err
			}
			r.facts.Users = c.Users
			seen := fmt.Sprintf("%s users with the free plan, %s with Pro, %s with Premium Per User", formatKnown(c.Users.Free), formatKnown(c.Users.Pro), formatKnown(c.Users.PPU))
			return seen, strings.Join(c.Notes, "; "), nil
		},
	})
	// The limit is how Graph counts, which no permission fixes.
	if i := len(r.found) - 1; r.found[i].State == tenant.Limited {
		r.found[i].Fix = ""
	}
}

func formatKnown(n tenant.Known[int64]) string {
	if v, ok := n.Get(); ok {
		return strconv.FormatInt(v, 10)
	}
	return "an unknown number"
}

// askGroups counts each group on its own, so that a missing group does not stop
// the others. A group that cannot be counted stays among the facts, without a
// number.
func (r *surveyRun) askGroups(ctx context.Context, ids []string) {
	for _, id := range distinctIDs(ids) {
		_ = r.runStep(ctx, surveyStep{
			name: "group." + id, what: "members of the group " + id, service: graph.Graph, deniedFix: roleFix("GroupMember.Read.All"), missingFix: fixGroup,
			run: func(ctx context.Context) (string, string, error) {
				g, err := r.directory.Group(ctx, id)
				if g.ID != "" {
					r.facts.Groups = append(r.facts.Groups, g)
				}
				if errors.Is(err, directory.ErrHiddenMembers) {
					return g.Name, err.Error(), nil
				}
				return fmt.Sprintf("%s has %s members", g.Name, formatKnown(g.Members)), "", err
			},
		})
	}
}

// distinctIDs returns ids in lower case, sorted, each once.
func distinctIDs(ids []string) []string {
	var all []string
	for _, id := range ids {
		all = append(all, strings.ToLower(id))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// checkGroupsReadable requests one group's id, to find out whether groups can
// be read.
func (r *surveyRun) checkGroupsReadable(ctx context.Context) {
	_ = r.runStep(ctx, surveyStep{
		name: "groups", what: "sizes of groups", service: graph.Graph, deniedFix: roleFix("GroupMember.Read.All"),
		run: func(ctx context.Context) (string, string, error) {
			var a struct {
				Value []struct{} `json:"value"`
			}
			query := url.Values{"$select": {"id"}, "$top": {"1"}}
			if err := r.connection.GetJSON(ctx, graph.Graph, "/v1.0/groups", query, nil, &a); err != nil {
				return "", "", err
			}
			return "groups can be read", "", nil
		},
	})
}

func (r *surveyRun) askCapacities(ctx context.Context) {
	_ = r.runStep(ctx, surveyStep{
		name: "capacities", what: "capacities of the tenant and their SKUs", service: graph.PowerBI, deniedFix: adminAPIFix(r.connection.Cloud().Portal),
		run: func(ctx context.Context) (string, string, error) {
			if off := r.connection.Cloud().UnavailableReason(graph.PowerBI); off != "" {
				return "", "", fabric.UnavailableError{Reason: off}
			}
			all, err := r.powerBI.Capacities(ctx)
			if err != nil {
				return "", "", err
			}
			r.facts.Capacities = tenant.Is(all)
			var skus []string
			for _, c := range all {
				skus = append(skus, c.SKU.String())
			}
			return strings.TrimSuffix(pluralize(len(all), "capacity", "capacities")+": "+strings.Join(skus, ", "), ": "), "", nil
		},
	})
}

func (r *surveyRun) askSettings(ctx context.Context) {
	_ = r.runStep(ctx, surveyStep{
		name: "tenant_settings", what: "tenant settings that concern visuals", service: graph.Fabric, deniedFix: adminAPIFix(r.connection.Cloud().Portal),
		run: func(ctx context.Context) (string, string, error) {
			all, err := r.fabric.Settings(ctx)
			if err != nil {
				return "", "", err
			}
			found, missing := fabric.VisualSettings(all)
			r.facts.Settings = tenant.Is(found)
			if len(missing) > 0 {
				return describeSettings(found), "missing: " + strings.Join(missing, ", "), nil
			}
			return describeSettings(found), "", nil
		},
	})
	if i := len(r.found) - 1; r.found[i].State == tenant.Limited {
		r.found[i].Fix = "" // Microsoft may have renamed a setting
	}
}

// describeSettings says whether settings are on, and which visuals they apply
// to.
func describeSettings(settings []tenant.Setting) string {
	by := map[tenant.Reach][]string{}
	reach := map[string]tenant.Reach{}
	for _, k := range tenant.KnownSettings() {
		reach[k.Name] = k.Reach
	}
	for _, s := range settings {
		state := "off"
		switch {
		case s.Enabled && s.Grouped:
			state = "on for some groups"
		case s.Enabled:
			state = "on"
		}
		by[reach[s.Name]] = append(by[reach[s.Name]], s.Name+" "+state)
	}
	var all []string
	for _, part := range []struct {
		reach tenant.Reach
		says  string
	}{
		{tenant.ReachStore, ""},
		{tenant.ReachAppSource, " (only visuals from AppSource)"},
		{tenant.ReachElsewhere, " (does not apply to the store's visuals)"},
	} {
		for _, s := range by[part.reach] {
			all = append(all, s+part.says)
		}
	}
	return strings.Join(all, ", ")
}

func (r *surveyRun) checkActivityLog(ctx context.Context) {
	_ = r.runStep(ctx, surveyStep{
		name: "activity_events", what: "activity log of the store's changes", service: graph.PowerBI, deniedFix: adminAPIFix(r.connection.Cloud().Portal),
		run: func(ctx context.Context) (string, string, error) {
			if off := r.connection.Cloud().UnavailableReason(graph.PowerBI); off != "" {
				return "", "", fabric.UnavailableError{Reason: off}
			}
			n, err := r.powerBI.ProbeActivityLog(ctx, r.currentTime())
			return fmt.Sprintf("it can be read; its last hour's first page has %d events", n), "", err
		},
	})
}

func (r *surveyRun) reportCloud() {
	c := r.connection.Cloud()
	const what = "hosts of the cloud"
	var lacks []string
	for _, s := range []graph.Service{graph.Graph, graph.PowerBI, graph.Fabric} {
		if why := c.UnavailableReason(s); why != "" {
			lacks = append(lacks, why)
		}
	}
	if len(lacks) == 0 {
		r.addRequirement("cloud", what, tenant.Ready, fmt.Sprintf("all hosts of the cloud %s are known", c.Name), "")
		return
	}
	r.addRequirement("cloud", what, tenant.Limited, strings.Join(lacks, "; "), "")
}

// checkClock compares the machine's clock with the Date of an answer that needs
// no sign-in. A wrong clock may be the reason that signing in fails.
func (r *surveyRun) checkClock(ctx context.Context) {
	_ = r.runStep(ctx, surveyStep{
		name: "clock", what: "this machine's clock compared with Microsoft's", service: graph.Graph, deniedFix: fixClock,
		run: func(ctx context.Context) (string, string, error) {
			const path = "/v2.0/.well-known/openid-configuration" // documented: OpenID Connect on the Microsoft identity platform
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.connection.Cloud().Login+"/"+url.PathEscape(r.tenant)+path, nil)
			if err != nil {
				return "", "", err
			}
			resp, err := r.connection.PlainClient().Do(req)
			if err != nil {
				return "", "", graph.WrapError("", "GET "+path, err)
			}
			_ = resp.Body.Close() // only its Date matters
			serverTime, err := http.ParseTime(resp.Header.Get("Date"))
			if err != nil {
				return "", "", errors.New("the answer of the sign-in host has no valid Date")
			}
			return compareClocks(r.currentTime(), serverTime)
		},
	})
}

// pluralize formats a number of things.
func pluralize(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
