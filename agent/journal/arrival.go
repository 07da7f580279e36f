package journal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/visual"
)

func (f Received) applyTo(w *writer, e Entry) error {
	switch {
	case f.Package.IsZero():
		return errors.New("the package has no digest")
	case f.Manifest.GUID.IsZero():
		return errors.New("the package names no visual")
	case f.Manifest.Version.IsZero():
		return errors.New("the package has no version")
	}
	p := Package{f, e.At}
	if known, ok := w.packages.get(f.Package); ok {
		p.FirstSeen = known.FirstSeen
	} else {
		w.arrived.add(f.Package)
	}
	w.packages.set(f.Package, p)
	addDigest(&w.packagesOf, f.Manifest.GUID, f.Package)
	w.refused.drop(f.Package)
	return nil
}

func (f StatementReceived) applyTo(w *writer, e Entry) error {
	if f.Statement.IsZero() {
		return errors.New("the statement has no digest")
	}
	s := Statement{f, e.At}
	if known, ok := w.statements.get(f.Statement); ok {
		s.FirstSeen = known.FirstSeen
	} else {
		w.stated.add(f.Statement)
	}
	w.statements.set(f.Statement, s)
	addDigest(&w.statementsOf, f.GUID, f.Statement)
	w.refused.drop(f.Statement)
	return nil
}

// addDigest adds a digest to those of a visual, once.
func addDigest(of *table[visual.GUID, []visual.Digest], g visual.GUID, d visual.Digest) {
	if all, _ := of.get(g); !slices.Contains(all, d) {
		of.set(g, append(slices.Clip(all), d))
	}
}

func (f Bound) applyTo(w *writer, _ Entry) error {
	b := f.Bound
	p, ok := w.packages.get(b.Package)
	switch {
	case !ok:
		return fmt.Errorf("package %s was never received", b.Package.Short())
	case b.GUID != p.Manifest.GUID || !b.Version.Equal(p.Manifest.Version) || b.Content != p.Content:
		return fmt.Errorf("package %s was received as %s %s", b.Package.Short(), p.Manifest.GUID, p.Manifest.Version)
	}
	if _, ok := w.statements.get(b.Statement); !ok && !b.Embedded {
		return fmt.Errorf("statement %s was never received", b.Statement.Short())
	}
	w.bounds.set(b.Package, append(w.otherBounds(b.Package, b.Statement), b))
	w.ends = nil
	w.refusals.drop(about{b.Statement, b.Package})
	return nil
}

func (f StatementRefused) applyTo(w *writer, e Entry) error {
	if f.Statement.IsZero() || f.Package.IsZero() {
		return errors.New("it names no statement or no package")
	}
	if _, ok := w.packages.get(f.Package); !ok {
		return fmt.Errorf("package %s was never received", f.Package.Short())
	}
	// The latest word counts: what was bound under an older trust is bound no more.
	if rest := w.otherBounds(f.Package, f.Statement); len(rest) > 0 {
		w.bounds.set(f.Package, rest)
	} else {
		w.bounds.drop(f.Package)
	}
	w.ends = nil
	w.refusals.set(about{f.Statement, f.Package}, StatementRefusal{f, e.At})
	return nil
}

// otherBounds returns a new list of what is bound to a package by other statements.
func (w *writer) otherBounds(pkg, statement visual.Digest) []license.Bound {
	bounds, _ := w.bounds.get(pkg)
	return slices.DeleteFunc(slices.Clone(bounds), func(b license.Bound) bool {
		return b.Statement == statement
	})
}

func (f ItemRefused) applyTo(w *writer, e Entry) error {
	if f.Digest.IsZero() {
		return errors.New("the file has no digest")
	}
	w.refused.set(f.Digest, ItemRefusal{f, e.At})
	return nil
}

func (f Profiled) applyTo(w *writer, _ Entry) error {
	switch {
	case f.Profile == "" || f.Fingerprint == "":
		return errors.New("it names no profile")
	case f.Terms.Grade != "" && f.Terms.Grade != license.Readable:
		return fmt.Errorf("what a profile finds is readable, never %s", f.Terms.Grade)
	}
	if _, ok := w.packages.get(f.Package); !ok {
		return fmt.Errorf("package %s was never received", f.Package.Short())
	}
	// The latest word of a profile counts, whatever it said before it was edited.
	all, _ := w.profiled.get(f.Package)
	all = slices.DeleteFunc(slices.Clone(all), func(p Profiled) bool { return p.Profile == f.Profile })
	w.profiled.set(f.Package, append(all, f))
	return nil
}

func (f TimeMarked) applyTo(w *writer, _ Entry) error {
	if f.Trusted.IsZero() {
		return errors.New("it names no time")
	}
	w.time = w.time.Raise(f.Trusted)
	return nil
}

func (f SettingsSeen) applyTo(w *writer, _ Entry) error {
	if f.Policy == "" {
		return errors.New("the settings have no digest")
	}
	w.policy = f.Policy
	return nil
}
