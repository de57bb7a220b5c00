package nixconf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf/hidden"
	"github.com/sandlint/sandlint/parsers/source"
)

// consequence ends the message of every problem.
const consequence = "; every Nix command fails"

// refuse adds the problem of a line that is not an assignment.
func (p *parser) refuse(words []Word, span source.Span) {
	shown := Shown(words)
	if len(shown) == 0 || isStatement(shown) {
		if len(shown) > 1 && shown[1].Text == "=" {
			p.begin(shown[0].Text, shown[2:])
		}
		_, r, _ := hidden.First(joinWords(words))
		p.problem(span, KindHiddenCharacters, "",
			hidden.Name(r)+" is an ordinary character to Nix, so the line is not an assignment"+consequence)
		return
	}
	words = shown
	name := words[0].Text
	switch {
	case p.continues(words):
		p.continued = len(p.file.Lines) - 1
		p.problem(span, KindLineContinuation, "",
			fmt.Sprintf("the line continues the value of %s, which ends at the end of its own line",
				Quote(p.begun.name))+consequence)
		return
	}
	if what := strayShell(words); what != "" {
		if IsEchoOption(name) && len(words) > 2 && words[2].Text == "=" {
			p.begin(words[1].Text, words[3:])
		}
		p.problem(span, KindStrayShellText, "", what+", which means nothing to Nix"+consequence)
		return
	}
	if _, n, ok := GluedAt(words); ok {
		p.problem(span, KindGluedLines, "", "setting "+Quote(n)+" begins in the middle of the line"+consequence)
		return
	}
	if n, ok := p.gluedName(words); ok {
		p.begin(n, words[1:])
		p.problem(span, KindAssignmentSpacing, n,
			"the = after "+Quote(n)+" needs a space on both sides"+consequence)
		return
	}
	op, isOp := operation(p.text, words)
	switch {
	case isOp && op.isYAML() && len(op.Value) > 0 &&
		(knownAnywhere(op.Name.Text) || op.Operator.Span.End == words[0].Span.End && p.near(op.Name.Text) != ""),
		isOp && !op.isYAML() && plausibleName(op.Name.Text):
		p.begin(op.Name.Text, op.Value)
		p.problem(span, KindWrongOperator, op.Name.Text,
			Quote(op.Operator.Text)+" is used instead of =, the only operator of nix.conf"+consequence)
	case len(words) > 1 && knownAnywhere(name) && !isOperator(words[1].Text):
		p.begin(name, words[1:])
		p.problem(span, KindMissingEquals, "", "setting "+Quote(name)+" has no = before its value"+consequence)
	default:
		if what := foreign(words, isOp && op.isYAML() && plausibleName(op.Name.Text)); what != "" {
			p.problem(span, KindForeignSyntax, "", what+", which nix.conf does not have"+consequence)
			return
		}
		p.other(words, span)
	}
}

// begin notes that the current line would assign to a setting without its mistake.
func (p *parser) begin(name string, value []Word) {
	p.begun = begun{len(p.file.Lines) - 1, name, value}
}

// other adds the problem of a line that has none of the known mistakes.
func (p *parser) other(words []Word, span source.Span) {
	name := words[0].Text
	switch {
	case findFeature(name) != nil && !slices.ContainsFunc(words, isNoFeature):
		p.problem(span, KindSyntax, "", Quote(name)+" is an experimental feature, not a setting, and the line has no "+
			"experimental-features = before it"+consequence)
	case len(words) == 1:
		p.problem(span, KindSyntax, "", Quote(name)+" alone is not an assignment"+consequence)
	case isOperator(words[1].Text) || words[1].Text[0] == '=':
		p.problem(span, KindSyntax, name,
			Quote(words[1].Text)+" is used instead of =, the only operator of nix.conf"+consequence)
	default:
		what := Quote(name) + " is followed by " + Quote(words[1].Text)
		p.problem(span, KindSyntax, name, what+" instead of =, so the line is not an assignment"+consequence)
	}
}

func isNoFeature(w Word) bool { return findFeature(w.Text) == nil }

// near returns the setting that is nearest to name, or "" after enough suggestions.
func (p *parser) near(name string) string {
	if len(p.file.Problems) >= maxNear {
		return ""
	}
	return near(name)
}

// isStatement reports whether Nix accepts a line of these words.
func isStatement(words []Word) bool {
	if words[0].Text == "include" || words[0].Text == "!include" {
		return len(words) == 2
	}
	return len(words) > 1 && words[1].Text == "="
}

