// Package fabric reads a tenant's settings from the admin API of Microsoft
// Fabric. It changes nothing. In a cloud without a published Fabric host, it is
// off.
package fabric

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/tenant"
)

const (
	// maxPages bounds one list. A tenant has some two hundred settings, and
	// Fabric sends them in one page.
	maxPages = 50
	// maxSettings bounds how many settings are kept.
	maxSettings = 10_000
)

// An API sends requests to one tenant; *graph.Connection is one.
type API interface {
	GetJSON(ctx context.Context, s graph.Service, path string, query url.Values, header http.Header, into any) error
	Cloud() graph.Cloud
}

// A Fabric reads one tenant's Fabric.
type Fabric struct{ api API }

// New returns a Fabric that uses an API.
func New(api API) Fabric { return Fabric{api} }

// An UnavailableError says that a service cannot be used in this cloud, and
// why.
type UnavailableError struct{ Reason string }

func (e UnavailableError) Error() string { return e.Reason }

// A Setting is one setting of a tenant.
type Setting struct {
	Name    string // stable, such as CustomVisualsTenant
	Title   string // as the admin portal shows it
	Enabled bool
	// Grouped says that the setting includes or excludes some groups.
	Grouped bool
}

// A settingsPage is one page of GET /v1/admin/tenantsettings.
type settingsPage struct {
	Value []struct {
		Name     string     `json:"settingName"`
		Title    string     `json:"title"`
		Enabled  *bool      `json:"enabled"`
		For      []struct{} `json:"enabledSecurityGroups"`
		Excluded []struct{} `json:"excludedSecurityGroups"`
	} `json:"value"`
	Token string `json:"continuationToken"`
}

// Settings returns the tenant's settings, sorted by name. It needs a Fabric
// administrator, or a service principal that may use read-only admin APIs. The
// error is an UnavailableError if the cloud has no known host. Otherwise it
// comes from the API or is about its answer.
func (f Fabric) Settings(ctx context.Context) ([]Setting, error) {
	if off := f.api.Cloud().UnavailableReason(graph.Fabric); off != "" {
		return nil, UnavailableError{off}
	}
	var all []Setting
	query := url.Values{}
	for range maxPages {
		var p settingsPage
		if err := f.api.GetJSON(ctx, graph.Fabric, "/v1/admin/tenantsettings", query, nil, &p); err != nil {
			return nil, err
		}
		if len(all)+len(p.Value) > maxSettings {
			return nil, fmt.Errorf("the answer of Microsoft Fabric has more than %d tenant settings", maxSettings)
		}
		for _, v := range p.Value {
			if v.Name == "" || v.Enabled == nil {
				return nil, errors.New("the answer of Microsoft Fabric has a tenant setting without a name or without a state")
			}
			all = append(all, Setting{v.Name, tenant.Clean(v.Title), *v.Enabled, len(v.For)+len(v.Excluded) > 0})
		}
		if p.Token == "" {
			slices.SortFunc(all, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
			return all, nil
		}
		query = url.Values{"continuationToken": {p.Token}}
	}
	return nil, errors.New("the tenant settings of Microsoft Fabric have too many pages")
}

// VisualSettings returns the settings that concern visuals, each once, in the
// order of tenant.KnownSettings. It also returns the names of those that are
// missing.
func VisualSettings(all []Setting) (found []tenant.Setting, missing []string) {
	found = []tenant.Setting{}
	for _, k := range tenant.KnownSettings() {
		i := slices.IndexFunc(all, func(s Setting) bool { return s.Name == k.Name })
		if i < 0 {
			missing = append(missing, k.Name)
			continue
		}
		found = append(found, tenant.Setting{Name: k.Name, Enabled: all[i].Enabled, Grouped: all[i].Grouped})
	}
	return found, missing
}
