package survey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
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

// Library looks at a document library and changes nothing: whether its list can
// be read, and whether something could be put there. It finds the library, and
// asks the latter, by functions such as those of graph/sharepoint.
type Library struct {
	api           getter
	client        string
	find          func(context.Context) (Place, error)
	checkWritable func(context.Context) error
}

// NewLibrary looks at the library that find finds, on behalf of the application
// with a client id; it may be empty, as of a managed identity. The error of
// writable is a *graph.Error where the library refuses to be written.
func NewLibrary(api getter, client string, find func(context.Context) (Place, error), writable func(context.Context) error) Library {
	return Library{api, client, find, writable}
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
	return []tenant.Requirement{read, l.probeWrite(ctx, p)}, nil
}

// unknownWrite says that only writing shows whether it may be done.
func unknownWrite(why string) tenant.Requirement {
	return tenant.Requirement{
		Name: "library.write", What: "library can be written", State: tenant.Unknown,
		Detail: strings.TrimPrefix(why+"; the first write will tell", "; "),
	}
}

// probeWrite says whether the library can be written. Where it cannot, everything
// works but what is told beside the packages.
func (l Library) probeWrite(ctx context.Context, p Place) tenant.Requirement {
	r := tenant.Requirement{Name: "library.write", What: "library can be written", State: tenant.Ready}
	err := l.checkWritable(ctx)
	var refused *graph.Error
	switch {
	case err == nil:
		r.Detail = "an upload was begun and taken back"
	case errors.As(err, &refused) && refused.Status == http.StatusForbidden:
		r.State, r.Detail = tenant.Limited, "it may only be read: what became of each package is not shown beside it"
		r.Fix = fmt.Sprintf(`as an administrator with Sites.FullControl.All, POST /v1.0/sites/%s/lists/%s/permissions {"roles":["write"],"grantedTo":[{"application":{"id":"%s"}}]}`,
			cmp.Or(p.Site, "{site-id}"), cmp.Or(p.List, "{list-id}"), cmp.Or(l.client, "{client id}"))
	default:
		return unknownWrite(err.Error())
	}
	return r
}
