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

// mostTries bounds how often the bytes of one file are asked for.
const mostTries = 6

// Fetch opens an item. Reading goes on by itself where a connection broke off.
// It fails at more than max bytes; at once or at its end if the file was changed
// since it was listed, and it then comes again with the next call of Changes;
// and at its end if the bytes are not those that SharePoint has the hash of.
// That an item is gone is an error that wraps fs.ErrNotExist, from here or from
// the reader. What can never be fetched is a *verdict.Refusal with code
// lib.not_a_file or lib.malware.
func (l *Library) Fetch(ctx context.Context, item library.Item, max int64) (io.ReadCloser, error) {
	if item.Revision == isFolder {
		return nil, verdict.Refuse("lib.not_a_file", item.Name+" is a folder, not a file", "put the file itself into the library")
	}
	p, err := l.where(ctx)
	if err != nil {
		return nil, err
	}
	r := &reading{ctx: ctx, l: l, place: p, item: item, sum: newQuickXor()}
	if err := r.look(); err != nil {
		return nil, err
	}
	if r.facts.size > max {
		return nil, fmt.Errorf("%s is larger than allowed", item.Name)
	}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

// facts asks for what is told of an item now.
func (l *Library) facts(ctx context.Context, p place, id, name string) (facts, error) {
	i, err := msgraph.Get[driveItem](ctx, l.client, l.item(p, id).ToGetRequestInformation, nil)
	if err != nil {
		return facts{}, gone(name, err)
	}
	f := i.facts()
	if f.deleted || f.id == "" {
		return facts{}, fmt.Errorf("%s is not in the library any more: %w", name, fs.ErrNotExist)
	}
	return f, nil
}

func gone(name string, err error) error {
	if statusOf(err) == http.StatusNotFound {
		return fmt.Errorf("%s is not in the library any more: %w", name, fs.ErrNotExist)
	}
	return fmt.Errorf("cannot fetch %s: %w", name, err)
}

// reading is a file being read that must stay as it was listed.
type reading struct {
	ctx   context.Context
	l     *Library
	place place
	item  library.Item
	facts facts
	body  io.ReadCloser // nil: to be opened
	off   int64
	sum   hash.Hash
	tries int
	err   error // once there is one, it stays
}

// look asks for the file's facts, and whether they are those that were listed.
func (r *reading) look() error {
	f, err := r.l.facts(r.ctx, r.place, r.item.ID, r.item.Name)
	switch {
	case err != nil:
		return err
	case f.malware:
		return verdict.Refuse("lib.malware", "SharePoint holds "+r.item.Name+" for malware", "ask your security team before you do anything with it")
	case !f.is(r.item.Revision) || library.Legible(f.name) != r.item.Name:
		return fmt.Errorf("%s was changed since it was listed", r.item.Name)
	}
	if f.hash == "" {
		f.hash = hashIn(r.item.Revision)
	}
	r.facts = f
	return nil
}

// open asks for the bytes from where reading stopped. Their address is good for
// a few minutes (documented); an old one is exchanged for another.
func (r *reading) open() error {
	for r.tries++; r.tries <= mostTries; r.tries++ {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		resp, err := r.ask()
		if err != nil {
			return err
		}
		switch resp.StatusCode {
		case http.StatusOK, http.StatusPartialContent:
			if r.body, err = r.skip(resp); err == nil {
				return nil
			}
			resp.Body.Close()
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
			resp.Body.Close()
		default:
			return fmt.Errorf("cannot fetch %s: %w", r.item.Name, graph.CheckResponse(graph.Graph, "GET the bytes of "+r.item.Name, resp))
		}
		if err := r.look(); err != nil {
			return err
		}
	}
	return fmt.Errorf("cannot fetch %s: its bytes did not arrive whole in %d tries", r.item.Name, mostTries)
}

// ask sends the request, with no token: the address is all that is needed.
func (r *reading) ask() (*http.Response, error) {
	op := "GET the bytes of " + r.item.Name
	if r.facts.url == "" {
		var err error
		if r.facts.url, err = r.l.address(r.ctx, r.place, r.item); err != nil {
			return nil, err
		}
	}
	req, err := preauthenticated(r.ctx, http.MethodGet, r.facts.url, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot fetch %s: %w", r.item.Name, err)
	}
	if r.off > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(r.off, 10)+"-")
	}
	resp, err := r.l.conn.PlainClient().Do(req)
	if err != nil {
		return nil, fmt.Errorf("cannot fetch %s: %w", r.item.Name, graph.WrapError(graph.Graph, op, err))
	}
	return resp, nil
}

