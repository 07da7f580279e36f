package journal

import (
	"slices"

	"github.com/orgstore/orgstore/packages/visual"
)

// HasStatement says whether a statement is in the archive as a file of its own.
func (b Book) HasStatement(d visual.Digest) bool {
	_, ok := b.currentTotals().statements.get(d)
	return ok
}

// StatementsAbout lists the statements that may be about a package: the one it
// carries, then those that claim to be about its visual and its content, in the
// order they came.
func (b Book) StatementsAbout(p Package) []visual.Digest {
	var all []visual.Digest
	if !p.Carries.IsZero() {
		all = append(all, p.Carries)
	}
	s := b.currentTotals()
	stated, _ := s.statementsOf.get(p.Manifest.GUID)
	for _, d := range stated {
		if s, _ := s.statements.get(d); d != p.Carries && mayBeAbout(s, p) {
			all = append(all, d)
		}
	}
	return all
}

// PackagesAbout lists the packages that a statement claims to be about, in the
// order they came.
func (b Book) PackagesAbout(statement visual.Digest) []visual.Digest {
	s := b.currentTotals()
	stated, ok := s.statements.get(statement)
	if !ok {
		return nil
	}
	var all []visual.Digest
	arrived, _ := s.packagesOf.get(stated.GUID)
	for _, d := range arrived {
		if p, _ := s.packages.get(d); mayBeAbout(stated, p) {
			all = append(all, d)
		}
	}
	return all
}

func mayBeAbout(s Statement, p Package) bool {
	return s.GUID == p.Manifest.GUID && slices.Contains(s.Contents, p.Content)
}

// IsBound says whether a statement is bound to a package.
func (b Book) IsBound(pkg, statement visual.Digest) bool {
	for _, bound := range b.BoundsOf(pkg) {
		if bound.Statement == statement {
			return true
		}
	}
	return false
}

// Refusal returns why a statement could not be bound to a package, if it could not.
func (b Book) Refusal(pkg, statement visual.Digest) (StatementRefusal, bool) {
	return b.currentTotals().refusals.get(about{statement, pkg})
}

// ItemRefusal returns why a file was refused, if it was.
func (b Book) ItemRefusal(d visual.Digest) (ItemRefusal, bool) {
	return b.currentTotals().refused.get(d)
}
