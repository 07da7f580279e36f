package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// fragmentStep is what every range but the last is a multiple of.
	fragmentStep = 320 << 10
	downloadLife = 5 * time.Minute
	sessionLife  = 15 * time.Minute // renewed with each range
)

// A session is a large upload on its way.
type session struct {
	app      string
	list     *list
	parent   *item // with name, or there
	name     string
	there    *item
	behavior string
	total    int64 // of the first range; zero before it
	declared int64
	content  []byte
	until    time.Time
	deferred bool
	complete bool // all ranges are there, and a POST is awaited
}

func (s *Simulator) filesRoutes() []*route {
	return []*route{
		{method: "GET", pattern: "/download/{item}", query: []string{"exp", "tempauth"}, max: -1, do: s.download},
		{method: "PUT", pattern: "/upload/{session}", max: maxFragment, hide: true, do: s.putRange},
		{method: "GET", pattern: "/upload/{session}", max: -1, hide: true, do: s.sessionStatus},
		{method: "DELETE", pattern: "/upload/{session}", max: -1, hide: true, do: s.cancelSession},
		{method: "POST", pattern: "/upload/{session}", max: -1, hide: true, do: s.commitSession},
	}
}

// noToken refuses the token on a pre-authenticated URL: it may give 401 there.
func (c *call) noToken() *problem {
	if c.Header.Get("Authorization") != "" {
		return unexpected(http.StatusUnauthorized, "unauthenticated", "This URL is authenticated already: do not send the token to it.")
	}
	return nil
}

func (s *Simulator) tempauth(item string, exp int64) string {
	m := hmac.New(sha256.New, s.downloads)
	fmt.Fprintf(m, "%s %d", item, exp)
	return hex.EncodeToString(m.Sum(nil))
}

func (s *Simulator) downloadURL(i *item, now time.Time) string {
	exp := now.Add(downloadLife).Unix()
	q := url.Values{"exp": {strconv.FormatInt(exp, 10)}, "tempauth": {s.tempauth(i.id, exp)}}
	return s.endpoints.Files + "/download/" + i.id + "?" + q.Encode()
}

func (s *Simulator) getContent(c *call) (*answer, *problem) {
	i, p := c.item(reads)
	if p != nil {
		return nil, p
	}
	if i.folder {
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "You cannot get content for a folder")
	}
	if c.Header.Get("Range") != "" {
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "Send the Range to the pre-authenticated URL, not to /content.")
	}
	return &answer{status: http.StatusFound, header: http.Header{"Location": {s.downloadURL(i, c.now)}}}, nil
}

func (s *Simulator) download(c *call) (*answer, *problem) {
	if p := c.noToken(); p != nil {
		return nil, p
	}
	exp, err := strconv.ParseInt(c.query.Get("exp"), 10, 64)
	auth := s.tempauth(c.vars["item"], exp)
	if err != nil || !hmac.Equal([]byte(auth), []byte(c.query.Get("tempauth"))) || c.now.Unix() > exp {
		return nil, say(http.StatusUnauthorized, "unauthenticated", "The URL has expired, or is not one of ours.")
	}
	var i *item
	for _, w := range s.sites {
		for _, l := range w.lists {
			if found := l.items[c.vars["item"]]; found != nil && !found.deleted {
				i = found
			}
		}
	}
	if i == nil {
		return nil, say(http.StatusNotFound, "itemNotFound", "The file is gone.")
	}
	i.downloads++
	i.fetched = true
	return c.bytes(i)
}

var oneRange = regexp.MustCompile(`^bytes=([0-9]*)-([0-9]*)$`)

// bytes answers with a file, or with the one range that is asked for.
func (c *call) bytes(i *item) (*answer, *problem) {
	content := i.content
	if c.fault != nil && c.fault.Kind == WrongBytes && len(content) > 0 {
		content = slices.Clone(content)
		content[len(content)/2] ^= 0x20
	}
	h := http.Header{"ETag": {i.eTag()}, "Accept-Ranges": {"bytes"}, "Last-Modified": {i.modified.Format(http.TimeFormat)},
		"Content-Disposition": {"attachment; filename*=UTF-8''" + url.PathEscape(i.name)}}
	whole := &answer{status: http.StatusOK, header: h, raw: content, kind: "application/octet-stream"}
	asked := c.Header.Get("Range")
	if asked == "" || c.Header.Get("If-Range") != "" && c.Header.Get("If-Range") != i.eTag() {
		return whole, nil
	}
	m := oneRange.FindStringSubmatch(asked)
	if m == nil {
		return nil, unexpected(http.StatusBadRequest, "invalidRange", "One range of bytes, please.")
	}
	size := int64(len(content))
	first, last, ok := span(m[1], m[2], size)
	if !ok {
		return nil, say(http.StatusRequestedRangeNotSatisfiable, "invalidRange", "The range is not in the file.").with("Content-Range", fmt.Sprintf("bytes */%d", size))
	}
	h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, size))
	return &answer{status: http.StatusPartialContent, header: h, raw: content[first : last+1], kind: whole.kind}, nil
}

