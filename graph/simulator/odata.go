package simulator

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// selectedMembers returns the members in $select; nil means all.
func (c *call) selectedMembers() []string {
	if v := c.query.Get(qSelect); v != "" {
		return strings.Split(v, ",")
	}
	return nil
}

// selectMembers removes the members that were not selected. Annotations stay.
func (c *call) selectMembers(m map[string]any) map[string]any {
	want := c.selectedMembers()
	if want == nil {
		return m
	}
	for k := range m {
		expanded := k == "listItem" || k == "fields"
		if !strings.HasPrefix(k, "@odata.") && !expanded && !slices.Contains(want, k) {
			delete(m, k)
		}
	}
	return m
}

// pageSize returns the number in $top, or the default.
func (c *call) pageSize() (int, *problem) {
	v := c.query.Get(qTop)
	if v == "" {
		return c.simulator.options.PageSize, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 0, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "The value of $top is not a number above zero.")
	}
	return min(n, 5000), nil
}

// pageAnswer answers with one page of a list. The token of the next page is the
// number of its first entry.
func (c *call) pageAnswer(all []map[string]any) (*answer, *problem) {
	n, p := c.pageSize()
	if p != nil {
		return nil, p
	}
	from := 0
	if t := c.query.Get(qSkip); t != "" {
		at, err := strconv.Atoi(t)
		if err != nil || at < 0 {
			return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "The skip token is not one of ours.")
		}
		from = min(at, len(all))
	}
	to := min(from+n, len(all))
	body := map[string]any{"@odata.context": c.simulator.endpoints.Graph + "/v1.0/$metadata#collection"}
	value := make([]map[string]any, 0, to-from)
	for _, m := range all[from:to] {
		value = append(value, c.selectMembers(m))
	}
	body["value"] = value
	if to < len(all) {
		q := maps.Clone(c.query)
		q.Set(qSkip, strconv.Itoa(to))
		body["@odata.nextLink"] = c.simulator.endpoints.Graph + c.URL.EscapedPath() + "?" + q.Encode()
	}
	return okAnswer(body)
}

func (c *call) entityAnswer(m map[string]any) (*answer, *problem) {
	m["@odata.context"] = c.simulator.endpoints.Graph + "/v1.0/$metadata#entity"
	return okAnswer(c.selectMembers(m))
}
