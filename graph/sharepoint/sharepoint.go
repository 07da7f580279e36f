// Package sharepoint is a library that is a document library in SharePoint:
// whatever package or license is put into it has arrived, and what became of it
// is written into columns beside it. It knows items, bytes and columns; it does
// not know what packages hold, nor what is decided about them.
//
// Looked at are the files directly in the library, or directly in the one
// folder that Options name. Folders below are not looked into.
package sharepoint

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/microsoftgraph/msgraph-sdk-go/drives"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/msgraph"
	"github.com/orgstore/orgstore/packages/library"
)

// Options name a document library.
type Options struct {
	// Site is the address of its site, as https://contoso.sharepoint.com/sites/bi.
	Site string
	// Library is its name as people see it, or as its address spells it; empty
	// for the site's own "Documents".
	Library string
	// Folder is the folder in it to look at, with slashes; empty for none.
	Folder string
	// IDs, as far as they are known: what is given is not asked for by name.
	// That is needed where the application may reach the library alone and not
	// its site.
	IDs IDs
}

// IDs name a document library for good: it keeps them when it is renamed.
type IDs struct{ Site, List, Drive string }

// A Library is a document library. It may be used by many goroutines at once.
type Library struct {
	options   Options
	conn      *graph.Connection
	client    *msgraph.Client
	graphURL  string // of Graph, with its version
	maxAtOnce int64  // bytes, see mostAtOnce
	partSize  int64  // bytes, see part

	mu      sync.Mutex
	place   place             // empty until it is known
	columns map[string]string // the internal name of each of our columns; nil until they are known
}

// A place is where items arrive.
type place struct {
	IDs
	Folder string // the id of the folder, or of the drive's root
}

// Open prepares a library. Nothing is asked over the network yet.
func Open(c *graph.Connection, o Options) (*Library, error) {
	if o.IDs.Drive == "" {
		if _, err := siteKey(o.Site); err != nil {
			return nil, err
		}
	}
	o.Folder = strings.Trim(o.Folder, "/")
	for part := range strings.SplitSeq(o.Folder, "/") {
		if o.Folder != "" && !isValidName(part) {
			return nil, fmt.Errorf("cannot open the library: %q is no name of a folder", library.Legible(o.Folder))
		}
	}
	g := msgraph.New(c)
	return &Library{options: o, conn: c, client: g, graphURL: g.GetBaseUrl(), maxAtOnce: defaultMaxAtOnce, partSize: defaultPartSize}, nil
}

// siteKey is what Graph calls the site at an address (documented: site, get by
// path): host:/path, or the host alone.
func siteKey(site string) (string, error) {
	u, err := url.Parse(site)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Port() != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("cannot open the library: %q is no address of a site, as https://contoso.sharepoint.com/sites/bi", library.Legible(site))
	}
	path := strings.Trim(u.EscapedPath(), "/")
	if path == "" {
		return u.Host, nil
	}
	return u.Host + ":/" + path, nil
}

// IDs tells the library's ids, for settings that name them.
func (l *Library) IDs(ctx context.Context) (IDs, error) {
	p, err := l.resolvePlace(ctx)
	return p.IDs, err
}

// resolvePlace finds the library, once.
func (l *Library) resolvePlace(ctx context.Context) (place, error) {
	l.mu.Lock()
	p := l.place
	l.mu.Unlock()
	if p.Folder != "" {
		return p, nil
	}
	p, err := l.lookUpPlace(ctx)
	if err != nil {
		return place{}, fmt.Errorf("cannot find the library %s: %w", l.displayName(), err)
	}
	l.rememberPlace(p)
	return p, nil
}

func (l *Library) rememberPlace(p place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.place.Drive != p.Drive {
		l.columns = nil
	}
	l.place = p
}

// displayName is what people call the library.
func (l *Library) displayName() string {
	o := l.options
	name := strings.TrimSuffix(o.Site, "/") + " " + o.Library
	if o.Site == "" {
		name = o.IDs.Drive
	}
	return library.Legible(strings.TrimSpace(name))
}

// lookUpPlace resolves names into ids: site, then drive, then list and folder.
func (l *Library) lookUpPlace(ctx context.Context) (place, error) {
	p := place{IDs: l.options.IDs}
	var err error
	if p.Drive == "" {
		if p.Site == "" {
			if p.Site, err = l.findSite(ctx); err != nil {
				return place{}, err
			}
		}
		if p.Drive, err = l.findDrive(ctx, p.Site); err != nil {
			return place{}, err
		}
	}
	if p.List == "" || p.Site == "" {
		if err := l.findList(ctx, &p); err != nil {
			return place{}, err
		}
	}
	p.Folder, err = l.findFolder(ctx, p)
	return p, err
}

// findList finds the list that a drive is the files of, and its site.
func (l *Library) findList(ctx context.Context, p *place) error {
	list, err := msgraph.Get[struct {
		ID     string `json:"id"`
		Parent struct {
			Site string `json:"siteId"`
		} `json:"parentReference"`
	}](ctx, l.client, l.driveBuilder(*p).List().ToGetRequestInformation, nil)
	switch {
	case err != nil:
		return err
	case list.ID == "":
		return fmt.Errorf("the library has no list")
	}
	p.List, p.Site = list.ID, cmp.Or(p.Site, list.Parent.Site)
	return nil
}

