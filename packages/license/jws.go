package license

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	// MaxStatement bounds a statement, in bytes.
	MaxStatement = 16 << 10
	// StatementType is the typ of a license statement's header. Each kind of
	// signed document has its own, so that none passes for another.
	StatementType = "visual-license+jwt"

	byteOrderMark = "\ufeff"
)

// kidForm is how keys may be named: no path, no quote, nothing to escape.
var kidForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// A token is a compact JWS (RFC 7515) taken apart; nothing of it is verified.
type token struct {
	alg, kid string
	typ      string
	signed   []byte // what the signature is over
	payload  []byte
	sig      []byte
}

// parseToken takes a statement's file apart; it may be of the vendor's type or
// of the tenant's.
func parseToken(file []byte) (token, faults) {
	return parseCompact(file, MaxStatement, StatementType, AttestationType)
}

// parseCompact takes apart a file of at most max bytes whose header has one of
// the types.
func parseCompact(file []byte, max int, types ...string) (token, faults) {
	t, header, f := splitCompact(file, max)
	if len(f) > 0 {
		return token{}, f
	}
	return t, t.readHeader(header, types)
}

// splitCompact takes a file apart: one compact JWS of at most max bytes and at most one
// line feed after it. JOSE libraries accept base64 that is not canonical; that
// is refused here, so one document has one spelling.
func splitCompact(file []byte, max int) (t token, header []byte, f faults) {
	if len(file) > max+1 {
		return token{}, nil, fault(codeTooLarge, "has %d bytes; at most %d are allowed", len(file), max)
	}
	file = trimLineFeed(file)
	switch {
	case len(file) > max:
		return token{}, nil, fault(codeTooLarge, "has %d bytes; at most %d are allowed", len(file), max)
	case len(file) == 0:
		return token{}, nil, fault(codeForm, "is empty")
	case bytes.HasPrefix(file, []byte(byteOrderMark)) || len(bytes.TrimSpace(file)) != len(file):
		return token{}, nil, fault(codeForm, "starts or ends with white space or a byte order mark")
	case bytes.Count(file, []byte(".")) != 2:
		return token{}, nil, fault(codeForm, "is not a compact JWS of three parts with a dot between them")
	}
	parts := strings.Split(string(file), ".")
	var decoded [3][]byte
	for i, name := range []string{"header", "payload", "signature"} {
		b, err := decodeBase64URL(parts[i])
		if err != nil {
			return token{}, nil, fault(codeBase64, "has a %s that is not strict base64url: %v", name, err)
		}
		decoded[i] = b
	}
	return token{
		signed:  file[:len(parts[0])+1+len(parts[1])],
		payload: decoded[1],
		sig:     decoded[2],
	}, decoded[0], nil
}

// trimLineFeed takes away the one line feed that an editor may leave.
func trimLineFeed(file []byte) []byte { return bytes.TrimSuffix(file, []byte("\n")) }

// readHeader reads the header, strict JSON with the members alg, kid and typ and
// no others: no crit, no b64, no key and no address of one. The algorithm is only
// compared with the key's later; it selects nothing. The type must be one of
// those the caller reads, written as here: another kind of document is no
// statement, however well it is signed.
func (t *token) readHeader(header []byte, types []string) faults {
	members, err := parseObject(header, limits{depth: 1, text: maxText})
	if err != nil {
		return fault(codeHeader, "has a header that is not strict JSON: %s", escapeError(err))
	}
	var f faults
	for _, name := range members.names {
		if name != "alg" && name != "kid" && name != "typ" {
			f.add(codeHeader, "has the member %+q in its header; only alg, kid and typ are allowed", name)
		}
	}
	t.alg, _ = members.text("alg")
	if t.alg != string(Ed25519) && t.alg != algEdDSA && t.alg != string(ES256) {
		f.add(codeAlg, "is signed by the algorithm %s; only Ed25519 and ES256 are allowed", members.shown("alg"))
	}
	var ok bool
	if t.typ, ok = members.text("typ"); !ok || !slices.Contains(types, t.typ) {
		f.add(codeTyp, "has the type %s; only %s is read here", members.shown("typ"), strings.Join(types, " or "))
	}
	if t.kid, ok = members.text("kid"); !ok || !kidForm.MatchString(t.kid) {
		f.add(CodeUnknownKey, "names its key %s, which is no key's name", members.shown("kid"))
	}
	return f
}

// decodeBase64URL reads unpadded base64url (RFC 7515 section 2) in its one canonical
// spelling. The standard decoder skips \r and \n even when strict, hence the
// alphabet is checked first.
func decodeBase64URL(s string) ([]byte, error) {
	for i := range len(s) {
		c := s[i]
		if !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return nil, fmt.Errorf("character %d is %+q", i+1, c)
		}
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%d characters are no canonical encoding", len(s))
	}
	return b, nil
}
