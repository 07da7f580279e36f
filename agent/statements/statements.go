// Package statements is what vendors and attesters share in signing: it reads the
// packages that a statement is about, and writes the signed statement beside each. It
// does not know who signs.
package statements

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

// MaxKey bounds a key file, in bytes; real ones have a few hundred.
const MaxKey = 64 << 10

// A Package is one that a statement is about, in a file that a person named.
type Package struct {
	File string
	*pbiviz.Package
}

// ReadPackages reads the packages in files.
func ReadPackages(d disk.Disk, names []string) ([]Package, error) {
	var all []Package
	limits := pbiviz.DefaultLimits()
	for _, name := range names {
		text, err := files.Read(d, name, limits.FileSize)
		if err != nil {
			return nil, err
		}
		p, err := pbiviz.Read(text, limits)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", name, err)
		}
		all = append(all, Package{name, p})
	}
	return all, nil
}

// Contents returns the packages without their files' names.
func Contents(all []Package) []*pbiviz.Package {
	var out []*pbiviz.Package
	for _, p := range all {
		out = append(out, p.Package)
	}
	return out
}

// About finds the statement about a package.
func About(issued []issuer.Issued, p Package) (issuer.Issued, bool) {
	i := slices.IndexFunc(issued, func(i issuer.Issued) bool { return i.GUID == p.Manifest().GUID })
	if i < 0 {
		return issuer.Issued{}, false
	}
	return issued[i], true
}

// An Issued is one signed statement about one package, as programs read it.
type Issued struct {
	File         string `json:"file"`
	GUID         string `json:"guid"`
	Version      string `json:"version"`
	ID           string `json:"id"`
	Subscription string `json:"subscription"`
	Sequence     int64  `json:"sequence"`
	Begins       string `json:"begins"`
	Ends         string `json:"ends"`
	// Visual is the visual's name for people.
	Visual string `json:"-"`
}

// IssuedIn says what a statement about a package says, and in which file it is.
func IssuedIn(file string, p Package, t license.Terms) Issued {
	m := p.Manifest()
	return Issued{
		File: file, GUID: m.GUID.String(), Version: m.Version.String(), ID: t.ID, Subscription: t.Subscription,
		Sequence: t.Sequence, Begins: Timestamp(t.Begins), Ends: Timestamp(t.Ends), Visual: m.DisplayName,
	}
}

// Timestamp is how programs read a time.
func Timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Place names the file beside a package, or in a folder, that takes what is made of
// it.
func Place(file, folder string) string {
	if folder == "" {
		folder = filepath.Dir(file)
	}
	return filepath.Join(folder, filepath.Base(file))
}

// SetPeriod puts the days on which a license begins and ends into a request that
// says when it is issued. Without a first day it begins when it is issued, as it
// does on a day that has begun.
func SetPeriod(r *issuer.Request, begins, ends string) error {
	var err error
	if r.Ends, err = issuer.ParseDate(ends); err != nil {
		return fault.Usage("write the day as 2027-11-20", "--ends: %w", err)
	}
	if begins == "" {
		return nil
	}
	if r.Begins, err = issuer.ParseDate(begins); err != nil {
		return fault.Usage("write the day as 2026-11-20", "--begins: %w", err)
	}
	if r.Begins.Before(r.Issued) {
		r.Begins = r.Issued
	}
	return nil
}

// CheckTenant refuses what is no tenant's ID.
func CheckTenant(id string) error {
	if license.ValidTenant(id) {
		return nil
	}
	return fault.Usage("write it as 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11, in lower case", "--tenant: %q is not a tenant's id", id)
}

// CheckDelivery refuses to write results, one for each package: two into one file,
// one over a package, or, unless it is forced, one over any file.
func CheckDelivery(d disk.Disk, packages []Package, results []files.File, force bool) error {
	for i, r := range results {
		same := func(other files.File) bool { return other.Name == r.Name }
		if j := slices.IndexFunc(results, same); j < i {
			return fault.New("file.exists", "name packages of one name one at a time, each with a folder of its own",
				"%s would be written for both %s and %s; nothing was written", r.Name, packages[j].File, packages[i].File)
		}
		info, err := d.Stat(r.Name)
		if err != nil {
			continue
		}
		isSource := func(p Package) bool {
			other, err := d.Stat(p.File)
			return err == nil && os.SameFile(other, info)
		}
		if slices.ContainsFunc(packages, isSource) {
			return fault.New("file.exists", "name another folder with --out", "%s is the package itself, and stays as it was built", r.Name)
		}
		if !force {
			return fault.New("file.exists", "name another folder with --out, or add --force", "%s exists already; nothing was written", r.Name)
		}
	}
	return nil
}

// Deliver writes all results, or finds out before the first that it must not.
func Deliver(d disk.Disk, packages []Package, results []files.File, force bool) error {
	if err := CheckDelivery(d, packages, results, force); err != nil {
		return err
	}
	return files.Write(d, results...)
}
