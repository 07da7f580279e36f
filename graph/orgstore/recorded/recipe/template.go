package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Where a value of a request comes from: the package, the list's entry, the
// answer of a step before, or itself.
const (
	FromPackage = "package"
	FromEntry   = "entry"
	FromFresh   = "fresh"
)

// The kinds of what an answer gives.
const (
	KindAnswer = "answer" // a JSON pointer into it
	KindHeader = "header"
	KindPart   = "location" // a part of the path of the header Location, counted from 1
	KindCookie = "cookie"
	KindMeta   = "meta"  // an HTML page's meta element, by its name
	KindInput  = "input" // an HTML page's input element, by its name
)

func isAnswerKind(kind string) bool {
	switch kind {
	case KindAnswer, KindHeader, KindPart, KindCookie, KindMeta, KindInput:
		return true
	}
	return false
}

// PackageKinds are what a package gives, its file first.
func PackageKinds() []string {
	return []string{"file", "base64", "name", "size", "guid", "store-guid", "version", "sha256", "sha256-base64", "md5-base64", "display-name", "description"}
}

// A Ref names a value that is put into a request.
type Ref struct {
	JSON bool   // as JSON, not as text
	From string // package, entry, fresh or a step's name
	Kind string // of package, fresh and steps
	Arg  string // a pointer or name
}

// String spells a reference as templates do.
func (r Ref) String() string {
	words := []string{}
	if r.JSON {
		words = append(words, "json")
	}
	words = append(words, r.From)
	for _, w := range []string{r.Kind, r.Arg} {
		if w != "" {
			words = append(words, w)
		}
	}
	return "${" + strings.Join(words, " ") + "}"
}

// A Piece is a literal text, or a reference.
type Piece struct {
	Text string
	Ref  *Ref
}

var partForm = regexp.MustCompile(`^[1-9][0-9]?$`)

var stepForm = regexp.MustCompile(`^(list|update|add|enable|disable)(-[1-9][0-9]?)?$`)

// ParseTemplate reads a template: text with references ${…}; $${ stands for ${.
func ParseTemplate(s string) ([]Piece, error) {
	var found []Piece
	text := ""
	for s != "" {
		i := strings.Index(s, "${")
		if i < 0 {
			text, s = text+s, ""
			break
		}
		if i > 0 && s[i-1] == '$' {
			text, s = text+s[:i-1]+"${", s[i+2:]
			continue
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 {
			return nil, fmt.Errorf("%.60q has a ${ without its }", s[i:])
		}
		r, err := parseRef(s[i+2 : i+end])
		if err != nil {
			return nil, err
		}
		if text += s[:i]; text != "" {
			found = append(found, Piece{Text: text})
		}
		found = append(found, Piece{Ref: &r})
		text, s = "", s[i+end+1:]
	}
	if text != "" {
		found = append(found, Piece{Text: text})
	}
	return found, nil
}

func parseRef(s string) (Ref, error) {
	var r Ref
	rest, ok := strings.CutPrefix(s, "json ")
	r.JSON = ok
	r.From, rest, _ = strings.Cut(rest, " ")
	bad := fmt.Errorf("nothing is known as ${%.60s}", s)
	switch {
	case r.From == FromEntry:
		r.Arg = rest
		if !strings.HasPrefix(rest, "/") {
			return Ref{}, bad
		}
	case r.From == FromPackage:
		if r.Kind = rest; !slices.Contains(PackageKinds(), rest) {
			return Ref{}, bad
		}
	case r.From == FromFresh:
		if r.Kind = rest; rest != "uuid" && rest != "milliseconds" {
			return Ref{}, bad
		}
	case stepForm.MatchString(r.From):
		r.Kind, r.Arg, _ = strings.Cut(rest, " ")
		if !isAnswerKind(r.Kind) || r.Arg == "" || r.Kind == KindAnswer && r.Arg[0] != '/' || r.Kind == KindPart && !partForm.MatchString(r.Arg) {
			return Ref{}, bad
		}
	default:
		return Ref{}, bad
	}
	return r, nil
}

// WriteTemplate writes pieces as a template.
func WriteTemplate(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.Ref != nil {
			b.WriteString(p.Ref.String())
		} else {
			b.WriteString(strings.ReplaceAll(p.Text, "${", "$${"))
		}
	}
	return b.String()
}
