package custom

import (
	"path"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/recipe"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workflow"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// nixKinds are the kinds of node in nix.conf text, wherever it stands.
func nixKinds() []*Kind {
	return []*Kind{nixSettingKind(), nixTextKind(), nixIncludeKind(), nixCommandKind(), nixEventKind()}
}

// nixText is a nix.conf text with what its nodes share.
type nixText struct {
	*nixuse.Text
	workspace *workspace.Workspace
	// lost are the entries whose value a later line of the text replaces, made by isLost.
	lost map[*nixconf.Entry]bool
	// force returns values in force, made by inForce.
	force func(name string) (string, bool)
}

type nixTextsKey struct{}

// nixTexts returns the texts of a document, made once for all kinds.
func nixTexts(p *rules.Pass, doc *workspace.Document) []*nixText {
	out, _ := p.Memo(nixTextsKey{}, func() any {
		var out []*nixText
		for _, t := range doc.Texts {
			out = append(out, &nixText{Text: t, workspace: p.Workspace})
		}
		return out
	}).([]*nixText)
	return out
}

// facts returns what the newest targeted release that has a setting knows about it.
func (t *nixText) facts(name string) (nixconf.Facts, bool) {
	for _, target := range t.Targets {
		if facts, ok := nixconf.Lookup(target.Distribution, target.To, name); ok {
			return facts, true
		}
	}
	return nixconf.Facts{}, false
}

// appends reports whether a name adds to a setting.
func (t *nixText) appends(name string) bool {
	if !strings.HasPrefix(name, "extra-") {
		return false
	}
	facts, ok := t.facts(name)
	return ok && facts.Extra
}

// isLost reports whether a later line of the text replaces the value of an entry.
func (t *nixText) isLost(entry *nixconf.Entry) bool {
	if t.lost == nil {
		t.lost = map[*nixconf.Entry]bool{}
		assigned := map[string]bool{}
		for _, e := range slices.Backward(t.Entries) {
			name := nixuse.Canonical(e.Name.Text)
			t.lost[e] = assigned[name]
			if !t.appends(e.Name.Text) && t.Fragment.Known(e.Name.Span) {
				assigned[name] = true
			}
		}
	}
	return t.lost[entry]
}

// inForce returns the value of a setting that is in force once the text is read: at the end of the build for what a
// Dockerfile writes, at the command for its options, and with this file alone for a nix.conf file.
func (t *nixText) inForce(name string) (string, bool) {
	if t.force != nil {
		return t.force(name)
	}
	switch {
	case t.Image != nil:
		at := t.Event
		if at != nil && at.Nix == nil {
			at = nil
		}
		t.force = t.Image.SettingsBefore(at).Value
	case t.Host == nixuse.HostFile && len(t.Targets) > 0:
		values := map[string]nixuse.TraceSetting{}
		trace := nixuse.TraceNix([]*nixuse.Text{t.Text}, nixuse.Targets{Nix: t.Targets, System: t.System})
		for _, s := range trace.Settings {
			values[s.Name] = s
		}
		t.force = func(name string) (string, bool) {
			s, ok := values[name]
			return s.Value, ok && s.Certain
		}
	default:
		t.force = func(string) (string, bool) { return "", false }
	}
	return t.force(name)
}

func (t *nixText) stage() cty.Value {
	if t.Image == nil {
		return stageValue(nil)
	}
	return stageValue(t.Image.Image)
}

func (t *nixText) where() cty.Value {
	switch t.workspace.PlaceOf(t.Text) {
	case workspace.InImage:
		return textValue("image")
	case workspace.OnHost:
		return textValue("host")
	}
	return textValue("")
}

func (t *nixText) userFile() cty.Value {
	return cty.BoolVal(workspace.IsUserConf(t.Path) && !strings.HasPrefix(strings.TrimPrefix(t.Path, "/"), "root/"))
}

// targets are the releases that the text is for, one text each range.
func (t *nixText) targets() cty.Value {
	var out []string
	for _, target := range t.Targets {
		out = append(out, target.String())
	}
	return textList(out, nil)
}

// place is a part of the text that a finding can be shown at.
func (t *nixText) place(at source.Span) Place { return Place{Span: t.Fragment.Span(at)} }

// changes declares that settings change, given the entries before and after.
func (t *nixText) changes(was, becomes []*nixconf.Entry) fixers.Changes {
	var names []string
	old := map[string]string{}
	for _, e := range was {
		name := nixuse.Canonical(e.Name.Text)
		old[name] += " " + e.Value
		if !t.isLost(e) {
			names = append(names, name)
		}
	}
	widens := false
	for _, e := range becomes {
		name := nixuse.Canonical(e.Name.Text)
		names = append(names, name)
		widens = widens || fixnix.Widens(name, old[name], e.Value)
	}
	if slices.Contains(names, "experimental-features") {
		for _, name := range nixconf.GatedNames() {
			if name = nixuse.Canonical(name); len(t.Setting(name)) > 0 {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var out fixers.Changes
	return out.When(len(names) > 0, fixnix.Settings(names)).When(widens, fixnix.Rights{}).
		When(!t.Fragment.Whole(), fixers.Embedded{})
}

// withoutRights returns changes without the declaration that the fix gives rights, which no safe fix does.
func withoutRights(changes fixers.Changes) fixers.Changes {
	return slices.DeleteFunc(changes, func(c fixers.Change) bool {
		_, gives := c.(fixnix.Rights)
		return gives
	})
}

// entriesOf reads lines of a fix as settings.
func entriesOf(text string) []*nixconf.Entry {
	return nixconf.Parse(source.WholeFile(source.NewFile("", []byte(text)))).Entries
}

// edited returns edits with their changes, nothing where the host of the text cannot hold them.
func (t *nixText) edited(edits []fixers.Edit, ok bool, was, becomes []*nixconf.Entry) ([]fixers.Edit, fixers.Changes) {
	if !ok || len(edits) == 0 {
		return nil, nil
	}
	return edits, t.changes(was, becomes)
}

// insert puts a line before line n, counted from 0.
func (t *nixText) insert(n int) func(string) ([]fixers.Edit, fixers.Changes) {
	return func(line string) ([]fixers.Edit, fixers.Changes) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.Contains(line, "\n") && !t.Fragment.Whole() {
			return nil, nil
		}
		edits, ok := fixnix.InsertLine(t.Fragment, t.File, n, line)
		return t.edited(edits, ok, nil, entriesOf(line))
	}
}

// nixEntry is one setting of a text.
type nixEntry struct {
	text  *nixText
	entry *nixconf.Entry
}

// with returns the entry with other words.
func (s *nixEntry) with(value string) []*nixconf.Entry {
	e := *s.entry
	e.Value = strings.Join(strings.Fields(value), " ")
	return []*nixconf.Entry{&e}
}

// withWord returns the entry with a word added, and without word i where that is not negative.
func (s *nixEntry) withWord(i int, added string) []*nixconf.Entry {
	var words []string
	for n, w := range s.entry.Words {
		if n != i {
			words = append(words, w.Text)
		}
	}
	return s.with(strings.Join(append(words, added), " "))
}

func (s *nixEntry) whole() Place {
	t, e := s.text, s.entry
	was := []*nixconf.Entry{e}
	p := t.place(e.Span)
	p.Write = func(text string) ([]fixers.Edit, fixers.Changes) {
		text = strings.TrimRight(text, "\r\n")
		edits, ok := fixnix.ReplaceLine(t.Fragment, t.File, e.Line, text)
		return t.edited(edits, ok, was, entriesOf(text))
	}
	p.Delete = func() ([]fixers.Edit, fixers.Changes) {
		edits, ok := fixnix.DeleteLine(t.Fragment, t.File, e)
		return t.edited(edits, ok, was, nil)
	}
	p.Before, p.After = t.insert(e.Line), t.insert(e.Line+1)
	return p
}

// value is the place of the value; of the whole setting where there is none.
func (s *nixEntry) value() Place {
	t, e := s.text, s.entry
	p := t.place(e.ValueSpan)
	if e.ValueSpan.IsEmpty() {
		p = t.place(e.Span)
	}
	was := []*nixconf.Entry{e}
	p.Write = func(text string) ([]fixers.Edit, fixers.Changes) {
		edits, ok := fixnix.SetValue(t.Fragment, e, text)
		return t.edited(edits, ok, was, s.with(text))
	}
	p.Before = func(text string) ([]fixers.Edit, fixers.Changes) { return p.Write(text + " " + e.Value) }
	p.After = func(text string) ([]fixers.Edit, fixers.Changes) {
		edits, ok := fixnix.AppendWord(t.Fragment, e, strings.TrimSpace(text))
		return t.edited(edits, ok, was, s.withWord(-1, text))
	}
	return p
}

// word is the place of one word of the value.
func (s *nixEntry) word(i int) (Place, bool) {
	t, e := s.text, s.entry
	if i >= len(e.Words) {
		return Place{}, false
	}
	w := e.Words[i]
	was := []*nixconf.Entry{e}
	beside := func(at int, format func(string) string) func(string) ([]fixers.Edit, fixers.Changes) {
		return func(text string) ([]fixers.Edit, fixers.Changes) {
			text = strings.TrimSpace(text)
			if text == "" || strings.ContainsAny(text, "#\r\n") {
				return nil, nil
			}
			span, with, ok := t.Fragment.Edit(source.Span{Start: at, End: at}, format(text))
			return t.edited([]fixers.Edit{{File: t.Fragment.File, Span: span, Text: with}}, ok, was,
				s.withWord(-1, text))
		}
	}
	p := t.place(w.Span)
	p.Write = func(text string) ([]fixers.Edit, fixers.Changes) {
		edits, ok := fixnix.ReplaceWord(t.Fragment, w, text)
		return t.edited(edits, ok, was, s.withWord(i, text))
	}
	p.Delete = func() ([]fixers.Edit, fixers.Changes) {
		edits, ok := fixnix.RemoveWord(t.Fragment, e, i)
		return t.edited(edits, ok, was, s.withWord(i, ""))
	}
	p.Before = beside(w.Span.Start, func(s string) string { return s + " " })
	p.After = beside(w.Span.End, func(s string) string { return " " + s })
	return p, true
}

func nixSettingKind() *Kind {
	k := &Kind{
		Name: "nix.setting", List: "settings", File: "nix.conf",
		Doc: "one setting of a nix.conf text: of a file, of what a Dockerfile or a script writes, of NIX_CONFIG, of " +
			"--option, of inputs of actions, of a flake",
		Example: `  when    = node.canonical == "substituters" && strcontains(node.value, "http://")
  at      = node.value
  message = "a binary cache is read without encryption"

  fix {
    title         = "use https"
    applicability = "unsafe"
    replace {
      target = node.value
      with   = replace(node.value, "http://", "https://")
    }
  }
`,
		Bad: "extra-substituters = http://cache.example\n",
		Attributes: []Attribute{
			attribute("name", "the name as written: `extra-substituters`", cty.String,
				func(s *nixEntry) cty.Value {
					return knownText(s.entry.Name.Text, s.text.Fragment.Known(s.entry.Name.Span))
				}).at(func(n *Node) (Place, bool) {
				s := n.subject.(*nixEntry)
				p := s.text.place(s.entry.Name.Span)
				p.Write = func(text string) ([]fixers.Edit, fixers.Changes) {
					edits, ok := fixnix.ReplaceWord(s.text.Fragment, s.entry.Name, text)
					return s.text.edited(edits, ok, []*nixconf.Entry{s.entry}, entriesOf(text+" = "+s.entry.Value))
				}
				return p, true
			}),
			attribute("canonical", "the name of the setting, without `extra-`, and of an alias that of the setting: "+
				"`substituters`", cty.String, func(s *nixEntry) cty.Value {
				return knownText(nixuse.Canonical(s.entry.Name.Text), s.text.Fragment.Known(s.entry.Name.Span))
			}),
			attribute("extra", "whether it adds to the setting, by `extra-`", cty.Bool, func(s *nixEntry) cty.Value {
				return knownBool(s.text.appends(s.entry.Name.Text), s.text.Fragment.Known(s.entry.Name.Span))
			}),
			attribute("value", "the value, with one space between words", cty.String, func(s *nixEntry) cty.Value {
				return knownText(s.entry.Value, s.text.Known(s.entry.Span))
			}).at(func(n *Node) (Place, bool) { return n.subject.(*nixEntry).value(), true }),
			attribute("words", "the words of the value", cty.List(cty.String), func(s *nixEntry) cty.Value {
				texts := make([]string, len(s.entry.Words))
				for n, w := range s.entry.Words {
					texts[n] = w.Text
				}
				return textList(texts, func(n int) bool { return s.text.Known(s.entry.Words[n].Span) })
			}).items(func(n *Node, i int) (Place, bool) { return n.subject.(*nixEntry).word(i) }),
			attribute("known", "whether a targeted release has a setting of the name", cty.Bool,
				func(s *nixEntry) cty.Value {
					return knownBool(nixconf.Known(s.entry.Name.Text, s.text.Targets).Coverage != nixconf.None,
						s.text.Fragment.Known(s.entry.Name.Span))
				}),
			attribute("type", "the type of its values: `bool`, `int`, `string`, `list`, `set`, `map`, `path`, `enum`, "+
				"`features`, `jobs`, `url`, `urls` or `json`, \"\" where no targeted release has it", cty.String,
				func(s *nixEntry) cty.Value {
					facts, _ := s.text.facts(s.entry.Name.Text)
					return textValue(string(facts.Kind))
				}),
			attribute("default", "the value where nothing sets it, on Linux and in the newest targeted release; not "+
				"known where the machine decides it", cty.String, func(s *nixEntry) cty.Value {
				facts, ok := s.text.facts(s.entry.Name.Text)
				return knownText(facts.Default, ok && facts.HasDefault)
			}),
			attribute("overridden", "whether a later line of the text replaces the value", cty.Bool,
				func(s *nixEntry) cty.Value {
					return knownBool(s.text.isLost(s.entry), s.text.Fragment.Known(s.entry.Name.Span))
				}),
			attribute("effective", "the value of the setting in the newest targeted release once all is read: that of "+
				"a nix.conf file by itself, or that of an image when its build ends; not known for other texts",
				cty.String, func(s *nixEntry) cty.Value {
					return knownText(s.text.inForce(nixuse.Canonical(s.entry.Name.Text)))
				}).costly(),
			textAttribute("host", hostDoc, cty.String,
				func(t *nixText) cty.Value { return textValue(string(t.Host)) }),
			textAttribute("path", pathDoc, cty.String, func(t *nixText) cty.Value { return textValue(t.Path) }),
			textAttribute("append", appendDoc, cty.Bool, func(t *nixText) cty.Value { return cty.BoolVal(t.Append) }),
			textAttribute("place", placeDoc, cty.String, (*nixText).where).costly(),
			textAttribute("user_file", userFileDoc, cty.Bool, (*nixText).userFile),
			textAttribute("targets", targetsDoc, cty.List(cty.String), (*nixText).targets).costly(),
			textAttribute("stage", stageDoc, stageType, (*nixText).stage),
		},
	}
	k.nodes = func(p *rules.Pass, doc *workspace.Document, _ string) []*Node {
		var out []*Node
		for _, t := range nixTexts(p, doc) {
			for _, e := range t.Entries {
				s := &nixEntry{t, e}
				out = append(out, &Node{kind: k, subject: s, file: t.Fragment.File, span: t.Fragment.Span(e.Span),
					whole: s.whole()})
			}
		}
		return out
	}
	return k
}

const (
	hostDoc = "what the text stands in: `file`, `write` (a command or COPY writes it), `env` (NIX_CONFIG), `option` " +
		"(a command line), `extra` (of an installer), `install-nix-action`, `nix-installer-action`, `devcontainer " +
		"feature`, `flake` or `module`"
	pathDoc     = "where Nix reads the text in the image, or the path of the file; \"\" for NIX_CONFIG and options"
	placeDoc    = "where the Nix runs that reads it: `image`, `host` (a machine), or \"\" where that is not known"
	userFileDoc = "whether it is the configuration of a user other than root, of which the daemon accepts little"
	appendDoc   = "whether the text is added to what the file held before"
	targetsDoc  = "the releases that the text is for, such as `Nix 2.18 to 2.36`"
	stageDoc    = "the stage that the text stands in, as for instructions; index -1 outside of Dockerfiles"
)

// textAttribute returns an attribute of the text that a node is, or is part of.
func textAttribute(name, doc string, t cty.Type, value func(*nixText) cty.Value) Attribute {
	return Attribute{Name: name, Doc: doc, Type: t, value: func(n *Node) cty.Value {
		switch s := n.subject.(type) {
		case *nixEntry:
			return value(s.text)
		case *nixInclude:
			return value(s.text)
		}
		return value(n.subject.(*nixText))
	}}
}

func nixTextKind() *Kind {
	k := &Kind{
		Name: "nix.text", List: "texts", File: "nix.conf",
		Doc: "a whole nix.conf text: a file, or what a Dockerfile, a script, a workflow or a flake holds of one",
		Example: `  when    = node.host == "file" && !contains(node.settings, "sandbox")
  message = "the file leaves the sandbox to the default"

  fix {
    title         = "switch the sandbox on"
    applicability = "unsafe"
    insert {
      after = node
      text  = "sandbox = true"
    }
  }
`,
		Bad: "cores = 2\n",
		Attributes: []Attribute{
			textAttribute("host", hostDoc, cty.String,
				func(t *nixText) cty.Value { return textValue(string(t.Host)) }),
			textAttribute("path", pathDoc, cty.String, func(t *nixText) cty.Value { return textValue(t.Path) }),
			textAttribute("append", appendDoc, cty.Bool, func(t *nixText) cty.Value { return cty.BoolVal(t.Append) }),
			textAttribute("settings", "the canonical names of its settings, in order", cty.List(cty.String),
				func(t *nixText) cty.Value {
					names := make([]string, len(t.Entries))
					for n, e := range t.Entries {
						names[n] = nixuse.Canonical(e.Name.Text)
					}
					return textList(names, func(n int) bool { return t.Fragment.Known(t.Entries[n].Name.Span) })
				}),
			textAttribute("complete", "whether all lines of it are known, and it includes no file", cty.Bool,
				func(t *nixText) cty.Value {
					return cty.BoolVal(len(t.UnknownLines()) == 0 && len(t.Includes) == 0)
				}),
			textAttribute("values", "the values in force, by canonical name, of the settings that it has; see "+
				"nix.setting's effective", cty.Map(cty.String), func(t *nixText) cty.Value {
				out := map[string]cty.Value{}
				for _, e := range t.Entries {
					if name := nixuse.Canonical(e.Name.Text); out[name] == cty.NilVal {
						out[name] = knownText(t.inForce(name))
					}
				}
				return textMap(out)
			}).costly(),
			textAttribute("place", placeDoc, cty.String, (*nixText).where),
			textAttribute("user_file", userFileDoc, cty.Bool, (*nixText).userFile),
			textAttribute("system", "`linux` or `darwin` where the machine is known, else \"\"", cty.String,
				func(t *nixText) cty.Value { return textValue(t.System) }),
			textAttribute("targets", targetsDoc, cty.List(cty.String), (*nixText).targets).costly(),
			textAttribute("stage", stageDoc, stageType, (*nixText).stage),
		},
	}
	k.nodes = func(p *rules.Pass, doc *workspace.Document, _ string) []*Node {
		var out []*Node
		for _, t := range nixTexts(p, doc) {
			at := source.Span{}
			if len(t.Lines) > 0 {
				at = t.Lines[0].Span
			}
			if len(t.Entries) > 0 {
				at = t.Entries[0].Span
			}
			whole := t.place(at)
			whole.Before, whole.After = t.insert(0), t.insert(len(t.Lines))
			out = append(out, &Node{kind: k, subject: t, file: t.Fragment.File,
				span: t.Fragment.Span(source.Span{End: len(t.Fragment.Text)}), whole: whole})
		}
		return out
	}
	return k
}

// nixInclude is an include line of a text.
type nixInclude struct {
	text    *nixText
	include *nixconf.Include
}

// includeStates are the names of what is known of an included file.
var includeStates = map[nixconf.IncludeState]string{nixconf.NotRead: "unknown", nixconf.Read: "read",
	nixconf.Missing: "missing", nixconf.Unreadable: "unreadable", nixconf.Cycle: "cycle"}

func nixIncludeKind() *Kind {
	k := &Kind{
		Name: "nix.include", List: "includes", File: "nix.conf", Doc: "an include or !include line of a nix.conf text",
		Example: `  when    = startswith(node.path, "/home/")
  at      = node.path
  message = "the file of a user becomes part of the configuration"
`,
		Bad: "!include /home/jo/nix.conf\n",
		Attributes: []Attribute{
			attribute("path", "the path as written", cty.String, func(s *nixInclude) cty.Value {
				return knownText(s.include.Path.Text, s.text.Known(s.include.Path.Span))
			}).at(func(n *Node) (Place, bool) {
				s := n.subject.(*nixInclude)
				return s.text.place(s.include.Path.Span), true
			}),
			attribute("optional", "whether it is `!include`, which ignores a missing file", cty.Bool,
				func(s *nixInclude) cty.Value { return cty.BoolVal(s.include.Optional) }),
			attribute("state", "what is known of the file: `read`, `missing`, `unreadable`, `cycle` (it includes "+
				"itself) or `unknown`", cty.String,
				func(s *nixInclude) cty.Value { return textValue(includeStates[s.include.State]) }),
			textAttribute("place", placeDoc, cty.String, (*nixText).where),
			textAttribute("host", hostDoc, cty.String,
				func(t *nixText) cty.Value { return textValue(string(t.Host)) }),
			textAttribute("stage", stageDoc, stageType, (*nixText).stage),
		},
	}
	k.nodes = func(p *rules.Pass, doc *workspace.Document, _ string) []*Node {
		var out []*Node
		for _, t := range nixTexts(p, doc) {
			for i := range t.Includes {
				in := &t.Includes[i]
				whole := t.place(in.Span)
				out = append(out, &Node{kind: k, subject: &nixInclude{t, in}, file: t.Fragment.File, span: whole.Span,
					whole: whole})
			}
		}
		return out
	}
	return k
}

// nixCommand is a command of Nix, in an image or in another file.
type nixCommand struct {
	use     *nixuse.Use
	event   *nixuse.Event    // nil outside of images
	command *shell.Command   // nil for options in other files
	script  *source.Fragment // where the command stands outside of images, nil where its places are the file's
	eff     *nixuse.Effective
}

// inFile returns a place in the command's own text as one of the file.
func (c *nixCommand) inFile(at source.Span) source.Span {
	if c.script == nil {
		return at
	}
	return c.script.Span(at)
}

// image returns the command as one of an image, nil outside of images.
func (c *nixCommand) image() *image.Command {
	if c.event == nil {
		return nil
	}
	return c.event.Command
}

// settings returns the settings in force at the command, nil where nothing is known of them.
func (c *nixCommand) settings() *nixuse.Effective {
	if c.eff == nil && c.event != nil {
		c.eff = c.event.Image.SettingsBefore(c.event)
	}
	return c.eff
}

func nixCommandKind() *Kind {
	k := &Kind{
		Name: "nix.command", List: "commands", File: "Dockerfile",
		Doc: "a command of Nix that a Dockerfile or a workflow runs, or a shell script, Makefile or justfile that " +
			"writes a nix.conf or starts containers",
		Example: `  when    = node.settings["sandbox"] == "false" && node.may_build
  message = "${node.operation} builds without a sandbox"
`,
		Bad:        "FROM nixos/nix:2.24.9\nRUN nix-build --option sandbox false ./a.nix\n",
		Attributes: nixCommandAttributes(),
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		var out []*Node
		add := func(c *nixCommand, f *source.File, at source.Span) {
			out = append(out, &Node{kind: k, subject: c, file: f, span: at, whole: Place{Span: at}})
		}
		if doc.Nix != nil {
			for _, img := range doc.Nix.Images {
				for _, events := range [][]*nixuse.Event{img.Events, img.Starts} {
					for _, e := range events {
						if e.Nix != nil {
							c := &nixCommand{use: e.Nix, event: e}
							if e.Command != nil {
								c.command = e.Command.Command
							}
							add(c, e.File, e.Span)
						}
					}
				}
			}
		}
		scripts, read := nixScripts(doc)
		for _, s := range scripts {
			for _, c := range s.commands() {
				add(c, doc.Source, c.inFile(c.command.Span))
			}
		}
		for _, t := range doc.Texts {
			if !read && t.Hosted != nil && t.Use != nil {
				add(&nixCommand{use: t.Use}, t.Fragment.File, t.Where)
			}
		}
		return out
	}
	return k
}

// nixScript is a shell script in a file.
type nixScript struct {
	text    *source.Fragment
	dialect shell.Dialect
}

// nixScripts returns the shell scripts of a file that may run Nix, and whether the file is of a kind that is read for
// them.
func nixScripts(doc *workspace.Document) ([]nixScript, bool) {
	if doc.Entry == nil || !nixuse.Mentions(doc.Source.Bytes) {
		return nil, false
	}
	var out []nixScript
	switch doc.Entry.Kind {
	case files.KindWorkflow:
		for _, step := range workflow.ReadOutline(doc.Source).Steps {
			if script := step.Script(); script != nil {
				switch path.Base(step.Shell()) {
				case ".", "bash": // path.Base makes a dot of nothing
					out = append(out, nixScript{script, shell.Bash})
				case "sh":
					out = append(out, nixScript{script, shell.Sh})
				}
			}
		}
	case files.KindRecipe:
		scripts, _ := recipe.Of(doc.Source)
		for _, script := range scripts {
			out = append(out, nixScript{script, shell.Sh})
		}
	case files.KindScript:
		dialect, ok := shell.Shebang(doc.Source.Bytes)
		if !ok {
			dialect = shell.Bash
		}
		out = append(out, nixScript{source.WholeFile(doc.Source), dialect})
	default:
		return nil, false
	}
	return out, true
}

// commands returns the commands of Nix in a script.
func (s nixScript) commands() []*nixCommand {
	if s.dialect == shell.None || !nixuse.Mentions(s.text.Text) {
		return nil
	}
	own := s.text.File // the file in whose offsets the commands are
	var script *source.Fragment
	if !s.text.Whole() {
		own, script = source.NewFile(own.Path, s.text.Text), s.text
	}
	var out []*nixCommand
	for _, c := range shell.Parse(own.Bytes, 0, s.dialect, nil).Commands {
		if len(c.Words) == 0 {
			continue
		}
		if use := nixuse.UseOf(own, c); use != nil {
			out = append(out, &nixCommand{use: use, command: c, script: script})
		}
	}
	return out
}

// nixCommandAttributes are those of commands of Nix.
func nixCommandAttributes() []Attribute {
	phase := func(certain, possible reach.Phase) func(*nixCommand) cty.Value {
		return func(c *nixCommand) cty.Value {
			return knownBool(c.use.Phases&certain != 0, c.use.Phases&certain != 0 || c.use.Phases&possible == 0)
		}
	}
	return []Attribute{
		attribute("operation", "the program with what it is asked to do: `nix build`, `nix-env -iA`", cty.String,
			func(c *nixCommand) cty.Value { return textValue(c.use.Label) }).
			at(func(n *Node) (Place, bool) {
				c := n.subject.(*nixCommand)
				return Place{Span: c.inFile(c.use.Span)}, c.command != nil && !c.use.Span.IsEmpty()
			}),
		attribute("program", "the program", cty.String, func(c *nixCommand) cty.Value {
			if c.command == nil {
				program, _, _ := strings.Cut(c.use.Label, " ")
				return textValue(program)
			}
			return programOf(c.command)
		}),
		attribute("words", "the program and its arguments, without quotes", cty.List(cty.String),
			func(c *nixCommand) cty.Value {
				if c.command == nil {
					return cty.UnknownVal(cty.List(cty.String))
				}
				texts := make([]string, len(c.command.Words))
				for n, w := range c.command.Words {
					texts[n] = w.Text
				}
				return textList(texts, func(n int) bool { return c.command.Words[n].Known })
			}).items(func(n *Node, i int) (Place, bool) {
			c := n.subject.(*nixCommand)
			if c.command == nil || i >= len(c.command.Words) {
				return Place{}, false
			}
			return Place{Span: c.inFile(c.command.Words[i].Span)}, true
		}),
		attribute("settings", "the settings in force when it runs, by canonical name, with the defaults; not known "+
			"where something that cannot be read may have changed them", cty.Map(cty.String),
			func(c *nixCommand) cty.Value {
				eff := c.settings()
				if eff == nil {
					return cty.UnknownVal(cty.Map(cty.String))
				}
				out := map[string]cty.Value{}
				for _, name := range slices.Concat(eff.Distribution.Settings(eff.Version), eff.Names()) {
					if out[name] == cty.NilVal {
						out[name] = knownText(eff.Value(name))
					}
				}
				return textMap(out)
			}).costly(),
		attribute("features", "whether experimental features are on when it runs, by name", cty.Map(cty.Bool),
			func(c *nixCommand) cty.Value {
				eff := c.settings()
				if eff == nil {
					return cty.UnknownVal(cty.Map(cty.Bool))
				}
				out := map[string]cty.Value{}
				for _, name := range eff.Distribution.Features(eff.Version) {
					out[name] = knownBool(eff.Feature(name))
				}
				if len(out) == 0 {
					return cty.MapValEmpty(cty.Bool)
				}
				return cty.MapVal(out)
			}).costly(),
		attribute("missing", "the experimental features that it needs and that are off when it runs",
			cty.List(cty.String), func(c *nixCommand) cty.Value {
				eff := c.settings()
				if eff == nil {
					return cty.UnknownVal(cty.List(cty.String))
				}
				var out []string
				for _, need := range eff.Missing(c.use) {
					out = append(out, need.Feature)
				}
				return textList(out, nil)
			}).costly(),
		attribute("release", "the Nix that the settings are for, such as `Nix 2.24.9`; \"\" outside of Dockerfiles",
			cty.String, func(c *nixCommand) cty.Value {
				if eff := c.settings(); eff != nil {
					return textValue(eff.Distribution.Title() + " " + eff.Version.String())
				}
				return textValue("")
			}).costly(),
		attribute("options", "the canonical names of the settings on its own command line", cty.List(cty.String),
			func(c *nixCommand) cty.Value {
				var out []string
				if c.use.Options != nil {
					for _, e := range c.use.Options.Entries {
						out = append(out, nixuse.Canonical(e.Name.Text))
					}
				}
				return textList(out, nil)
			}),
		attribute("builds", "whether it builds something itself; not known where a cache may have it", cty.Bool,
			phase(reach.Builds, reach.MayBuild)),
		attribute("may_build", "whether it builds what no cache has", cty.Bool, phase(reach.Builds|reach.MayBuild, 0)),
		attribute("substitutes", "whether it takes store paths from binary caches", cty.Bool,
			phase(reach.Substitutes, 0)),
		attribute("fetches", "whether it downloads sources, flakes or channels", cty.Bool, phase(reach.Fetches, 0)),
		attribute("installer", "for a command that installs Nix, which installer it is, such as `nix-installer`; "+
			"else \"\"", cty.String, func(c *nixCommand) cty.Value {
			if c.use.Installer == nil {
				return textValue("")
			}
			return textValue(string(c.use.Installer.Kind))
		}),
		attribute("starts", "whether a container runs it when it starts, and not the build", cty.Bool,
			func(c *nixCommand) cty.Value {
				return cty.BoolVal(c.event != nil && c.event.Kind == nixuse.StartCommand)
			}),
		attribute("conditional", "whether it may not run", cty.Bool,
			func(c *nixCommand) cty.Value {
				switch {
				case c.event != nil:
					return cty.BoolVal(c.event.Maybe)
				case c.command != nil:
					return cty.BoolVal(c.command.Maybe)
				}
				return cty.UnknownVal(cty.Bool)
			}),
		attribute("user", "the user that it runs as; not known behind sudo and su, and outside of Dockerfiles",
			cty.String, func(c *nixCommand) cty.Value {
				command := c.image()
				if command == nil || command.OtherUser() {
					return cty.UnknownVal(cty.String)
				}
				return userValue(command.Step.User())
			}).costly(),
		attribute("stage", stageDoc, stageType, func(c *nixCommand) cty.Value { return eventStage(c.event) }),
		attribute("image", "the image at the start of the chain of stages, \"\" outside of Dockerfiles", cty.String,
			func(c *nixCommand) cty.Value {
				if c.event == nil {
					return textValue("")
				}
				return baseName(c.event.Image.Image.Root().Stage)
			}),
	}
}

func eventStage(e *nixuse.Event) cty.Value {
	if e == nil || e.Image == nil {
		return stageValue(nil)
	}
	return stageValue(e.Image.Image)
}

// eventKinds are the names of what happens in a build.
var eventKinds = map[nixuse.EventKind]string{nixuse.WriteConfig: "write", nixuse.SetEnv: "env",
	nixuse.RunCommand: "run", nixuse.StartCommand: "start", nixuse.Opaque: "opaque"}

// nixEvent is an event with its index in its stage.
type nixEvent struct {
	*nixuse.Event
	index int
}

func nixEventKind() *Kind {
	k := &Kind{
		Name: "nix.event", List: "events", File: "Dockerfile",
		Doc: "something in a build stage that matters to Nix: a file of configuration is written, a variable is set, " +
			"a command runs, or something that cannot be read happens",
		Example: `  when = node.kind == "write" && anytrue([
    for e in file.events : e.kind == "run" && e.stage.index == node.stage.index && e.index < node.index
  ])
  message = "${node.path} is written when Nix has run already"
`,
		Bad: "FROM nixos/nix:2.24.9\nRUN nix-env -iA nixpkgs.git\nRUN echo 'cores = 2' >> /etc/nix/nix.conf\n",
		Attributes: []Attribute{
			attribute("kind", "`write`, `env`, `run`, `start` (a container runs it) or `opaque`", cty.String,
				func(e *nixEvent) cty.Value { return textValue(eventKinds[e.Kind]) }),
			attribute("index", "its number in its stage, from 0, in order of execution", cty.Number,
				func(e *nixEvent) cty.Value { return number(e.index) }),
			attribute("path", "the file that a `write` changes, else \"\"", cty.String,
				func(e *nixEvent) cty.Value { return textValue(e.Path) }),
			attribute("append", "whether a `write` keeps what the file held before", cty.Bool,
				func(e *nixEvent) cty.Value {
					return cty.BoolVal(e.Kind == nixuse.WriteConfig && !e.Truncate && !e.Removed)
				}),
			attribute("removed", "whether the file is gone after a `write`", cty.Bool,
				func(e *nixEvent) cty.Value { return cty.BoolVal(e.Removed) }),
			attribute("settings", "the canonical names of the settings in the text that is written, or in NIX_CONFIG",
				cty.List(cty.String), func(e *nixEvent) cty.Value {
					switch {
					case e.Text != nil:
						var out []string
						for _, entry := range e.Text.Entries {
							out = append(out, nixuse.Canonical(entry.Name.Text))
						}
						return textList(out, nil)
					case e.Kind == nixuse.WriteConfig && !e.Removed || e.Kind == nixuse.Opaque:
						return cty.UnknownVal(cty.List(cty.String))
					}
					return textList(nil, nil)
				}),
			attribute("name", "the variable of an `env`, else \"\"", cty.String,
				func(e *nixEvent) cty.Value { return textValue(e.Name) }),
			attribute("value", "its value", cty.String, func(e *nixEvent) cty.Value {
				return knownText(e.Value, e.Kind != nixuse.SetEnv || e.Known)
			}),
			attribute("operation", "the command of Nix of a `run` or `start`, as for nix.command, else \"\"",
				cty.String, func(e *nixEvent) cty.Value {
					if e.Nix == nil {
						return textValue("")
					}
					return textValue(e.Nix.Label)
				}),
			attribute("conditional", "whether it may not happen", cty.Bool,
				func(e *nixEvent) cty.Value { return cty.BoolVal(e.Maybe) }),
			attribute("by_installer", "whether an installer of Nix does it", cty.Bool,
				func(e *nixEvent) cty.Value { return cty.BoolVal(e.ByInstaller) }),
			attribute("keyword", "the instruction that it is part of, such as `RUN`", cty.String,
				func(e *nixEvent) cty.Value {
					if e.Instruction == nil {
						return textValue("")
					}
					return textValue(e.Instruction.Name)
				}),
			attribute("user", "the user that it runs as, `root` where no USER was given on a known image", cty.String,
				func(e *nixEvent) cty.Value {
					if e.Command == nil {
						return userValue(dockerfile.Value{Text: e.User, Known: e.User != ""})
					}
					if e.Command.OtherUser() {
						return cty.UnknownVal(cty.String)
					}
					return userValue(e.Command.Step.User())
				}).costly(),
			attribute("stage", stageDoc, stageType, func(e *nixEvent) cty.Value { return eventStage(e.Event) }),
		},
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		if doc.Nix == nil {
			return nil
		}
		var out []*Node
		for _, img := range doc.Nix.Images {
			for n, e := range slices.Concat(img.Events, img.Starts) {
				out = append(out, &Node{kind: k, subject: &nixEvent{e, n}, file: e.File, span: e.Span,
					whole: Place{Span: e.Span}})
			}
		}
		return out
	}
	return k
}
