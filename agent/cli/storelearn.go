package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
)

type learnOptions struct {
	*globals
	request engine.LearnRequest
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
Organizational visuals; wait for the list; update one visual from a file to another
version; wait for the list; export as HAR with content. Then, if you like, in the same
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
	f.StringVar(&o.request.Package, "package", "", "the `FILE` that you uploaded to update the visual, under the same name (required)")
	f.StringVar(&o.request.Visual, "visual", "", "the `VISUAL` that you updated (required)")
	f.StringVar(&o.request.Name, "name", "", "its `NAME` in the portal, if that is not the package's own")
	f.StringVar(&o.request.Added, "added", "", "the `FILE` of another visual that you added")
	f.BoolVar(&o.request.Access, "access", false, "you switched its Access off, and then on again")
	f.StringVar(&o.request.Out, "out", "recipe.yaml", "the `FILE` to write the recipe to")
	f.BoolVar(&o.request.Force, "force", false, "write over a file that is there")
	return cmd
}

func (o *learnOptions) run(_ context.Context, args []string) (answer, error) {
	if o.request.Package == "" || o.request.Visual == "" {
		return answer{}, fault.Usage("see `orgstore store learn --help`", "give the package that was uploaded with --package, and its visual with --visual")
	}
	settings, err := o.settings()
	if err != nil {
		return answer{}, err
	}
	o.request.Recording = args[0]
	learned, err := engine.LearnRecipe(settings, o.Ports, o.request)
	for _, n := range learned.Notes {
		o.note("note: %s", n)
	}
	if err != nil {
		return answer{}, err
	}
	return learnedAnswer(learned, args[0]), nil
}

// learnedAnswer shows what was learned line by line, and what to do with it.
func learnedAnswer(l engine.LearnResult, recording string) answer {
	view := output.View{Columns: []string{"FOR", "METHOD", "HOST", "PATH", "TOKEN", "SENDS"}}
	for _, r := range l.Requests {
		token := "no"
		if r.Token {
			token = "orgstore's"
		}
		view.Rows = append(view.Rows, []string{r.For, r.Method, r.Host, r.Path, token, r.Sends})
	}
	return answer{
		data: l, view: view,
		message: fmt.Sprintf(`The recipe is in %s; its digest is %s.
Delete %s now: whoever has it may act as you.
Read the recipe, try the part that only reads with `+"`orgstore store try --recipe %s`"+`, then write into the settings:
  store: {driver: recorded, recipe: %s, digest: "%s", unofficial: accepted}
Microsoft documents none of this. Where orgstore signs in as a person, it ends when that person's sign-in rules say so.`,
			l.Recipe, l.Digest, recording, l.Recipe, l.Recipe, l.Digest),
	}
}
