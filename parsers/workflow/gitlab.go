package workflow

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// This file reads the pipelines of GitLab CI into the same jobs and builds as workflows. A job is read once for each
// row of its "parallel: matrix", and for each of its rules that sets variables. What "extends", "default", anchors and
// "!reference" bring together is followed, and so are the files of "include: local" and of child pipelines.

// GitLabFile is where GitLab looks for the pipeline of a repository.
const GitLabFile = ".gitlab-ci.yml"

// maxIncludes bounds the files of a pipeline, and the jobs that one extends.
const maxIncludes = 64

// gitlabKeys are the keys at the top of a pipeline that are no jobs.
var gitlabKeys = []string{
	"default", "include", "stages", "variables", "workflow", "image", "services", "cache", "before_script",
	"after_script", "spec", "types",
}

// ParseGitLab reads the pipeline that begins in f. open returns the files of the repository that a path, or a pattern,
// relative to its root names. It never fails: what cannot be read is left out.
func ParseGitLab(f *source.File, open func(pattern string) []*source.File) *File {
	out := &File{Source: f}
	seen := map[string]bool{f.Path: true}
	pipelines := []*source.File{f}
	for len(pipelines) > 0 {
		p := &pipeline{
			parser: &parser{file: out, hosted: true}, open: open, seen: seen, defined: map[string][]located{},
		}
		p.add(pipelines[0])
		pipelines = append(pipelines[1:], p.read()...)
	}
	return out
}

// located is a node and the file that it stands in.
type located struct {
	node *yamltree.Node
	file *source.File
}

func (l located) get(key string) located { return located{l.node.Get(key).Resolve(), l.file} }

// pipeline is one pipeline: a file and those that it includes.
type pipeline struct {
	*parser
	open  func(pattern string) []*source.File
	seen  map[string]bool
	roots []located // the file itself first
	order []string  // names of jobs
	// defined are the definitions of each job, those that win first.
	defined map[string][]located
}

// add reads a file and those that it includes.
func (p *pipeline) add(f *source.File) {
	tree := yamltree.Parse(f)
	if len(tree.Documents) == 0 || len(p.seen) > maxIncludes {
		return
	}
	root := located{tree.Documents[len(tree.Documents)-1].Resolve(), f}
	if root.node == nil || root.node.Kind != yamltree.Mapping {
		return
	}
	p.roots = append(p.roots, root)
	for entry := range root.node.All() {
		name := entry.Key.Text
		value := entry.Value.Resolve()
		if value == nil || value.Kind != yamltree.Mapping || slices.Contains(gitlabKeys, name) {
			continue
		}
		if p.defined[name] == nil {
			p.order = append(p.order, name)
		}
		p.defined[name] = append(p.defined[name], located{value, f})
	}
	for _, name := range localFiles(root.node.Get("include")) {
		for _, f := range p.files(name) {
			p.add(f)
		}
	}
}

// files returns the files that a local path names and that were not read yet.
func (p *pipeline) files(pattern string) []*source.File {
	if p.open == nil || strings.Contains(pattern, "$") {
		return nil
	}
	var out []*source.File
	for _, f := range p.open(strings.TrimPrefix(path.Clean("/"+pattern), "/")) {
		if !p.seen[f.Path] {
			p.seen[f.Path] = true
			out = append(out, f)
		}
	}
	return out
}

// localFiles returns the paths under "include" that are files of the repository.
func localFiles(n *yamltree.Node) []string {
	n = n.Resolve()
	switch {
	case n.IsNull():
		return nil
	case n.Kind == yamltree.Scalar:
		if strings.Contains(n.Text, "://") {
			return nil
		}
		return []string{n.Text}
	case n.Kind == yamltree.Mapping:
		if local := n.Get("local"); local.IsScalar() {
			return []string{local.Text}
		}
		return nil
	}
	var out []string
	for _, item := range n.Items {
		if item = item.Resolve(); item != nil && item.Kind != yamltree.Sequence {
			out = append(out, localFiles(item)...)
		}
	}
	return out
}

// read reads the jobs, and returns the files of child pipelines.
func (p *pipeline) read() []*source.File {
	var children []*source.File
	for _, name := range p.order {
		for _, child := range localFiles(p.lookup(name, "trigger").get("include").node) {
			children = append(children, p.files(child)...)
		}
		if strings.HasPrefix(name, ".") {
			continue
		}
		own := p.defined[name][0]
		j := &Job{ID: name, Span: own.node.Span}
		p.file.Jobs = append(p.file.Jobs, j)
		for _, row := range p.rows(name) {
			j.Combinations = append(j.Combinations,
				p.worlds(&world{chosen: map[string]int{}}, func(w *world) *Combination {
					if p.steps++; p.steps > maxSteps {
						return nil
					}
					return p.job(j, row, w)
				})...)
		}
	}
	return children
}

