package openapitest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// An Example is one of Microsoft's examples of a call to Fabric.
type Example struct {
	Name, Method string
	Route        string // as described, with its variables
	Path         string // with the example's values and query
	Request      json.RawMessage
	Status       int
	Response     json.RawMessage // nil for an answer without a body
}

// Examples returns the examples in Fabric's description, in the order of their
// routes.
func Examples() ([]Example, error) {
	dir, err := descriptionsDir()
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, "fabric-trimmed.json"))
	if err != nil {
		return nil, fmt.Errorf("cannot read a description: %w", err)
	}
	var d struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, err
	}
	var all []Example
	for route, methods := range d.Paths {
		for method, raw := range methods {
			if method == "parameters" {
				continue
			}
			some, err := examplesOf(route, strings.ToUpper(method), raw)
			if err != nil {
				return nil, fmt.Errorf("the examples of %s %s: %w", method, route, err)
			}
			all = append(all, some...)
		}
	}
	slices.SortFunc(all, func(a, b Example) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Name, b.Name), a.Status-b.Status)
	})
	return all, nil
}

func examplesOf(route, method string, raw json.RawMessage) (all []Example, _ error) {
	var does struct {
		Parameters []struct {
			Name string `json:"name"`
			In   string `json:"in"`
		} `json:"parameters"`
		Examples map[string]struct {
			Parameters map[string]json.RawMessage `json:"parameters"`
			Responses  map[string]struct {
				Body json.RawMessage `json:"body"`
			} `json:"responses"`
		} `json:"x-ms-examples"`
	}
	if err := json.Unmarshal(raw, &does); err != nil {
		return nil, err
	}
	for name, e := range does.Examples {
		x := Example{Name: name, Method: method, Route: "/v1" + route, Path: "/v1" + route}
		query := url.Values{}
		for p, v := range e.Parameters {
			text := strings.Trim(string(v), `"`)
			switch {
			case strings.Contains(route, "{"+p+"}"):
				x.Path = strings.ReplaceAll(x.Path, "{"+p+"}", url.PathEscape(text))
			case slices.ContainsFunc(does.Parameters, func(d struct {
				Name string `json:"name"`
				In   string `json:"in"`
			}) bool {
				return d.Name == p && d.In == "query"
			}):
				query.Set(p, text)
			default:
				x.Request = v
			}
		}
		if len(query) > 0 {
			x.Path += "?" + query.Encode()
		}
		for status, r := range e.Responses {
			n, err := strconv.Atoi(status)
			if err != nil || http.StatusText(n) == "" {
				return nil, fmt.Errorf("%q is no status", status)
			}
			x.Status, x.Response = n, r.Body
			all = append(all, x)
		}
	}
	return all, nil
}
