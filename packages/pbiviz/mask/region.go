package mask

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// A Region is a run of bytes of an entry, before any unquoting.
type Region struct {
	Entry      string
	Start, End int
}

// Digest digests what a package holds without the bytes of some regions: m1:
// and the base64 of a SHA-256. Like the content digest it leaves out the
// statement's entry. It covers how many regions there are, where each begins
// and every byte outside of them, so two packages have one digest only if they
// are equal but for what stands in the regions. The lengths of regions may
// differ. Regions must not overlap.
func Digest(p *pbiviz.Package, regions []Region) (string, error) {
	entries := slices.SortedFunc(slices.Values(p.Entries()), func(a, b pbiviz.Entry) int { return cmp.Compare(a.Name, b.Name) })
	h := sha256.New()
	io.WriteString(h, "masked 1\n")
	left := len(regions)
	for _, e := range entries {
		if e.Name == pbiviz.StatementEntry {
			continue
		}
		var inside []Region
		for _, r := range regions {
			if r.Entry == e.Name {
				inside = append(inside, r)
			}
		}
		left -= len(inside)
		sum := e.SHA256
		if len(inside) > 0 {
			body, _ := p.Entry(e.Name)
			var err error
			if sum, err = digestWithout(body, inside); err != nil {
				return "", err
			}
		}
		fmt.Fprintf(h, "%x %d %q\n", sum, len(inside), e.Name)
	}
	if left != 0 {
		return "", errors.New("cannot mask a region of an entry that is not there")
	}
	return "m1:" + base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// digestWithout digests a body that regions are taken out of. Each part between them
// goes in with its length, so no two bodies with other parts come out alike.
func digestWithout(body []byte, regions []Region) (sum [sha256.Size]byte, err error) {
	slices.SortFunc(regions, func(a, b Region) int { return cmp.Compare(a.Start, b.Start) })
	h := sha256.New()
	at := 0
	for _, r := range regions {
		if r.Start < at || r.End < r.Start || r.End > len(body) {
			return sum, errors.New("cannot mask regions that overlap or lie outside of their entry")
		}
		hashPart(h, body[at:r.Start])
		at = r.End
	}
	hashPart(h, body[at:])
	return [sha256.Size]byte(h.Sum(nil)), nil
}

func hashPart(h hash.Hash, text []byte) {
	fmt.Fprintf(h, "%d\n", len(text))
	h.Write(text)
}

// InScript finds, in its entry, a part of the package's script given by offsets
// into pbiviz.Code.Script. The entry must spell the part as the script does:
// what is escaped there is refused.
func InScript(p *pbiviz.Package, start, end int) (Region, error) {
	script := p.Code().Script
	if start < 0 || end < start || end > len(script) {
		return Region{}, errors.New("cannot mask what lies outside of the script")
	}
	if p.Manifest().Generation == pbiviz.Old {
		return findInEntry(p, start, end)
	}
	r := Region{Entry: Inner(p)}
	body, _ := p.Entry(r.Entry)
	value, at, err := Member(body, "content", "js")
	if err != nil || value.Kind() != '"' {
		return Region{}, errors.New("cannot find the script in " + r.Entry)
	}
	quoted := value[1 : len(value)-1]
	from, ok := spelledLength(quoted, start)
	to, also := spelledLength(quoted[from:], end-start)
	if !ok || !also || !bytes.Equal(quoted[from:from+to], script[start:end]) {
		return Region{}, errors.New("cannot mask a part of the script that pbiviz.json escapes")
	}
	r.Start = at + 1 + from
	r.End = r.Start + to
	return r, nil
}

// findInEntry finds a part of an old package's script, which is an entry as it is.
func findInEntry(p *pbiviz.Package, start, end int) (Region, error) {
	found := Region{Start: start, End: end}
	for _, e := range p.Entries() {
		if body, _ := p.Entry(e.Name); bytes.Equal(body, p.Code().Script) {
			if found.Entry != "" {
				return Region{}, errors.New("cannot tell which of two equal entries is the script")
			}
			found.Entry = e.Name
		}
	}
	return found, nil
}

// Inner names the entry of a package of the new generation that holds its code.
func Inner(p *pbiviz.Package) string {
	return "resources/" + p.Manifest().GUID.String() + ".pbiviz.json"
}

// spelledLength returns how many bytes of a quoted JSON string, without its quotes,
// spell n bytes of text. Not ok: no character ends there.
func spelledLength(quoted []byte, n int) (length int, ok bool) {
	for n > 0 && length < len(quoted) {
		from, to := 1, 1
		switch {
		case quoted[length] == '\\' && length+1 < len(quoted) && quoted[length+1] == 'u':
			from, to = escapeLengths(quoted[length:])
		case quoted[length] == '\\':
			from = 2
		}
		length += from
		n -= to
	}
	return min(length, len(quoted)), n == 0
}

// escapeLengths returns the lengths of a \u escape, or of a pair of them, and of the
// UTF-8 it stands for.
func escapeLengths(quoted []byte) (from, to int) {
	from = 6
	if len(quoted) >= 12 && quoted[6] == '\\' && (quoted[2]|0x20) == 'd' && quoted[3] >= '8' {
		from = 12 // a high surrogate, which valid JSON follows by a low one
	}
	text, err := jsontext.AppendUnquote(nil, slices.Concat([]byte{'"'}, quoted[:min(from, len(quoted))], []byte{'"'}))
	if err != nil {
		return from, utf8.UTFMax + 1
	}
	return from, len(text)
}

// Member finds a member of a JSON object by the names on the way to it, and
// tells at which byte of the text its value begins.
func Member(text []byte, names ...string) (value jsontext.Value, at int, err error) {
	value = text
	for _, name := range names {
		inner, from, err := findMember(value, name)
		if err != nil {
			return nil, 0, err
		}
		value, at = inner, at+from
	}
	return value, at, nil
}

func findMember(text []byte, name string) (jsontext.Value, int, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, 0, fmt.Errorf("there is no object with a member %q", name)
	}
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, 0, errors.New("it is not valid JSON")
		}
		found := t.String() == name
		v, err := d.ReadValue()
		if err != nil {
			return nil, 0, errors.New("it is not valid JSON")
		}
		if end := int(d.InputOffset()); found {
			return text[end-len(v) : end], end - len(v), nil
		}
	}
	return nil, 0, fmt.Errorf("there is no member %q", name)
}
