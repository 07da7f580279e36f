package powerbi_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/graph/powerbi"
	"github.com/orgstore/orgstore/graph/tenanttest"
	"github.com/orgstore/orgstore/packages/tenant"
)

const (
	prod = "0f084df7-c13d-451b-af5f-ed0c466403b2"
	test = "1f084df7-c13d-451b-af5f-ed0c466403b2"
)

var compareSKU = cmp.AllowUnexported(tenant.SKU{})

func TestCapacities(t *testing.T) {
	const at = "powerbi /v1.0/myorg/admin/capacities"
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   []tenant.Capacity
		says   string
	}{
		{"two, one twice", 200, `{"value":[
			{"id":"` + strings.ToUpper(test) + `","displayName":"Test\u0007","sku":"PP3","state":"Suspended","region":"","capacityUserAccessRight":"Admin","admins":["someone@contoso.com"]},
			{"id":"` + prod + `","displayName":"Production","sku":"F64","state":"Active","region":"West Europe"},
			{"id":"` + test + `","sku":"F2"}]}`,
			[]tenant.Capacity{{ID: prod, Name: "Production", SKU: tenant.ParseSKU("F64"), State: "Active", Region: "West Europe"}, {ID: test, Name: "Test", SKU: tenant.ParseSKU("PP3"), State: "Suspended"}}, ""},
		{"none", 200, `{"value":[]}`, []tenant.Capacity{}, ""},
		{"a SKU of tomorrow, or none told", 200, `{"value":[{"id":"` + prod + `","sku":"F8192"},{"id":"` + test + `"}]}`, []tenant.Capacity{{ID: prod, SKU: tenant.ParseSKU("F8192")}, {ID: test}}, ""},
		{"no list", 200, `{}`, nil, "has no list"},
		{"an id that is none", 200, `{"value":[{"id":"zy5bad4z-x1a2-491a-9f0c-f012171ee02e"}]}`, nil, "invalid id"},
		{"no id", 200, `{"value":[{"displayName":"Production"}]}`, nil, "invalid id"},
		{"a list of other things", 200, `{"value":{"id":1}}`, nil, "not the JSON"},
		{"cut off", 200, `{"value":[{"id":"`, nil, "not the JSON"},
		{"denied", 403, `{"error":{"code":"PowerBINotAuthorizedException","pbi.error":{"code":"PowerBINotAuthorizedException"}}}`, nil, "PowerBINotAuthorizedException"},
		{"an application with permissions for Power BI", 401, ``, nil, "401"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := tenanttest.Start(t)
			x.Respond(at, c.status, c.body)
			got, err := powerbi.New(x.Connect()).Capacities(context.Background())
			if d := cmp.Diff(c.want, got, compareSKU); d != "" {
				t.Error(d)
			}
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
		})
	}
}
