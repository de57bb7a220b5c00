package dockerfile

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"
)

// tree returns the syntax tree of a script as text, without positions, comments and what the mask leaves out, and false
// when it cannot be parsed. It is the tree of bash followed, where it differs, by that of the POSIX shell, since it is
// unknown which one runs.
func (c *canonicalizer) tree(script string) (string, bool) {
	bash, err := parseAs(syntax.LangBash, script)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	d := dumper{out: &b, mask: c.mask}
	d.statements(bash.Stmts)
	c.dropped = append(c.dropped, d.dropped...)
	if posix, err := parseAs(syntax.LangPOSIX, script); err == nil {
		b.WriteString(" posix ")
		d.statements(posix.Stmts)
	}
	return b.String(), true
}

// parsers holds syntax parsers for reuse; each has buffers of several kilobytes.
var parsers = sync.Pool{New: func() any { return syntax.NewParser() }}

func parseAs(language syntax.LangVariant, script string) (*syntax.File, error) {
	p := parsers.Get().(*syntax.Parser)
	defer parsers.Put(p)
	syntax.Variant(language)(p)
	return p.Parse(strings.NewReader(script), "")
}

// dumper writes a syntax tree. It visits every field by reflection, so none can be forgotten.
type dumper struct {
	out     *strings.Builder
	mask    *mask
	dropped []string
}

// statements writes the statements of a script. Where their order is free, those that are joined by && are sorted;
// where whole commands may come and go, these are left out; and where && may come between words, it does not show.
func (d *dumper) statements(list []*syntax.Stmt) {
	m := d.mask
	if m == nil || !m.reordered && !m.separated && !m.chained && len(m.removedCommands)+len(m.addedCommands) == 0 {
		d.dump(reflect.ValueOf(list))
		return
	}
	separator := " && "
	if m.separated {
		separator = ""
	}
	end := ";"
	if m.chained {
		end = separator
	}
	for _, stmt := range list {
		forms, operators := d.kept(chain(stmt))
		if len(forms) == 0 {
			continue // the whole statement comes or goes
		}
		if m.reordered && !slices.Contains(operators, syntax.OrStmt) {
			slices.Sort(forms)
		}
		for n, form := range forms {
			switch {
			case n == 0:
			case operators[n] == syntax.OrStmt:
				d.out.WriteString(" || ")
			default:
				d.out.WriteString(separator)
			}
			d.out.WriteString(form)
		}
		d.out.WriteString(end)
	}
}

// kept returns the trees of the commands of a list that do not come or go, with the operator before each. One that ||
// joins to a neighbour on whose failure something depends stays.
func (d *dumper) kept(list []joint) (forms []string, operators []syntax.BinCmdOperator) {
	var before syntax.BinCmdOperator // what stands before the first command that is kept
	for n, j := range list {
		var b strings.Builder
		plain := dumper{out: &b}
		free := j.operator != syntax.OrStmt && (n > 0 || n+1 == len(list) || list[n+1].operator != syntax.OrStmt)
		if plain.dump(reflect.ValueOf(j.stmt)); free && d.mask.command(b.String()) {
			d.dropped = append(d.dropped, b.String())
			continue
		}
		b.Reset()
		one := dumper{out: &b, mask: d.mask}
		one.joined(j.stmt)
		d.dropped = append(d.dropped, one.dropped...)
		if len(forms) == 0 {
			before = j.operator
		}
		forms, operators = append(forms, b.String()), append(operators, j.operator)
	}
	if before == syntax.OrStmt && len(forms) > 0 { // all commands before it went
		forms[0] = " || " + forms[0]
	}
	return forms, operators
}

// joined writes a statement that && may join to others: where its words may become two commands, without what shows
// where it begins and ends.
func (d *dumper) joined(stmt *syntax.Stmt) {
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok || !d.mask.separated || len(call.Assigns) > 0 || stmt.Negated || stmt.Background || stmt.Coprocess {
		d.dump(reflect.ValueOf(stmt))
		return
	}
	for _, word := range call.Args {
		d.dump(reflect.ValueOf(word))
	}
	for _, r := range stmt.Redirs {
		d.dump(reflect.ValueOf(r))
	}
}

// commandTrees remembers the trees of commands, as statements compare them, by their text. A command that is no
// statement has the tree "".
type commandTrees map[string]string