// preauthenticated is a request to an address that carries its own permission.
func preauthenticated(ctx context.Context, method, address string, body io.Reader) (*http.Request, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("the answer leads to an address that is not https")
	}
	return http.NewRequestWithContext(ctx, method, u.String(), body)
}

// address asks where a file's bytes are, and does not go there itself: what
// leads on is for one request, and ranges are asked for at the place it leads to
// (documented: driveItem, get content).
func (l *Library) address(ctx context.Context, p place, item library.Item) (string, error) {
	raw := l.base + "/drives/" + url.PathEscape(p.Drive) + "/items/" + url.PathEscape(item.ID) + "/content"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, raw, nil)
	if err != nil {
		return "", fmt.Errorf("cannot fetch %s: %w", item.Name, err)
	}
	client := *l.conn.AuthorizedClient(graph.Graph)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	op := "GET the address of " + item.Name
	resp, err := client.Do(req)
	if err != nil {
		return "", gone(item.Name, graph.WrapError(graph.Graph, op, err))
	}
	defer resp.Body.Close()
	if err := graph.CheckResponse(graph.Graph, op, resp); err != nil {
		return "", gone(item.Name, err)
	}
	to, err := resp.Location()
	if err != nil {
		return "", fmt.Errorf("cannot fetch %s: the answer does not say where its bytes are", item.Name)
	}
	return to.String(), nil
}

// skip checks that an answer goes on where reading stopped. One that begins at
// the start again is read up to there.
func (r *reading) skip(resp *http.Response) (io.ReadCloser, error) {
	if resp.StatusCode == http.StatusPartialContent {
		want := fmt.Sprintf("bytes %d-%d/%d", r.off, r.facts.size-1, r.facts.size)
		if got := resp.Header.Get("Content-Range"); got != want {
			return nil, fmt.Errorf("the range is another")
		}
		return resp.Body, nil
	}
	_, err := io.CopyN(io.Discard, resp.Body, r.off)
	return resp.Body, err
}

// Read reads on, and in the end checks what was read.
func (r *reading) Read(b []byte) (int, error) {
	if r.err != nil || len(b) == 0 {
		return 0, r.err
	}
	n, err := r.read(b)
	r.err = err
	return n, err
}

func (r *reading) read(b []byte) (int, error) {
	for {
		if r.body == nil {
			if err := r.open(); err != nil {
				return 0, err
			}
		}
		if left := r.facts.size - r.off; int64(len(b)) > left+1 {
			b = b[:left+1] // one more, to see that it ends
		}
		n, err := r.body.Read(b)
		if r.off+int64(n) > r.facts.size {
			return 0, r.changed()
		}
		r.sum.Write(b[:n])
		r.off += int64(n)
		switch {
		case err == nil:
			return n, nil
		case r.ctx.Err() != nil:
			return n, r.ctx.Err()
		case r.off == r.facts.size:
			return n, r.end()
		}
		r.body.Close()
		if r.body = nil; n > 0 {
			return n, nil
		}
	}
}

func (r *reading) changed() error {
	return fmt.Errorf("%s was changed while it was read", r.item.Name)
}

// end says whether the bytes are those of the file: by its hash, or, where it
// has none, by its facts, which must still be the same. After a download there
// may be a hash where there was none.
func (r *reading) end() error {
	sum := base64.StdEncoding.EncodeToString(r.sum.Sum(nil))
	want := r.facts.hash
	if want == "" {
		f, err := r.l.facts(r.ctx, r.place, r.item.ID, r.item.Name)
		if err != nil {
			return err
		}
		if f.size != r.facts.size || f.ctag != r.facts.ctag || f.ctag == "" && f.etag != r.facts.etag {
			return r.changed()
		}
		want = f.hash
	}
	if want != "" && sum != want {
		return fmt.Errorf("%s arrived damaged: its bytes have another hash than SharePoint says", r.item.Name)
	}
	return io.EOF
}

// Close ends reading.
func (r *reading) Close() error {
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
