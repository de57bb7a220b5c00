package workflow

import (
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
)

// maxCombinations is GitHub's own limit on the jobs of a matrix.
const maxCombinations = 256

// row is one combination of a matrix.
type row struct {
	vals map[string]val
	// original are the names from the matrix itself, which "include" may not change.
	original map[string]bool
	// open says that there may be more values.
	open bool
}

func (r row) clone() row {
	out := row{vals: make(map[string]val, len(r.vals)+1), original: make(map[string]bool, len(r.original)+1),
		open: r.open}
	for k, v := range r.vals {
		out.vals[k] = v
	}
	for k := range r.original {
		out.original[k] = true
	}
	return out
}

// combinations expands the matrix of a job as GitHub does: the product of the lists, without the rows that "exclude"
// names, with the additions of "include". For a matrix that is not known it returns one open row without values, and ok
// is false.
func (sc *scope) combinations(matrix *yamltree.Node) (rows []row, ok bool) {
	blind := []row{{open: true}}
	if matrix.IsNull() {
		return []row{{vals: map[string]val{}}}, true
	}
	v := sc.node(matrix)
	if v.kind != object || v.node.Kind != yamltree.Mapping {
		return blind, false
	}
	rows = []row{{vals: map[string]val{}, original: map[string]bool{}}}
	lists := 0
	for entry := range v.node.All() {
		name := entry.Key.Text
		if name == "include" || name == "exclude" {
			continue
		}
		lists++
		vals := []val{{}}
		if l := sc.node(entry.Value); l.kind == object && l.node.Kind == yamltree.Sequence {
			vals = vals[:0]
			for _, item := range l.node.Items {
				vals = append(vals, sc.node(item))
			}
		}
		if len(rows)*len(vals) > maxCombinations {
			return blind, false
		}
		next := make([]row, 0, len(rows)*len(vals))
		for _, r := range rows {
			for _, x := range vals {
				n := r.clone()
				n.vals[name], n.original[name] = x, true
				next = append(next, n)
			}
		}
		rows = next
	}
	if lists == 0 {
		rows = nil
	}
	if ex := v.node.Get("exclude"); ex != nil && len(rows) > 0 {
		if x := sc.node(ex); x.kind == object {
			for _, item := range x.node.Items {
				rows = sc.exclude(rows, item.Resolve())
			}
		}
	}
	if in := v.node.Get("include"); in != nil {
		x := sc.node(in)
		if x.kind != object || x.node.Kind != yamltree.Sequence {
			if len(rows) == 0 {
				return blind, false
			}
			for i := range rows {
				rows[i].open = true
			}
			return rows, true
		}
		if len(rows)+len(x.node.Items) > maxCombinations {
			return blind, false
		}
		base := len(rows)
		for _, item := range x.node.Items {
			rows = sc.include(rows, base, item.Resolve())
		}
	}
	if len(rows) == 0 {
		return blind, false
	}
	return rows, true
}

// exclude removes the rows that have all the values of a mapping.
func (sc *scope) exclude(rows []row, n *yamltree.Node) []row {
	if n == nil || n.Kind != yamltree.Mapping || len(n.Pairs) == 0 {
		return rows
	}
	out := rows[:0]
	for _, r := range rows {
		all := true
		for entry := range n.All() {
			all = all && same(r.vals[entry.Key.Text], sc.node(entry.Value))
		}
		if !all {
			out = append(out, r)
		}
	}
	return out
}

// include adds the values of a mapping to the rows that it does not contradict, of which the first base are from the
// product; if there is none, it becomes a row of its own.
func (sc *scope) include(rows []row, base int, n *yamltree.Node) []row {
	if n == nil || n.Kind != yamltree.Mapping {
		return rows
	}
	vals := map[string]val{}
	for entry := range n.All() {
		vals[entry.Key.Text] = sc.node(entry.Value)
	}
	added := false
	for i := range rows[:base] {
		fits := true
		for _, name := range sortedKeys(vals) {
			if rows[i].original[name] && !same(rows[i].vals[name], vals[name]) {
				fits = false
			}
		}
		if !fits {
			continue
		}
		added = true
		for name, v := range vals {
			if !rows[i].original[name] {
				rows[i].vals[name] = v
			}
		}
	}
	if !added {
		rows = append(rows, row{vals: vals})
	}
	return rows
}

// same reports whether two values of a matrix are known to be equal.
func same(a, b val) bool {
	x, ok := canonical(a, 0)
	y, ok2 := canonical(b, 0)
	return ok && ok2 && x == y
}

// canonical formats a value so that equal values give equal strings.
func canonical(v val, depth int) (string, bool) {
	if v.kind == object {
		return canonicalNode(v.node, depth)
	}
	s, ok := v.string()
	return s, ok
}

func canonicalNode(n *yamltree.Node, depth int) (string, bool) {
	n = n.Resolve()
	if n == nil || depth > maxExprDepth {
		return "", n == nil
	}
	var sb strings.Builder
	switch n.Kind {
	case yamltree.Mapping:
		parts := map[string]string{}
		for entry := range n.All() {
			s, ok := canonicalNode(entry.Value, depth+1)
			if !ok {
				return "", false
			}
			parts[entry.Key.Text] = s
		}
		for _, k := range sortedKeys(parts) {
			sb.WriteString(strconv.Quote(k) + ":" + strconv.Quote(parts[k]) + ",")
		}
		return "{" + sb.String() + "}", sb.Len() < maxText
	case yamltree.Sequence:
		for _, item := range n.Items {
			s, ok := canonicalNode(item, depth+1)
			if !ok || sb.Len() > maxText {
				return "", false
			}
			sb.WriteString(strconv.Quote(s) + ",")
		}
		return "[" + sb.String() + "]", true
	}
	return n.Text, !strings.Contains(n.Text, "${{")
}
