package sharepoint

import (
	"context"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/msgraph"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/verdict"
)

// maxDownloadTries bounds how often the bytes of one file are requested.
const maxDownloadTries = 6

// Fetch opens an item. If a connection breaks, reading continues by itself. A
// file of more than max bytes is an error. If the file changed since it was
// listed, Fetch or the end of reading fails, and the next call of Changes
// returns it again. The end of reading also fails if the bytes do not match
// SharePoint's hash. If the item has disappeared, Fetch or the reader returns
// an error that wraps fs.ErrNotExist. If the item can never be fetched, the
// error is a *verdict.Refusal with the code lib.not_a_file or lib.malware.
func (l *Library) Fetch(ctx context.Context, item library.Item, max int64) (io.ReadCloser, error) {
	if item.Revision == folderRevision {
		return nil, verdict.Refuse("lib.not_a_file", item.Name+" is a folder, not a file", "put the file itself into the library")
	}
	p, err := l.resolvePlace(ctx)
	if err != nil {
		return nil, err
	}
	r := &fileReader{ctx: ctx, library: l, place: p, item: item, sum: newQuickXor()}
	if err := r.refreshFacts(); err != nil {
		return nil, err
	}
	if r.facts.size > max {
		return nil, fmt.Errorf("%s is larger than allowed", item.Name)
	}
	if err := r.openBody(); err != nil {
		return nil, err
	}
	return r, nil
}

// itemFacts requests the current facts of an item.
func (l *Library) itemFacts(ctx context.Context, p place, id, name string) (itemFacts, error) {
	i, err := msgraph.Get[driveItem](ctx, l.client, l.itemBuilder(p, id).ToGetRequestInformation, nil)
	if err != nil {
		return itemFacts{}, fetchError(name, err)
	}
	f := i.toFacts()
	if f.isDeleted || f.id == "" {
		return itemFacts{}, fmt.Errorf("%s is no longer in the library: %w", name, fs.ErrNotExist)
	}
	return f, nil
}

func fetchError(name string, err error) error {
	if statusOf(err) == http.StatusNotFound {
		return fmt.Errorf("%s is no longer in the library: %w", name, fs.ErrNotExist)
	}
	return fmt.Errorf("cannot fetch %s: %w", name, err)
}

// A fileReader reads a file, which must stay as it was listed.
type fileReader struct {
	ctx     context.Context
	library *Library
	place   place
	item    library.Item
	facts   itemFacts
	body    io.ReadCloser // nil: not open
	offset  int64
	sum     hash.Hash
	tries   int
	err     error // the first error stays
}

// refreshFacts requests the file's facts and checks that they are those that
// were listed.
func (r *fileReader) refreshFacts() error {
	f, err := r.library.itemFacts(r.ctx, r.place, r.item.ID, r.item.Name)
	switch {
	case err != nil:
		return err
	case f.isMalware:
		return verdict.Refuse("lib.malware", "SharePoint reports malware in "+r.item.Name, "ask your security team before you do anything with it")
	case !f.hasRevision(r.item.Revision) || library.Legible(f.name) != r.item.Name:
		return fmt.Errorf("%s has changed since it was listed", r.item.Name)
	}
	if f.hash == "" {
		f.hash = hashOfRevision(r.item.Revision)
	}
	r.facts = f
	return nil
}

// openBody requests the bytes from where reading stopped. Their URL is valid
// for a few minutes (documented); an expired one is replaced.
func (r *fileReader) openBody() error {
	for r.tries++; r.tries <= maxDownloadTries; r.tries++ {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		resp, err := r.requestBytes()
		if err != nil {
			return err
		}
		switch resp.StatusCode {
		case http.StatusOK, http.StatusPartialContent:
			if r.body, err = r.skipToOffset(resp); err == nil {
				return nil
			}
			resp.Body.Close()
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
			resp.Body.Close()
		default:
			return fmt.Errorf("cannot fetch %s: %w", r.item.Name, graph.CheckResponse(graph.Graph, "GET the bytes of "+r.item.Name, resp))
		}
		if err := r.refreshFacts(); err != nil {
			return err
		}
	}
	return fmt.Errorf("cannot fetch %s: the download was incomplete in %d tries", r.item.Name, maxDownloadTries)
}

// requestBytes sends the request, without a token: the URL is enough.
func (r *fileReader) requestBytes() (*http.Response, error) {
	op := "GET the bytes of " + r.item.Name
	if r.facts.downloadURL == "" {
		var err error
		if r.facts.downloadURL, err = r.library.requestDownloadURL(r.ctx, r.place, r.item); err != nil {
			return nil, err
		}
	}
	req, err := newPreauthenticatedRequest(r.ctx, http.MethodGet, r.facts.downloadURL, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot fetch %s: %w", r.item.Name, err)
	}
	if r.offset > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(r.offset, 10)+"-")
	}
	resp, err := r.library.conn.PlainClient().Do(req)
	if err != nil {
		return nil, fmt.Errorf("cannot fetch %s: %w", r.item.Name, graph.WrapError(graph.Graph, op, err))
	}
	return resp, nil
}

