package survey

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/tenant"
)

// A Place is where a library lies, by Graph's ids. The site and the list may be
// empty; what needs them is then unknown.
type Place struct{ Site, List, Drive string }

// A getter asks one service; *graph.Connection does.
type getter interface {
	GetJSON(ctx context.Context, s graph.Service, path string, query url.Values, header http.Header, into any) error
}

// Library looks at a document library by reading: whether its list can be read,
// and whether the list says that it granted the application writing. It finds
// the library by a function that reads, too, such as one of graph/sharepoint.
type Library struct {
	api    getter
	client string
	find   func(context.Context) (Place, error)
}

// NewLibrary looks at the library that find finds, on behalf of the application
// with a client id.
func NewLibrary(api getter, client string, find func(context.Context) (Place, error)) Library {
	return Library{api, client, find}
}

// Probe says whether the library can be read and written. Its error is that of
// finding the library.
func (l Library) Probe(ctx context.Context) ([]tenant.Requirement, error) {
	p, err := l.find(ctx)
	if err != nil {
		return nil, err
	}
	var list struct {
		ID   string `json:"id"`
		Name string `json:"displayName"`
	}
	query := url.Values{"$select": {"id,displayName"}}
	if err := l.api.GetJSON(ctx, graph.Graph, "/v1.0/drives/"+url.PathEscape(p.Drive)+"/list", query, nil, &list); err != nil {
		return nil, err
	}
	read := tenant.Requirement{Name: "library.read", What: "library can be read", State: tenant.Ready, Detail: "the list is " + tenant.Clean(list.Name)}
	if p.List == "" {
		p.List = list.ID
	}
	return []tenant.Requirement{read, l.write(ctx, p)}, nil
}

// unwritten says that only writing shows whether it may be done.
func unwritten(why string) tenant.Requirement {
	return tenant.Requirement{
		Name: "library.write", What: "library can be written", State: tenant.Unknown,
		Detail: strings.TrimPrefix(why+"; the first write will tell", "; "),
	}
}

// write reads what the list granted, which an application with the role write
// may not always do.
func (l Library) write(ctx context.Context, p Place) tenant.Requirement {
	switch {
	case p.Site == "" || p.List == "":
		return unwritten("the ids of the site and the list are not known")
	case l.client == "": // as of a managed identity
		return unwritten("the settings do not name the application, to look for among what the list granted")
	}
	path := fmt.Sprintf("/v1.0/sites/%s/lists/%s/permissions", url.PathEscape(p.Site), url.PathEscape(p.List))
	roles, err := l.granted(ctx, path)
	can := slices.ContainsFunc(roles, func(r string) bool { return slices.Contains([]string{"write", "owner", "fullcontrol"}, r) })
	r := tenant.Requirement{Name: "library.write", What: "library can be written", State: tenant.Ready}
	switch {
	case err != nil:
		return unwritten("what the list granted cannot be read: " + err.Error())
	case len(roles) == 0:
		return unwritten("the list itself grants the application nothing; its site may")
	case can:
		r.Detail = "the list grants the application " + strings.Join(roles, ", ")
	default:
		r.State, r.Detail = tenant.Missing, "the list grants the application only "+strings.Join(roles, ", ")
		r.Fix = fmt.Sprintf(`as an application or administrator with Sites.FullControl.All, POST /v1.0/sites/%s/lists/%s/permissions {"roles":["write"],"grantedTo":{"application":{"id":"%s"}}}`, p.Site, p.List, l.client)
	}
	return r
}

// granted returns the roles that a list granted the application.
func (l Library) granted(ctx context.Context, path string) ([]string, error) {
	type identity struct {
		Application struct {
			ID string `json:"id"`
		} `json:"application"`
	}
	var roles []string
	for range maxPages {
		var a struct {
			Value []struct {
				Roles []string   `json:"roles"`
				To    identity   `json:"grantedToV2"`
				ToAll []identity `json:"grantedToIdentitiesV2"`
			} `json:"value"`
			Next string `json:"@odata.nextLink"`
		}
		if err := l.api.GetJSON(ctx, graph.Graph, path, nil, nil, &a); err != nil {
			return nil, err
		}
		for _, v := range a.Value {
			ours := func(i identity) bool { return strings.EqualFold(i.Application.ID, l.client) }
			if ours(v.To) || slices.ContainsFunc(v.ToAll, ours) {
				roles = append(roles, v.Roles...)
			}
		}
		if path = a.Next; path == "" {
			break
		}
	}
	return distinct(roles), nil
}

// maxPages bounds how many pages of permissions are read.
const maxPages = 20