// span reads a range of bytes, both ends included.
func span(a, b string, size int64) (first, last int64, ok bool) {
	from, errA := strconv.ParseInt(a, 10, 64)
	to, errB := strconv.ParseInt(b, 10, 64)
	switch {
	case a == "" && errB == nil && to > 0:
		return max(0, size-to), size - 1, size > 0
	case errA != nil || from >= size || b != "" && (errB != nil || to < from):
		return 0, 0, false
	case b == "":
		to = size - 1
	}
	return from, min(to, size-1), true
}

func (s *Simulator) openSession(c *call) (*answer, *problem) {
	parent, name, there, p := c.target()
	if p != nil {
		return nil, p
	}
	var b struct {
		Item struct {
			Type        string         `json:"@odata.type"`
			Conflict    string         `json:"@microsoft.graph.conflictBehavior"`
			Name        string         `json:"name"`
			FileSize    int64          `json:"fileSize"`
			Description string         `json:"description"`
			Info        map[string]any `json:"fileSystemInfo"`
		} `json:"item"`
		Defer bool `json:"deferCommit"`
	}
	if len(c.body) > 0 {
		if p := c.decode(&b); p != nil {
			return nil, p
		}
	}
	if p := c.sessionAllowed(name, b.Item.Name, b.Item.FileSize, there); p != nil {
		return nil, p
	}
	u := &session{app: c.token.app, list: parent.listOr(there), parent: parent, name: name, there: there,
		behavior: b.Item.Conflict, declared: b.Item.FileSize, until: c.now.Add(sessionLife), deferred: b.Defer}
	switch {
	case u.behavior == "" && parent == nil:
		u.behavior = "replace" // an update of an item by its id
	case u.behavior == "":
		u.behavior = "fail"
	case !slices.Contains([]string{"fail", "replace", "rename"}, u.behavior):
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "The conflict behavior "+short(u.behavior)+" is not known.")
	}
	key := secret()
	s.sessions[key] = u
	return ok(map[string]any{
		"@odata.context": s.endpoints.Graph + "/v1.0/$metadata#microsoft.graph.uploadSession",
		"uploadUrl":      s.endpoints.Files + "/upload/" + key, "expirationDateTime": stamp(u.until), "nextExpectedRanges": []string{"0-"},
	})
}

func (i *item) listOr(other *item) *list {
	if i == nil {
		return other.list
	}
	return i.list
}

func (c *call) sessionAllowed(name, named string, size int64, there *item) *problem {
	s := c.s
	for k, u := range s.sessions {
		if c.now.After(u.until) {
			delete(s.sessions, k)
		}
	}
	switch {
	case named != "" && name != "" && !strings.EqualFold(named, name):
		return unexpected(http.StatusBadRequest, "invalidRequest", "The name in the body is not the one in the path.")
	case size < 0:
		return unexpected(http.StatusBadRequest, "invalidRequest", "A file has no negative size.")
	case s.stored+size > maxStored || len(s.sessions) >= maxSessions:
		return say(http.StatusInsufficientStorage, "quotaLimitReached", "The library is full.")
	case there == nil && c.Header.Get("If-Match") != "":
		return say(http.StatusPreconditionFailed, "resourceModified", "ETag does not match current item's value")
	case there != nil:
		return c.unchanged(there)
	}
	return nil
}

// session finds the upload of a call.
func (c *call) session() (string, *session, *problem) {
	if p := c.noToken(); p != nil {
		return "", nil, p
	}
	key := c.vars["session"]
	u := c.s.sessions[key]
	if u == nil || c.now.After(u.until) {
		delete(c.s.sessions, key)
		return "", nil, say(http.StatusNotFound, "itemNotFound", "The upload session was not found")
	}
	return key, u, nil
}

