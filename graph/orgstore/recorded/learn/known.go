package learn

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

// fromEntry finds the member of the list's entry that a value is.
func (e *explainer) fromEntry(where, name, text string, leaf *jsontree.Node) (*ref, error) {
	if e.s.entry == nil {
		return nil, nil
	}
	var same, ids []string
	e.s.entry.Walk("", func(p, member string, t *jsontree.Node) {
		if !t.IsLeaf() || t.Text != text || !fits(t, leaf) || t.Kind == 'n' && (leaf == nil || leaf.Kind != 'n') || inArray(e.s.entry, p) || strings.ContainsAny(p, "}\r\n") {
			return
		}
		if name != "" && redact.FoldName(member) == redact.FoldName(name) {
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
				"%s: %s is the same as several members of the list's entry (%s); which it is cannot be told", e.where(), where, redact.Printable(strings.Join(ids, ", ")))
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
	return !slices.ContainsFunc(e.s.entries, func(entry *jsontree.Node) bool {
		first := entry.At(pointers[0])
		return slices.ContainsFunc(pointers[1:], func(p string) bool {
			o := entry.At(p)
			return first == nil || o == nil || o.Text != first.Text
		})
	})
}

// fromPackage finds what of the package a value is.
func (e *explainer) fromPackage(name, text string, leaf *jsontree.Node) *ref {
	if e.s.upload == nil || text == "" {
		return nil
	}
	for _, kind := range recipe.PackageKinds()[1:] {
		if e.s.upload.Values[kind] != text {
			continue
		}
		switch kind {
		case "size":
			p := redact.FoldName(name)
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
	p := redact.FoldName(name)
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
