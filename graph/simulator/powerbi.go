package simulator

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func powerBIError(c *call, p *problem) any {
	return map[string]any{"error": map[string]any{"code": p.code, "message": p.message,
		"pbi.error": map[string]any{"code": p.code, "parameters": map[string]any{}, "details": []any{}}}}
}

func (s *Simulator) checkPowerBIToken(c *call) *problem {
	if p := s.checkToken(c, audiencePowerBI); p != nil {
		p.status = http.StatusForbidden
		p.code = "TokenExpired"
		if c.Header.Get("Authorization") == "" {
			p.status, p.code = http.StatusUnauthorized, "PowerBINotAuthorizedException"
		}
		return p
	}
	if !c.mayUseAdminAPIs() {
		return newProblem(http.StatusUnauthorized, "PowerBINotAuthorizedException", "The app may not use the read-only admin APIs.")
	}
	return nil
}

func (s *Simulator) powerBIRoutes() []*route {
	return []*route{
		{method: "GET", pattern: "/v1.0/myorg/admin/capacities", query: []string{qExpand}, maxBody: -1, cost: cost{"capacities", 1}, handle: s.getCapacities},
		{method: "GET", pattern: "/v1.0/myorg/admin/activityevents", query: []string{"startDateTime", "endDateTime", "continuationToken", qFilter}, maxBody: -1, cost: cost{"activityevents", 1}, handle: s.getActivityEvents},
	}
}

func (s *Simulator) getCapacities(c *call) (*answer, *problem) {
	if c.query.Get(qExpand) != "" {
		return nil, unexpectedProblem(http.StatusBadRequest, "InvalidRequest", "Keys are not known here.")
	}
	value := []any{}
	for _, k := range s.tenant.capacities {
		state := cmp.Or(k.State, "Active")
		value = append(value, map[string]any{
			"id": strings.ToUpper(k.ID), "displayName": k.Name, "admins": append([]string{}, k.Admins...), "sku": k.SKU, "state": state,
			"region": cmp.Or(k.Region, "West Europe"), "capacityUserAccessRight": "Admin",
		})
	}
	return okAnswer(map[string]any{"@odata.context": s.endpoints.PowerBI + "/v1.0/myorg/admin/$metadata#capacities", "value": value})
}

// unquote removes the single quotes around a value.
func unquote(v string) (string, bool) {
	if len(v) < 2 || v[0] != '\'' || v[len(v)-1] != '\'' {
		return "", false
	}
	return v[1 : len(v)-1], true
}

// An activityWindow is the part of the activity log that is requested.
type activityWindow struct {
	from, to       time.Time
	activity, user string
	next           int
}

var filterTerm = regexp.MustCompile(`^(Activity|UserId) eq '([^']*)'$`)

func (c *call) readWindow() (w activityWindow, p *problem) {
	bad := func(message string) *problem { return unexpectedProblem(http.StatusBadRequest, "BadRequest", message) }
	q := c.query
	if t := q.Get("continuationToken"); t != "" {
		return c.continuedWindow(t)
	}
	for key, at := range map[string]*time.Time{"startDateTime": &w.from, "endDateTime": &w.to} {
		text, is := unquote(q.Get(key))
		v, err := time.Parse(time.RFC3339, text)
		if err == nil && v.Location() != time.UTC {
			err = http.ErrNotSupported
		}
		if !is || err != nil {
			return w, bad(key + " is a UTC time in single quotes.")
		}
		*at = v
	}
	switch {
	case w.from.Format(time.DateOnly) != w.to.Format(time.DateOnly):
		return w, bad("StartDateTime and EndDateTime must be in the same UTC day.")
	case w.to.Before(w.from):
		return w, bad("EndDateTime is before StartDateTime.")
	case w.from.Before(c.now.AddDate(0, 0, -28).Truncate(24 * time.Hour)):
		return w, newProblem(http.StatusBadRequest, "BadRequest", "The activity log reaches back 28 days.")
	}
	if f := q.Get(qFilter); f != "" {
		for _, term := range strings.Split(f, " and ") {
			m := filterTerm.FindStringSubmatch(strings.TrimSpace(term))
			switch {
			case m == nil:
				return w, bad("The filter knows Activity, UserId, eq and and.")
			case m[1] == "Activity":
				w.activity = m[2]
			default:
				w.user = m[2]
			}
		}
	}
	return w, nil
}