// continues reports whether the current line continues the value of the assignment above it: the line above ends with a
// backslash, or this one is indented deeper, or both consist of URLs or of keys.
func (p *parser) continues(words []Word) bool {
	index := len(p.file.Lines) - 1
	b := p.begun
	if b.name == "" || knownAnywhere(assigned(words)) {
		return false
	}
	above := index - 1
	for above > b.line && len(p.file.Lines[above].Words) == 0 && !p.file.Lines[above].Comment.IsEmpty() {
		above--
	}
	if above != b.line && above != p.continued {
		return false
	}
	last := p.file.Lines[above].Words
	if above == index-1 && strings.HasSuffix(last[len(last)-1].Text, `\`) {
		return true
	}
	if len(words) > 1 && words[1].Text == "=" {
		return false
	}
	if indent(p.text, p.file.Lines[index]) > indent(p.text, p.file.Lines[b.line]) {
		return true
	}
	return above == index-1 && len(b.value) > 0 &&
		(every(b.value, isURL) && every(words, isURL) || every(b.value, isKey) && every(words, isKey))
}

// assigned returns the name that a line assigns to, or seems to: the first word, up to what may be an operator.
func assigned(words []Word) string {
	name := words[0].Text
	if i := strings.IndexAny(name, "=:"); i >= 0 {
		name = name[:i]
	}
	return name
}

func indent(text string, l Line) int {
	n := 0
	for l.Span.Start+n < l.Span.End && isBlank(text[l.Span.Start+n]) {
		n++
	}
	return n
}

func every(words []Word, is func(string) bool) bool {
	return !slices.ContainsFunc(words, func(w Word) bool { return w.Text != `\` && !is(w.Text) })
}

func isURL(s string) bool {
	scheme, _, ok := strings.Cut(s, "://")
	return ok && isScheme(scheme)
}

// isKey reports whether s has the form of a public key: a name, a colon, and 44 characters that end with '='.
func isKey(s string) bool {
	name, key, ok := strings.Cut(s, ":")
	return ok && name != "" && len(key) == 44 && strings.HasSuffix(key, "=")
}

// GluedAt finds where a second assignment begins among the words of a line or of a value, as happens when text is
// appended to a file without a final newline: `sandbox = trueexperimental-features = flakes`. The words are those of a
// whole line, or begin with another word. It returns the offset in the text and the name of the setting.
func GluedAt(words []Word) (at int, name string, ok bool) {
	for i := 1; i < len(words); i++ {
		if words[i].Text != "=" {
			continue
		}
		w := words[i-1].Text
		if i == 1 && !strings.Contains(w, "=") {
			continue // the name of the line's own assignment
		}
		for j := range len(w) {
			if j > 0 && !gluedBefore(w, j) || !knownAnywhere(w[j:]) {
				continue
			}
			return words[i-1].Span.Start + j, w[j:], true
		}
	}
	return 0, "", false
}

// gluedBefore reports whether a name may begin at w[j] after the end of a value.
func gluedBefore(w string, j int) bool {
	c := w[j-1]
	switch {
	case strings.IndexByte("-_./:@", c) >= 0, strings.HasSuffix(w[:j], `\n`):
		return false
	case !('a' <= c && c <= 'z') || strings.Contains(w[j:], "-"):
		return true
	}
	value := w[strings.LastIndexByte(w[:j], '=')+1 : j]
	_, isBool := ParseBool(value)
	return isBool || value == "auto" || value == "relaxed"
}

// Operation is a line that assigns with the operator of another language: `cores: 4`, `substituters +=
// https://cache.example.org`.
type Operation struct {
	Name, Operator Word
	// Value holds the words after the operator; the first may begin in the middle of a word of the line.
	Value []Word
}

// Operation reads a line as an assignment with an operator other than '='. It reports false where the line is not one.
func (f *File) Operation(l *Line) (Operation, bool) {
	if len(l.Words) == 0 {
		return Operation{}, false
	}
	return operation(f.Fragment.Text, l.Words)
}

// Appends reports whether the operator adds to a value.
func (o Operation) Appends() bool { return o.Operator.Text == "+=" }

// Assigns reports whether the operator means '='.
func (o Operation) Assigns() bool {
	return slices.Contains([]string{":", ":=", "::=", "==", "===", "=>", "->", "<-", "=:"}, o.Operator.Text)
}

func (o Operation) isYAML() bool { return o.Operator.Text == ":" }

func operation[T string | []byte](text T, words []Word) (Operation, bool) {
	start, end := words[0].Span.Start, words[len(words)-1].Span.End
	at := start
	for at < end && isNameByte(text[at]) {
		at++
	}
	for at > start && text[at-1] == '-' {
		at--
	}
	o := Operation{Name: Word{Text: string(text[start:at]), Span: source.Span{Start: start, End: at}}}
	for at < end && isBlank(text[at]) {
		at++
	}
	from := at
	for at < end && strings.IndexByte(":=+-<>?|&!.~", text[at]) >= 0 {
		at++
	}
	o.Operator = Word{Text: string(text[from:at]), Span: source.Span{Start: from, End: at}}
	for _, w := range words {
		if w.Span.End <= at {
			continue
		}
		if w.Span.Start < at {
			w = Word{Text: string(text[at:w.Span.End]), Span: source.Span{Start: at, End: w.Span.End}}
		}
		o.Value = append(o.Value, w)
	}
	alone := at == end || isBlank(text[at])
	switch {
	case o.Name.Text == "" || o.Operator.Text == "" || o.Operator.Text == "=":
		return Operation{}, false
	case o.Assigns(), o.Appends():
		return o, true
	}
	return o, alone && from > o.Name.Span.End || strings.HasSuffix(o.Operator.Text, "=") &&
		!strings.HasPrefix(o.Operator.Text, "=")
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// shellWords are words that begin a line of a shell script or a Dockerfile, but no setting.
var shellWords = []string{
	"ARG", "ENV", "RUN", "cat", "chmod", "chown", "cp", "done", "echo", "else", "esac", "exit", "export", "fi", "if",
	"mkdir", "mv", "printf", "set", "source", "sudo", "tee", "then", "unset",
}

// strayShell says which part of a shell script or its surroundings a line is, or returns "".
func strayShell(words []Word) string {
	first := words[0].Text
	switch {
	case len(words) == 1 && IsDelimiter(first):
		return Quote(first) + " is the end of a here-document"
	case IsEchoOption(first) && len(words) > 1:
		return Quote(first) + " is an option of echo that was written to the file"
	case strings.HasPrefix(first, "<<<<<<<") || strings.HasPrefix(first, ">>>>>>>") ||
		strings.HasPrefix(first, "|||||||") || first == "=======":
		return Quote(first) + " is a merge conflict marker"
	case len(words) > 1 && (first == "$" || first == "%"):
		return Quote(first) + " is a shell prompt"
	case slices.Contains(shellWords, first):
		return Quote(first) + " begins a shell command"
	}
	if name, _, ok := strings.Cut(first, "="); ok && isUpper(name) {
		return Quote(name) + " is a shell variable"
	}
	return ""
}

// IsEchoOption reports whether a word is an option of echo, such as -e.
func IsEchoOption(s string) bool {
	return len(s) > 1 && s[0] == '-' && strings.Trim(s[1:], "neE") == ""
}

// IsDelimiter reports whether a word is a usual end of a here-document: EOF, EOT, NIX_EOF, with or without quotes.
func IsDelimiter(s string) bool {
	s = strings.Trim(s, `"'\`)
	return isUpper(s) && (strings.HasSuffix(s, "EOF") || strings.HasSuffix(s, "EOT") || strings.HasSuffix(s, "EOL") ||
		strings.HasSuffix(s, "END") || strings.HasSuffix(s, "EOC"))
}

func isUpper(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('A' <= c && c <= 'Z' || c == '_' || i > 0 && '0' <= c && c <= '9') {
			return false
		}
	}
	return s != ""
}

// foreign says which part of another format a line is, or returns "". mapping says that it has the form `key: value`.
func foreign(words []Word, mapping bool) string {
	first, last := words[0].Text, words[len(words)-1].Text
	switch {
	case first[0] == '[' && last[len(last)-1] == ']' && !strings.ContainsAny(joinWords(words), `"',`):
		return Quote(joinWords(words)) + " is a section header"
	case first[0] == ';' || strings.HasPrefix(first, "//") || strings.HasPrefix(first, "/*") || first == "*/" ||
		first == "--" || strings.HasPrefix(first, "<!--"):
		return Quote(first) + " begins a comment of another format"
	case first[0] == '<' && last[len(last)-1] == '>':
		return Quote(first) + " is markup"
	case len(words) == 1 && strings.Trim(first, "{}[]();,") == "":
		return Quote(first) + " is a bracket"
	case first[0] == '"':
		return Quote(first) + " is a string in quotes"
	case strings.HasPrefix(first, `{"`) || strings.HasPrefix(first, `["`) || strings.HasPrefix(first, "[{"):
		return Quote(first) + " begins JSON"
	case first[0] == '{' && (strings.HasSuffix(last, "}:") || last == ":" || strings.HasSuffix(last, "};")):
		return Quote(first) + " begins text in the Nix language"
	case first == "---" || first == "...":
		return Quote(first) + " separates YAML documents"
	case first == "-":
		return "the line is an element of a YAML list"
	case mapping:
		return Quote(first) + " is a YAML key"
	}
	return ""
}

// settleForeign changes the problem of lines without a known mistake to that of another format, where some line is in
// one and no line sets a setting of Nix, unless as an attribute of the Nix language.
func (p *parser) settleForeign() {
	problems := p.file.Problems
	if len(problems) == 0 {
		return
	}
	if first := &problems[0]; p.text[first.Span.Start:first.Span.End] == "{" &&
		slices.ContainsFunc(p.entries, func(e Entry) bool { return strings.HasSuffix(e.Value, ";") }) {
		first.Message = "the text is in the Nix language, not in that of nix.conf" + consequence
	}
	is := func(kind string) func(source.Problem) bool {
		return func(pr source.Problem) bool { return pr.Kind == kind }
	}
	if !slices.ContainsFunc(problems, is(KindForeignSyntax)) || !slices.ContainsFunc(problems, is(KindSyntax)) ||
		slices.ContainsFunc(p.entries, func(e Entry) bool {
			return knownAnywhere(e.Name.Text) && !strings.HasSuffix(e.Value, ";")
		}) {
		return
	}
	for i := range problems {
		if problems[i].Kind == KindSyntax {
			problems[i].Kind = KindForeignSyntax
		}
	}
}
