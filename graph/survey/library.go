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

// A Place identifies a library by Graph's ids. The site and the list may be
// empty; whatever needs them is then unknown.
type Place struct{ Site, List, Drive string }

// A getter sends requests to a service; *graph.Connection is one.
type getter interface {
	GetJSON(ctx context.Context, s graph.Service, path string, query url.Values, header http.Header, into any) error
}

// A Library checks a document library and changes nothing: it reads the
// library's list and checks whether a file could be uploaded. The functions
// that find the library and check the upload come from a package such as
// graph/sharepoint.
type Library struct {
	api           getter
	client        string
	find          func(context.Context) (Place, error)
	checkWritable func(context.Context) error
}

// NewLibrary returns a Library that uses find to find the library. The client
// is the id of the application; it may be empty, for example for a managed
// identity. If the library refuses to be written, checkWritable returns a
// *graph.Error.
func NewLibrary(api getter, client string, find func(context.Context) (Place, error), writable func(context.Context) error) Library {
	return Library{api, client, find, writable}
}

// Probe reports whether the library can be read and written. An error means
// that the library could not be found.
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

// unknownWrite says that only a real upload shows whether the library can be
// written.
func unknownWrite(why string) tenant.Requirement {
	return tenant.Requirement{
		Name: "library.write", What: "library can be written", State: tenant.Unknown,
		Detail: strings.TrimPrefix(why+"; the first write will show it", "; "),
	}
}

// probeWrite reports whether the library can be written. Without that,
// everything works except the notes beside the packages.
func (l Library) probeWrite(ctx context.Context, p Place) tenant.Requirement {
	r := tenant.Requirement{Name: "library.write", What: "library can be written", State: tenant.Ready}
	err := l.checkWritable(ctx)
	var refused *graph.Error
	switch {
	case err == nil:
		r.Detail = "an upload was started and canceled"
	case errors.As(err, &refused) && refused.Status == http.StatusForbidden:
		r.State, r.Detail = tenant.Limited, "orgstore may only read it, so it cannot write the state of each package beside it"
		r.Fix = fmt.Sprintf(`as an administrator with Sites.FullControl.All, POST /v1.0/sites/%s/lists/%s/permissions {"roles":["write"],"grantedTo":[{"application":{"id":"%s"}}]}`,
			cmp.Or(p.Site, "{site-id}"), cmp.Or(p.List, "{list-id}"), cmp.Or(l.client, "{client id}"))
	default:
		return unknownWrite(err.Error())
	}
	return r
}