func (c *call) continuedWindow(t string) (w activityWindow, p *problem) {
	text, is := unquote(t)
	b, err := base64.RawURLEncoding.DecodeString(text)
	parts := strings.Split(string(b), "\x00")
	if !is || err != nil || len(parts) != 5 || len(c.query) != 1 {
		return w, unexpectedProblem(http.StatusBadRequest, "BadRequest", "The continuation token is in single quotes, and alone.")
	}
	from, err1 := strconv.ParseInt(parts[0], 10, 64)
	to, err2 := strconv.ParseInt(parts[1], 10, 64)
	next, err3 := strconv.Atoi(parts[4])
	if err1 != nil || err2 != nil || err3 != nil || next < 0 {
		return w, unexpectedProblem(http.StatusBadRequest, "BadRequest", "The continuation token is not one of ours.")
	}
	return activityWindow{time.UnixMilli(from).UTC(), time.UnixMilli(to).UTC(), parts[2], parts[3], next}, nil
}

func (w activityWindow) encodeToken() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{
		strconv.FormatInt(w.from.UnixMilli(), 10), strconv.FormatInt(w.to.UnixMilli(), 10), w.activity, w.user, strconv.Itoa(w.next),
	}, "\x00")))
}

func (w activityWindow) contains(e Event) bool {
	return !e.At.Before(w.from) && !e.At.After(w.to) &&
		(w.activity == "" || strings.EqualFold(w.activity, e.Activity)) && (w.user == "" || strings.EqualFold(w.user, e.User))
}

// getActivityEvents answers with the log in pages. The last page is empty, as
// it may be: only the missing token shows that it is the last.
func (s *Simulator) getActivityEvents(c *call) (*answer, *problem) {
	w, p := c.readWindow()
	if p != nil {
		return nil, p
	}
	var found []Event
	for _, e := range slices.Concat(s.tenant.events, s.galleryEvents()) {
		if w.contains(e) {
			found = append(found, e)
		}
	}
	from := min(w.next, len(found))
	to := min(from+s.options.PageSize, len(found))
	entities := []any{}
	for _, e := range found[from:to] {
		entities = append(entities, s.eventJSON(e))
	}
	body := map[string]any{"activityEventEntities": entities}
	if to > from {
		w.next = to
		body["continuationToken"] = w.encodeToken()
		body["continuationUri"] = s.endpoints.PowerBI + "/v1.0/myorg/admin/activityevents?continuationToken=%27" + w.encodeToken() + "%27"
	} else {
		body["continuationToken"], body["continuationUri"] = nil, nil
	}
	return okAnswer(body)
}

func (s *Simulator) eventJSON(e Event) map[string]any {
	m := map[string]any{
		"Id": e.ID, "RecordType": 20, "CreationTime": e.At.UTC().Format("2006-01-02T15:04:05"), "Operation": e.Activity, "Activity": e.Activity,
		"OrganizationId": s.tenant.id, "UserType": 0, "UserKey": "10033FFF80000000", "Workload": "PowerBI", "UserId": e.User,
		"ClientIP": "127.0.0.1", "IsSuccess": e.Succeeded, "RequestId": e.ID, "ActivityId": e.ID,
	}
	if e.ItemName != "" {
		m["ItemName"] = e.ItemName
	}
	if e.ObjectID != "" {
		m["ObjectId"] = e.ObjectID
	}
	for k, v := range e.Extra {
		m[k] = v
	}
	return m
}
