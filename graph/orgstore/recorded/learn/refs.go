package learn

import (
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
)

// A ref is a reference of a recipe while it is learned: the step that it names
// has no name yet, so it keeps the exchange.
type ref struct {
	recipe.Ref
	exchange int // whose answer gave the value; noExchange where none did
}

const noExchange = -1

func packageRef(kind string) *ref {
	return &ref{recipe.Ref{From: recipe.FromPackage, Kind: kind}, noExchange}
}

func entryRef(pointer string) *ref {
	return &ref{recipe.Ref{From: recipe.FromEntry, Arg: pointer}, noExchange}
}

func freshRef(kind string) *ref {
	return &ref{recipe.Ref{From: recipe.FromFresh, Kind: kind}, noExchange}
}

// A piece is a literal text, or a reference.
type piece struct {
	text string
	ref  *ref
}

// writeTemplate writes pieces as a template.
func writeTemplate(pieces []piece) string {
	all := make([]recipe.Piece, len(pieces))
	for i, p := range pieces {
		all[i].Text = p.text
		if p.ref != nil {
			all[i].Ref = &p.ref.Ref
		}
	}
	return recipe.WriteTemplate(all)
}
