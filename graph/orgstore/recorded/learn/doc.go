// Package learn reads what an administrator's own browser was recorded doing on
// the page Organizational visuals, and finds out which requests list and which
// change. It explains each value of a request: the package, the list's entry or
// an earlier answer gave it, or it is plain words. What stays unexplained is
// refused. It sends nothing, and writes nothing secret into a recipe.
package learn

import (
	"fmt"

	"github.com/orgstore/orgstore/packages/verdict"
)

// The codes of what learning refuses.
const (
	codeHAR       verdict.Code = "recorded.har"       // the recording cannot be read
	codeAmbiguous verdict.Code = "recorded.ambiguous" // the recording can be understood in two ways
	codeLearn     verdict.Code = "recorded.learn"     // something is missing in the recording
	codeUnknown   verdict.Code = "recorded.unknown"   // a value comes from nowhere that was recorded
	codeSecret    verdict.Code = "recorded.secret"    // a value that must not be written down
)

func refuse(code verdict.Code, hint, format string, args ...any) *verdict.Refusal {
	return verdict.Refuse(code, fmt.Sprintf(format, args...), hint)
}