// newPreauthenticatedRequest creates a request to a URL that carries its own
// permission.
func newPreauthenticatedRequest(ctx context.Context, method, address string, body io.Reader) (*http.Request, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("the answer links to an address that does not use https")
	}
	return http.NewRequestWithContext(ctx, method, u.String(), body)
}

// requestDownloadURL asks for the URL of a file's bytes and does not follow it.
// A redirect is for one request, and ranges must be requested at its target
// (documented: driveItem, get content).
func (l *Library) requestDownloadURL(ctx context.Context, p place, item library.Item) (string, error) {
	raw := l.graphURL + "/drives/" + url.PathEscape(p.Drive) + "/items/" + url.PathEscape(item.ID) + "/content"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, raw, nil)
	if err != nil {
		return "", fmt.Errorf("cannot fetch %s: %w", item.Name, err)
	}
	client := *l.conn.AuthorizedClient(graph.Graph)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	op := "GET the address of " + item.Name
	resp, err := client.Do(req)
	if err != nil {
		return "", fetchError(item.Name, graph.WrapError(graph.Graph, op, err))
	}
	defer resp.Body.Close()
	if err := graph.CheckResponse(graph.Graph, op, resp); err != nil {
		return "", fetchError(item.Name, err)
	}
	to, err := resp.Location()
	if err != nil {
		return "", fmt.Errorf("cannot fetch %s: the answer has no download address", item.Name)
	}
	return to.String(), nil
}

// skipToOffset checks that an answer continues where reading stopped. If it
// starts at the beginning, it skips the bytes before.
func (r *fileReader) skipToOffset(resp *http.Response) (io.ReadCloser, error) {
	if resp.StatusCode == http.StatusPartialContent {
		want := fmt.Sprintf("bytes %d-%d/%d", r.offset, r.facts.size-1, r.facts.size)
		if got := resp.Header.Get("Content-Range"); got != want {
			return nil, fmt.Errorf("the range is a different one")
		}
		return resp.Body, nil
	}
	_, err := io.CopyN(io.Discard, resp.Body, r.offset)
	return resp.Body, err
}

// Read reads on. At the end it checks what was read.
func (r *fileReader) Read(b []byte) (int, error) {
	if r.err != nil || len(b) == 0 {
		return 0, r.err
	}
	n, err := r.readBody(b)
	r.err = err
	return n, err
}

func (r *fileReader) readBody(b []byte) (int, error) {
	for {
		if r.body == nil {
			if err := r.openBody(); err != nil {
				return 0, err
			}
		}
		if left := r.facts.size - r.offset; int64(len(b)) > left+1 {
			b = b[:left+1] // one more, to see that it ends
		}
		n, err := r.body.Read(b)
		if r.offset+int64(n) > r.facts.size {
			return 0, r.changedError()
		}
		r.sum.Write(b[:n])
		r.offset += int64(n)
		switch {
		case err == nil:
			return n, nil
		case r.ctx.Err() != nil:
			return n, r.ctx.Err()
		case r.offset == r.facts.size:
			return n, r.verifyBytes()
		}
		r.body.Close()
		if r.body = nil; n > 0 {
			return n, nil
		}
	}
}

func (r *fileReader) changedError() error {
	return fmt.Errorf("%s changed while it was read", r.item.Name)
}

// verifyBytes checks at the end that the bytes are those of the file. It
// compares the hash. Without a hash, the facts must still be the same. After a
// download, a file may have a hash that it did not have before.
func (r *fileReader) verifyBytes() error {
	sum := base64.StdEncoding.EncodeToString(r.sum.Sum(nil))
	want := r.facts.hash
	if want == "" {
		f, err := r.library.itemFacts(r.ctx, r.place, r.item.ID, r.item.Name)
		if err != nil {
			return err
		}
		if f.size != r.facts.size || f.ctag != r.facts.ctag || f.ctag == "" && f.etag != r.facts.etag {
			return r.changedError()
		}
		want = f.hash
	}
	if want != "" && sum != want {
		return fmt.Errorf("%s arrived damaged: its hash is not the one that SharePoint has", r.item.Name)
	}
	return io.EOF
}

// Close ends reading.
func (r *fileReader) Close() error {
	if r.err == nil {
		r.err = fs.ErrClosed
	}
	if r.body == nil {
		return nil
	}
	body := r.body
	r.body = nil
	return body.Close()
}
