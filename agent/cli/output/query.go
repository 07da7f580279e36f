package output

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/jmespath/go-jmespath"

	"github.com/orgstore/orgstore/agent/safetext"
)

// ErrQuery is in every error about a query: a usage error, not a failure of
// what the command did.
var ErrQuery = errors.New("cannot use the query")

// maxQuery bounds a query's length, in bytes, since its parser recurses.
const maxQuery = 4096

// CheckQuery says whether a query can be read. Commands that change something
// ask before they begin, so that none is carried out and then cannot tell.
func CheckQuery(query string) error {
	_, err := compile(query)
	return err
}

func compile(query string) (_ *jmespath.JMESPath, err error) {
	if query == "" {
		return nil, nil
	}
	if len(query) > maxQuery {
		return nil, fmt.Errorf("%w: it has %d bytes; at most %d are allowed", ErrQuery, len(query), maxQuery)
	}
	defer recovered(&err)
	q, err := jmespath.Compile(query)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %v", ErrQuery, query, err)
	}
	return q, nil
}

// pick applies a query to data as its JSON reads.
func pick(query string, data any) (tree any, picked bool, err error) {
	q, err := compile(query)
	if q == nil || err != nil {
		return nil, false, err
	}
	b, err := marshal(data)
	if err != nil {
		return nil, false, fmt.Errorf("cannot write the data as JSON: %w", err)
	}
	if err := json.Unmarshal(b, &tree); err != nil {
		return nil, false, fmt.Errorf("cannot read the data's JSON: %w", err)
	}
	found, err := searchWithin(queryTime, q, tree)
	if err != nil {
		return nil, false, fmt.Errorf("%w %q: %w", ErrQuery, query, err)
	}
	return found, true, nil
}

// The bounds of a query: two hundred bytes can ask for more than a machine ever does.
const (
	queryTime   = 5 * time.Second
	maxPicked   = 2_000_000 // values in what it picks
	queryAdvice = "it asks for too much: name what you want of each line"
)

// searchWithin applies a query for a while. The library cannot be stopped; this program
// ends soon after.
func searchWithin(limit time.Duration, q *jmespath.JMESPath, tree any) (any, error) {
	type result struct {
		found any
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() { done <- r }()
		defer recovered(&r.err)
		r.found, r.err = q.Search(tree)
		if left := maxPicked; r.err == nil && !fits(r.found, &left) {
			r.err = errors.New(queryAdvice)
		}
	}()
	select {
	case r := <-done:
		return r.found, r.err
	case <-time.After(limit):
		return nil, fmt.Errorf("it took longer than %s; %s", limit, queryAdvice)
	}
}

// fits counts values down, and says whether they are few enough. What is small in memory
// may be endless when it is written, since the same list can be in it many times.
func fits(v any, left *int) bool {
	if *left--; *left < 0 {
		return false
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if !fits(item, left) {
				return false
			}
		}
	case map[string]any:
		for _, item := range v {
			if !fits(item, left) {
				return false
			}
		}
	}
	return true
}

// recovered turns a panic of the query library, which is old and trusts its
// input, into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", ErrQuery, p)
	}
}

// viewOf shows what a query picked: a list of objects as a table with their
// members as columns, in the order of the alphabet; a list of lists with
// numbered columns; anything else as text, so that a script gets the bare value.
func viewOf(tree any) View {
	list, ok := tree.([]any)
	if !ok {
		if object, is := tree.(map[string]any); is {
			list = []any{object}
		} else {
			return View{Text: cell(tree)}
		}
	}
	var v View
	for _, item := range list {
		switch item := item.(type) {
		case map[string]any:
			for name := range item {
				if !slices.Contains(v.Columns, name) {
					v.Columns = append(v.Columns, name)
				}
			}
		case []any:
			return numbered(list)
		default:
			return plainList(list)
		}
	}
	slices.Sort(v.Columns)
	for _, item := range list {
		object := item.(map[string]any)
		row := make([]string, len(v.Columns))
		for i, name := range v.Columns {
			row[i] = cell(object[name])
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func numbered(list []any) View {
	var v View
	for _, item := range list {
		cells, _ := item.([]any)
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = cell(c)
		}
		for len(v.Columns) < len(row) {
			v.Columns = append(v.Columns, fmt.Sprintf("column%d", len(v.Columns)+1))
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// plainList shows one value per line, without a heading that a script would
// have to skip; CSV has the heading value.
func plainList(list []any) View {
	var v View
	for _, item := range list {
		v.Rows = append(v.Rows, []string{cell(item)})
		v.Text += safetext.Line(cell(item)) + "\n"
	}
	return v
}

// cell writes one value: a text as it is, nothing for null, else JSON.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, err := marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
