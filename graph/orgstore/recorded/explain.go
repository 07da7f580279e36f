package recorded

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// An explainer finds out where the values of one request come from.
type explainer struct {
	l *learner
	s subject
	j int // the request
	d *draft
}

func (e *explainer) x() *exchange { return e.l.all[e.j] }

// where names the request for people.
func (e *explainer) where() string {
	return fmt.Sprintf("%s %s%s", e.x().method, RedactHost(e.x().url.String()), RedactPath(e.x().url.Path))
}

// keep remembers a template's references and writes it once they have names.
func (e *explainer) keep(pieces []piece, to *string, write func([]piece) string) {
	for _, p := range pieces {
		if p.ref != nil {
			e.d.refs = append(e.d.refs, p.ref)
		}
	}
	e.d.finish = append(e.d.finish, func() { *to = write(pieces) })
}

// address explains the address: all of it by an answer, or part by part.
func (e *explainer) address() error {
	u := *e.x().url
	u.Fragment, u.RawFragment = "", ""
	if pieces, storage, ok := e.given(&u); ok {
		e.d.step.Storage = storage
		e.keep(pieces, &e.d.step.URL, writeTemplate)
		return nil
	}
	if e.l.hosts.KindOf(&u) != ServiceHost {
		return refuse(CodeHost, "", "%s goes to a host that no answer named; nothing is sent there", e.where())
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
		if err != nil || LooksRandom(plainName) || LooksPersonal(plainName) {
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
		found, err := e.explain("the parameter "+MakePrintable(plainName), plainName, text, nil)
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
			if rest, is := strings.CutPrefix(u.String(), full); is && (rest == "" || strings.ContainsAny(rest[:1], "?&/")) && !LooksRandom(rest) {
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
	if best == nil || !likeID(best.text) && !LooksRandom(best.text) {
		return nil, false, false
	}
	p := e.l.hosts.KindOf(u)
	if p == ServiceHost && u.Host != e.l.all[best.ref.exchange].url.Host {
		return nil, false, false
	}
	return pieces, p == StorageHost, true
}

// headers keeps a small list as it is, and others where an answer or the list
// gave them. Whatever guards against forgery and is not explained is refused.
func (e *explainer) headers() error {
	h := e.x().header
	dropped := []string{}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		value := h.Get(name)
		switch {
		case value == "", IsReservedHeader(name):
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
		e.d.step.Headers = append(e.d.step.Headers, Pair{Name: name})
		var to string
		e.keep(pieces, &to, writeTemplate)
		e.d.finish = append(e.d.finish, func() { e.d.step.Headers[i].Value = to })
	}
	if dropped = slices.DeleteFunc(dropped, func(n string) bool { return LooksRandom(n) || slices.Contains(browserHeaders, n) }); len(dropped) > 0 {
		e.l.note("headers that are not sent: %s", MakePrintable(strings.Join(dropped, ", ")))
	}
	return nil
}

var browserHeaders = []string{"Accept-Language", "Cache-Control", "Pragma", "Dnt", "Priority", "Accept-Encoding", "If-None-Match", "If-Modified-Since", "Range", "Save-Data", "Upgrade-Insecure-Requests", "Purpose"}

// header explains a header; nil where it is not sent.
func (e *explainer) header(name, value string) ([]piece, error) {
	if IsLiteralHeader(name) && !LooksRandom(value) && !LooksPersonal(value) {
		return []piece{{text: value}}, nil
	}
	if slices.Contains(browserHeaders, name) {
		return nil, nil
	}
	pieces, err := e.explain("the header "+name, name, value, nil)
	given := err == nil && slices.ContainsFunc(pieces, func(p piece) bool { return p.ref != nil && p.ref.From != FromPackage })
	switch {
	case given && len(pieces) == 1 && pieces[0].ref.From == FromFresh && !IsSecretName(name):
		return nil, nil // ids of requests, which nobody needs
	case given && (IsSecretName(name) || len(pieces) == 1 && !isWord(value) || name == "If-Match"):
		return pieces, nil
	case guards(name):
		return nil, refuse(codeUnknown, "record with the page freshly loaded, so that the answer that gave it is in the recording; export the HAR with sensitive data if the browser asks",
			"%s: the header %s guards against forgery, and no recorded answer gave its value", e.where(), name)
	}
	return nil, nil
}

func isWord(s string) bool { return !strings.ContainsAny(s, "0123456789") && len(s) <= MaxPlain }

func guards(name string) bool {
	p := FoldName(name)
	for _, w := range []string{"csrf", "xsrf", "antiforgery", "verificationtoken"} {
		if strings.Contains(p, w) {
			return true
		}
	}
	return strings.HasSuffix(p, "token") || p == "ifmatch"
}

// An offer is a value that an answer gave.
type offer struct {
	text   string
	leaf   *Node // of JSON
	ref    ref
	inList bool // it is in an entry of the list: see explainer.fromEntry
}

const maxOffers = 50_000

// offers are the values that an exchange's answer gave.
func (l *learner) offers(k int) []offer {
	if all, is := l.given[k]; is {
		return all
	}
	if l.given == nil {
		l.given = map[int][]offer{}
	}
	all := l.offersOf(k)
	l.given[k] = all
	return all
}

func (l *learner) offersOf(k int) []offer {
	x := l.all[k]
	a := x.reply()
	var found []offer
	add := func(kind, arg, text string, leaf *Node, inList bool) {
		if text != "" && len(found) < maxOffers && !strings.ContainsAny(arg, "}\r\n") {
			found = append(found, offer{text, leaf, ref{Ref{Kind: kind, Arg: arg}, k}, inList})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Header)) {
		if name != "Set-Cookie" && name != "Date" && name != "Content-Length" {
			add(KindHeader, name, a.Header.Get(name), nil, false)
		}
	}
	for i, part := range a.LocationParts() {
		if LooksRandom(part) || likeID(part) {
			add(KindPart, strconv.Itoa(i+1), part, nil, false)
		}
	}
	cookies := a.Cookies()
	for _, name := range slices.Sorted(maps.Keys(cookies)) {
		add(KindCookie, name, cookies[name], nil, false)
	}
	for _, el := range a.Elements() {
		add(el.Kind, el.Name, el.Value, nil, false)
	}
	if a.JSON != nil {
		lists := slices.Contains(l.lists, k)
		a.JSON.Walk("", func(p, _ string, t *Node) {
			if t.IsLeaf() && t.Kind != 'n' && t.Kind != 't' && p != "" {
				add(KindAnswer, p, t.Text, t, lists && strings.HasPrefix(p, l.list.Entries+"/"))
			}
		})
	}
	return found
}

// usable says whether the request may use an exchange's answer: one that came
// before it, and of those that list only the last before the change.
func (e *explainer) usable(k int) bool {
	x := e.l.all[k]
	if k >= e.j || !ok(x) || slices.Contains(e.l.lists, k) && k != e.s.before {
		return false
	}
	return !changing(x) || slices.Contains(e.s.changes, k)
}

// rank orders the answers in which a value was found: the list, then what was
// changed, the earliest first, then what was read, the latest first.
func (e *explainer) rank(k int) int {
	switch {
	case k == e.s.before:
		return -1
	case slices.Contains(e.s.changes, k):
		return k
	}
	return 2*len(e.l.all) - k
}

// fromAnswers finds the answer that gave a text.
func (e *explainer) fromAnswers(where, name, text string, leaf *Node) (*ref, error) {
	strong := len(text) >= 8 && likeID(text) || len(text) > MaxPlain && !strings.Contains(text, " ")
	good := func(k int, o offer) bool {
		return o.text == text && !o.inList && fits(o.leaf, leaf) && (strong || e.weak(k, o, name, text))
	}
	best := e.offered(func(k int, o offer) bool { return o.ref.Kind != KindPart && good(k, o) })
	if len(best) == 0 && strong { // Chromium does not keep what a file that is sent alone was answered
		best = e.offered(good)
	}
	if len(best) == 0 {
		return nil, nil
	}
	if i := slices.IndexFunc(best, func(o offer) bool { return alike(LastName(o.ref.Arg), name) }); i >= 0 {
		best = best[i : i+1]
	}
	if len(best) > 1 && !strong {
		return nil, refuse(codeAmbiguous, "record again: another time the values differ", "%s: %s has a value that one answer gives in %d places (%s and %s)",
			e.where(), where, len(best), MakePrintable(best[0].ref.Arg), MakePrintable(best[1].ref.Arg))
	}
	r := best[0].ref
	r.From = "answer"
	return &r, nil
}

// offered are the values of one answer that are good: of the first by rank that
// has any.
func (e *explainer) offered(good func(k int, o offer) bool) []offer {
	best, rank := []offer(nil), 0
	for k := range e.j {
		if !e.usable(k) {
			continue
		}
		var here []offer
		for _, o := range e.l.offers(k) {
			if good(k, o) {
				here = append(here, o)
			}
		}
		if len(here) > 0 && (best == nil || e.rank(k) < rank) {
			best, rank = here, e.rank(k)
		}
	}
	return best
}

// weak says whether a short value may come from an answer all the same: that of
// a change, or one with the same name.
func (e *explainer) weak(k int, o offer, name, text string) bool {
	if isWord(text) && len(text) < 4 {
		return false
	}
	return slices.Contains(e.s.changes, k) && (strings.ContainsAny(text, "0123456789") && o.ref.Kind != KindHeader || alike(LastName(o.ref.Arg), name)) ||
		IsSecretName(name) && alike(LastName(o.ref.Arg), name)
}

// alike says whether two names may mean the same.
func alike(a, b string) bool {
	a, b = FoldName(a), FoldName(b)
	return len(a) > 2 && len(b) > 2 && (a == b || strings.HasSuffix(a, b) || strings.HasSuffix(b, a)) || a == b && a != ""
}

// fits says whether a value can stand where a JSON leaf stands; anywhere else
// its text is enough.
func fits(from, to *Node) bool {
	return to == nil || to.Kind == '"' || from != nil && from.Kind == to.Kind
}

// fromEntry finds the member of the list's entry that a value is.
func (e *explainer) fromEntry(where, name, text string, leaf *Node) (*ref, error) {
	if e.s.entry == nil {
		return nil, nil
	}
	var same, ids []string
	e.s.entry.Walk("", func(p, member string, t *Node) {
		if !t.IsLeaf() || t.Text != text || !fits(t, leaf) || t.Kind == 'n' && (leaf == nil || leaf.Kind != 'n') || inArray(e.s.entry, p) || strings.ContainsAny(p, "}\r\n") {
			return
		}
		if name != "" && FoldName(member) == FoldName(name) {
			same = append(same, p)
		}
		if t.Kind != 'n' && t.Kind != 't' && text != "" && slices.Contains(e.s.ids, p) {
			ids = append(ids, p)
		}
	})
	slices.SortStableFunc(same, func(a, b string) int { return cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")) })
	pick := same
	if len(pick) == 0 {
		pick = ids
		if len(ids) > 1 && !e.aliases(ids) {
			return nil, refuse(codeAmbiguous, "record the update of another visual, in whose entry these differ",
				"%s: %s is the same as several members of the list's entry (%s); which it is cannot be told", e.where(), where, MakePrintable(strings.Join(ids, ", ")))
		}
	}
	if len(pick) == 0 {
		return nil, nil
	}
	return entryRef(pick[0]), nil
}

// aliases says whether members have the same value in each entry.
func (e *explainer) aliases(pointers []string) bool {
	if len(e.s.entries) < 2 {
		return false
	}
	return !slices.ContainsFunc(e.s.entries, func(entry *Node) bool {
		first := entry.At(pointers[0])
		return slices.ContainsFunc(pointers[1:], func(p string) bool {
			o := entry.At(p)
			return first == nil || o == nil || o.Text != first.Text
		})
	})
}

// fromPackage finds what of the package a value is.
func (e *explainer) fromPackage(name, text string, leaf *Node) *ref {
	if e.s.upload == nil || text == "" {
		return nil
	}
	for _, kind := range PackageKinds()[1:] {
		if e.s.upload.Values[kind] != text {
			continue
		}
		switch kind {
		case "size":
			p := FoldName(name)
			if !strings.Contains(p, "size") && !strings.Contains(p, "length") && !strings.Contains(p, "bytes") && len(text) < 4 {
				continue
			}
			if leaf != nil && leaf.Kind == '0' {
				r := packageRef(kind)
				r.JSON = true
				return r
			}
		case "display-name", "description":
			if e.s.entry != nil {
				continue // the portal's own texts stay as they are
			}
		}
		if leaf == nil || leaf.Kind == '"' {
			return packageRef(kind)
		}
	}
	return nil
}

// fresh recognizes what a browser makes up for each request.
func (e *explainer) fresh(name, text string) *ref {
	p := FoldName(name)
	switch {
	case likeUUID(text) && (strings.Contains(p, "requestid") || strings.Contains(p, "activityid") || strings.Contains(p, "correlation") || p == "traceid"):
		return freshRef("uuid")
	case p == "" && name != "_", len(text) != 13:
	case name == "_" || p == "ts" || p == "timestamp" || p == "t" || p == "nocache" || p == "cachebuster" || p == "time":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && abs(n-e.x().at.UnixMilli()) < 300_000 {
			return freshRef("milliseconds")
		}
	}
	return nil
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

func likeUUID(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) != 5 || len(s) != 36 {
		return false
	}
	return strings.Trim(s, "0123456789abcdefABCDEF-") == ""
}

// one explains a value as a whole; nil where nothing does.
func (e *explainer) one(where, name, text string, leaf *Node) (*ref, error) {
	if r := e.fresh(name, text); r != nil {
		return r, nil
	}
	if r := e.fromPackage(name, text, leaf); r != nil {
		return r, nil
	}
	r, err := e.fromEntry(where, name, text, leaf)
	if r != nil || err != nil {
		return r, err
	}
	if text == "" {
		return nil, nil
	}
	return e.fromAnswers(where, name, text, leaf)
}

// explain explains a value as a whole, or what in it is something known. What
// is left must be plain words.
func (e *explainer) explain(where, name, text string, leaf *Node) ([]piece, error) {
	r, err := e.one(where, name, text, leaf)
	if err != nil {
		return nil, err
	}
	if r != nil {
		return []piece{{ref: r}}, nil
	}
	if leaf != nil && leaf.Kind != '"' {
		return nil, nil
	}
	pieces, err := e.within(where, text)
	if err != nil {
		return nil, err
	}
	for _, p := range pieces {
		if p.ref == nil {
			if err := e.literal(where, name, p.text, len(pieces) == 1); err != nil {
				return nil, err
			}
		}
	}
	return pieces, nil
}

// literal refuses to write down what looks like data or a secret.
func (e *explainer) literal(where, name, text string, whole bool) error {
	const hint = "record with the page freshly loaded, so that the answer it comes from is in the recording"
	switch {
	case LooksPersonal(text):
		return refuse(codeSecret, "", "%s: %s holds an e-mail address that the list's entry does not have", e.where(), where)
	case LooksRandom(text):
		return refuse(codeUnknown, hint, "%s: %s holds a value that looks like an id or a key, and no recorded answer gave it", e.where(), where)
	case whole && IsSecretName(name) && text != "" && text != "true" && text != "false":
		return refuse(codeSecret, hint, "%s: %s holds something secret, and no recorded answer gave it", e.where(), where)
	}
	return nil
}

// within finds known values inside a text.
func (e *explainer) within(where, text string) ([]piece, error) {
	if text == "" {
		return []piece{}, nil
	}
	if known, r := e.longest(text); r != nil {
		i := strings.Index(text, known)
		left, err := e.within(where, text[:i])
		if err != nil {
			return nil, err
		}
		right, err := e.within(where, text[i+len(known):])
		return slices.Concat(left, []piece{{ref: r}}, right), err
	}
	var pieces []piece
	for _, run := range runs(text) {
		if likeID(run) && run != text {
			r, err := e.one(where, "", run, nil)
			if err != nil {
				return nil, err
			}
			if r != nil {
				pieces = append(pieces, piece{ref: r})
				continue
			}
		}
		if n := len(pieces); n > 0 && pieces[n-1].ref == nil {
			pieces[n-1].text += run
		} else {
			pieces = append(pieces, piece{text: run})
		}
	}
	return pieces, nil
}

// runs splits a text into letters and digits and what is between.
func runs(s string) []string {
	word := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
	}
	var found []string
	for i := 0; i < len(s); {
		j := i + 1
		for j < len(s) && word(s[j]) == word(s[i]) {
			j++
		}
		found = append(found, s[i:j])
		i = j
	}
	return found
}

// longest is the longest known value that is in a text, but not all of it.
func (e *explainer) longest(text string) (string, *ref) {
	var known string
	var found *ref
	try := func(s string, r ref) {
		if len(s) >= 8 && len(s) > len(known) && len(s) < len(text) && apart(text, s) {
			known, found = s, &r
		}
	}
	if c := e.s.upload; c != nil {
		for _, kind := range []string{"base64", "name", "guid", "store-guid", "sha256", "sha256-base64", "md5-base64"} {
			try(c.Values[kind], *packageRef(kind))
		}
	}
	if e.s.entry != nil {
		for _, p := range e.s.ids {
			if t := e.s.entry.At(p); t != nil && t.IsLeaf() && likeID(t.Text) {
				try(t.Text, *entryRef(p))
			}
		}
	}
	if len(text) > 64<<10 {
		return known, found
	}
	for k := e.j - 1; k >= 0; k-- {
		if !e.usable(k) {
			continue
		}
		for _, o := range e.l.offers(k) {
			if !o.inList && likeID(o.text) {
				o.ref.From = "answer"
				try(o.text, o.ref)
			}
		}
	}
	return known, found
}

// apart says whether a value stands in a text by itself.
func apart(text, s string) bool {
	i := strings.Index(text, s)
	if i < 0 {
		return false
	}
	word := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
	}
	return (i == 0 || !word(text[i-1])) && (i+len(s) == len(text) || !word(text[i+len(s)]))
}
