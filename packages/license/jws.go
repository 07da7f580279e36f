package license

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
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
	signed   []byte // what the signature is over
	payload  []byte
	sig      []byte
}

// parseToken takes a statement file apart: one compact JWS of at most
// MaxStatement bytes and, at most, one line feed after it. JOSE libraries
// accept headers with duplicate members, unknown extensions and base64 that is
// not canonical; all of that is refused here, so one statement has one spelling.
func parseToken(file []byte) (token, faults) {
	if len(file) > MaxStatement+1 {
		return token{}, one(codeTooLarge, "has %d bytes; at most %d are allowed", len(file), MaxStatement)
	}
	file = trimLine(file)
	switch {
	case len(file) > MaxStatement:
		return token{}, one(codeTooLarge, "has %d bytes; at most %d are allowed", len(file), MaxStatement)
	case len(file) == 0:
		return token{}, one(codeForm, "is empty")
	case bytes.HasPrefix(file, []byte(byteOrderMark)) || len(bytes.TrimSpace(file)) != len(file):
		return token{}, one(codeForm, "starts or ends with white space or a byte order mark")
	case bytes.Count(file, []byte(".")) != 2:
		return token{}, one(codeForm, "is not a compact JWS of three parts with a dot between them")
	}
	parts := strings.Split(string(file), ".")
	var decoded [3][]byte
	for i, name := range []string{"header", "payload", "signature"} {
		b, err := decode64(parts[i])
		if err != nil {
			return token{}, one(codeBase64, "has a %s that is not strict base64url: %v", name, err)
		}
		decoded[i] = b
	}
	t := token{
		signed:  file[:len(parts[0])+1+len(parts[1])],
		payload: decoded[1],
		sig:     decoded[2],
	}
	return t, t.readHeader(decoded[0])
}

// trimLine takes away the one line feed that an editor may leave.
func trimLine(file []byte) []byte { return bytes.TrimSuffix(file, []byte("\n")) }

// readHeader reads the header, which has the members alg, kid and typ and no
// others: no crit, no b64, no key and no address of one. The algorithm is only
// compared with the key's later; it selects nothing.
func (t *token) readHeader(header []byte) faults {
	members, err := parseObject(header, limits{depth: 1, text: maxText})
	if err != nil {
		return one(codeHeader, "has a header that is not strict JSON: %s", plain(err))
	}
	var f faults
	for _, name := range members.names {
		if name != "alg" && name != "kid" && name != "typ" {
			f.add(codeHeader, "has the member %q in its header; only alg, kid and typ are allowed", name)
		}
	}
	t.alg, _ = members.text("alg")
	if t.alg != string(Ed25519) && t.alg != algEdDSA && t.alg != string(ES256) {
		f.add(codeAlg, "is signed by the algorithm %s; only Ed25519 and ES256 are allowed", members.show("alg"))
	}
	if typ, ok := members.text("typ"); !ok || typ != StatementType {
		f.add(codeTyp, "has the type %s; a license statement has %q", members.show("typ"), StatementType)
	}
	var ok bool
	if t.kid, ok = members.text("kid"); !ok || !kidForm.MatchString(t.kid) {
		f.add(codeKid, "names its key %s, which is no key's name", members.show("kid"))
	}
	return f
}

// decode64 reads unpadded base64url (RFC 7515 section 2) in its one canonical
// spelling. The standard decoder skips \r and \n even when strict, hence the
// alphabet is checked first.
func decode64(s string) ([]byte, error) {
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
