package vendor

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/statements"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// A RotateRequest asks for the next trust bundle.
type RotateRequest struct {
	Bundle              string   // the newest one's file
	Roots               []string // files of root keys, as many as the bundle asks for
	New                 []string // uses for which to make a new key: license, status, root
	Retire, Compromised []string // keys, as KEY or KEY=DAY; a compromised one has its day
	Visuals             []string // more of the vendor's, by their GUIDs
	Issuer              string   // where the bundle has several
	Algorithm           string
	Years               int    // for how many the next bundle holds
	Folder              string // to write to; empty for beside the bundle
	DryRun              bool
}

// A Rotation is the next bundle, and what came with it.
type Rotation struct {
	Before, Next license.Bundle
	Visuals      []visual.GUID // those that Next names for the issuer whose keys change
	Bundle       string        // the next bundle's file
	Keys         []string      // files of new private keys
}

// rootUse names a new root key, beside the uses of other keys.
const rootUse = "root"

func (r RotateRequest) check() error {
	if r.Bundle == "" || len(r.Roots) == 0 {
		return fault.Usage("name what `orgstore vendor keygen` wrote, or the last rotate", "the next bundle needs --bundle and --root")
	}
	if err := checkYears(r.Years); err != nil {
		return err
	}
	for i, use := range r.New {
		if !slices.Contains([]string{string(license.UseLicense), string(license.UseStatus), rootUse}, use) {
			return fault.Usage("choose license, status or root", "--new: there are no keys for %q", use)
		}
		if slices.Contains(r.New[:i], use) {
			return fault.Usage("make one at a time", "--new: %s is named twice", use)
		}
	}
	return nil
}

// A draft is the next bundle while it is made.
type draft struct {
	request RotateRequest
	next    issuer.Draft
	roots   []string // private halves that sign
	keys    []files.File
	issuer  int // whose keys change, among those of next
	now     time.Time
}

// Rotate makes the next trust bundle of the newest one. New keys are written before
// the bundle that names them, and over no file; where it must not write, it tells
// both what and why not.
func (p Ports) Rotate(r RotateRequest) (Rotation, error) {
	if err := r.check(); err != nil {
		return Rotation{}, err
	}
	before, err := p.readBundle(r.Bundle)
	if err != nil {
		return Rotation{}, err
	}
	d, err := p.draftAfter(before, r)
	if err != nil {
		return Rotation{}, err
	}
	text, next, err := d.sign(before)
	if err != nil {
		return Rotation{}, err
	}
	made := Rotation{
		Before: before, Next: next, Visuals: next.Issuers()[d.issuer].GUIDs, Keys: []string{},
		Bundle: d.file(fmt.Sprintf("-%d%s", next.Version(), filepath.Ext(r.Bundle))),
	}
	for _, k := range d.keys {
		made.Keys = append(made.Keys, k.Name)
	}
	written := append(slices.Clone(d.keys), files.File{Name: made.Bundle, Perm: 0o644, Text: text})
	if r.DryRun {
		return made, files.CheckNew(p.Disk, written...)
	}
	return made, files.Create(p.Disk, written...)
}

// draftAfter makes of the bundle in force what a request asks for.
func (p Ports) draftAfter(before license.Bundle, r RotateRequest) (*draft, error) {
	now := p.Now().UTC().Truncate(time.Second)
	d := &draft{request: r, now: now, next: issuer.Draft{
		Version: before.Version() + 1, Expires: now.AddDate(r.Years, 0, 0), Threshold: before.Threshold(), Roots: before.Roots(),
	}}
	for _, i := range before.Issuers() {
		i.Keys, i.GUIDs = slices.Clone(i.Keys), slices.Clone(i.GUIDs)
		d.next.Issuers = append(d.next.Issuers, i)
	}
	named := func(i license.Issuer) bool { return i.Name == r.Issuer || r.Issuer == "" }
	d.issuer = slices.IndexFunc(d.next.Issuers, named)
	if d.issuer < 0 || r.Issuer == "" && len(d.next.Issuers) > 1 {
		return nil, fault.Usage("name one of it with --issuer", "%s has the issuers %s", r.Bundle, issuerNames(before))
	}
	for _, file := range r.Roots {
		text, err := files.Read(p.Disk, file, statements.MaxKey)
		if err != nil {
			return nil, err
		}
		d.roots = append(d.roots, strings.TrimSpace(string(text)))
	}
	for _, step := range []func() error{d.addVisuals, d.endKeys, d.makeKeys} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func issuerNames(b license.Bundle) string {
	var names []string
	for _, i := range b.Issuers() {
		names = append(names, i.Name)
	}
	return strings.Join(names, ", ")
}

// file names a file after the bundle.
func (d *draft) file(end string) string {
	folder := d.request.Folder
	if folder == "" {
		folder = filepath.Dir(d.request.Bundle)
	}
	return filepath.Join(folder, d.fileStem()+end)
}

// fileStem is what the files of all versions begin with.
func (d *draft) fileStem() string { return bundleStem(d.request.Bundle, d.next.Version-1) }

// sign signs the next bundle, and takes it as a customer does.
func (d *draft) sign(before license.Bundle) ([]byte, license.Bundle, error) {
	const hint = "name with --root as many root keys of the bundle as it asks for"
	for _, private := range d.roots {
		if _, err := issuer.RootPublic(private); err != nil {
			return nil, license.Bundle{}, notRoot(err)
		}
	}
	text, err := issuer.NewBundle(d.next, d.roots...)
	if err != nil {
		if refused := (*verdict.Refusal)(nil); errors.As(err, &refused) {
			err = fault.New(string(refused.Code()), hint+"; a key ends after it begins", "%w", err).DueTo(fault.CodeUnknown)
		}
		return nil, license.Bundle{}, err
	}
	next, err := before.Update(text)
	if err != nil {
		err = fault.New("trust.threshold", hint, "customers would not take this bundle: %w", err)
	}
	return text, next, err
}

func notRoot(err error) error {
	return fault.New("key.form", "name the NAME-root.key that `orgstore vendor keygen` made", "--root: %w", err)
}

// UsesWithoutKey lists for what no key of the next bundle signs.
func (r Rotation) UsesWithoutKey() []license.Use {
	var all []license.Use
	for _, use := range []license.Use{license.UseLicense, license.UseStatus} {
		signs := func(k license.Key) bool { return k.Use == use && k.Status == license.Active }
		if !slices.ContainsFunc(r.Next.Issuers(), func(i license.Issuer) bool { return slices.ContainsFunc(i.Keys, signs) }) {
			all = append(all, use)
		}
	}
	return all
}
