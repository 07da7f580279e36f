package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

type learnOptions struct {
	*globals
	file, added string
	visual      string
	name        string
	access      bool
	out         string
	force       bool
}

func newStoreLearn(g *globals) *cobra.Command {
	o := &learnOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "learn RECORDING.har",
		Short: "Learn from your browser's recording how the portal changes a visual",
		Long: `Learn from your browser's recording how the portal changes a visual.

Microsoft documents no way for programs to change organizational visuals, and
orgstore invents none. What your own browser sends when you update a visual by
hand can be recorded, and replayed for other packages with a token of orgstore's
own. It is unofficial: it can stop working any day, and then orgstore stops too.

Record so: open the developer tools (F12), Network, Preserve log; open the page
Organizational visuals; wait for the list; update one visual from a file; wait
for the list; export as HAR with content. Then, if you like, in the same
recording: switch its Access off and on (--access), add a visual (--added), each
time waiting for the list.

The recipe says what will be sent, and holds no token, cookie or other secret.
Read it. Nothing is changed until the settings name its digest and say
unofficial: accepted.`,
		Example: `  orgstore store learn session.har --package gauge-1.5.pbiviz \
      --visual auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --out portal.yaml`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.file, "package", "", "the `FILE` that you uploaded to update the visual, under the same name (required)")
	f.StringVar(&o.visual, "visual", "", "the `VISUAL` that you updated (required)")
	f.StringVar(&o.name, "name", "", "its `NAME` in the portal, if that is not the package's own")
	f.StringVar(&o.added, "added", "", "the `FILE` of another visual that you added")
	f.BoolVar(&o.access, "access", false, "you switched its Access off, and then on again")
	f.StringVar(&o.out, "out", "recipe.yaml", "the `FILE` to write the recipe to")
	f.BoolVar(&o.force, "force", false, "write over a file that is there")
	return cmd
}

type learnData struct {
	Recipe   string    `json:"recipe"`
	Digest   string    `json:"digest"`
	Requests []Request `json:"requests"`
	Notes    []string  `json:"notes"`
}

func (o *learnOptions) run(_ context.Context, args []string) (answer, error) {
	if o.file == "" || o.visual == "" {
		return answer{}, fault.Usage("see `orgstore store learn --help`", "give the package that was uploaded with --package, and its visual with --visual")
	}
	if o.Learn == nil {
		return answer{}, fault.New("tenant.unsupported", "use the driver handoff", "this program was built without what learns from recordings")
	}
	settings, err := o.settings()
	if err != nil {
		return answer{}, err
	}
	known, err := o.known()
	if err != nil {
		return answer{}, err
	}
	if err := o.free(); err != nil {
		return answer{}, err
	}
	har, err := o.ReadBounded(args[0], engine.MaxRecording)
	if err != nil {
		return answer{}, err
	}
	learned, err := o.Learn(settings, har, known)
	if err != nil {
		for _, n := range learned.Notes {
			o.note("%s", n)
		}
		return answer{}, err
	}
	if err := o.Write(o.out, 0o644, learned.Recipe); err != nil {
		return answer{}, fmt.Errorf("cannot write the recipe: %w", err)
	}
	return o.tell(learned, args[0]), nil
}

// known is what the person says was done.
func (o *learnOptions) known() (Session, error) {
	g, err := visual.ParseName(o.visual)
	if err != nil {
		return Session{}, fault.Usage("orgstore package list shows the GUIDs of packages", "--visual: %w", err)
	}
	known := Session{GUID: g, Name: o.name, Access: o.access, UpdateFile: filepath.Base(o.file)}
	if known.Update, err = o.readPackage(o.file); err != nil {
		return Session{}, err
	}
	if o.added == "" {
		return known, nil
	}
	known.AddedFile = filepath.Base(o.added)
	known.Added, err = o.readPackage(o.added)
	return known, err
}

func (g *globals) readPackage(name string) (*pbiviz.Package, error) {
	text, err := g.ReadBounded(name, pbiviz.DefaultLimits().FileSize)
	if err != nil {
		return nil, err
	}
	p, err := pbiviz.Read(text, pbiviz.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	return p, nil
}

// free refuses to write over a recipe: another may be approved.
func (o *learnOptions) free() error {
	_, err := o.Disk.Stat(o.out)
	switch {
	case o.force || errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return fault.New("recipe.exists", "name another file with --out, or write over it with --force", "%s is there already", o.out)
}

// tell shows what was learned line by line, and what to do with it.
func (o *learnOptions) tell(l Learned, recording string) answer {
	view := output.View{Columns: []string{"FOR", "METHOD", "HOST", "PATH", "TOKEN", "SENDS"}}
	for _, r := range l.Requests {
		token := "no"
		if r.Token {
			token = "orgstore's"
		}
		view.Rows = append(view.Rows, []string{r.For, r.Method, r.Host, r.Path, token, r.Sends})
	}
	for _, n := range l.Notes {
		o.note("note: %s", n)
	}
	return answer{
		data: learnData{o.out, l.Digest, l.Requests, slices.Concat([]string{}, l.Notes)},
		view: view,
		message: fmt.Sprintf(`The recipe is in %s; its digest is %s.
Delete %s now: whoever has it may act as you.
Read the recipe, try the part that only reads with `+"`orgstore store try --recipe %s`"+`, then write into the settings:
  store: {driver: recorded, recipe: %s, digest: "%s", unofficial: accepted}
Microsoft documents none of this. Where orgstore signs in as a person, it ends when that person's sign-in rules say so.`,
			o.out, l.Digest, recording, o.out, o.out, l.Digest),
	}
}
