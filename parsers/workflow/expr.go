package workflow

import (
	"math"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// This file evaluates the expressions of GitHub Actions, "${{ … }}": a recursive descent over one expression, in the
// order of precedence of the documentation (contexts and expressions of GitHub Actions), with values converted and
// compared as GitHub does.
//
// Every operation is defined for a value that is not known, and its result is then not known, unless an operand of &&
// or || on its left decides. So a known result is the one that every run has. A value that is taken unchanged from a
// node of the file keeps that node, and with it the position to report. workflow_test.go has the cases.

const (
	// maxExprDepth bounds the nesting of an expression, including expressions in the matrix values that it uses.
	maxExprDepth = 32
	// maxVariables bounds how often variables of "env" are evaluated in a file: they may use each other.
	maxVariables = 1 << 17
	// maxExprLen bounds the length of an expression that is evaluated.
	maxExprLen = 4 << 10
)

// valKind is the type of a val.
type valKind uint8

const (
	unknown valKind = iota
	null
	boolean
	number
	text
	object // a mapping or a list
)

// val is the value of an expression.
type val struct {
	kind valKind
	b    bool
	n    float64
	s    string
	node *yamltree.Node // the node that it is, or that it was taken from unchanged
	sure answer         // of a value that is not known: whether it counts as true
}

func str(s string) val   { return val{kind: text, s: s} }
func boolVal(b bool) val { return val{kind: boolean, b: b} }
func num(n float64) val  { return val{kind: number, n: n} }

// truth reports whether v counts as true; for a value that is not known, the answer is unsure.
func (v val) truth() answer {
	t := true
	switch v.kind {
	case unknown:
		return v.sure
	case null:
		t = false
	case boolean:
		t = v.b
	case number:
		t = v.n != 0 && !math.IsNaN(v.n)
	case text:
		t = v.s != ""
	}
	if t {
		return yes
	}
	return no
}

// string returns v as it is inserted into a string.
func (v val) string() (string, bool) {
	switch v.kind {
	case null:
		return "", true
	case boolean:
		return strconv.FormatBool(v.b), true
	case number:
		return strconv.FormatFloat(v.n, 'g', 15, 64), true
	case text:
		return v.s, true
	}
	return "", false
}

// number converts v for a comparison of different types.
func (v val) number() float64 {
	switch v.kind {
	case null:
		return 0
	case boolean:
		if v.b {
			return 1
		}
		return 0
	case number:
		return v.n
	case text:
		if strings.TrimSpace(v.s) == "" {
			return 0
		}
		if n, err := strconv.ParseFloat(strings.TrimSpace(v.s), 64); err == nil {
			return n
		}
	}
	return math.NaN()
}

// equal compares as GitHub does: strings without regard to case, different types as numbers.
func equal(a, b val) val {
	switch {
	case a.kind == unknown || b.kind == unknown:
		return val{}
	case a.kind == text && b.kind == text:
		return boolVal(strings.EqualFold(a.s, b.s))
	case a.kind == object || b.kind == object:
		return boolVal(a.kind == b.kind && a.node == b.node)
	case a.kind == b.kind && a.kind != number:
		return boolVal(a.b == b.b)
	}
	return boolVal(a.number() == b.number())
}

// less compares with an operator: "<", "<=", ">" or ">=".
func less(a, b val, op string) val {
	if a.kind == unknown || b.kind == unknown {
		return val{}
	}
	var c int
	if a.kind == text && b.kind == text {
		c = strings.Compare(strings.ToUpper(a.s), strings.ToUpper(b.s))
	} else {
		x, y := a.number(), b.number()
		switch {
		case math.IsNaN(x) || math.IsNaN(y):
			return boolVal(false)
		case x < y:
			c = -1
		case x > y:
			c = 1
		}
	}
	switch op {
	case "<":
		return boolVal(c < 0)
	case "<=":
		return boolVal(c <= 0)
	case ">":
		return boolVal(c > 0)
	}
	return boolVal(c >= 0)
}

// scope is what the expressions of a job can refer to.
type scope struct {
	file   *source.File
	matrix map[string]val
	// openMatrix says that the matrix may have more values than these.
	openMatrix bool
	env        map[string]variable
	// openEnv are the variables that a script changes; with allEnv all of them may be changed.
	openEnv map[string]bool
	allEnv  bool
	runner  Runner
	depth   int
	// world is what the run that is looked at decides, nil where runs are not kept separate; see choose. forking says
	// that what is evaluated decides what is built, so all that it can be is looked at.
	world   *world
	forking bool
	// triggers have the inputs of the workflow; arguments are those of a composite action, which hide them.
	triggers  *triggers
	arguments map[string]val
	// uses counts how often variables of "env" were evaluated, in the whole file.
	uses *int
	// action is the folder of the composite action, relative to the workspace; "" outside of one.
	action string
}

// variable is an entry of an "env" mapping, evaluated when it is used.
type variable struct {
	node *yamltree.Node
	from *scope
	text string // without a node
}

// fork returns a scope in which all that a value can be is looked at.
func (sc *scope) fork() *scope {
	out := *sc
	out.forking = true
	return &out
}

// variable returns the value of an environment variable that "env" sets.
func (sc *scope) variable(name string) (v val, ok bool) {
	if sc.allEnv || sc.openEnv[name] {
		return val{}, false
	}
	e, ok := sc.env[name]
	if !ok {
		for _, k := range sortedKeys(sc.env) {
			if strings.EqualFold(k, name) {
				e, ok = sc.env[k], true
				break
			}
		}
	}
	switch {
	case !ok:
		return val{}, false
	case e.node == nil:
		return str(e.text), true
	case sc.depth >= maxExprDepth, sc.uses != nil && *sc.uses > maxVariables:
		return val{}, true
	}
	if sc.uses != nil {
		*sc.uses++
	}
	from := *e.from
	from.world, from.forking, from.depth = sc.world, sc.forking, sc.depth+1
	v = from.node(e.node)
	if s, ok := v.string(); ok && v.kind != text {
		v = val{kind: text, s: s, node: v.node}
	}
	if from.file != sc.file {
		v.node = nil
	}
	return v, true
}

// node returns the value of a node of the file, with its expressions evaluated.
func (sc *scope) node(n *yamltree.Node) val {
	n = n.Resolve()
	if n.IsNull() {
		return val{kind: null}
	}
	if n.Kind != yamltree.Scalar {
		return val{kind: object, node: n}
	}
	if strings.Contains(n.Text, "${{") {
		return sc.template(n)
	}
	v := val{kind: text, s: n.Text, node: n}
	if n.Style == yamltree.Plain {
		switch n.Text {
		case "true", "True", "TRUE":
			v.kind, v.b = boolean, true
		case "false", "False", "FALSE":
			v.kind = boolean
		default:
			if c := n.Text[0]; isDigit(c) || c == '-' || c == '+' || c == '.' {
				if f, err := strconv.ParseFloat(n.Text, 64); err == nil {
					v.kind, v.n = number, f
				}
			}
		}
	}
	return v
}

// template evaluates a string with expressions. A string that is a single expression has its value and type.
func (sc *scope) template(n *yamltree.Node) val {
	parts := split(n.Text)
	if len(parts) == 1 && parts[0].isExpr {
		return sc.eval(parts[0].expr(n.Text))
	}
	var sb strings.Builder
	for _, p := range parts {
		if !p.isExpr {
			sb.WriteString(n.Text[p.start:p.end])
			continue
		}
		s, ok := sc.eval(p.expr(n.Text)).string()
		if !ok || sb.Len()+len(s) > maxText {
			return val{}
		}
		sb.WriteString(s)
	}
	return str(sb.String())
}

// part is a part of a string: an expression with its "${{" and "}}", or the text between expressions.
type part struct {
	start, end int
	isExpr     bool
}

func (p part) expr(s string) string { return s[p.start+3 : p.end-2] }

// split cuts a string at its expressions. A quoted string inside an expression may contain "}}".
func split(s string) []part {
	var out []part
	at := 0
	for at < len(s) {
		i := strings.Index(s[at:], "${{")
		if i < 0 {
			break
		}
		i += at
		end := -1
		quoted := false
		for j := i + 3; j < len(s); j++ {
			if s[j] == '\'' {
				quoted = !quoted
			} else if !quoted && s[j] == '}' && j+1 < len(s) && s[j+1] == '}' {
				end = j + 2
				break
			}
		}
		if end < 0 {
			break
		}
		if i > at {
			out = append(out, part{at, i, false})
		}
		out = append(out, part{i, end, true})
		at = end
	}
	if at < len(s) {
		out = append(out, part{at, len(s), false})
	}
	return out
}

// eval evaluates an expression. The value of one that it cannot read is not known.
func (sc *scope) eval(expr string) val {
	if sc.depth >= maxExprDepth || len(expr) > maxExprLen {
		return val{}
	}
	sc.depth++
	defer func() { sc.depth-- }()
	e := &evaluation{scope: sc, s: expr}
	v := e.or()
	e.space()
	if e.failed || e.i < len(e.s) {
		return val{}
	}
	return v
}

// condition reports whether a step or job with the given "if" runs. There the braces may be left out.
func (sc *scope) condition(n *yamltree.Node) answer {
	n = n.Resolve()
	if n.IsNull() || n.Kind != yamltree.Scalar {
		if n == nil || n.IsNull() {
			return yes
		}
		return unsure
	}
	if strings.Contains(n.Text, "${{") {
		if parts := split(n.Text); len(parts) != 1 {
			return unsure // text around an expression is always true, which nobody intends
		}
		return sc.template(n).truth()
	}
	return sc.eval(n.Text).truth()
}

// evaluation is a recursive descent over one expression.
type evaluation struct {
	scope  *scope
	s      string
	i      int
	depth  int
	failed bool
}

func (e *evaluation) space() {
	for e.i < len(e.s) && (e.s[e.i] == ' ' || e.s[e.i] == '\t' || e.s[e.i] == '\n' || e.s[e.i] == '\r') {
		e.i++
	}
}

// op reads the operator if it is next, and reports whether it is.
func (e *evaluation) op(op string) bool {
	e.space()
	if strings.HasPrefix(e.s[e.i:], op) {
		e.i += len(op)
		return true
	}
	return false
}

func (e *evaluation) fail() val {
	e.failed = true
	return val{}
}

func (e *evaluation) or() val {
	if e.depth++; e.depth > maxExprDepth {
		return e.fail()
	}
	defer func() { e.depth-- }()
	start := e.i
	v := e.and()
	for !e.failed {
		end := e.i
		if !e.op("||") {
			break
		}
		v = e.decide(v, start, end)
		if w := e.and(); v.truth() == no {
			v = w
		}
	}
	return v
}

func (e *evaluation) and() val {
	start := e.i
	v := e.equality()
	for !e.failed {
		end := e.i
		if !e.op("&&") {
			break
		}
		v = e.decide(v, start, end)
		if w := e.equality(); v.truth() == yes {
			v = w
		}
	}
	return v
}

// decide returns the value of a part of the expression that is an operand of && or ||: where it is not known whether it
// counts as true, the run decides.
func (e *evaluation) decide(v val, start, end int) val {
	if v.truth() != unsure {
		return v
	}
	switch e.scope.either(strings.Join(strings.Fields(e.s[start:end]), " ")) {
	case yes:
		v.sure = yes
	case no:
		return boolVal(false)
	}
	return v
}

func (e *evaluation) equality() val {
	start := e.i
	v := e.relation()
	for !e.failed {
		end := e.i
		not := false
		switch {
		case e.op("=="):
		case e.op("!="):
			not = true
		default:
			return v
		}
		right := e.i
		v = equal(v, e.relation())
		if v.kind == unknown && !e.failed {
			sides := e.s[start:end] + " == " + e.s[right:e.i]
			if a := e.scope.either(strings.Join(strings.Fields(sides), " ")); a != unsure {
				v = boolVal(a == yes)
			}
		}
		if not {
			v = negate(v)
		}
	}
	return v
}

func negate(v val) val {
	switch v.truth() {
	case yes:
		return boolVal(false)
	case no:
		return boolVal(true)
	}
	return val{}
}

func (e *evaluation) relation() val {
	v := e.unary()
	for !e.failed {
		found := false
		for _, op := range []string{"<=", ">=", "<", ">"} {
			if e.op(op) {
				v = less(v, e.unary(), op)
				found = true
				break
			}
		}
		if !found {
			return v
		}
	}
	return v
}

func (e *evaluation) unary() val {
	e.space()
	not := 0
	for e.i < len(e.s) && e.s[e.i] == '!' && !strings.HasPrefix(e.s[e.i:], "!=") {
		e.i++
		not++
		e.space()
	}
	start := e.i
	v := e.primary()
	if not > 0 {
		v = e.decide(v, start, e.i)
	}
	for range min(not, 2-not%2) {
		v = negate(v)
	}
	return v
}

func (e *evaluation) primary() val {
	e.space()
	if e.i >= len(e.s) {
		return e.fail()
	}
	switch c := e.s[e.i]; {
	case c == '(':
		e.i++
		v := e.or()
		if !e.op(")") {
			return e.fail()
		}
		return e.path(v)
	case c == '\'':
		return e.quoted()
	case isDigit(c) || c == '-' || c == '+' || c == '.':
		start := e.i
		for e.i < len(e.s) && (isWord(e.s[e.i]) || e.s[e.i] == '.' || e.s[e.i] == '+') {
			e.i++
		}
		if n, err := strconv.ParseFloat(e.s[start:e.i], 64); err == nil {
			return num(n)
		}
		if n, err := strconv.ParseInt(e.s[start:e.i], 0, 64); err == nil {
			return num(float64(n))
		}
		return e.fail()
	}
	name := e.name()
	if name == "" {
		return e.fail()
	}
	if e.op("(") {
		return e.path(e.call(strings.ToLower(name)))
	}
	switch strings.ToLower(name) {
	case "true":
		return boolVal(true)
	case "false":
		return boolVal(false)
	case "null":
		return val{kind: null}
	case "nan":
		return num(math.NaN())
	case "infinity":
		return num(math.Inf(1))
	}
	return e.context(strings.ToLower(name))
}

func isWord(c byte) bool {
	return c == '_' || c == '-' || isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func (e *evaluation) name() string {
	start := e.i
	for e.i < len(e.s) && isWord(e.s[e.i]) {
		e.i++
	}
	return e.s[start:e.i]
}

func (e *evaluation) quoted() val {
	var sb strings.Builder
	for e.i++; e.i < len(e.s); e.i++ {
		if e.s[e.i] != '\'' {
			sb.WriteByte(e.s[e.i])
			continue
		}
		if e.i+1 < len(e.s) && e.s[e.i+1] == '\'' {
			sb.WriteByte('\'')
			e.i++
			continue
		}
		e.i++
		return str(sb.String())
	}
	return e.fail()
}

// step reads one ".name", ".*" or "[…]" after a value. A star and a key that is not known give ok with an unknown
// key.
func (e *evaluation) step() (key val, ok bool) {
	e.space()
	if e.i >= len(e.s) {
		return val{}, false
	}
	switch e.s[e.i] {
	case '.':
		e.i++
		e.space()
		if e.op("*") {
			return val{}, true
		}
		name := e.name()
		if name == "" {
			return e.fail(), false
		}
		return str(name), true
	case '[':
		e.i++
		if e.op("*") {
			key = val{}
		} else {
			key = e.or()
		}
		if !e.op("]") {
			return e.fail(), false
		}
		return key, true
	}
	return val{}, false
}

// path follows the steps after a value.
func (e *evaluation) path(v val) val {
	for !e.failed {
		key, ok := e.step()
		if !ok {
			return v
		}
		v = e.member(v, key)
	}
	return val{}
}

// member returns an element of a mapping or list; null when there is none.
func (e *evaluation) member(v, key val) val {
	if v.kind == unknown || key.kind == unknown {
		return val{}
	}
	if v.kind != object {
		return val{kind: null}
	}
	if v.node.Kind == yamltree.Sequence {
		if n := key.number(); n >= 0 && n < float64(len(v.node.Items)) {
			return e.scope.node(v.node.Items[int(n)])
		}
		return val{kind: null}
	}
	name, ok := key.string()
	if !ok {
		return val{}
	}
	if n := v.node.Get(name); n != nil {
		return e.scope.node(n)
	}
	for p := range v.node.All() {
		if strings.EqualFold(p.Key.Text, name) {
			return e.scope.node(p.Value)
		}
	}
	return val{kind: null}
}

// context evaluates a reference to a context, such as matrix.os.
func (e *evaluation) context(root string) val {
	sc := e.scope
	key, ok := e.step()
	name, named := key.string()
	if !ok || !named || key.kind == unknown {
		e.path(val{})
		return val{}
	}
	v := val{}
	switch root {
	case "matrix":
		v = lookup(sc.matrix, name)
		if v.kind == unknown && sc.matrix != nil && !sc.openMatrix && !has(sc.matrix, name) {
			v = val{kind: null}
		}
	case "env":
		v, _ = sc.variable(name)
	case "inputs":
		v = sc.input(name)
	case "runner":
		switch {
		case strings.EqualFold(name, "arch") && sc.runner.Arch == "amd64":
			v = str("X64")
		case strings.EqualFold(name, "arch") && sc.runner.Arch == "arm64":
			v = str("ARM64")
		case strings.EqualFold(name, "os") && sc.runner.OS != "":
			v = str(map[string]string{"linux": "Linux", "windows": "Windows", "macos": "macOS"}[sc.runner.OS])
		}
	case "github":
		switch strings.ToLower(name) {
		case "workspace":
			v = str(".") // where every step starts
		case "action_path":
			if sc.action != "" {
				v = str(sc.action)
			}
		case "event_name":
			v = sc.event()
		case "event":
			if rest := e.i; e.op(".inputs.") {
				v = sc.input(e.name())
			} else {
				e.i = rest
			}
		}
	}
	return e.path(v)
}

func has(m map[string]val, name string) bool {
	if _, ok := m[name]; ok {
		return true
	}
	for k := range m {
		if strings.EqualFold(k, name) {
			return true
		}
	}
	return false
}

func lookup(m map[string]val, name string) val {
	if v, ok := m[name]; ok {
		return v
	}
	for _, k := range sortedKeys(m) {
		if strings.EqualFold(k, name) {
			return m[k]
		}
	}
	return val{}
}

// call evaluates a function whose opening parenthesis was read.
func (e *evaluation) call(name string) val {
	var args []val
	for !e.op(")") {
		if len(args) > 0 && !e.op(",") {
			return e.fail()
		}
		args = append(args, e.or())
		if e.failed || len(args) > 64 {
			return e.fail()
		}
	}
	switch name {
	case "always", "success":
		return boolVal(true)
	}
	if len(args) == 0 || args[0].kind == unknown {
		return val{}
	}
	switch name {
	case "fromjson":
		if s, ok := args[0].string(); ok {
			tree := yamltree.Parse(source.NewFile("", []byte(s)))
			if root := tree.Root(); root != nil && len(tree.Problems) == 0 {
				v := e.scope.node(detached(root))
				if v.kind != object {
					v.node = nil
				}
				return v
			}
		}
		return val{}
	case "contains", "startswith", "endswith":
		if len(args) != 2 || args[1].kind == unknown {
			return val{}
		}
		return e.search(name, args[0], args[1])
	case "format":
		return format(args)
	}
	return val{}
}

// detached marks nodes that come from another text, so their positions are not used as positions in the file.
func detached(n *yamltree.Node) *yamltree.Node {
	n.Span, n.Inner = source.Span{}, source.Span{}
	for _, p := range n.Pairs {
		detached(p.Key)
		detached(p.Value)
	}
	for _, i := range n.Items {
		detached(i)
	}
	return n
}

func (e *evaluation) search(name string, in, what val) val {
	if in.kind == object {
		if name != "contains" || in.node.Kind != yamltree.Sequence {
			return boolVal(false)
		}
		out := boolVal(false)
		for _, item := range in.node.Items {
			switch equal(e.scope.node(item), what).truth() {
			case yes:
				return boolVal(true)
			case unsure:
				out = val{}
			}
		}
		return out
	}
	a, ok := in.string()
	b, ok2 := what.string()
	if !ok || !ok2 {
		return val{}
	}
	a, b = strings.ToLower(a), strings.ToLower(b)
	switch name {
	case "contains":
		return boolVal(strings.Contains(a, b))
	case "startswith":
		return boolVal(strings.HasPrefix(a, b))
	}
	return boolVal(strings.HasSuffix(a, b))
}

// format replaces {0}, {1}, … in the first argument by the other arguments.
func format(args []val) val {
	f, ok := args[0].string()
	if !ok {
		return val{}
	}
	var sb strings.Builder
	for i := 0; i < len(f); i++ {
		switch c := f[i]; {
		case (c == '{' || c == '}') && i+1 < len(f) && f[i+1] == c:
			sb.WriteByte(c)
			i++
		case c == '{':
			end := strings.IndexByte(f[i:], '}')
			if end < 0 {
				return val{}
			}
			n, err := strconv.Atoi(f[i+1 : i+end])
			if err != nil || n < 0 || n+1 >= len(args) {
				return val{}
			}
			s, ok := args[n+1].string()
			if !ok || sb.Len()+len(s) > maxText {
				return val{}
			}
			sb.WriteString(s)
			i += end
		default:
			sb.WriteByte(c)
		}
	}
	return str(sb.String())
}
