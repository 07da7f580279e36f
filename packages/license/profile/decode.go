package profile

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The steps from a key to what it says.
const (
	verbPart      = "part"
	verbBase64    = "base64"    // RFC 4648 section 4, with or without padding
	verbBase64URL = "base64url" // section 5, with or without padding
	verbJSON      = "json"
)

// A step takes some bytes and gives fewer.
type step struct {
	verb         string
	from, to, of int // of part, counted from 1
	by           byte
}

var (
	partForm  = regexp.MustCompile(`^part ([1-9]) of ([1-9])(?: by ([.:|~;,]))?$`)
	partsForm = regexp.MustCompile(`^parts ([1-9])-([1-9]) of ([1-9])(?: by ([.:|~;,]))?$`)
)

const stepHint = "steps are base64, base64url, json, part 1 of 2, parts 1-2 of 3, and part 1 of 2 by : for another sign than a dot"

func parseStep(s string) (step, error) {
	switch s {
	case verbBase64, verbBase64URL, verbJSON:
		return step{verb: s}, nil
	}
	p := step{verb: verbPart, by: '.'}
	if m := partForm.FindStringSubmatch(s); m != nil {
		p.from, p.to, p.of = int(m[1][0]-'0'), int(m[1][0]-'0'), int(m[2][0]-'0')
		p.setBy(m[3])
	} else if m := partsForm.FindStringSubmatch(s); m != nil {
		p.from, p.to, p.of = int(m[1][0]-'0'), int(m[2][0]-'0'), int(m[3][0]-'0')
		p.setBy(m[4])
	} else {
		return step{}, fmt.Errorf("%s is not a step", quoteShort(s))
	}
	if p.from > p.to || p.to > p.of {
		return step{}, fmt.Errorf("%s are not parts of that many", quoteShort(s))
	}
	return p, nil
}

func (s *step) setBy(sign string) {
	if sign != "" {
		s.by = sign[0]
	}
}

// decode takes one step. Its errors hold nothing of the text.
func (s step) decode(text []byte) ([]byte, error) {
	switch s.verb {
	case verbPart:
		parts := bytes.Split(text, []byte{s.by})
		if len(parts) != s.of {
			return nil, fmt.Errorf("it has %d parts instead of %d", len(parts), s.of)
		}
		return bytes.Join(parts[s.from-1:s.to], []byte{s.by}), nil
	case verbBase64:
		return decodeBase64(text, "+/", base64.RawStdEncoding)
	case verbBase64URL:
		return decodeBase64(text, "-_", base64.RawURLEncoding)
	case verbJSON:
		if v := jsontext.Value(text); !v.IsValid() || v.Kind() != '{' {
			return nil, errors.New("it is not one strict JSON object")
		}
		return text, nil
	}
	return nil, errors.New("the step is not known")
}

// applySteps takes steps one after another.
func applySteps(steps []step, text []byte) ([]byte, error) {
	for i, s := range steps {
		var err error
		if text, err = s.decode(text); err != nil {
			return nil, fmt.Errorf("step %d, %s: %w", i+1, s, err)
		}
	}
	return text, nil
}

// decodeBase64 reads canonical base64, with padding where it belongs or with none.
// The standard decoder skips \r and \n even when strict, hence the alphabet is
// checked first.
func decodeBase64(text []byte, last string, encoding *base64.Encoding) ([]byte, error) {
	raw := text
	if padded := bytes.TrimRight(text, "="); len(padded) < len(text) {
		if len(text)%4 != 0 || len(text)-len(padded) > 2 {
			return nil, errors.New("its padding is not right")
		}
		raw = padded
	}
	for i, c := range raw {
		if !isAlphanumeric(c) && !strings.ContainsRune(last, rune(c)) {
			return nil, fmt.Errorf("character %d is not of its alphabet", i+1)
		}
	}
	decoded, err := encoding.Strict().AppendDecode(nil, raw)
	if err != nil {
		return nil, errors.New("it is no canonical encoding")
	}
	return decoded, nil
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
