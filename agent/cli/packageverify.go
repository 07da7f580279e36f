package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
)

func newPackageVerify(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "verify FILE...",
		Short: "Check packages and their licenses, offline, and keep nothing",
		Long: `Check packages and their licenses, offline, and keep nothing.

The license is the statement inside the package, or the file NAME.pbiviz.license
beside it. Whom to believe comes from the settings; without settings nobody is
believed, and only the packages themselves are checked. A FILE may be a pattern.
Exits with 10 where a license is refused.`,
		Example: `  orgstore package verify gauge.pbiviz -o json
  orgstore package verify inbox/*.pbiviz`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			j, err := g.verifier(ctx)
			if err != nil {
				return answer{}, err
			}
			data := j.VerifyAll(g.Matching(args))
			return packageAnswer(data), engine.RefusedPackages(data)
		}),
	}
}

// verifier makes a verifier from the settings. If there are none at the usual
// place, it trusts nobody, and says so.
func (g *globals) verifier(ctx context.Context) (*engine.Verifier, error) {
	settings, err := g.settings()
	var f *fault.Fault
	if errors.As(err, &f) && f.Code == codeNoSettings && g.settingsFile == config.FileName {
		g.note("there are no settings here: no vendor is trusted, so no license can be believed")
		return engine.VerifierWithoutSettings(g.Ports), nil
	}
	if err != nil {
		return nil, err
	}
	return engine.NewVerifier(ctx, settings, g.Ports)
}

// codeNoSettings is the code of the fault that there is no settings file.
const codeNoSettings = "settings.missing"