// of returns the trees of those commands that are statements.
func (known commandTrees) of(commands []string) []string {
	var out []string
	for _, c := range commands {
		tree, ok := known[c]
		if !ok {
			if f, err := parseAs(syntax.LangBash, c); err == nil && len(f.Stmts) == 1 {
				var b strings.Builder
				plain := dumper{out: &b}
				plain.dump(reflect.ValueOf(f.Stmts[0]))
				tree = b.String()
			}
			known[c] = tree
		}
		if tree != "" {
			out = append(out, tree)
		}
	}
	return out
}

// joint is a command of a list, with the operator that joins it to those before it, 0 for the first.
type joint struct {
	operator syntax.BinCmdOperator
	stmt     *syntax.Stmt
}

// chain returns the commands that && and || join.
func chain(stmt *syntax.Stmt) []joint {
	list, ok := stmt.Cmd.(*syntax.BinaryCmd)
	if !ok || list.Op != syntax.AndStmt && list.Op != syntax.OrStmt || len(stmt.Redirs) > 0 || stmt.Negated ||
		stmt.Background || stmt.Coprocess {
		return []joint{{stmt: stmt}}
	}
	behind := chain(list.Y)
	behind[0].operator = list.Op
	return append(chain(list.X), behind...)
}

// static returns the text of a word that has no expansions.
func static(w *syntax.Word) (text string, ok bool) {
	var b strings.Builder
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(p.Value)
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, inner := range p.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok {
					return "", false
				}
				b.WriteString(lit.Value)
			}
		default:
			return "", false
		}
	}
	return b.String(), true
}

// args writes the words of a command, except those that the mask excludes.
func (d *dumper) args(words []*syntax.Word) {
	if d.mask.isShape() && len(words) > 1 {
		words = words[:1]
	}
	d.out.WriteByte('[')
	for _, w := range words {
		if text, ok := static(w); ok {
			if masked, instead := d.mask.word(text); masked && instead != "" {
				d.out.WriteString(strconv.Quote(instead))
				continue
			} else if masked {
				d.dropped = append(d.dropped, text)
				continue
			}
		}
		d.dump(reflect.ValueOf(w))
	}
	d.out.WriteByte(']')
}

// assigns writes assignments, except those that the mask excludes.
func (d *dumper) assigns(list []*syntax.Assign) {
	d.out.WriteByte('[')
	for _, a := range list {
		switch {
		case a.Name != nil && d.mask.variable(a.Name.Value):
		case a.Name != nil && d.mask.isShape():
			d.out.WriteString(a.Name.Value + strconv.FormatBool(a.Naked) + "=")
		default:
			d.dump(reflect.ValueOf(a))
		}
	}
	d.out.WriteByte(']')
}

// call writes a simple command or an export, except what the mask excludes; it reports false for other nodes.
func (d *dumper) call(v reflect.Value) bool {
	switch call := v.Interface().(type) {
	case *syntax.CallExpr:
		d.out.WriteString("CallExpr{")
		d.assigns(call.Assigns)
		d.args(call.Args)
	case *syntax.DeclClause:
		d.out.WriteString("DeclClause{" + strconv.Quote(call.Variant.Value))
		d.assigns(call.Args)
	default:
		return false
	}
	d.out.WriteByte('}')
	return true
}

// respelt writes a word whose spelling may change as it may become; it reports false for other nodes.
func (d *dumper) respelt(v reflect.Value) bool {
	if len(d.mask.spellings) == 0 {
		return false
	}
	w, ok := v.Interface().(*syntax.Word)
	if !ok {
		return false
	}
	text := spelling(w)
	if becomes, ok := d.mask.spellings[text]; ok {
		d.dropped = append(d.dropped, text)
		d.out.WriteString("Word " + strconv.Quote(becomes))
		return true
	}
	if slices.Contains(slices.Collect(maps.Values(d.mask.spellings)), text) {
		d.out.WriteString("Word " + strconv.Quote(text))
		return true
	}
	return false
}

// spelling returns a word as the shell's printer writes it, without the line continuations in it.
func spelling(w *syntax.Word) string {
	var b strings.Builder
	if err := syntax.NewPrinter().Print(&b, w); err != nil {
		return ""
	}
	return b.String()
}

