package sharepoint

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/drives"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/msgraph"
	"github.com/orgstore/orgstore/packages/library"
)

const (
	// mostAtOnce is how large a file may be that is sent in one request. Four
	// megabytes is the older of two documented limits.
	mostAtOnce = 4 << 20
	// mostUploaded bounds a file to upload: far more than a package ever has.
	mostUploaded = 1 << 30
)

// Upload puts a file into the library, beside all others. Where one of that name
// is there already, it is done if that has the same bytes, and else an error
// that wraps fs.ErrExist; nothing is ever replaced, since whoever put it there
// may still need it.
func (l *Library) Upload(ctx context.Context, name string, r io.ReaderAt, size int64) (library.Item, error) {
	fail := func(err error) (library.Item, error) {
		return library.Item{}, fmt.Errorf("cannot upload %s: %w", library.Legible(name), err)
	}
	switch {
	case !validName(name):
		return fail(errors.New("SharePoint takes no file of that name"))
	case size <= 0 || size > mostUploaded:
		return fail(fmt.Errorf("it has %d bytes; from 1 to %d can be uploaded", size, int64(mostUploaded)))
	}
	p, err := l.where(ctx)
	if err != nil {
		return library.Item{}, err
	}
	u := &upload{l: l, place: p, name: name, bytes: io.NewSectionReader(r, 0, size), size: size}
	if u.sum, err = sumOf(u.bytes, size); err != nil {
		return fail(err)
	}
	f, err := u.run(ctx)
	switch {
	case err != nil:
		return fail(err)
	case f.size != size || f.hash != "" && f.hash != u.sum:
		return fail(errors.New("it arrived damaged: what lies in the library has other bytes; delete it there, and try again"))
	}
	return f.item(), nil
}

func sumOf(r io.Reader, size int64) (string, error) {
	h := newQuickXor()
	n, err := io.Copy(h, r)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), err
}

// An upload is a file on its way.
type upload struct {
	l     *Library
	place place
	name  string
	bytes *io.SectionReader
	size  int64
	sum   string
}

// run sends the file. An answer that was lost may have said yes, so that a name
// that is taken is looked at before it counts as another's.
func (u *upload) run(ctx context.Context) (facts, error) {
	send := u.atOnce
	if u.size > u.l.atOnce {
		send = u.inParts
	}
	f, err := send(ctx)
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	f, same, lerr := u.there(ctx)
	switch {
	case lerr != nil:
		return facts{}, lerr
	case !same:
		return facts{}, fmt.Errorf("another file of that name is in the library: %w", fs.ErrExist)
	}
	return f, nil
}

// atOnce sends the file in one request.
func (u *upload) atOnce(ctx context.Context) (facts, error) {
	b := make([]byte, u.size)
	if _, err := u.bytes.ReadAt(b, 0); err != nil && err != io.EOF {
		return facts{}, err
	}
	raw := u.l.named(u.place, u.name) + ":/content?@microsoft.graph.conflictBehavior=fail"
	info, err := drives.NewItemItemsItemContentRequestBuilder(raw, u.l.client).ToPutRequestInformation(ctx, b, nil)
	if err != nil {
		return facts{}, err
	}
	i, err := msgraph.Do[driveItem](ctx, u.l.client, info)
	return i.facts(), taken(err)
}

// taken makes a conflict one that errors.Is finds.
func taken(err error) error {
	if statusOf(err) == http.StatusConflict {
		return fmt.Errorf("%w: %w", fs.ErrExist, err)
	}
	return err
}

// there looks whether the name's file is this one. Where its hash is not told
// yet, its bytes are read.
func (u *upload) there(ctx context.Context) (facts, bool, error) {
	at := drives.NewItemItemsDriveItemItemRequestBuilder(u.l.named(u.place, u.name), u.l.client)
	i, err := msgraph.Get[driveItem](ctx, u.l.client, at.ToGetRequestInformation, nil)
	if statusOf(err) == http.StatusNotFound {
		return facts{}, false, nil
	}
	f := i.facts()
	switch {
	case err != nil || !f.file || f.size != u.size:
		return f, false, err
	case f.hash != "":
		return f, f.hash == u.sum, nil
	}
	r, err := u.l.Fetch(ctx, f.item(), u.size)
	if err != nil {
		return f, false, err
	}
	defer r.Close()
	sum, err := sumOf(r, u.size)
	return f, sum == u.sum, err
}

// An uploadSession is what is read of Graph's resource of that name
// (documented).
type uploadSession struct {
	URL string `json:"uploadUrl"`
}

// begin opens an upload session and returns its address, which carries its own
// permission.
func (u *upload) begin(ctx context.Context) (string, error) {
	body := map[string]any{"item": map[string]any{"@microsoft.graph.conflictBehavior": "fail", "name": u.name}}
	raw := u.l.base + "/drives/" + escapePath(u.place.Drive) + "/items/" + escapePath(u.place.Folder) + ":/" + escapePath(u.name) + ":/createUploadSession"
	to := drives.NewItemItemsItemCreateUploadSessionRequestBuilder(raw, u.l.client)
	s, err := msgraph.Send[uploadSession](graph.Repeatable(ctx, true), u.l.client, abstractions.POST, to.BaseRequestBuilder, nil, body)
	if err != nil {
		return "", taken(err)
	}
	if s.URL == "" {
		return "", errors.New("the upload session has no address")
	}
	return s.URL, nil
}
