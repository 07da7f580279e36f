package cli

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

func newPackageUpload(g *globals) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "upload FILE...",
		Short: "Put packages and their licenses into the library in SharePoint",
		Long: `Put packages and their licenses into the library in SharePoint.

For whoever has a file on this machine, and wants it where colleagues look. A
statement beside a package (NAME.pbiviz.license) goes along, and before it. What is
no package and no license is refused before anything is sent. Nothing in the
library is replaced; a file that is there already, byte for byte, is left alone.
The next plan or apply takes it in from there.`,
		Example: `  orgstore package upload "Aurora Gauge 1.4.pbiviz"`,
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			s, err := g.open(ctx)
			if err != nil {
				return answer{}, err
			}
			defer s.Close()
			return s.upload(ctx, g.Matching(args), dryRun)
		}),
	}
	dryRunFlags(cmd, &dryRun)
	return cmd
}

type uploadData struct {
	File string `json:"file"`
	Name string `json:"name"` // in the library
	Size int64  `json:"size"` // in bytes
	Done bool   `json:"done"`
}

func (s *session) upload(ctx context.Context, files []string, dryRun bool) (answer, error) {
	if !s.Settings.Library.SharePoint.Named() {
		return answer{}, fault.New("library.folder", "copy the files into that folder", "the library is the folder %s, not one in SharePoint", s.Settings.Library.Folder)
	}
	files = s.WithSidecars(files)
	slices.SortStableFunc(files, func(a, b string) int { // a license before what waits for it
		switch {
		case intake.IsStatement(a) == intake.IsStatement(b):
			return 0
		case intake.IsStatement(a):
			return -1
		}
		return 1
	})
	texts, data := make([][]byte, len(files)), make([]uploadData, len(files))
	for i, file := range files {
		text, err := s.uploadable(file)
		if err != nil {
			return answer{}, err
		}
		texts[i], data[i] = text, uploadData{File: file, Name: filepath.Base(file), Size: int64(len(text))}
	}
	if dryRun {
		a := uploadAnswer(data)
		a.message = "nothing was sent: this was a dry run"
		return a, nil
	}
	lib, err := s.OpenLibrary(ctx)
	if err != nil {
		return answer{}, err
	}
	into, ok := library.As[library.Uploader](lib)
	if !ok {
		return answer{}, fault.New("library.upload", "put the files there with a browser", "nothing can be uploaded into this library")
	}
	for i := range data {
		_, err := into.Upload(ctx, data[i].Name, bytes.NewReader(texts[i]), data[i].Size)
		if errors.Is(err, fs.ErrExist) {
			err = fault.New("library.exists", "give your file another name, or take the other one out of the library", "%w", err)
		}
		if err != nil {
			return uploadAnswer(data), err
		}
		data[i].Done = true
	}
	a := uploadAnswer(data)
	a.message = "take them in with `orgstore plan`"
	return a, nil
}

// uploadable reads a file and refuses what the library has no use for.
func (s *session) uploadable(file string) ([]byte, error) {
	text, err := s.Read(file, pbiviz.DefaultLimits().FileSize)
	if err != nil {
		return nil, err
	}
	switch {
	case intake.IsStatement(file) && license.IsStatus(text):
		_, err = license.PeekStatus(text)
	case intake.IsStatement(file):
		_, err = license.Peek(text)
	case intake.IsPackage(file):
		_, err = pbiviz.Read(text, pbiviz.DefaultLimits())
	default:
		return nil, fault.Usage("packages end in .pbiviz, licenses in .license", "%s is neither a package nor a license by its name", file)
	}
	return text, err
}

func uploadAnswer(data []uploadData) answer {
	view := output.View{Columns: []string{"FILE", "IN THE LIBRARY", "SIZE", "STATE"}}
	for _, d := range data {
		state := "not sent"
		if d.Done {
			state = "there"
		}
		view.Rows = append(view.Rows, []string{d.File, d.Name, engine.Count(int(d.Size), "byte"), state})
	}
	return answer{data: data, view: view}
}
