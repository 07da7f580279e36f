package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
)

type initOptions struct {
	*globals
	tenant string
	dryRun bool
}

func newInit(g *globals) *cobra.Command {
	o := &initOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Write commented settings that work as they are",
		Long: `Write commented settings that work as they are.

Makes orgstore.yaml, its schema for editors, an inbox for packages and a store.
Existing files are never overwritten.`,
		Example: `  orgstore init --tenant 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11
  orgstore init visuals`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: g.answering(func(_ context.Context, args []string) (answer, error) { return o.run(args) }),
	}
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "the tenant's `ID`, as the Azure portal shows it")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

type initData struct {
	Settings string `json:"settings"`
	Library  string `json:"library"`
	Store    string `json:"store"`
}

func (o *initOptions) run(args []string) (answer, error) {
	folder := "."
	if len(args) == 1 {
		folder = args[0]
	}
	if o.tenant != "" && !license.ValidTenant(o.tenant) {
		return answer{}, usage("copy it from the Azure portal: 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11, in lower case", "--tenant: %q is not a tenant's id", o.tenant)
	}
	name, err := filepath.Abs(filepath.Join(folder, config.FileName))
	if err != nil {
		return answer{}, err
	}
	text := config.Template(o.tenant)
	s, err := config.Parse(name, text)
	if err != nil {
		return answer{}, err
	}
	data := initData{name, s.Library.Folder, s.Store.Path}
	message := "next: put packages into " + filepath.Join(folder, filepath.Base(s.Library.Folder)) + ", then `orgstore package list`"
	if o.tenant == "" {
		message = "next: write your tenant's id into " + config.FileName + "; licenses name the tenant they are for"
	}
	view := output.View{Text: fmt.Sprintf("settings  %s\nlibrary   %s\nstore     %s", data.Settings, data.Library, data.Store)}
	if o.dryRun {
		return answer{data: data, view: view}, nil
	}
	files := []newFile{{name, 0o644, text}, {filepath.Join(filepath.Dir(name), config.SchemaName), 0o644, config.Schema()}}
	if err := o.createAll(filepath.Dir(name), files); err != nil {
		return answer{}, err
	}
	for _, dir := range []string{s.Library.Folder, s.Store.Path} {
		if err := o.Disk.MkdirAll(dir, 0o755); err != nil {
			return answer{}, err
		}
	}
	return answer{data: data, view: view, message: message}, nil
}

// write puts a file in place in one piece: synced, then renamed.
func (g *globals) write(name string, perm fs.FileMode, text []byte) error {
	return disk.Replace(g.Disk, name, perm, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(text))
		return err
	})
}
