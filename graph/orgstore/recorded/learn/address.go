package learn

import (
	"net/url"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

// address explains the address: all of it by an answer, or part by part.
func (e *explainer) address() error {
	u := *e.x().url
	u.Fragment, u.RawFragment = "", ""
	if pieces, storage, ok := e.given(&u); ok {
		e.d.step.Storage = storage
		e.keep(pieces, &e.d.step.URL, writeTemplate)
		return nil
	}
	if e.l.hosts.KindOf(&u) != recipe.ServiceHost {
		return refuse(recipe.CodeHost, "", "%s goes to a host that no answer named; nothing is sent there", e.where())
	}
	pieces := []piece{{text: "https://" + u.Host}}
	for part := range strings.SplitSeq(strings.TrimPrefix(u.EscapedPath(), "/"), "/") {
		plain, err := url.PathUnescape(part)
		if err != nil {
			plain = part
		}
		found, err := e.explain("the path", "", plain, nil)
		if err != nil {
			return err
		}
		pieces = append(append(pieces, piece{text: "/"}), escaped(found, url.PathEscape)...)
	}
	query, err := e.query(u.RawQuery)
	if err != nil {
		return err
	}
	e.keep(append(pieces, query...), &e.d.step.URL, writeTemplate)
	return nil
}

func escaped(pieces []piece, escape func(string) string) []piece {
	for i, p := range pieces {
		if p.ref == nil {
			pieces[i].text = escape(p.text)
		}
	}
	return pieces
}

func (e *explainer) query(raw string) ([]piece, error) {
	var pieces []piece
	sep := "?"
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, has := strings.Cut(pair, "=")
		plainName, err := url.QueryUnescape(name)
		if err != nil || redact.LooksRandom(plainName) || redact.LooksPersonal(plainName) {
			return nil, refuse(codeUnknown, "", "%s: a parameter of the address has a name that looks like data", e.where())
		}
		pieces = append(pieces, piece{text: sep + url.QueryEscape(plainName)})
		sep = "&"
		if !has {
			continue
		}
		text, err := url.QueryUnescape(value)
		if err != nil {
			text = value
		}
		found, err := e.explain("the parameter "+redact.Printable(plainName), plainName, text, nil)
		if err != nil {
			return nil, err
		}
		pieces = append(append(pieces, piece{text: "="}), escaped(found, url.QueryEscape)...)
	}
	return pieces, nil
}

// given finds the answer that named the request's whole address.
func (e *explainer) given(u *url.URL) (pieces []piece, storesBytes, ok bool) {
	var best *offer
	for k := e.j - 1; k >= 0; k-- {
		if !e.usable(k) {
			continue
		}
		for _, o := range e.l.offers(k) {
			if len(o.text) < 8 || !strings.Contains(o.text, "/") || o.inList {
				continue
			}
			ref, err := url.Parse(o.text)
			if err != nil {
				continue
			}
			full := e.l.all[k].url.ResolveReference(ref).String()
			if rest, is := strings.CutPrefix(u.String(), full); is && (rest == "" || strings.ContainsAny(rest[:1], "?&/")) && !redact.LooksRandom(rest) {
				if best == nil || len(o.text) > len(best.text) {
					best = &o
					best.ref.From = "answer"
					pieces = []piece{{ref: &best.ref}}
					if rest != "" {
						pieces = append(pieces, piece{text: rest})
					}
				}
			}
		}
	}
	if best == nil || !likeID(best.text) && !redact.LooksRandom(best.text) {
		return nil, false, false
	}
	p := e.l.hosts.KindOf(u)
	if p == recipe.ServiceHost && u.Host != e.l.all[best.ref.exchange].url.Host {
		return nil, false, false
	}
	return pieces, p == recipe.StorageHost, true
}
