package survey_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph/survey"
	"github.com/orgstore/orgstore/graph/tenanttest"
	"github.com/orgstore/orgstore/packages/tenant"
)

const (
	site        = "contoso.sharepoint.com,2f084df7-c13d-451b-af5f-ed0c466403b2,3f084df7-c13d-451b-af5f-ed0c466403b2"
	list        = "graph /v1.0/drives/b!x/list"
	permissions = "graph /v1.0/sites/" + site + "/lists/" + prod + "/permissions"
)

func TestLibrary(t *testing.T) {
	grant := func(role string) string {
		return `{"value":[{"id":"1","roles":["owner"],"grantedToV2":{"user":{"id":"1"}}},{"id":"2","roles":["` + role + `"],"grantedToIdentitiesV2":[{"application":{"id":"` + strings.ToUpper(tenanttest.Client) + `"}}]}]}`
	}
	for _, c := range []struct {
		name   string
		place  survey.Place
		status int
		body   string
		state  tenant.Readiness
		says   string
	}{
		{"write is granted", survey.Place{Site: site, List: prod, Drive: "b!x"}, 200, grant("write"), tenant.Ready, "grants the application write"},
		{"read alone is granted", survey.Place{Site: site, Drive: "b!x"}, 200, grant("read"), tenant.Missing, "only read"},
		{"others alone are granted", survey.Place{Site: site, List: prod, Drive: "b!x"}, 200, `{"value":[{"roles":["write"],"grantedToV2":{"application":{"id":"` + prod + `"}}}]}`, tenant.Unknown, "the first write will tell"},
		{"what is granted cannot be read", survey.Place{Site: site, List: prod, Drive: "b!x"}, 403, ``, tenant.Unknown, "the first write will tell"},
		{"no site known", survey.Place{List: prod, Drive: "b!x"}, 500, ``, tenant.Unknown, "the first write will tell"},
		{"rubbish", survey.Place{Site: site, List: prod, Drive: "b!x"}, 200, `{"value":[{"roles":"write"}]}`, tenant.Unknown, "the first write will tell"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := contoso(t)
			x.Say(list, 200, `{"id":"`+prod+`","displayName":"Visuals"}`)
			x.Say(permissions, c.status, c.body)
			l := survey.NewLibrary(x.Connect(), tenanttest.Client, func(context.Context) (survey.Place, error) { return c.place, nil })
			found, err := ask(x, l).Doctor(context.Background())
			if r := named(t, found, "library.read"); err != nil || r.State != tenant.Ready || r.Detail != "the list is Visuals" {
				t.Errorf("%v %+v", err, r)
			}
			r := named(t, found, "library.write")
			if r.State != c.state || !strings.Contains(r.Detail, c.says) {
				t.Errorf("%+v", r)
			}
			if c.state == tenant.Missing && (!strings.Contains(r.Fix, tenanttest.Client) || !strings.Contains(r.Fix, site)) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestLibraryOfAnIdentityWithoutName must not take for its own what was granted
// to people, who have no application's id either.
func TestLibraryOfAnIdentityWithoutName(t *testing.T) {
	x := contoso(t)
	x.Say(list, 200, `{"id":"`+prod+`","displayName":"Visuals"}`)
	x.Say(permissions, 200, `{"value":[{"roles":["owner"],"grantedToV2":{"user":{"id":"1"}}}]}`)
	there := func(context.Context) (survey.Place, error) {
		return survey.Place{Site: site, List: prod, Drive: "b!x"}, nil
	}
	found, err := survey.NewLibrary(x.Connect(), "", there).Probe(context.Background())
	if r := named(t, found, "library.write"); err != nil || r.State != tenant.Unknown {
		t.Errorf("%v %+v", err, r)
	}
}

func TestLibraryThatIsNotThere(t *testing.T) {
	x := contoso(t)
	found := func(l survey.Library) tenant.Requirement {
		all, err := ask(x, l).Doctor(context.Background())
		if err != nil || named(t, all, "library.write").State != tenant.Unknown {
			t.Fatal(err, states(all))
		}
		return named(t, all, "library")
	}
	if r := found(survey.NewLibrary(x.Connect(), tenanttest.Client, func(context.Context) (survey.Place, error) {
		return survey.Place{}, errors.New("no library of that name")
	})); r.State != tenant.Unknown || r.Detail != "no library of that name" {
		t.Errorf("%+v", r)
	}
	there := func(context.Context) (survey.Place, error) { return survey.Place{Drive: "b!x"}, nil }
	if r := found(survey.NewLibrary(x.Connect(), tenanttest.Client, there)); r.State != tenant.Missing || r.Fix == "" {
		t.Errorf("%+v", r)
	}
	x.Deny(list)
	if r := found(survey.NewLibrary(x.Connect(), tenanttest.Client, there)); r.State != tenant.Missing || !strings.Contains(r.Fix, "Lists.SelectedOperations.Selected") {
		t.Errorf("%+v", r)
	}
}
