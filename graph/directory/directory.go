// Package directory reads a tenant's directory through Microsoft Graph: the
// organization, the user licenses that it bought, and how many users have each
// Power BI plan or belong to a group. It counts people and never reads who they
// are.
//
// It requests paths directly instead of using the Graph SDK. The SDK's builders
// for organization, subscribedSkus, users, and groups include the models of
// most of Graph, and this package needs four paths, of which two answer with a
// number only.
package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/tenant"
)

const (
	// maxPages bounds one list. Tenants have some dozens of subscriptions, and
	// Graph sends them in one page.
	maxPages = 100
	// maxDomains bounds how many of the organization's domains are kept.
	maxDomains = 1000
)

// An API sends requests to one tenant; *graph.Connection is one. A path may be
// a complete link to a next page. A *[]byte receives the raw answer.
type API interface {
	GetJSON(ctx context.Context, s graph.Service, path string, query url.Values, header http.Header, into any) error
}

// A Directory reads one tenant's directory. Its errors come from the API or the
// context, or say what is wrong with an answer.
type Directory struct{ api API }

// New returns a Directory that uses an API.
func New(api API) Directory { return Directory{api} }

// An Organization is the tenant itself.
type Organization struct {
	ID      string   // lower case
	Name    string   // as people see it
	Domains []string // verified domains that are valid host names
}

// Organization returns the tenant's organization. It needs
// Organization.Read.All. A person's User.Read gets the same members
// (documented: "Get organization").
func (d Directory) Organization(ctx context.Context) (Organization, error) {
	var a struct {
		Value []struct {
			ID          string `json:"id"`
			DisplayName string `json:"displayName"`
			Domains     []struct {
				Name string `json:"name"`
			} `json:"verifiedDomains"`
		} `json:"value"`
	}
	query := url.Values{"$select": {"id,displayName,verifiedDomains"}}
	if err := d.api.GetJSON(ctx, graph.Graph, "/v1.0/organization", query, nil, &a); err != nil {
		return Organization{}, err
	}
	if len(a.Value) != 1 {
		return Organization{}, fmt.Errorf("the answer of Microsoft Graph has %d organizations instead of one", len(a.Value))
	}
	o := a.Value[0]
	id, ok := tenant.ID(o.ID)
	if !ok {
		return Organization{}, fmt.Errorf("the answer of Microsoft Graph has an organization with the invalid id %.80q", o.ID)
	}
	found := Organization{ID: id, Name: tenant.Clean(o.DisplayName)}
	seen := map[string]bool{}
	for _, v := range o.Domains {
		name := strings.ToLower(v.Name)
		if tenant.Domain(name) && !seen[name] && len(found.Domains) < maxDomains {
			seen[name] = true
			found.Domains = append(found.Domains, name)
		}
	}
	return found, nil
}

// errTooManyPages says that a list has more pages than a tenant can have.
var errTooManyPages = errors.New("a list of Microsoft Graph has too many pages")

// countPeople requests a number. Graph requires the header for counts, and the
// answer may be some minutes old because of it (documented: "Advanced query
// capabilities on Microsoft Entra ID objects").
func (d Directory) countPeople(ctx context.Context, path string, query url.Values) (int64, error) {
	header := http.Header{"ConsistencyLevel": {"eventual"}, "Accept": {"text/plain"}}
	var b []byte
	if err := d.api.GetJSON(ctx, graph.Graph, path, query, header, &b); err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
	if _, known := tenant.Number(n).Get(); err != nil || !known {
		return 0, fmt.Errorf("the answer of Microsoft Graph is %.40q instead of a number of people", b)
	}
	return n, nil
}