func (l *Library) findSite(ctx context.Context) (string, error) {
	key, err := siteKey(l.options.Site)
	if err != nil {
		return "", err
	}
	var site struct {
		ID string `json:"id"`
	}
	if err := l.conn.GetJSON(ctx, graph.Graph, "/v1.0/sites/"+key, nil, nil, &site); err != nil {
		return "", err
	}
	if site.ID == "" {
		return "", fmt.Errorf("the site has no id")
	}
	return site.ID, nil
}

// A siteDrive drive is one of a site's document libraries.
type siteDrive struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	WebURL string `json:"webUrl"`
}

// maxPages bounds how many pages of an answer are read.
const maxPages = 10_000

// findDrive finds a site's document library by the name that people see, or
// else by the last part of its address, which stays when it is renamed.
func (l *Library) findDrive(ctx context.Context, site string) (string, error) {
	path := "/v1.0/sites/" + url.PathEscape(site)
	if l.options.Library == "" {
		var own siteDrive
		if err := l.conn.GetJSON(ctx, graph.Graph, path+"/drive", nil, nil, &own); err != nil {
			return "", err
		}
		return own.ID, nil
	}
	var all []siteDrive
	for path += "/drives"; path != ""; {
		var page struct {
			Value []siteDrive `json:"value"`
			Next  string      `json:"@odata.nextLink"`
		}
		if err := l.conn.GetJSON(ctx, graph.Graph, path, nil, nil, &page); err != nil {
			return "", err
		}
		if all = append(all, page.Value...); len(all) > maxPages {
			return "", fmt.Errorf("the site has more than %d libraries: name this one by its id", maxPages)
		}
		path = page.Next
	}
	return pickDrive(all, l.options.Library)
}

func pickDrive(all []siteDrive, name string) (string, error) {
	byName := func(d siteDrive) bool { return strings.EqualFold(d.Name, name) }
	byAddress := func(d siteDrive) bool {
		u, err := url.Parse(d.WebURL)
		return err == nil && strings.EqualFold(u.Path[strings.LastIndexByte(u.Path, '/')+1:], name)
	}
	for _, is := range []func(siteDrive) bool{byName, byAddress} {
		if i := slices.IndexFunc(all, is); i >= 0 && all[i].ID != "" {
			return all[i].ID, nil
		}
	}
	var names []string
	for _, d := range all[:min(len(all), 10)] {
		names = append(names, library.Legible(d.Name))
	}
	return "", fmt.Errorf("the site has no library of that name that orgstore may see, only: %s", strings.Join(names, ", "))
}

func (l *Library) findFolder(ctx context.Context, p place) (string, error) {
	var item driveItem
	var err error
	if l.options.Folder == "" {
		item, err = msgraph.Get[driveItem](ctx, l.client, l.driveBuilder(p).Root().ToGetRequestInformation, nil)
	} else {
		raw := l.graphURL + "/drives/" + url.PathEscape(p.Drive) + "/root:/" + escapePath(l.options.Folder)
		item, err = msgraph.Get[driveItem](ctx, l.client, drives.NewItemItemsDriveItemItemRequestBuilder(raw, l.client).ToGetRequestInformation, nil)
	}
	switch {
	case err != nil:
		return "", err
	case item.ID == "":
		return "", fmt.Errorf("the folder has no id")
	case item.Folder == nil && item.Root == nil:
		return "", fmt.Errorf("%s is not a folder", library.Legible(l.options.Folder))
	}
	return item.ID, nil
}

// checkGraphLink checks an address that Graph gave to go on with: it must be Graph's own.
func (l *Library) checkGraphLink(raw string) (*url.URL, error) {
	base, err := url.Parse(l.graphURL)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.User != nil || !strings.EqualFold(u.Host, base.Host) || !strings.HasPrefix(u.Path, base.Path+"/") {
		return nil, fmt.Errorf("the answer leads to an address that is not Microsoft Graph's")
	}
	return u, nil
}

// driveBuilder is where the SDK's builders for the library begin.
func (l *Library) driveBuilder(p place) *drives.DriveItemRequestBuilder {
	return drives.NewDrivesRequestBuilderInternal(map[string]string{}, l.client).ByDriveId(p.Drive)
}

func (l *Library) itemBuilder(p place, id string) *drives.ItemItemsDriveItemItemRequestBuilder {
	return l.driveBuilder(p).Items().ByDriveItemId(id)
}

// fileURL is the address of a file in the folder, by its name.
func (l *Library) fileURL(p place, name string) string {
	at := "/items/" + url.PathEscape(p.Folder)
	if l.options.Folder == "" {
		at = "/root"
	}
	return l.graphURL + "/drives/" + url.PathEscape(p.Drive) + at + ":/" + url.PathEscape(name)
}

func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// isValidName says whether SharePoint takes a name (documented: restrictions and
// limitations in OneDrive and SharePoint), for what would be refused, or would
// mean something else in an address.
func isValidName(name string) bool {
	return name != "" && len(name) <= 400 && name == strings.TrimSpace(name) && name == library.Legible(name) &&
		!strings.ContainsAny(name, `"*:<>?/\|`) && !strings.HasPrefix(name, "~$") && name != "." && name != ".."
}
