// Package recipe is what the recorded store driver keeps of a recording: which
// requests list and which change, in templates into which values are filled when
// they are sent. It knows how a recipe is written down, read and reviewed, whom
// anything may be sent to, and where the values of a request may come from.
// learn makes recipes, replay sends what they say.
//
// It knows no address or member of Microsoft's private requests: nothing of them
// is documented, so nothing of them is written here. Everything comes from the
// recording, and a person approves it by the recipe's digest.
//
// Three things are never taken from a recording: whom a token may be sent to
// (Hosts, compiled in), the token itself, and anything else that is secret.
package recipe

import (
	"fmt"

	"github.com/orgstore/orgstore/packages/verdict"
)

// The codes of what learning and replaying both refuse.
const (
	CodeHost   verdict.Code = "recorded.host"   // an address to which nothing is sent
	CodeRecipe verdict.Code = "recorded.recipe" // the recipe cannot be read
)

func refuse(code verdict.Code, hint, format string, args ...any) *verdict.Refusal {
	return verdict.Refuse(code, fmt.Sprintf(format, args...), hint)
}
