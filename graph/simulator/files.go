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
	// fragmentStep is the size of which every range but the last is a multiple.
	fragmentStep = 320 << 10
	downloadLife = 5 * time.Minute
	sessionLife  = 15 * time.Minute // extended by each range
)

// An uploadSession is a large upload in progress.
type uploadSession struct {
	app          string
	list         *list
	parent       *item // either parent and name, or existing
	name         string
	existing     *item
	behavior     string
	totalSize    int64 // from the first range; zero before it
	declaredSize int64
	content      []byte
	until        time.Time
	isDeferred   bool
	isComplete   bool // all ranges are there, and a POST must follow
}

func (s *Simulator) filesRoutes() []*route {
	return []*route{
		{method: "GET", pattern: "/download/{item}", query: []string{"exp", "tempauth"}, maxBody: -1, handle: s.getDownload},
		{method: "PUT", pattern: "/upload/{session}", maxBody: maxFragment, hidesPath: true, handle: s.putRange},
		{method: "GET", pattern: "/upload/{session}", maxBody: -1, hidesPath: true, handle: s.getSession},
		{method: "DELETE", pattern: "/upload/{session}", maxBody: -1, hidesPath: true, handle: s.deleteSession},
		{method: "POST", pattern: "/upload/{session}", maxBody: -1, hidesPath: true, handle: s.postSession},
	}
}

// refuseToken refuses the token on a preauthenticated URL, where Microsoft may
// answer 401.
func (c *call) refuseToken() *problem {
	if c.Header.Get("Authorization") != "" {
		return unexpectedProblem(http.StatusUnauthorized, "unauthenticated", "This URL is authenticated already: do not send the token to it.")
	}
	return nil
}

func (s *Simulator) downloadSignature(item string, exp int64) string {
	m := hmac.New(sha256.New, s.downloadKey)
	fmt.Fprintf(m, "%s %d", item, exp)
	return hex.EncodeToString(m.Sum(nil))
}

func (s *Simulator) downloadURL(i *item, now time.Time) string {
	exp := now.Add(downloadLife).Unix()
	q := url.Values{"exp": {strconv.FormatInt(exp, 10)}, "tempauth": {s.downloadSignature(i.id, exp)}}
	return s.endpoints.Files + "/download/" + i.id + "?" + q.Encode()
}

func (s *Simulator) getContent(c *call) (*answer, *problem) {
	i, p := c.findItem(readAccess)
	if p != nil {
		return nil, p
	}
	if i.isFolder {
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "You cannot get content for a folder")
	}
	if c.Header.Get("Range") != "" {
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "Send the Range to the pre-authenticated URL, not to /content.")
	}
	return &answer{status: http.StatusFound, header: http.Header{"Location": {s.downloadURL(i, c.now)}}}, nil
}

func (s *Simulator) getDownload(c *call) (*answer, *problem) {
	if p := c.refuseToken(); p != nil {
		return nil, p
	}
	exp, err := strconv.ParseInt(c.query.Get("exp"), 10, 64)
	auth := s.downloadSignature(c.vars["item"], exp)
	if err != nil || !hmac.Equal([]byte(auth), []byte(c.query.Get("tempauth"))) || c.now.Unix() > exp {
		return nil, newProblem(http.StatusUnauthorized, "unauthenticated", "The URL has expired, or is not one of ours.")
	}
	var i *item
	for _, w := range s.sites {
		for _, l := range w.lists {
			if found := l.items[c.vars["item"]]; found != nil && !found.isDeleted {
				i = found
			}
		}
	}
	if i == nil {
		return nil, newProblem(http.StatusNotFound, "itemNotFound", "The file is gone.")
	}
	i.downloads++
	i.isDownloaded = true
	return c.fileAnswer(i)
}

var oneRange = regexp.MustCompile(`^bytes=([0-9]*)-([0-9]*)$`)

