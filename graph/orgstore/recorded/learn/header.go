package learn

import (
	"maps"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

// headers keeps a small list as it is, and others where an answer or the list
// gave them. Whatever guards against forgery and is not explained is refused.
func (e *explainer) headers() error {
	h := e.x().header
	dropped := []string{}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		value := h.Get(name)
		switch {
		case value == "", recipe.IsReservedHeader(name):
			continue
		case name == "Content-Type" && (e.x().hasBody || value == ""):
			continue // the body says it
		}
		pieces, err := e.header(name, value)
		if err != nil {
			return err
		}
		if pieces == nil {
			dropped = append(dropped, name)
			continue
		}
		i := len(e.d.step.Headers)
		e.d.step.Headers = append(e.d.step.Headers, recipe.Pair{Name: name})
		var to string
		e.keep(pieces, &to, writeTemplate)
		e.d.finish = append(e.d.finish, func() { e.d.step.Headers[i].Value = to })
	}
	if dropped = slices.DeleteFunc(dropped, func(n string) bool { return redact.LooksRandom(n) || slices.Contains(browserHeaders, n) }); len(dropped) > 0 {
		e.l.note("headers that are not sent: %s", redact.Printable(strings.Join(dropped, ", ")))
	}
	return nil
}

var browserHeaders = []string{"Accept-Language", "Cache-Control", "Pragma", "Dnt", "Priority", "Accept-Encoding", "If-None-Match", "If-Modified-Since", "Range", "Save-Data", "Upgrade-Insecure-Requests", "Purpose"}

// header explains a header; nil where it is not sent.
func (e *explainer) header(name, value string) ([]piece, error) {
	if recipe.IsLiteralHeader(name) && !redact.LooksRandom(value) && !redact.LooksPersonal(value) {
		return []piece{{text: value}}, nil
	}
	if slices.Contains(browserHeaders, name) {
		return nil, nil
	}
	pieces, err := e.explain("the header "+name, name, value, nil)
	given := err == nil && slices.ContainsFunc(pieces, func(p piece) bool { return p.ref != nil && p.ref.From != recipe.FromPackage })
	switch {
	case given && len(pieces) == 1 && pieces[0].ref.From == recipe.FromFresh && !redact.IsSecretName(name):
		return nil, nil // ids of requests, which nobody needs
	case given && (redact.IsSecretName(name) || len(pieces) == 1 && !isWord(value) || name == "If-Match"):
		return pieces, nil
	case guards(name):
		return nil, refuse(codeUnknown, "record with the page freshly loaded, so that the answer that gave it is in the recording; export the HAR with sensitive data if the browser asks",
			"%s: the header %s guards against forgery, and no recorded answer gave its value", e.where(), name)
	}
	return nil, nil
}

func isWord(s string) bool { return !strings.ContainsAny(s, "0123456789") && len(s) <= redact.MaxPlain }

func guards(name string) bool {
	p := redact.FoldName(name)
	for _, w := range []string{"csrf", "xsrf", "antiforgery", "verificationtoken"} {
		if strings.Contains(p, w) {
			return true
		}
	}
	return strings.HasSuffix(p, "token") || p == "ifmatch"
}
