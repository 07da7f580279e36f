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
	// defaultMaxAtOnce is the largest file that is sent in one request. Four
	// megabytes is the older of two documented limits.
	defaultMaxAtOnce = 4 << 20
	// maxUpload bounds a file to upload. It is far more than a package ever
	// has.
	maxUpload = 1 << 30
)

// Upload puts a new file into the library. If the name exists already, Upload
// succeeds if the bytes are the same. Otherwise the error wraps fs.ErrExist.
// Nothing is ever replaced, because whoever put the file there may still need
// it.
func (l *Library) Upload(ctx context.Context, name string, r io.ReaderAt, size int64) (library.Item, error) {
	fail := func(err error) (library.Item, error) {
		return library.Item{}, fmt.Errorf("cannot upload %s: %w", library.Legible(name), err)
	}
	switch {
	case !isValidName(name):
		return fail(errors.New("SharePoint does not accept this file name"))
	case size <= 0 || size > maxUpload:
		return fail(fmt.Errorf("it has %d bytes; a file to upload has from 1 to %d", size, int64(maxUpload)))
	}
	p, err := l.resolvePlace(ctx)
	if err != nil {
		return library.Item{}, err
	}
	u := &upload{library: l, place: p, name: name, content: io.NewSectionReader(r, 0, size), size: size}
	if u.hash, err = hashOf(u.content, size); err != nil {
		return fail(err)
	}
	f, err := u.sendFile(ctx)
	switch {
	case err != nil:
		return fail(err)
	case f.size != size || f.hash != "" && f.hash != u.hash:
		return fail(errors.New("it arrived damaged: the file in the library has other bytes; delete it there and try again"))
	}
	return f.toItem(), nil
}

func hashOf(r io.Reader, size int64) (string, error) {
	h := newQuickXor()
	n, err := io.Copy(h, r)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), err
}

// An upload is one file that is being uploaded.
type upload struct {
	library *Library
	place   place
	name    string
	content *io.SectionReader
	size    int64
	hash    string
}

// sendFile sends the file. A lost answer may have been a success, so if the
// name exists, it checks whether that is the same file.
func (u *upload) sendFile(ctx context.Context) (itemFacts, error) {
	send := u.sendAtOnce
	if u.size > u.library.maxAtOnce {
		send = u.sendInParts
	}
	f, err := send(ctx)
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	f, same, lerr := u.findExisting(ctx)
	switch {
	case lerr != nil:
		return itemFacts{}, lerr
	case !same:
		return itemFacts{}, fmt.Errorf("the library has another file with that name: %w", fs.ErrExist)
	}
	return f, nil
}

// sendAtOnce sends the file in one request.
func (u *upload) sendAtOnce(ctx context.Context) (itemFacts, error) {
	b := make([]byte, u.size)
	if _, err := u.content.ReadAt(b, 0); err != nil && err != io.EOF {
		return itemFacts{}, err
	}
	raw := u.library.fileURL(u.place, u.name) + ":/content?@microsoft.graph.conflictBehavior=fail"
	info, err := drives.NewItemItemsItemContentRequestBuilder(raw, u.library.client).ToPutRequestInformation(ctx, b, nil)
	if err != nil {
		return itemFacts{}, err
	}
	i, err := msgraph.Do[driveItem](ctx, u.library.client, info)
	return i.toFacts(), wrapConflict(err)
}

// wrapConflict makes a conflict an error that wraps fs.ErrExist.
func wrapConflict(err error) error {
	if statusOf(err) == http.StatusConflict {
		return fmt.Errorf("%w: %w", fs.ErrExist, err)
	}
	return err
}

// findExisting checks whether the file with this name is the same file. If
// SharePoint has no hash of it yet, it reads the bytes.
func (u *upload) findExisting(ctx context.Context) (itemFacts, bool, error) {
	at := drives.NewItemItemsDriveItemItemRequestBuilder(u.library.fileURL(u.place, u.name), u.library.client)
	i, err := msgraph.Get[driveItem](ctx, u.library.client, at.ToGetRequestInformation, nil)
	if statusOf(err) == http.StatusNotFound {
		return itemFacts{}, false, nil
	}
	f := i.toFacts()
	switch {
	case err != nil || !f.isFile || f.size != u.size:
		return f, false, err
	case f.hash != "":
		return f, f.hash == u.hash, nil
	}
	r, err := u.library.Fetch(ctx, f.toItem(), u.size)
	if err != nil {
		return f, false, err
	}
	defer r.Close()
	sum, err := hashOf(r, u.size)
	return f, sum == u.hash, err
}

// An uploadSession is the part of Graph's resource of that name that is used
// (documented).
type uploadSession struct {
	URL string `json:"uploadUrl"`
}

// openSession opens an upload session and returns its URL, which carries its
// own permission.
func (u *upload) openSession(ctx context.Context) (string, error) {
	body := map[string]any{"item": map[string]any{"@microsoft.graph.conflictBehavior": "fail", "name": u.name}}
	raw := u.library.graphURL + "/drives/" + escapePath(u.place.Drive) + "/items/" + escapePath(u.place.Folder) + ":/" + escapePath(u.name) + ":/createUploadSession"
	to := drives.NewItemItemsItemCreateUploadSessionRequestBuilder(raw, u.library.client)
	s, err := msgraph.Send[uploadSession](graph.Repeatable(ctx, true), u.library.client, abstractions.POST, to.BaseRequestBuilder, nil, body)
	if err != nil {
		return "", wrapConflict(err)
	}
	if s.URL == "" {
		return "", errors.New("the upload session has no address")
	}
	return s.URL, nil
}
