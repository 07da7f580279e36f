// Package sharepoint implements a library in a document library of SharePoint.
// A package or license that somebody puts into it has arrived, and orgstore
// writes its state into columns beside it. The package knows items, bytes, and
// columns. It does not know the content of packages or any decision about them.
//
// It looks at the files directly in the library, or directly in the one folder
// that Options name. It does not look into other folders.
package sharepoint

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/drives"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/msgraph"
	"github.com/orgstore/orgstore/packages/library"
)

// Options name a document library.
type Options struct {
	// Site is the address of its site, such as
	// https://contoso.sharepoint.com/sites/bi.
	Site string
	// Library is its name as people see it, or as its address spells it. If it
	// is empty, the library is the site's own "Documents".
	Library string
	// Folder is the folder in the library to look at, with slashes. It may be
	// empty.
	Folder string
	// IDs are the ids that are known. A known id is not looked up by name. An
	// application that may read the library but not its site needs the ids.
	IDs IDs
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
}

// IDs identify a document library permanently, even if it is renamed.
type IDs struct{ Site, List, Drive string }

// A Library is a document library. Many goroutines may use it at once.
type Library struct {
	options   Options
	conn      *graph.Connection
	client    *msgraph.Client
	graphURL  string // with the version
	maxAtOnce int64  // bytes, see defaultMaxAtOnce
	partSize  int64  // bytes, see defaultPartSize

	mu      sync.Mutex
	place   place             // empty until it is known
	columns map[string]string // the internal name of each of our columns; nil until they are known
}

// A place is the folder in which items arrive.
type place struct {
	IDs
	Folder string // the id of the folder, or of the drive's root
}

// Open prepares a library. It sends no request yet.
func Open(c *graph.Connection, o Options) (*Library, error) {
	if o.IDs.Drive == "" {
		if _, err := siteKey(o.Site); err != nil {
			return nil, err
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Folder = strings.Trim(o.Folder, "/")
	for part := range strings.SplitSeq(o.Folder, "/") {
		if o.Folder != "" && !isValidName(part) {
			return nil, fmt.Errorf("cannot open the library: %q is not the name of a folder", library.Legible(o.Folder))
		}
	}
	g := msgraph.New(c)
	return &Library{options: o, conn: c, client: g, graphURL: g.GetBaseUrl(), maxAtOnce: defaultMaxAtOnce, partSize: defaultPartSize}, nil
}

// siteKey returns the name that Graph gives to the site at an address:
// host:/path, or the host alone (documented: site, get by path).
func siteKey(site string) (string, error) {
	u, err := url.Parse(site)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Port() != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("cannot open the library: %q is not the address of a site, such as https://contoso.sharepoint.com/sites/bi", library.Legible(site))
	}
	path := strings.Trim(u.EscapedPath(), "/")
	if path == "" {
		return u.Host, nil
	}
	return u.Host + ":/" + path, nil
}

// IDs returns the library's ids, for settings that name them.
func (l *Library) IDs(ctx context.Context) (IDs, error) {
	p, err := l.resolvePlace(ctx)
	return p.IDs, err
}

// resolvePlace returns the library's place. It looks it up only once.
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

// displayName returns the name of the library for people.
func (l *Library) displayName() string {
	o := l.options
	name := strings.TrimSuffix(o.Site, "/") + " " + o.Library
	if o.Site == "" {
		name = o.IDs.Drive
	}
	return library.Legible(strings.TrimSpace(name))
}

// lookUpPlace looks up the ids: of the site, the drive, the list, and the
// folder.
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

// findList looks up the list whose files are in a drive, and its site.
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

// A siteDrive is one of a site's document libraries.
type siteDrive struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	WebURL string `json:"webUrl"`
}

// maxPages bounds how many pages of an answer are read.
const maxPages = 10_000

// findDrive looks up a site's document library by the name that people see. If
// none has that name, it compares the last part of the address, which stays
// when a library is renamed.
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
			return "", fmt.Errorf("the site has more than %d libraries: set the id of this one", maxPages)
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
	return "", fmt.Errorf("the site has no library with that name that orgstore may see, only: %s", strings.Join(names, ", "))
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

// checkGraphLink parses a link from an answer of Graph. The link must lead to
// Graph itself.
func (l *Library) checkGraphLink(raw string) (*url.URL, error) {
	base, err := url.Parse(l.graphURL)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.User != nil || !strings.EqualFold(u.Host, base.Host) || !strings.HasPrefix(u.Path, base.Path+"/") {
		return nil, fmt.Errorf("the answer links to an address outside Microsoft Graph")
	}
	return u, nil
}

// driveBuilder returns the SDK's builder for the library.
func (l *Library) driveBuilder(p place) *drives.DriveItemRequestBuilder {
	return drives.NewDrivesRequestBuilderInternal(map[string]string{}, l.client).ByDriveId(p.Drive)
}

func (l *Library) itemBuilder(p place, id string) *drives.ItemItemsDriveItemItemRequestBuilder {
	return l.driveBuilder(p).Items().ByDriveItemId(id)
}

// fileURL returns the URL of a file in the folder, by its name.
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

// isValidName reports whether SharePoint accepts a name (documented:
// restrictions and limitations in OneDrive and SharePoint). It also rejects
// names that would mean something else in a URL.
func isValidName(name string) bool {
	return name != "" && len(name) <= 400 && name == strings.TrimSpace(name) && name == library.Legible(name) &&
		!strings.ContainsAny(name, `"*:<>?/\|`) && !strings.HasPrefix(name, "~$") && name != "." && name != ".."
}
