package profile

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/mask"
	"github.com/orgstore/orgstore/packages/verdict"
)

const manifestEntry = "package.json"

const (
	maxPattern = 512 // bytes
	// maxProgram bounds what a pattern compiles to, in instructions: matching
	// costs that much for each byte looked at.
	maxProgram = 300
	// minPrefix is with how many characters of plain text a pattern begins, so
	// that most of a script need not be matched at all.
	minPrefix = 3
	// maxAttempts bounds how often that plain text is looked behind.
	maxAttempts = 64
	// maxWindow bounds how far a match reaches, in bytes.
	maxWindow = MaxToken + 1<<10
)

// A place says where in a package a key sits: behind a pattern in the script,
// in an entry, or in a member of an entry (of pbiviz.json where none is named).
type place struct {
	source  string
	pattern *pattern
	entry   string
	member  []string
}

func (p place) String() string {
	switch path := strings.Join(p.member, "."); {
	case p.source != "":
		return "the script"
	case path == "":
		return p.entry
	case p.entry == "":
		return path + " in pbiviz.json"
	default:
		return path + " in " + p.entry
	}
}

// A pattern is an RE2 pattern with one group, made so that no script keeps it
// busy for long.
type pattern struct {
	prefix []byte
	match  *regexp.Regexp // at the beginning of a text
}

func compilePattern(source string) (*pattern, error) {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("the pattern is not RE2: %v", err)
	}
	if tree.MaxCap() != 1 {
		return nil, fmt.Errorf("the pattern has %d groups; it needs exactly one, around the key", tree.MaxCap())
	}
	if looksAround(tree) {
		return nil, errors.New("the pattern looks at what is around it (^, $ or \\b), which is not allowed")
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, fmt.Errorf("the pattern is not RE2: %v", err)
	}
	if len(program.Inst) > maxProgram {
		return nil, fmt.Errorf("the pattern has %d states; at most %d are allowed: write {20,} instead of {20,400}", len(program.Inst), maxProgram)
	}
	free, err := regexp.Compile(source)
	if err != nil {
		return nil, fmt.Errorf("the pattern is not RE2: %v", err)
	}
	prefix, _ := free.LiteralPrefix()
	if len(prefix) < minPrefix {
		return nil, fmt.Errorf("the pattern does not begin with at least %d characters of plain text", minPrefix)
	}
	anchored, err := regexp.Compile(`\A(?:` + source + `)`)
	if err != nil {
		return nil, fmt.Errorf("the pattern is not RE2: %v", err)
	}
	return &pattern{[]byte(prefix), anchored}, nil
}

// looksAround says whether a pattern depends on text outside of its match. Then
// a match in a part of the script would not be one in the whole.
func looksAround(tree *syntax.Regexp) bool {
	switch tree.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	}
	for _, sub := range tree.Sub {
		if looksAround(sub) {
			return true
		}
	}
	return false
}

// A span is a key in a script, in bytes.
type span struct{ start, end int }

// findSpans finds every key in a script, at most maxTimes of them.
func (p *pattern) findSpans(script []byte) ([]span, error) {
	var found []span
	attempts := 0
	for at := 0; ; {
		i := bytes.Index(script[at:], p.prefix)
		if i < 0 {
			return found, nil
		}
		at += i
		if attempts++; attempts > maxAttempts {
			return nil, fmt.Errorf("the pattern's plain text stands in the script more than %d times", maxAttempts)
		}
		window := script[at:min(at+maxWindow, len(script))]
		m := p.match.FindSubmatchIndex(window)
		switch {
		case m == nil || m[2] < 0:
			at++
		case m[1] == maxWindow:
			return nil, fmt.Errorf("the pattern matches more than %d bytes", maxWindow)
		case len(found) == maxTimes:
			return nil, fmt.Errorf("the pattern matches more than %d times", maxTimes)
		default:
			found = append(found, span{at + m[2], at + m[3]})
			at += max(m[1], 1)
		}
	}
}

