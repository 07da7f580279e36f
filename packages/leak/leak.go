// Package leak knows what secrets look like, and finds them where none may be:
// in logs, errors and pages. It tells where and what kind, never the secret.
//
// It shares nothing with what takes secrets out of texts, so that a form which
// one of them does not know is not overlooked by both.
package leak

import (
	"encoding/base64"
	"io/fs"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A form is one look of secrets. What it finds is a secret unless harmless says
// otherwise of the part in parentheses.
type form struct {
	name       string
	pattern    *regexp.Regexp
	isHarmless func(string) bool
}

// Canary begins the secrets that tests make up, so that they are found
// everywhere.
const Canary = "canary-" + "secret" // put together: this file holds none

func secretForms() []form {
	return []form{
		{"a token", regexp.MustCompile(`(eyJ[\w-]+\.[\w-]{8,}(?:\.[\w-]*)?)`), isStatement},
		{"a bearer's token", regexp.MustCompile(`(?i)\bbearer[ :=]+"?([\w.~+/-]{16,}=*)`), isProse},
		{"a secret member", regexp.MustCompile(`(?i)\b(?:client_secret|client_assertion|access_token|refresh_token|id_token|password)\b["']?\s*[:=]\s*["']?([\w.~+/-]{8,}=*)`), isProse},
		{"an address that is signed", regexp.MustCompile(`(?i)[?&](?:sig|tempauth|code|access_token)=([\w.~+/%-]{8,}=*)`), nil},
		{"a private key", regexp.MustCompile(`(-----BEGIN [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-1[A-Z0-9]{8})`), nil},
		{"a secret of a test", regexp.MustCompile(`(?i)(` + Canary + `)`), nil},
	}
}

// A Finder looks for all forms. It may be used by many goroutines at once.
type Finder struct{ forms []form }

// New returns a finder.
func New() Finder { return Finder{secretForms()} }

// In says what secrets a text holds, as "a token"; nothing where it holds none.
func (f Finder) In(text string) []string {
	var found []string
	for _, form := range f.forms {
		for _, m := range form.pattern.FindAllStringSubmatch(text, -1) {
			if form.isHarmless == nil || !form.isHarmless(m[1]) {
				found = append(found, form.name)
				break
			}
		}
	}
	return found
}

// Files looks into every file beneath a folder that holds text for people or
// for a log, and returns "NAME: what", sorted by name. Others, as keys and
// packages, hold what they are made for.
func (f Finder) Files(dir fs.FS) ([]string, error) {
	var found []string
	err := fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !isReport(name) {
			return err
		}
		text, err := fs.ReadFile(dir, name)
		for _, what := range f.In(string(text)) {
			found = append(found, name+": "+what)
		}
		return err
	})
	return found, err
}

// isReport says whether a file is one that tells people, or other programs, what
// happened.
func isReport(name string) bool {
	for _, end := range []string{".html", ".json", ".jsonl", ".log", ".md", ".txt", ".csv", ".prom", ".eml", ".db", ".db-wal"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// isStatement says whether a token is one that we publish: a statement about a
// license says what is allowed, and allows nobody in.
func isStatement(token string) bool {
	head, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return false
	}
	var h struct {
		Type string `json:"typ"`
	}
	return json.Unmarshal(raw, &h, jsontext.AllowDuplicateNames(true)) == nil && strings.HasPrefix(h.Type, "visual-license")
}

// isProse says whether a text is made of letters alone, as prose is.
func isProse(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= '0' && r <= '9' })
}