// chain returns the definitions of a job and of what it extends, those that win first, each once.
func (p *pipeline) chain(name string) []located {
	var out []located
	seen := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		if seen[name] || len(seen) > maxIncludes {
			return
		}
		seen[name] = true
		out = append(out, p.defined[name]...)
		for _, l := range p.defined[name] {
			switch parents := l.get("extends").node; {
			case parents.IsScalar():
				add(parents.Text)
			case parents != nil && parents.Kind == yamltree.Sequence:
				for _, item := range slices.Backward(parents.Items) {
					if item = item.Resolve(); item.IsScalar() {
						add(item.Text)
					}
				}
			}
		}
	}
	add(name)
	return out
}

// lookup returns the value of a job's key: its own, what it inherits, or the default.
func (p *pipeline) lookup(name, key string) located {
	for _, l := range p.chain(name) {
		if v := l.get(key); v.node != nil {
			return v
		}
	}
	for _, root := range p.roots {
		if v := root.get("default").get(key); v.node != nil {
			return v
		}
		switch key {
		case "image", "services", "before_script", "after_script":
			if v := root.get(key); v.node != nil {
				return v
			}
		}
	}
	return located{}
}

// variables returns the variables of a job as written, by name, for one row of its matrix and one of its rules.
func (p *pipeline) variables(name string, row map[string]string, sc *scope) map[string]string {
	out := map[string]string{}
	add := func(l located) {
		if l.node == nil || l.node.Kind != yamltree.Mapping {
			return
		}
		for entry := range l.node.All() {
			switch v := entry.Value.Resolve(); {
			case v == nil || v.IsNull():
				out[entry.Key.Text] = ""
			case v.Kind == yamltree.Scalar:
				out[entry.Key.Text] = v.Text
			case v.Kind == yamltree.Mapping:
				out[entry.Key.Text] = sc.option(entry.Key.Text, v)
			}
		}
	}
	for _, root := range slices.Backward(p.roots) {
		add(root.get("variables"))
	}
	for _, l := range slices.Backward(p.chain(name)) {
		add(l.get("variables"))
	}
	for key, value := range row {
		out[key] = value
	}
	var rules []located
	var labels []string
	if l := p.lookup(name, "rules"); l.node != nil && l.node.Kind == yamltree.Sequence {
		for _, item := range l.node.Items {
			item = item.Resolve()
			if item == nil || item.Kind != yamltree.Mapping ||
				item.Get("when").IsScalar() && item.Get("when").Text == "never" {
				continue
			}
			label := "by its last rule"
			if cond := item.Get("if"); cond.IsScalar() {
				label = "where " + cond.Text
			}
			rules, labels = append(rules, located{item, l.file}), append(labels, label)
		}
	}
	if slices.ContainsFunc(rules, func(l located) bool { return l.get("variables").node != nil }) {
		if n, ok := sc.choose("rules", labels); ok {
			add(rules[n].get("variables"))
		}
	}
	return out
}

// option returns the value of a variable that has options: the run decides.
func (sc *scope) option(name string, n *yamltree.Node) string {
	standard := ""
	if v := n.Get("value"); v.IsScalar() {
		standard = v.Text
	}
	options := n.Get("options").Resolve()
	if options == nil || options.Kind != yamltree.Sequence {
		return standard
	}
	values := []string{standard}
	labels := []string{"with the default of " + name}
	for _, o := range options.Items {
		if o = o.Resolve(); o.IsScalar() && o.Text != standard {
			values, labels = append(values, o.Text), append(labels, "with "+o.Text+" for "+name)
		}
	}
	if chosen, ok := sc.choose("variable "+name, labels); ok {
		return values[chosen]
	}
	return standard
}

// maxExpanded bounds how many variables are filled in in one value.
const maxExpanded = 1000

// expand fills in the variables of a value as GitLab does.
func expand(text string, vars map[string]string) (string, bool) {
	uses := 0
	return expandIn(text, vars, &uses)
}

func expandIn(text string, vars map[string]string, uses *int) (string, bool) {
	if *uses++; strings.Contains(text, "$[[") || *uses > maxExpanded || len(text) > maxText {
		return "", false
	}
	var sb strings.Builder
	for {
		n := strings.IndexByte(text, '$')
		if n < 0 || n+1 == len(text) {
			sb.WriteString(text)
			return sb.String(), sb.Len() <= maxText
		}
		sb.WriteString(text[:n])
		text = text[n+1:]
		if text[0] == '$' {
			sb.WriteByte('$')
			text = text[1:]
			continue
		}
		braces := text[0] == '{'
		if braces {
			text = text[1:]
		}
		end := 0
		for end < len(text) && isWord(text[end]) && text[end] != '-' {
			end++
		}
		name := text[:end]
		text = text[end:]
		if braces {
			if !strings.HasPrefix(text, "}") {
				return "", false
			}
			text = text[1:]
		}
		if name == "CI_PROJECT_DIR" {
			sb.WriteByte('.')
			continue
		}
		value, ok := vars[name]
		if !ok {
			return "", false
		}
		if value, ok = expandIn(value, vars, uses); !ok {
			return "", false
		}
		if sb.WriteString(value); sb.Len() > maxText {
			return "", false
		}
	}
}

