package engine

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

// An UploadRequest puts files of this machine into the library in SharePoint.
type UploadRequest struct {
	Files  []string
	DryRun bool
}

// An Upload is one file that is put into the library.
type Upload struct {
	File string `json:"file"`
	Name string `json:"name"` // in the library
	Size int64  `json:"size"` // in bytes
	Done bool   `json:"done"`
}

// Upload puts packages and their licenses into the library. Beside an error, it returns
// what was to be sent if something may have been sent already.
func (e *Engine) Upload(ctx context.Context, r UploadRequest) ([]Upload, error) {
	if !e.Settings.Library.SharePoint.Named() {
		return nil, fault.New("library.folder", "copy the files into that folder", "the library is the folder %s, not one in SharePoint", e.Settings.Library.Folder)
	}
	files := e.withSidecars(r.Files)
	slices.SortStableFunc(files, func(a, b string) int { // a license before what waits for it
		switch {
		case license.IsStatementName(a) == license.IsStatementName(b):
			return 0
		case license.IsStatementName(a):
			return -1
		}
		return 1
	})
	texts, uploads := make([][]byte, len(files)), make([]Upload, len(files))
	for i, file := range files {
		text, err := e.uploadable(file)
		if err != nil {
			return nil, err
		}
		texts[i], uploads[i] = text, Upload{File: file, Name: filepath.Base(file), Size: int64(len(text))}
	}
	if r.DryRun {
		return uploads, nil
	}
	lib, err := e.openLibrary(ctx)
	if err != nil {
		return nil, err
	}
	into, ok := library.As[library.Uploader](lib)
	if !ok {
		return nil, fault.New("library.upload", "put the files there with a browser", "nothing can be uploaded into this library")
	}
	for i := range uploads {
		_, err := into.Upload(ctx, uploads[i].Name, bytes.NewReader(texts[i]), uploads[i].Size)
		if errors.Is(err, fs.ErrExist) {
			err = fault.New("library.exists", "give your file another name, or take the other one out of the library", "%w", err)
		}
		if err != nil {
			return uploads, err
		}
		uploads[i].Done = true
	}
	return uploads, nil
}

// uploadable reads a file and refuses what the library has no use for.
func (e *Engine) uploadable(file string) ([]byte, error) {
	text, err := e.Read(file, pbiviz.DefaultLimits().FileSize)
	if err != nil {
		return nil, err
	}
	switch {
	case license.IsStatementName(file) && license.IsStatus(text):
		_, err = license.PeekStatus(text)
	case license.IsStatementName(file):
		_, err = license.Peek(text)
	case intake.IsPackage(file):
		_, err = pbiviz.Read(text, pbiviz.DefaultLimits())
	default:
		return nil, fault.Usage("packages end in .pbiviz, licenses in .license", "%s is neither a package nor a license by its name", file)
	}
	return text, err
}
