package engine

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/packages/tenant"
)

// A RefreshFactsRequest asks the tenant what it tells itself.
type RefreshFactsRequest struct {
	DryRun bool // keep nothing
}

// RefreshFacts asks the tenant what it tells itself, and keeps that. With an error of
// the tenant the result has the requirements that were looked at, and nothing else.
func (p Ports) RefreshFacts(ctx context.Context, settings config.Settings, r RefreshFactsRequest) (FactsResult, error) {
	written, err := p.FactsIn(settings, tenant.FileName, "mend the file, or take it away")
	if err != nil {
		return FactsResult{}, err
	}
	remote, err := p.Connect(settings, nil)
	if err != nil {
		return FactsResult{}, err
	}
	defer remote.Close()
	told, found, err := remote.Facts(ctx, written.GroupIDs())
	if err != nil {
		return FactsResult{Requirements: RequirementsOf(found)}, err
	}
	if told.AsOf.IsZero() {
		told.AsOf = p.Now().UTC().Truncate(time.Second)
	}
	text, err := tenant.Format(told)
	if err != nil {
		return FactsResult{}, err
	}
	joined, differ := written.Joined(told)
	result := p.FactsResultOf(joined, differ)
	result.Requirements = RequirementsOf(found)
	result.Message = joinNonEmpty("; ", notAsked(found), usesNotWritten(settings, joined))
	if r.DryRun {
		result.Message = joinNonEmpty("; ", result.Message, "nothing was kept: this was a dry run")
		return result, nil
	}
	return result, p.Write(filepath.Join(settings.Data, tenant.ToldName), 0o600, text)
}

func joinNonEmpty(between string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), between)
}

// usesNotWritten says of which visuals nobody wrote how they are used: with other
// facts at hand, a license that counts it is not covered without.
func usesNotWritten(s config.Settings, f tenant.Facts) string {
	var names []string
	for _, v := range s.Visuals {
		if !slices.ContainsFunc(f.Uses, func(u tenant.Use) bool { return u.GUID == v.GUID }) {
			names = append(names, cmp.Or(v.Name, v.GUID.String()))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("write under uses in %s how %s is used: where a license counts that, changes wait for a review until then (orgstore facts --help shows how)",
		filepath.Join(s.Data, tenant.FileName), strings.Join(names, ", "))
}

// notAsked says what could not be asked, and what to do.
func notAsked(found []tenant.Requirement) string {
	var lacks []string
	for _, r := range found {
		if r.State == tenant.Missing || r.State == tenant.Unknown {
			text := r.What + ": " + r.Detail
			if r.Fix != "" {
				text += " (" + r.Fix + ")"
			}
			lacks = append(lacks, text)
		}
	}
	if len(lacks) == 0 {
		return ""
	}
	return "not everything could be asked: " + strings.Join(lacks, "; ")
}