// rows returns the rows of the matrix of a job.
func (p *pipeline) rows(name string) []map[string]string {
	matrix := p.lookup(name, "parallel").get("matrix").node
	if matrix == nil || matrix.Kind != yamltree.Sequence {
		return []map[string]string{nil}
	}
	var out []map[string]string
	for _, item := range matrix.Items {
		item = item.Resolve()
		if item == nil || item.Kind != yamltree.Mapping {
			continue
		}
		rows := []map[string]string{{}}
		for entry := range item.All() {
			values := scalars(entry.Value)
			if len(values)*len(rows) > maxCombinations || len(values) == 0 {
				return nil
			}
			var next []map[string]string
			for _, row := range rows {
				for _, v := range values {
					one := map[string]string{entry.Key.Text: v}
					for key, value := range row {
						one[key] = value
					}
					next = append(next, one)
				}
			}
			rows = next
		}
		if out = append(out, rows...); len(out) > maxCombinations {
			return nil
		}
	}
	return out
}

// scalars returns the text of a scalar, or those of a list.
func scalars(n *yamltree.Node) []string {
	n = n.Resolve()
	switch {
	case n == nil:
		return nil
	case n.Kind == yamltree.Scalar:
		return []string{n.Text}
	}
	var out []string
	for _, item := range n.Items {
		if item = item.Resolve(); item.IsScalar() {
			out = append(out, item.Text)
		}
	}
	return out
}

// job reads a job for one row of its matrix.
func (p *pipeline) job(j *Job, row map[string]string, w *world) *Combination {
	sc := &scope{file: p.file.Source, world: w, forking: true}
	vars := p.variables(j.ID, row, sc)
	sc.env = map[string]variable{"CI_PROJECT_DIR": {text: "."}}
	for name, text := range vars {
		if value, ok := expand(text, vars); ok {
			sc.env[name] = variable{text: value}
		}
	}
	c := &Combination{Job: j, Matrix: map[string]Value{}, root: Value{Known: true}}
	c.Runner = gitlabRunner(p.lookup(j.ID, "tags"), vars)
	host, ok := vars["DOCKER_HOST"]
	if own := []string{"docker", "localhost", "127.0.0.1", "unix:"}; ok &&
		!slices.ContainsFunc(own, func(s string) bool { return strings.Contains(host, s) }) {
		c.Remote = j.Span
	}
	sh := &scriptReader{
		parser: p.parser, c: c, env: sc, dir: Value{Known: true}, vars: map[string]Value{},
	}
	for _, fr := range p.scripts(j.ID) {
		if !mentions(string(fr.Text)) && !strings.Contains(string(fr.Text), "cd ") &&
			!strings.Contains(string(fr.Text), "=") || len(fr.Text) > maxScript || p.parser.scripts > maxScripts {
			continue
		}
		p.parser.scripts += len(fr.Text)
		shell := syntax.NewParser(syntax.Variant(syntax.LangBash), syntax.RecoverErrors(8))
		file, _ := shell.Parse(strings.NewReader(string(fr.Text)), "")
		if file == nil {
			continue
		}
		sh.fr = fr
		sh.assigned(file)
		for _, stmt := range file.Stmts {
			sh.stmt(stmt, false)
		}
	}
	for _, b := range c.Builds {
		b.Remote = b.Remote || !c.Remote.IsEmpty()
	}
	return c
}

// gitlabRunner returns the runner of a job by its tags. One without tags runs on GitLab's own machines, which are
// amd64.
func gitlabRunner(tags located, vars map[string]string) Runner {
	var labels []Value
	for _, tag := range scalars(tags.node) {
		text, ok := expand(tag, vars)
		labels = append(labels, Value{Text: text, Known: ok})
	}
	if len(labels) == 0 {
		return Runner{OS: "linux", Arch: "amd64"}
	}
	return newRunner(labels, true)
}

// scripts returns the lines that a job runs, those of one file together.
func (p *pipeline) scripts(name string) []*source.Fragment {
	var lines []located
	var add func(l located, depth int)
	add = func(l located, depth int) {
		switch n := l.node.Resolve(); {
		case n.IsNull() || depth > 8:
		case n.Kind == yamltree.Scalar:
			lines = append(lines, located{n, l.file})
		case n.Kind == yamltree.Sequence && n.Tag == "!reference":
			parts := scalars(n)
			if len(parts) == 2 {
				for _, l := range p.chain(parts[0]) {
					if v := l.get(parts[1]); v.node != nil {
						add(v, depth+1)
						break
					}
				}
			}
		case n.Kind == yamltree.Sequence:
			for _, item := range n.Items {
				add(located{item, l.file}, depth+1)
			}
		}
	}
	for _, key := range []string{"before_script", "script"} {
		add(p.lookup(name, key), 0)
	}
	var out []*source.Fragment
	for len(lines) > 0 {
		f := lines[0].file
		var pieces []source.Piece
		n := 0
		for ; n < len(lines) && lines[n].file == f; n++ {
			fr := lines[n].node.Fragment(f)
			pieces = append(pieces, fr.Pieces...)
			end := lines[n].node.Span.End
			pieces = append(pieces, source.Piece{Text: "\n", Span: source.Span{Start: end, End: end}})
		}
		out = append(out, source.NewFragment(f, pieces))
		lines = lines[n:]
	}
	return out
}