// fileAnswer answers with a file, or with the one range that was requested.
func (c *call) fileAnswer(i *item) (*answer, *problem) {
	content := i.content
	if c.answerFault != nil && c.answerFault.Kind == WrongBytes && len(content) > 0 {
		content = slices.Clone(content)
		content[len(content)/2] ^= 0x20
	}
	h := http.Header{"ETag": {i.eTag()}, "Accept-Ranges": {"bytes"}, "Last-Modified": {i.modified.Format(http.TimeFormat)},
		"Content-Disposition": {"attachment; filename*=UTF-8''" + url.PathEscape(i.name)}}
	whole := &answer{status: http.StatusOK, header: h, body: content, mediaType: "application/octet-stream"}
	header := c.Header.Get("Range")
	if header == "" || c.Header.Get("If-Range") != "" && c.Header.Get("If-Range") != i.eTag() {
		return whole, nil
	}
	m := oneRange.FindStringSubmatch(header)
	if m == nil {
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRange", "One range of bytes, please.")
	}
	size := int64(len(content))
	first, last, ok := parseSpan(m[1], m[2], size)
	if !ok {
		return nil, newProblem(http.StatusRequestedRangeNotSatisfiable, "invalidRange", "The range is not in the file.").withHeader("Content-Range", fmt.Sprintf("bytes */%d", size))
	}
	h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, size))
	return &answer{status: http.StatusPartialContent, header: h, body: content[first : last+1], mediaType: whole.mediaType}, nil
}

// parseSpan parses a range of bytes, including both ends.
func parseSpan(a, b string, size int64) (first, last int64, ok bool) {
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

func (s *Simulator) postUploadSession(c *call) (*answer, *problem) {
	parent, name, existing, p := c.findUploadTarget()
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
		if p := c.decodeBody(&b); p != nil {
			return nil, p
		}
	}
	if p := c.checkSessionAllowed(name, b.Item.Name, b.Item.FileSize, existing); p != nil {
		return nil, p
	}
	u := &uploadSession{app: c.token.app, list: parent.listOrOther(existing), parent: parent, name: name, existing: existing,
		behavior: b.Item.Conflict, declaredSize: b.Item.FileSize, until: c.now.Add(sessionLife), isDeferred: b.Defer}
	switch {
	case u.behavior == "" && parent == nil:
		u.behavior = "replace" // an update of an item by its id
	case u.behavior == "":
		u.behavior = "fail"
	case !slices.Contains([]string{"fail", "replace", "rename"}, u.behavior):
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "The conflict behavior "+quoteShort(u.behavior)+" is not known.")
	}
	key := randomSecret()
	s.sessions[key] = u
	return okAnswer(map[string]any{
		"@odata.context": s.endpoints.Graph + "/v1.0/$metadata#microsoft.graph.uploadSession",
		"uploadUrl":      s.endpoints.Files + "/upload/" + key, "expirationDateTime": formatTime(u.until), "nextExpectedRanges": []string{"0-"},
	})
}

func (i *item) listOrOther(other *item) *list {
	if i == nil {
		return other.list
	}
	return i.list
}

func (c *call) checkSessionAllowed(name, named string, size int64, existing *item) *problem {
	s := c.simulator
	for k, u := range s.sessions {
		if c.now.After(u.until) {
			delete(s.sessions, k)
		}
	}
	switch {
	case named != "" && name != "" && !strings.EqualFold(named, name):
		return unexpectedProblem(http.StatusBadRequest, "invalidRequest", "The name in the body is not the one in the path.")
	case size < 0:
		return unexpectedProblem(http.StatusBadRequest, "invalidRequest", "A file has no negative size.")
	case s.storedBytes+size > maxStored || len(s.sessions) >= maxSessions:
		return newProblem(http.StatusInsufficientStorage, "quotaLimitReached", "The library is full.")
	case existing == nil && c.Header.Get("If-Match") != "":
		return newProblem(http.StatusPreconditionFailed, "resourceModified", "ETag does not match current item's value")
	case existing != nil:
		return c.checkIfMatch(existing)
	}
	return nil
}

// findSession finds the upload session of a call.
func (c *call) findSession() (string, *uploadSession, *problem) {
	if p := c.refuseToken(); p != nil {
		return "", nil, p
	}
	key := c.vars["session"]
	u := c.simulator.sessions[key]
	if u == nil || c.now.After(u.until) {
		delete(c.simulator.sessions, key)
		return "", nil, newProblem(http.StatusNotFound, "itemNotFound", "The upload session was not found")
	}
	return key, u, nil
}

func (u *uploadSession) statusJSON() map[string]any {
	next := []string{strconv.Itoa(len(u.content)) + "-"}
	if u.isComplete {
		next = []string{}
	}
	return map[string]any{"expirationDateTime": formatTime(u.until), "nextExpectedRanges": next}
}

func (s *Simulator) getSession(c *call) (*answer, *problem) {
	_, u, p := c.findSession()
	if p != nil {
		return nil, p
	}
	return okAnswer(u.statusJSON())
}