// Respelt returns which words of a script become others, and false where more than words changes.
func Respelt(before, after []byte) (s Spellings, ok bool) {
	was, is := allWords(before), allWords(after)
	if len(was) == 0 || len(was) != len(is) {
		return s, false
	}
	for n := range was {
		if was[n] != is[n] && !slices.Contains(s.Was, was[n]) {
			s.Was, s.Becomes = append(s.Was, was[n]), append(s.Becomes, is[n])
		}
	}
	return s, true
}

// allWords returns all words of a script, those inside of others behind them; none where it cannot be parsed.
func allWords(script []byte) (out []string) {
	file, err := parseAs(syntax.LangBash, string(script))
	if err != nil {
		return nil
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		if w, ok := n.(*syntax.Word); ok {
			out = append(out, spelling(w))
		}
		return true
	})
	return out
}

// shape is what is dumped of a type of node: its name and its fields, without comments and what is only layout.
type shape struct {
	name   string
	fields []field
}

type field struct {
	index             int
	position, heredoc bool
}

// shapes holds the shapes of the types met so far, by reflect.Type.
var shapes sync.Map

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{name: t.Name()}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Type == reflect.TypeFor[[]syntax.Comment]() || f.Name == "Semicolon" {
			continue
		}
		s.fields = append(s.fields,
			field{index: i, position: f.Type == reflect.TypeFor[syntax.Pos](), heredoc: f.Name == "Hdoc"})
	}
	shapes.Store(t, s)
	return s
}

func (d *dumper) dump(v reflect.Value) {
	b := d.out
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			b.WriteByte('-')
			return
		}
		if d.mask != nil && (d.respelt(v) || d.call(v)) {
			return
		}
		d.dump(v.Elem())
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			d.dump(v.Index(i))
		}
		b.WriteByte(']')
	case reflect.Struct:
		t := shapeOf(v.Type())
		b.WriteString(t.name)
		b.WriteByte('{')
		for _, f := range t.fields {
			switch {
			case f.heredoc && d.mask.isShape():
				continue
			case f.position:
				// Whether the word is there can matter: "for x in; do" is not "for x; do".
				b.WriteString(strconv.FormatBool(v.Field(f.index).Interface().(syntax.Pos).IsValid()))
			default:
				d.dump(v.Field(f.index))
			}
			b.WriteByte(' ')
		}
		b.WriteByte('}')
	case reflect.String:
		b.WriteString(strconv.Quote(v.String()))
	case reflect.Bool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		b.WriteString(strconv.FormatUint(v.Uint(), 10))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	default:
		b.WriteString(v.String())
	}
}

// plainCommand returns the words of a script that is one simple command, without anything that a shell expands,
// redirects or runs itself.
func plainCommand(script string) ([]string, bool) {
	file, err := parseAs(syntax.LangPOSIX, script)
	if err != nil || len(file.Stmts) != 1 {
		return nil, false
	}
	stmt := file.Stmts[0]
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok || stmt.Negated || stmt.Background || stmt.Semicolon.IsValid() || len(stmt.Redirs) > 0 ||
		len(call.Assigns) > 0 {
		return nil, false
	}
	words := make([]string, len(call.Args))
	for n, w := range call.Args {
		if words[n], ok = plainWord(w); !ok {
			return nil, false
		}
	}
	return words, len(words) > 0
}

// plainWord returns what a shell makes of a word in which it expands nothing.
func plainWord(w *syntax.Word) (string, bool) {
	var b strings.Builder
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			for n := 0; n < len(p.Value); n++ {
				switch c := p.Value[n]; {
				case c == '\\' && n+1 < len(p.Value):
					n++
					b.WriteByte(p.Value[n])
				case strings.IndexByte("*?[~{}\\", c) >= 0:
					return "", false
				default:
					b.WriteByte(c)
				}
			}
		case *syntax.SglQuoted:
			if p.Dollar {
				return "", false
			}
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			if p.Dollar || len(p.Parts) > 1 {
				return "", false
			}
			for _, inner := range p.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok {
					return "", false
				}
				for n := 0; n < len(lit.Value); n++ {
					if lit.Value[n] == '\\' && n+1 < len(lit.Value) &&
						strings.IndexByte("$`\"\\", lit.Value[n+1]) >= 0 {
						n++
					}
					b.WriteByte(lit.Value[n])
				}
			}
		default:
			return "", false
		}
	}
	return b.String(), true
}
