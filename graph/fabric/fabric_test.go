package fabric_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/fabric"
	"github.com/orgstore/orgstore/graph/openapitest"
	"github.com/orgstore/orgstore/graph/tenanttest"
	"github.com/orgstore/orgstore/packages/tenant"
)

const settingsPlace = "fabric /v1/admin/tenantsettings"

func settingJSON(name string, enabled bool, more string) string {
	return fmt.Sprintf(`{"settingName":%q,"title":"Some title","enabled":%t,"canSpecifySecurityGroups":true,"tenantSettingGroup":"g"%s}`, name, enabled, more)
}

func TestSettings(t *testing.T) {
	const groups = `[{"graphId":"f51b705f-a409-4d40-9197-c5d5f349e2f0","name":"Designers"}]`
	x := tenanttest.Start(t)
	x.Handle(settingsPlace, func(w http.ResponseWriter, r *http.Request) {
		switch token := r.URL.Query().Get("continuationToken"); token {
		case "":
			fmt.Fprintf(w, `{"value":[%s,%s],"continuationToken":"a+b=","continuationUri":"%s/v1/admin/tenantsettings?continuationToken=a%%2Bb%%3D"}`,
				settingJSON("DatamartTenant", true, ""), settingJSON("CustomVisualsTenant", true, `,"enabledSecurityGroups":`+groups), x.URL(graph.Fabric))
		case "a+b=":
			fmt.Fprintf(w, `{"value":[],"continuationToken":"c"}`)
		default:
			fmt.Fprintf(w, `{"value":[%s,%s]}`, settingJSON("AllowCVLocalStorageV2Tenant", true, `,"excludedSecurityGroups":`+groups+`,"properties":[{"name":"p","value":"v","type":"FreeText"}]`), settingJSON("CertifiedCustomVisualsTenant", false, ""))
		}
	})
	all, err := fabric.New(x.Connect()).Settings(context.Background())
	if err != nil || len(all) != 4 || all[0].Name != "AllowCVLocalStorageV2Tenant" || all[0].Title != "Some title" {
		t.Fatalf("%+v, %v", all, err)
	}
	found, missing := fabric.VisualSettings(all)
	want := []tenant.Setting{{Name: "CustomVisualsTenant", Enabled: true, Grouped: true}, {Name: "CertifiedCustomVisualsTenant"}, {Name: "AllowCVLocalStorageV2Tenant", Enabled: true, Grouped: true}}
	if d := cmp.Diff(want, found); d != "" || fmt.Sprint(missing) != "[AllowCVToExportDataToFileTenant AllowCVAuthenticationTenant]" {
		t.Error(d, missing)
	}
	if n := len(x.Requests()); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

// What Microsoft shows of its answers can be read, also where a page that is the
// last says so with null, as its examples of other lists do.
func TestSettingsAsMicrosoftShowsThem(t *testing.T) {
	examples, err := openapitest.Examples()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(examples, func(e openapitest.Example) bool { return e.Route == "/v1/admin/tenantsettings" && e.Status == 200 })
	if i < 0 {
		t.Fatal("Microsoft shows no list of tenant settings")
	}
	body := string(examples[i].Response)
	end := strings.LastIndex(body, "}")
	for _, b := range []string{body, body[:end] + `,"continuationToken":null,"continuationUri":null}`} {
		x := tenanttest.Start(t)
		x.Respond(settingsPlace, 200, b)
		all, err := fabric.New(x.Connect()).Settings(context.Background())
		if err != nil || len(all) != 3 || all[1].Name != "CertifyDatasets" && all[1].Name != "DatamartTenant" || len(x.Requests()) != 1 {
			t.Errorf("%+v, %v, asked %v", all, err, x.Requests())
		}
	}
}

func TestSettingsThatCannotBeHad(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		says   string
	}{
		{"a setting without a name", 200, `{"value":[{"enabled":true}]}`, "without a name"},
		{"a setting neither on nor off", 200, `{"value":[{"settingName":"CustomVisualsTenant"}]}`, "without a state"},
		{"on as a text", 200, `{"value":[{"settingName":"CustomVisualsTenant","enabled":"true"}]}`, "not the JSON"},
		{"pages without end", 200, `{"value":[],"continuationToken":"a"}`, "too many pages"},
		{"denied", 403, `{"requestId":"1","errorCode":"Forbidden","message":"The caller does not have permissions"}`, "does not have permissions"},
	} {
		x := tenanttest.Start(t)
		x.Respond(settingsPlace, c.status, c.body)
		got, err := fabric.New(x.Connect()).Settings(context.Background())
		if err == nil || !strings.Contains(err.Error(), c.says) || got != nil {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		if len(x.Requests()) > 100 {
			t.Errorf("%s: asked %d times", c.name, len(x.Requests()))
		}
	}
}

func TestNoHostInThisCloud(t *testing.T) {
	x := tenanttest.Start(t)
	x.MissingServices = []graph.Service{graph.Fabric}
	_, err := fabric.New(x.Connect()).Settings(context.Background())
	var off fabric.UnavailableError
	if !errors.As(err, &off) || !strings.Contains(off.Reason, "is not published") || len(x.Requests()) > 0 {
		t.Errorf("%v, asked %v", err, x.Requests())
	}
}

func TestCanceled(t *testing.T) {
	x := tenanttest.Start(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := fabric.New(x.Connect()).Settings(ctx); !errors.Is(err, context.Canceled) || len(x.Requests()) > 0 {
		t.Errorf("%v, asked %v", err, x.Requests())
	}
}
