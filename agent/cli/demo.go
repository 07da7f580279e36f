package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
)

type demoOptions struct {
	*globals
	keep   string
	tenant bool
}

func newDemo(g *globals) *cobra.Command {
	o := &demoOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See the whole job in a folder of its own, in a few seconds",
		Long: `See the whole job in a folder of its own, in a few seconds.

A visual is installed at a pinned version; the vendor's renewed package arrives
and is swapped in after its license was verified offline; an upgrade is applied,
found bad and rolled back; the history tells it all. The visuals are those of an
example vendor, Aurora Visuals. Nothing outside the folder is touched.

With --tenant the packages arrive in a SharePoint library of a tenant that is
simulated on this machine, and what became of them is shown there.`,
		Example: `  orgstore demo
  orgstore demo --tenant
  orgstore demo --keep playground   # leaves the folder to play with`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(func(ctx context.Context, _ []string) (answer, error) { return o.run(ctx) }),
	}
	cmd.Flags().BoolVar(&o.tenant, "tenant", false, "let packages arrive in a simulated tenant's SharePoint library")
	cmd.Flags().StringVar(&o.keep, "keep", "", "play it in `FOLDER`, which must not exist yet, and leave it there")
	return cmd
}

type demoData struct {
	Folder   string   `json:"folder,omitempty"`
	Commands int      `json:"commands"`
	Surprise []string `json:"surprises"`
}

func (o *demoOptions) run(ctx context.Context) (answer, error) {
	folder, cleanUp, err := o.folder()
	if err != nil {
		return answer{}, err
	}
	defer cleanUp()
	adapters := *o.globals
	adapters.Env = func(string) string { return "" } // nobody's settings but the story's
	if o.format != output.Table {                    // the story is for people
		adapters.Out = o.Err
	}
	story := &story{globals: &adapters, inCloud: o.tenant}
	if err := within(folder, func() error { return story.tell(ctx) }); err != nil {
		return answer{}, err
	}
	data := demoData{Folder: o.keep, Commands: story.commands, Surprise: engine.OrEmpty(story.surprises)}
	if len(story.surprises) > 0 {
		return answer{data: data}, fault.New("demo.surprise", "please report this",
			"the story did not go as it should: %s", strings.Join(story.surprises, "; "))
	}
	a := answer{data: data, view: output.View{Text: engine.Count(story.commands, "command") + ", all as they should be"}}
	if o.keep != "" {
		if o.tenant { // which ended with the story
			return a, nil
		}
		a.message = "play on in " + o.keep + ": cd there and try `orgstore status`"
	}
	return a, nil
}

// folder makes the place where the story plays. Without --keep it is removed
// at the end.
func (o *demoOptions) folder() (string, func(), error) {
	if o.keep == "" {
		dir, err := os.MkdirTemp("", "orgstore-demo-")
		if err != nil {
			return "", nil, err
		}
		return dir, func() { os.RemoveAll(dir) }, nil
	}
	dir, err := filepath.Abs(o.keep)
	if err != nil {
		return "", nil, err
	}
	if _, err := o.Disk.Stat(dir); err == nil {
		return "", nil, fault.New("file.exists", "name a folder that does not exist yet", "%s exists already", o.keep)
	}
	return dir, func() {}, o.Disk.MkdirAll(dir, 0o755)
}

// within does something with a folder as the working directory, so that the
// story's commands read as they would be typed there.
func within(folder string, do func() error) error {
	before, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Chdir(folder); err != nil {
		return err
	}
	return errors.Join(do(), os.Chdir(before))
}