func (u *session) status() map[string]any {
	next := []string{strconv.Itoa(len(u.content)) + "-"}
	if u.complete {
		next = []string{}
	}
	return map[string]any{"expirationDateTime": stamp(u.until), "nextExpectedRanges": next}
}

func (s *Simulator) sessionStatus(c *call) (*answer, *problem) {
	_, u, p := c.session()
	if p != nil {
		return nil, p
	}
	return ok(u.status())
}

func (s *Simulator) cancelSession(c *call) (*answer, *problem) {
	key, _, p := c.session()
	if p != nil {
		return nil, p
	}
	delete(s.sessions, key)
	return &answer{status: http.StatusNoContent}, nil
}

func (s *Simulator) commitSession(c *call) (*answer, *problem) {
	key, u, p := c.session()
	if p != nil {
		return nil, p
	}
	if !u.complete {
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "Not all bytes are there yet.")
	}
	return s.commit(c, key, u)
}

var contentRange = regexp.MustCompile(`^bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})$`)

func (s *Simulator) putRange(c *call) (*answer, *problem) {
	key, u, p := c.session()
	if p != nil {
		return nil, p
	}
	first, last, total, p := c.contentRange(u)
	if p != nil {
		return nil, p
	}
	if u.complete || first != int64(len(u.content)) {
		return nil, say(http.StatusRequestedRangeNotSatisfiable, "invalidRange", "Uploaded fragment overlaps with existing data, or leaves a gap.").extraMember("innererror", map[string]any{"code": "fragmentOverlap"})
	}
	if last+1 < total && len(c.body)%fragmentStep != 0 {
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "A range that is not the last is a multiple of 327680 bytes.")
	}
	if s.stored+s.underway()+total-int64(len(u.content)) > maxStored {
		return nil, say(http.StatusInsufficientStorage, "quotaLimitReached", "The library is full.")
	}
	u.total = total
	u.content = append(u.content, c.body...)
	u.until = c.now.Add(sessionLife)
	if last+1 < total {
		return &answer{status: http.StatusAccepted, value: u.status()}, nil
	}
	if u.deferred {
		u.complete = true
		return &answer{status: http.StatusAccepted, value: u.status()}, nil
	}
	return s.commit(c, key, u)
}

// underway counts the bytes of uploads that are no files yet.
func (s *Simulator) underway() (n int64) {
	for _, u := range s.sessions {
		n += int64(len(u.content))
	}
	return n
}

func (p *problem) extraMember(k string, v any) *problem {
	p.extra = map[string]any{k: v}
	return p
}

// contentRange reads which bytes a request carries, and holds them to what the
// session knows.
func (c *call) contentRange(u *session) (first, last, total int64, p *problem) {
	m := contentRange.FindStringSubmatch(c.Header.Get("Content-Range"))
	if m == nil {
		return 0, 0, 0, unexpected(http.StatusBadRequest, "invalidRequest", "The Content-Range header is missing or malformed.")
	}
	var n [3]int64
	for i := range n {
		n[i], _ = strconv.ParseInt(m[i+1], 10, 64) // at most 18 digits
	}
	first, last, total = n[0], n[1], n[2]
	switch {
	case last < first || last >= total || int64(len(c.body)) != last-first+1:
		p = unexpected(http.StatusBadRequest, "invalidRequest", "The Content-Range does not describe the body.")
	case int64(len(c.body)) >= maxFragment:
		p = unexpected(http.StatusRequestEntityTooLarge, "requestEntityTooLarge", "A range has less than 60 MiB.")
	case u.total != 0 && u.total != total, u.declared != 0 && u.declared != total:
		p = unexpected(http.StatusBadRequest, "invalidRequest", "The total is not the one that was said before.")
	}
	return first, last, total, p
}

// commit makes the file. A name that was taken meanwhile is a conflict at the
// last range, and the session stays so that it can be renamed or canceled.
func (s *Simulator) commit(c *call, key string, u *session) (*answer, *problem) {
	there := u.there
	if u.parent != nil {
		if u.parent.deleted {
			return nil, say(http.StatusNotFound, "itemNotFound", "The folder is gone.")
		}
		there = u.parent.child(u.name)
	} else if there.deleted {
		return nil, say(http.StatusNotFound, "itemNotFound", "The item is gone.")
	}
	i, status, p := s.land(u.parent, u.name, there, u.behavior, u.content, u.app)
	if p != nil {
		delete(s.sessions, key)
		return nil, p
	}
	delete(s.sessions, key)
	return &answer{status: status, value: c.show(i)}, nil
}
