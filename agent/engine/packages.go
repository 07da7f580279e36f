package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// Package is what verify, add and list say of one package with one license.
type Package struct {
	File          string   `json:"file"`
	GUID          string   `json:"guid"`
	Name          string   `json:"name"`
	Version       string   `json:"version"`
	Digest        string   `json:"digest"`
	ContentDigest string   `json:"content_digest"`
	APIVersion    string   `json:"api_version"`
	Generation    string   `json:"generation"`
	Verdict       string   `json:"verdict"`
	Reasons       []Reason `json:"reasons"`
	License       License  `json:"license"`
	// Found says where the vendor's own license is in a file that was looked at;
	// never more of the key than its first characters.
	Found string `json:"found,omitempty"`
}

type License struct {
	Grade        string   `json:"grade"`
	Issuer       string   `json:"issuer"`
	Licensee     string   `json:"licensee"`
	ID           string   `json:"id"`
	Subscription string   `json:"subscription"`
	Sequence     int64    `json:"sequence"`
	Kind         string   `json:"kind"`
	Quantity     int64    `json:"quantity"`
	SKU          []string `json:"sku"`
	Sites        []string `json:"sites"`
	Begins       string   `json:"begins"`
	Ends         string   `json:"ends"`
	DaysLeft     *int     `json:"days_left"`
	KeyID        string   `json:"key_id"`
	// Attested says who attests; nil where nobody had to.
	Attested *Attestation `json:"attested,omitempty"`
}

func licenseOf(t license.Terms, at moment.Moment) License {
	d := License{
		Grade: string(cmp.Or(t.Grade, license.Opaque)), Issuer: t.Issuer, Licensee: t.Licensee, ID: t.ID,
		Subscription: t.Subscription, Sequence: t.Sequence, Kind: string(t.Kind), Quantity: t.Quantity,
		SKU: OrEmpty(t.SKUs), Sites: OrEmpty(t.Sites), Begins: Timestamp(t.Begins), Ends: Timestamp(t.Ends), KeyID: t.KeyID,
	}
	if t.Grade == license.Attested {
		d.Attested = &Attestation{t.Attester, t.Evidence.String(), t.Reason}
	}
	if !t.Ends.IsZero() {
		left := t.DaysLeft(at)
		d.DaysLeft = &left
	}
	return d
}

func OrEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func packageOf(file string, m pbiviz.Manifest, d visual.Digest, c pbiviz.Content, t license.Terms, j verdict.Judgment, at moment.Moment) Package {
	return Package{
		File: file, GUID: m.GUID.String(), Name: m.DisplayName, Version: m.Version.String(),
		Digest: d.String(), ContentDigest: string(c), APIVersion: m.APIVersion, Generation: string(m.Generation),
		Verdict: string(j.Verdict), Reasons: defectFirst(ReasonsOf(j.Findings)), License: licenseOf(t, at),
	}
}

// Packages weighs the archived packages that are wanted.
func (e *Engine) Packages(wanted func(journal.Package) bool) []Package {
	book, at, out := e.Journal.Book(), e.Moment(), []Package{}
	for _, c := range e.Observer().Candidates(book, false, at) {
		p, _ := book.Package(c.Release.Digest)
		if wanted(p) {
			out = append(out, withWaits(packageOf(p.Source, p.Manifest, p.Package, p.Content, c.Terms, c.Judgment, at)))
		}
	}
	slices.SortStableFunc(out, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.GUID, b.GUID), byVersion(a.Version, b.Version),
			cmp.Compare(a.License.Sequence, b.License.Sequence), cmp.Compare(a.Digest, b.Digest))
	})
	return out
}

// byVersion orders versions by their numbers.
func byVersion(a, b string) int {
	v, errV := visual.ParseVersion(a)
	w, errW := visual.ParseVersion(b)
	if errV != nil || errW != nil {
		return cmp.Compare(a, b)
	}
	return v.Compare(w)
}

// A PackagesResult lists packages with what may be done with them.
type PackagesResult struct {
	Packages []Package `json:"packages"`
	Message  string    `json:"message"` // one sentence for people
}

// unreadablePackage is what is said of a file that is no package.
func unreadablePackage(file string, r *verdict.Refusal) Package {
	return Package{
		File: file, Verdict: string(verdict.Reject), Reasons: ReasonsOf(r.Findings),
		License: licenseOf(license.Terms{}, moment.Moment{}),
	}
}

// A PackagesRequest asks which packages there are.
type PackagesRequest struct {
	Visuals []visual.GUID `json:"visuals,omitempty"` // empty means all, with what was refused
}

// ListPackages takes in what arrived in the library, and lists the packages with what
// may be done with them.
func (e *Engine) ListPackages(ctx context.Context, r PackagesRequest) (PackagesResult, error) {
	only := r.Visuals
	if _, err := e.takeIn(ctx); err != nil {
		e.noteUnreadLibrary(err)
	}
	for _, g := range only {
		for _, p := range e.Journal.Book().Packages() {
			if known := p.Manifest.GUID; known != g && strings.EqualFold(known.String(), g.String()) {
				return PackagesResult{}, fault.New("visual.case", "in GUIDs of visuals case counts",
					"there is no visual %s, but there is %s", g, known)
			}
		}
	}
	data := e.Packages(func(p journal.Package) bool {
		return len(only) == 0 || slices.Contains(only, p.Manifest.GUID)
	})
	if len(only) == 0 { // what is no package is of no visual
		for _, r := range e.Journal.Book().ItemRefusals() {
			data = append(data, unreadablePackage(r.Source, &verdict.Refusal{Findings: r.Findings}))
		}
	}
	out := PackagesResult{Packages: data}
	switch {
	case len(data) > 0:
	case len(only) > 0:
		out.Message = "no packages of it yet"
	default:
		out.Message = "no packages yet: put them into " + e.Settings.Library.Place() + ", or use `orgstore package add`"
	}
	return out, e.signInError()
}
