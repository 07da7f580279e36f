package survey_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/survey"
	"github.com/orgstore/orgstore/graph/tenanttest"
	"github.com/orgstore/orgstore/packages/tenant"
)

const (
	site = "contoso.sharepoint.com,2f084df7-c13d-451b-af5f-ed0c466403b2,3f084df7-c13d-451b-af5f-ed0c466403b2"
	list = "graph /v1.0/drives/b!x/list"
)

func TestLibrary(t *testing.T) {
	refused := func(status int) error {
		return &graph.Error{Service: graph.Graph, Op: "POST an upload session", Status: status}
	}
	for _, c := range []struct {
		name   string
		place  survey.Place
		client string
		err    error
		state  tenant.Readiness
		says   string
		fix    []string
	}{
		{"it can be written", survey.Place{Site: site, List: prod, Drive: "b!x"}, tenanttest.Client, nil, tenant.Ready, "started and canceled", nil},
		{"it can only be read", survey.Place{Site: site, Drive: "b!x"}, tenanttest.Client, refused(403), tenant.Limited, "may only read it", []string{tenanttest.Client, site, prod}},
		{"and by whom is not known", survey.Place{List: prod, Drive: "b!x"}, "", fmt.Errorf("cannot: %w", refused(403)), tenant.Limited, "may only read it", []string{"{client id}", "{site-id}"}},
		{"it is full", survey.Place{Site: site, List: prod, Drive: "b!x"}, tenanttest.Client, refused(507), tenant.Unknown, "507", nil},
		{"nobody answers", survey.Place{Site: site, List: prod, Drive: "b!x"}, tenanttest.Client, errors.New("nobody answers"), tenant.Unknown, "nobody answers; the first write will show it", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := startContoso(t)
			x.Respond(list, 200, `{"id":"`+prod+`","displayName":"Visuals"}`)
			l := survey.NewLibrary(x.Connect(), c.client, func(context.Context) (survey.Place, error) { return c.place, nil }, func(context.Context) error { return c.err })
			found, err := newSurvey(x, l).Doctor(context.Background())
			if r := findRequirement(t, found, "library.read"); err != nil || r.State != tenant.Ready || r.Detail != "the list is Visuals" {
				t.Errorf("%v %+v", err, r)
			}
			r := findRequirement(t, found, "library.write")
			if r.State != c.state || !strings.Contains(r.Detail, c.says) || (r.Fix == "") != (c.fix == nil) {
				t.Errorf("%+v", r)
			}
			for _, part := range c.fix {
				if !strings.Contains(r.Fix, part) {
					t.Errorf("%q is not in %s", part, r.Fix)
				}
			}
		})
	}
}

func TestLibraryThatIsNotThere(t *testing.T) {
	x := startContoso(t)
	found := func(l survey.Library) tenant.Requirement {
		all, err := newSurvey(x, l).Doctor(context.Background())
		if err != nil || findRequirement(t, all, "library.write").State != tenant.Unknown {
			t.Fatal(err, formatStates(all))
		}
		return findRequirement(t, all, "library")
	}
	if r := found(survey.NewLibrary(x.Connect(), tenanttest.Client, func(context.Context) (survey.Place, error) {
		return survey.Place{}, errors.New("no library of that name")
	}, nil)); r.State != tenant.Unknown || r.Detail != "no library of that name" {
		t.Errorf("%+v", r)
	}
	there := func(context.Context) (survey.Place, error) { return survey.Place{Drive: "b!x"}, nil }
	if r := found(survey.NewLibrary(x.Connect(), tenanttest.Client, there, nil)); r.State != tenant.Missing || r.Fix == "" {
		t.Errorf("%+v", r)
	}
	x.Deny(list)
	if r := found(survey.NewLibrary(x.Connect(), tenanttest.Client, there, nil)); r.State != tenant.Missing || !strings.Contains(r.Fix, "Lists.SelectedOperations.Selected") {
		t.Errorf("%+v", r)
	}
}
