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

// maxDownloadTries bounds how often the bytes of one file are asked for.
const maxDownloadTries = 6

// Fetch opens an item. Reading goes on by itself where a connection broke off.
// It fails at more than max bytes; at once or at its end if the file was changed
// since it was listed, and it then comes again with the next call of Changes;
// and at its end if the bytes are not those that SharePoint has the hash of.
// That an item is gone is an error that wraps fs.ErrNotExist, from here or from
// the reader. What can never be fetched is a *verdict.Refusal with code
// lib.not_a_file or lib.malware.
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

// itemFacts asks for what is told of an item now.
func (l *Library) itemFacts(ctx context.Context, p place, id, name string) (itemFacts, error) {
	i, err := msgraph.Get[driveItem](ctx, l.client, l.itemBuilder(p, id).ToGetRequestInformation, nil)
	if err != nil {
		return itemFacts{}, fetchError(name, err)
	}
	f := i.toFacts()
	if f.isDeleted || f.id == "" {
		return itemFacts{}, fmt.Errorf("%s is not in the library any more: %w", name, fs.ErrNotExist)
	}
	return f, nil
}

func fetchError(name string, err error) error {
	if statusOf(err) == http.StatusNotFound {
		return fmt.Errorf("%s is not in the library any more: %w", name, fs.ErrNotExist)
	}
	return fmt.Errorf("cannot fetch %s: %w", name, err)
}

// fileReader is a file being read that must stay as it was listed.
type fileReader struct {
	ctx     context.Context
	library *Library
	place   place
	item    library.Item
	facts   itemFacts
	body    io.ReadCloser // nil: to be opened
	offset  int64
	sum     hash.Hash
	tries   int
	err     error // once there is one, it stays
}

// refreshFacts asks for the file's facts, and whether they are those that were listed.
func (r *fileReader) refreshFacts() error {
	f, err := r.library.itemFacts(r.ctx, r.place, r.item.ID, r.item.Name)
	switch {
	case err != nil:
		return err
	case f.isMalware:
		return verdict.Refuse("lib.malware", "SharePoint holds "+r.item.Name+" for malware", "ask your security team before you do anything with it")
	case !f.hasRevision(r.item.Revision) || library.Legible(f.name) != r.item.Name:
		return fmt.Errorf("%s was changed since it was listed", r.item.Name)
	}
	if f.hash == "" {
		f.hash = hashOfRevision(r.item.Revision)
	}
	r.facts = f
	return nil
}

// openBody asks for the bytes from where reading stopped. Their address is good for
// a few minutes (documented); an old one is exchanged for another.
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
	return fmt.Errorf("cannot fetch %s: its bytes did not arrive whole in %d tries", r.item.Name, maxDownloadTries)
}

// requestBytes sends the request, with no token: the address is all that is needed.
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

// newPreauthenticatedRequest is a request to an address that carries its own permission.
func newPreauthenticatedRequest(ctx context.Context, method, address string, body io.Reader) (*http.Request, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("the answer leads to an address that is not https")
	}
	return http.NewRequestWithContext(ctx, method, u.String(), body)
}

// requestDownloadURL asks where a file's bytes are, and does not go there itself: what
// leads on is for one request, and ranges are asked for at the place it leads to
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
		return "", fmt.Errorf("cannot fetch %s: the answer does not say where its bytes are", item.Name)
	}
	return to.String(), nil
}

// skipToOffset checks that an answer goes on where reading stopped. One that begins at
// the start again is read up to there.
func (r *fileReader) skipToOffset(resp *http.Response) (io.ReadCloser, error) {
	if resp.StatusCode == http.StatusPartialContent {
		want := fmt.Sprintf("bytes %d-%d/%d", r.offset, r.facts.size-1, r.facts.size)
		if got := resp.Header.Get("Content-Range"); got != want {
			return nil, fmt.Errorf("the range is another")
		}
		return resp.Body, nil
	}
	_, err := io.CopyN(io.Discard, resp.Body, r.offset)
	return resp.Body, err
}

// Read reads on, and in the end checks what was read.
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
	return fmt.Errorf("%s was changed while it was read", r.item.Name)
}

// verifyBytes says whether the bytes are those of the file: by its hash, or, where it
// has none, by its facts, which must still be the same. After a download there
// may be a hash where there was none.
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
		return fmt.Errorf("%s arrived damaged: its bytes have another hash than SharePoint says", r.item.Name)
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