func (s *Simulator) deleteSession(c *call) (*answer, *problem) {
	key, _, p := c.findSession()
	if p != nil {
		return nil, p
	}
	delete(s.sessions, key)
	return &answer{status: http.StatusNoContent}, nil
}

func (s *Simulator) postSession(c *call) (*answer, *problem) {
	key, u, p := c.findSession()
	if p != nil {
		return nil, p
	}
	if !u.isComplete {
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "Not all bytes are there yet.")
	}
	return s.commitUpload(c, key, u)
}

var contentRange = regexp.MustCompile(`^bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})$`)

func (s *Simulator) putRange(c *call) (*answer, *problem) {
	key, u, p := c.findSession()
	if p != nil {
		return nil, p
	}
	first, last, total, p := c.readContentRange(u)
	if p != nil {
		return nil, p
	}
	if u.isComplete || first != int64(len(u.content)) {
		return nil, newProblem(http.StatusRequestedRangeNotSatisfiable, "invalidRange", "Uploaded fragment overlaps with existing data, or leaves a gap.").withMember("innererror", map[string]any{"code": "fragmentOverlap"})
	}
	if last+1 < total && len(c.body)%fragmentStep != 0 {
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "A range that is not the last is a multiple of 327680 bytes.")
	}
	if s.storedBytes+s.uploadingBytes()+total-int64(len(u.content)) > maxStored {
		return nil, newProblem(http.StatusInsufficientStorage, "quotaLimitReached", "The library is full.")
	}
	u.totalSize = total
	u.content = append(u.content, c.body...)
	u.until = c.now.Add(sessionLife)
	if last+1 < total {
		return &answer{status: http.StatusAccepted, value: u.statusJSON()}, nil
	}
	if u.isDeferred {
		u.isComplete = true
		return &answer{status: http.StatusAccepted, value: u.statusJSON()}, nil
	}
	return s.commitUpload(c, key, u)
}

// uploadingBytes counts the bytes of uploads that are not files yet.
func (s *Simulator) uploadingBytes() (n int64) {
	for _, u := range s.sessions {
		n += int64(len(u.content))
	}
	return n
}

func (p *problem) withMember(k string, v any) *problem {
	p.extra = map[string]any{k: v}
	return p
}

// readContentRange reads which bytes a request carries, and checks them against
// the session.
func (c *call) readContentRange(u *uploadSession) (first, last, total int64, p *problem) {
	m := contentRange.FindStringSubmatch(c.Header.Get("Content-Range"))
	if m == nil {
		return 0, 0, 0, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "The Content-Range header is missing or malformed.")
	}
	var n [3]int64
	for i := range n {
		n[i], _ = strconv.ParseInt(m[i+1], 10, 64) // at most 18 digits
	}
	first, last, total = n[0], n[1], n[2]
	switch {
	case last < first || last >= total || int64(len(c.body)) != last-first+1:
		p = unexpectedProblem(http.StatusBadRequest, "invalidRequest", "The Content-Range does not describe the body.")
	case int64(len(c.body)) >= maxFragment:
		p = unexpectedProblem(http.StatusRequestEntityTooLarge, "requestEntityTooLarge", "A range has less than 60 MiB.")
	case u.totalSize != 0 && u.totalSize != total, u.declaredSize != 0 && u.declaredSize != total:
		p = unexpectedProblem(http.StatusBadRequest, "invalidRequest", "The total is not the one that was said before.")
	}
	return first, last, total, p
}

// commitUpload creates the file. If the name was taken meanwhile, the last
// range fails with a conflict.
func (s *Simulator) commitUpload(c *call, key string, u *uploadSession) (*answer, *problem) {
	existing := u.existing
	if u.parent != nil {
		if u.parent.isDeleted {
			return nil, newProblem(http.StatusNotFound, "itemNotFound", "The folder is gone.")
		}
		existing = u.parent.findChild(u.name)
	} else if existing.isDeleted {
		return nil, newProblem(http.StatusNotFound, "itemNotFound", "The item is gone.")
	}
	i, status, p := s.storeUpload(u.parent, u.name, existing, u.behavior, u.content, u.app)
	if p != nil {
		delete(s.sessions, key)
		return nil, p
	}
	delete(s.sessions, key)
	return &answer{status: status, value: c.itemJSON(i)}, nil
}