// A locatedKey is a key found in a package: the key itself, and the bytes it stands in.
type locatedKey struct {
	token     []byte
	spans     []span      // in the script
	region    mask.Region // elsewhere
	isText    bool        // it is a string or a whole entry
	isEscaped bool        // the entry spells it in another way
}

// locateKey finds the one key in a package.
func (p Profile) locateKey(pkg *pbiviz.Package) (locatedKey, error) {
	var l locatedKey
	var err error
	switch {
	case p.find.pattern != nil:
		l, err = p.inScript(pkg)
	case len(p.find.member) > 0:
		l, err = p.inMember(pkg)
	default:
		l, err = p.inEntry(pkg)
	}
	if err != nil {
		return locatedKey{}, err
	}
	if n := len(l.token); n < MinToken || n > MaxToken {
		return locatedKey{}, p.refuse(codeSize, "has %d bytes; it must have between %d and %d", n, MinToken, MaxToken)
	}
	return l, nil
}

func (p Profile) inScript(pkg *pbiviz.Package) (locatedKey, error) {
	script := pkg.Code().Script
	if len(script) > MaxScript {
		return locatedKey{}, p.refuse(codeSize, "cannot be looked for: the script has %d bytes; at most %d are searched", len(script), MaxScript)
	}
	spans, err := p.find.pattern.findSpans(script)
	if err != nil {
		return locatedKey{}, p.refuse(codeSize, "cannot be looked for: %v", err)
	}
	if len(spans) == 0 {
		return locatedKey{}, p.refuse(codeNone, "is not there: the pattern matches nothing")
	}
	l := locatedKey{spans: spans, isText: true, token: script[spans[0].start:spans[0].end]}
	for _, s := range spans[1:] {
		if !bytes.Equal(l.token, script[s.start:s.end]) {
			return locatedKey{}, p.refuse(codeAmbiguous, "cannot be told: the script holds different ones")
		}
	}
	return l, nil
}

func (p Profile) inEntry(pkg *pbiviz.Package) (locatedKey, error) {
	body, ok := pkg.Entry(p.find.entry)
	if !ok {
		return locatedKey{}, p.refuse(codeNone, "is not there: the package has no such entry")
	}
	token := bytes.TrimSuffix(body, []byte("\n"))
	return locatedKey{token: token, isText: true, region: mask.Region{Entry: p.find.entry, End: len(token)}}, nil
}

func (p Profile) inMember(pkg *pbiviz.Package) (locatedKey, error) {
	entry := p.find.entry
	if entry == "" {
		entry = mask.Inner(pkg)
	}
	body, ok := pkg.Entry(entry)
	if !ok {
		return locatedKey{}, p.refuse(codeNone, "is not there: the package has no such entry")
	}
	value, at, err := mask.Member(body, p.find.member...)
	if err != nil {
		return locatedKey{}, p.refuse(codeNone, "is not there: %v", err)
	}
	l := locatedKey{token: value, region: mask.Region{Entry: entry, Start: at + 1, End: at + len(value) - 1}}
	switch value.Kind() {
	case '{':
		return l, nil
	case '"':
		l.isText = true
		if l.token, err = jsontext.AppendUnquote(nil, value); err != nil {
			return locatedKey{}, p.refuse(codeForm, "is not a string of strict JSON")
		}
		l.isEscaped = !bytes.Equal(l.token, body[l.region.Start:l.region.End])
		return l, nil
	}
	return locatedKey{}, p.refuse(codeForm, "is neither a string nor an object")
}

// refuse makes a refusal about the key. Its subject names the place.
func (p Profile) refuse(code verdict.Code, format string, args ...any) error {
	return verdict.Refuse(code, fmt.Sprintf("the key of %s in %s ", p.vendor, p.find)+fmt.Sprintf(format, args...), hintFor(code))
}
