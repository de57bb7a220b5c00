package custom

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/images"
)

// dockerfileKinds are the kinds of node in Dockerfiles.
func dockerfileKinds() []*Kind {
	kinds := []*Kind{fileKind(), stageKind(), imageKind(), instructionKind()}
	for _, k := range instructions() {
		k.File = "Dockerfile"
		k.Attributes = append(k.Attributes, stepAttributes()...)
		keyword := strings.ToUpper(strings.TrimPrefix(k.Name, "dockerfile."))
		k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
			return stepNodes(k, doc, keyword)
		}
		kinds = append(kinds, k)
	}
	return append(kinds, onbuildKind(), pairKind(), commandKind(), heredocKind())
}

func onbuildKind() *Kind {
	k := plainKind("onbuild")
	k.File, k.Doc = "Dockerfile", "the trigger of an ONBUILD"
	k.Attributes = stepAttributes()
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		if doc.Dockerfile == nil {
			return nil
		}
		var out []*Node
		for _, s := range doc.Dockerfile.Steps() {
			if s.Deferred && !s.Broken {
				out = append(out, stepNode(k, s))
			}
		}
		return out
	}
	return k
}

func stepNodes(k *Kind, doc *workspace.Document, keywords ...string) []*Node {
	if doc.Dockerfile == nil {
		return nil
	}
	var out []*Node
	for _, s := range doc.Dockerfile.Steps(keywords...) {
		if !s.Broken {
			out = append(out, stepNode(k, s))
		}
	}
	return out
}

func stepNode(k *Kind, s *image.Step) *Node {
	f := s.Dockerfile().File
	n := &Node{kind: k, subject: s, file: f.Source, span: s.Span}
	n.whole = Place{Span: s.Span}
	if s.Onbuild == nil {
		n.whole = wholeInstruction(f, s.Instruction)
	}
	return n
}

// wholeInstruction is the place of an instruction with all of its lines.
func wholeInstruction(f *dockerfile.File, i *dockerfile.Instruction) Place {
	added := func(text string) fixers.Changes {
		var keywords []string
		for line := range strings.Lines(text) {
			if fields := strings.Fields(line); len(fields) > 0 {
				keywords = append(keywords, strings.ToUpper(fields[0]))
			}
		}
		return fixers.Changes{fixdocker.NewInstructions(keywords)}
	}
	return Place{
		Span: i.Span,
		Write: func(text string) ([]fixers.Edit, fixers.Changes) {
			return replace(f.Source, i.Span, text), fixers.Changes{fixdocker.Instructions{}}
		},
		Delete: func() ([]fixers.Edit, fixers.Changes) {
			return fixdocker.Delete(f, i), fixers.Changes{fixdocker.RemovedInstructions{i.Name}}
		},
		Before: func(text string) ([]fixers.Edit, fixers.Changes) {
			return fixdocker.InsertBefore(f, i, text), added(text)
		},
		After: func(text string) ([]fixers.Edit, fixers.Changes) {
			return fixdocker.InsertAfter(f, i, text), added(text)
		},
	}
}

func replace(f *source.File, at source.Span, text string) []fixers.Edit {
	return []fixers.Edit{{File: f, Span: at, Text: text}}
}

// part is a piece of an instruction, such as a word.
func part(f *source.File, at source.Span, changes func(was, becomes string) fixers.Changes) Place {
	write := func(at source.Span, was string) func(string) ([]fixers.Edit, fixers.Changes) {
		return func(text string) ([]fixers.Edit, fixers.Changes) {
			return replace(f, at, text), changes(was, text)
		}
	}
	start, end := source.Span{Start: at.Start, End: at.Start}, source.Span{Start: at.End, End: at.End}
	return Place{Span: at, Write: write(at, f.Text(at)), Before: write(start, ""), After: write(end, "")}
}

// anyChange declares that the instruction may change in any way.
func anyChange(string, string) fixers.Changes { return fixers.Changes{fixdocker.Instructions{}} }

// instructionPart is a piece of an instruction other than RUN. Where a variable stands in it, no fix can be written
// there: the variable would be gone.
func instructionPart(n *Node, at source.Span) (Place, bool) {
	if at.IsEmpty() {
		return Place{}, false
	}
	if strings.Contains(n.file.Text(at), "$") {
		return Place{Span: at}, true
	}
	return part(n.file, at, anyChange), true
}

func step(n *Node) *image.Step { return n.subject.(*image.Step) }

// wordAt is the place of a word of an instruction.
func wordAt(pick func(*image.Step) *dockerfile.Word) func(*Node) (Place, bool) {
	return func(n *Node) (Place, bool) {
		w := pick(step(n))
		if w == nil {
			return Place{}, false
		}
		return instructionPart(n, w.Span)
	}
}

var stageType = cty.Object(map[string]cty.Type{
	"index": cty.Number, "name": cty.String, "image": cty.String, "platform": cty.String,
})

func stageValue(img *image.Image) cty.Value {
	if img == nil { // before the first FROM
		return cty.ObjectVal(map[string]cty.Value{"index": number(-1), "name": textValue(""), "image": textValue(""),
			"platform": textValue("")})
	}
	stage := img.Stage
	return cty.ObjectVal(map[string]cty.Value{
		"index": number(stage.Index), "name": textValue(stage.Name), "image": baseName(stage),
		"platform": knownText(stage.Platform, !strings.Contains(stage.Platform, "$")),
	})
}

// baseName is what FROM names, with arguments expanded.
func baseName(stage *dockerfile.Stage) cty.Value {
	return knownText(stage.Image, stage.Image != "" && !strings.Contains(stage.Image, "$"))
}

func known(v dockerfile.Value) cty.Value { return knownText(v.Text, v.Known) }

// userValue is the user that something runs as: "root" where no USER is given and the base image is known.
func userValue(v dockerfile.Value) cty.Value {
	if v.Known && v.Text == "" {
		return cty.StringVal("root")
	}
	return known(v)
}

// stepAttributes are those of every instruction.
func stepAttributes() []Attribute {
	return []Attribute{
		attribute("keyword", "the name of the instruction in upper case, such as `RUN`", cty.String,
			func(s *image.Step) cty.Value { return textValue(s.Name) }).
			at(func(n *Node) (Place, bool) { return instructionPart(n, step(n).Keyword) }),
		attribute("words", "the arguments, with variables expanded; none for the shell form of RUN, CMD and ENTRYPOINT",
			cty.List(cty.String), func(s *image.Step) cty.Value {
				var out []cty.Value
				for _, w := range s.Words {
					if s.Exec {
						out = append(out, textValue(w.Text))
						continue
					}
					out = append(out, knownText(s.Expand(w.Text)))
				}
				return list(cty.String, out)
			}).items(func(n *Node, i int) (Place, bool) {
			if words := step(n).Words; i < len(words) {
				return instructionPart(n, words[i].Span)
			}
			return Place{}, false
		}),
		attribute("flags", "the values of the flags, by name without dashes: `node.flags[\"from\"]`",
			cty.Map(cty.String), func(s *image.Step) cty.Value {
				out := map[string]cty.Value{}
				for n := range s.Instruction.Flags {
					if f, ok := s.Flag(s.Instruction.Flags[n].Name); ok {
						out[f.Name] = knownText(f.Value, f.Known)
					}
				}
				return textMap(out)
			}).keyed(func(n *Node, key string) (Place, bool) {
			f, ok := step(n).Flag(key)
			if !ok {
				return Place{}, false
			}
			p := part(n.file, f.At, func(string, string) fixers.Changes {
				return fixers.Changes{fixdocker.Flags{key}}
			})
			p.Delete = func() ([]fixers.Edit, fixers.Changes) {
				at := f.Span
				for at.End < len(n.file.Bytes) && (n.file.Bytes[at.End] == ' ' || n.file.Bytes[at.End] == '\t') {
					at.End++
				}
				return replace(n.file, at, ""), fixers.Changes{fixdocker.Flags{key}}
			}
			return p, true
		}),
		attribute("exec", "whether the arguments are a JSON array", cty.Bool,
			func(s *image.Step) cty.Value { return cty.BoolVal(s.Exec) }),
		attribute("foreign", "whether another frontend than BuildKit's own reads the file",
			cty.Bool, func(s *image.Step) cty.Value { return cty.BoolVal(s.Dockerfile().Foreign()) }),
		attribute("onbuild", "whether it is the trigger of an ONBUILD", cty.Bool,
			func(s *image.Step) cty.Value { return cty.BoolVal(s.Onbuild != nil) }),
		attribute("comments", "the comment lines directly above, without `#`", cty.List(cty.String),
			func(s *image.Step) cty.Value {
				var out []string
				for _, at := range s.Comments {
					out = append(out, strings.TrimSpace(strings.TrimLeft(s.Dockerfile().Source.Text(at), "#")))
				}
				return textList(out, nil)
			}).costly(),
		attribute("stage", "the stage that it stands in: an object of index (-1 before the first FROM), name, image "+
			"and platform", stageType, func(s *image.Step) cty.Value { return stageValue(s.Image) }),
		attribute("ships", "whether the layers of the stage are part of an image that somebody keeps", cty.Bool,
			func(s *image.Step) cty.Value { return cty.BoolVal(s.Image != nil && s.Image.Ships()) }).costly(),
		attribute("user", "the user that it runs as, without the group", cty.String, func(s *image.Step) cty.Value {
			if s.Image == nil {
				return textValue("")
			}
			return userValue(s.User())
		}).costly(),
		attribute("workdir", "the working directory before it", cty.String, func(s *image.Step) cty.Value {
			if s.Image == nil {
				return textValue("")
			}
			return known(s.Workdir())
		}).costly(),
		attribute("env", "the variables that ENV has set before it, by name", cty.Map(cty.String),
			func(s *image.Step) cty.Value { return variables(s, "ENV") }).costly(),
		attribute("args", "the variables that ARG has declared before it, by name", cty.Map(cty.String),
			func(s *image.Step) cty.Value { return variables(s, "ARG") }).costly(),
		attribute("shell", "the words of the SHELL in force, none for the default", cty.List(cty.String),
			func(s *image.Step) cty.Value {
				var out []string
				for _, w := range s.Shell() {
					out = append(out, w.Text)
				}
				return textList(out, nil)
			}).costly(),
	}
}

func variables(s *image.Step, keyword string) cty.Value {
	out := map[string]cty.Value{}
	for _, name := range s.Variables() {
		if v, ok := s.Lookup(name); ok && v.From != nil && v.From.Name == keyword {
			out[name] = known(v)
		}
	}
	return textMap(out)
}

func instructionKind() *Kind {
	k := &Kind{
		Name: "dockerfile.instruction", List: "instructions", File: "Dockerfile",
		Doc: "an instruction of a Dockerfile, whichever it is",
		Example: `  when    = node.keyword == "MAINTAINER"
  at      = node.keyword
  message = "MAINTAINER is deprecated; use a LABEL"
`,
		Bad:        "FROM debian:12\nMAINTAINER jo\n",
		Attributes: stepAttributes(),
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node { return stepNodes(k, doc) }
	return k
}

// instructions are the kinds of one keyword, without what all instructions have.
func instructions() []*Kind {
	return []*Kind{fromKind(), runKind(), copyKind("copy"), copyKind("add"), pairsKind("env"), pairsKind("label"),
		argKind(), userKind(), workdirKind(), exposeKind(), startKind("cmd"), startKind("entrypoint"),
		startKind("healthcheck"), plainKind("volume"), plainKind("shell"), plainKind("stopsignal"),
		plainKind("maintainer")}
}

func fromKind() *Kind {
	base := wordAt(func(s *image.Step) *dockerfile.Word {
		if s.Image == nil {
			return nil
		}
		return &s.Image.Stage.Base
	})
	return &Kind{
		Name: "dockerfile.from", List: "from", Doc: "a FROM",
		Example: `  when    = !node.is_stage && startswith(node.image, "hub.example/")
  at      = node.image
  message = "base image ${node.image} is not from the company registry"

  fix {
    title         = "pull it through the mirror"
    applicability = "unsafe"
    replace {
      target = node.image
      with   = replace(node.image, "hub.example/", "images.example/")
    }
  }
`,
		Bad: "FROM hub.example/debian:12\n",
		Attributes: []Attribute{
			attribute("image", "the image or stage that it names, with the defaults of arguments", cty.String,
				func(s *image.Step) cty.Value {
					if s.Image == nil {
						return cty.UnknownVal(cty.String)
					}
					return baseName(s.Image.Stage)
				}).at(base),
			attribute("is_stage", "whether that is a stage of the file", cty.Bool, func(s *image.Step) cty.Value {
				return cty.BoolVal(s.Image != nil && s.Image.Stage.Parent != nil)
			}),
			attribute("name", "the name behind AS, in lower case", cty.String, func(s *image.Step) cty.Value {
				if s.Image == nil {
					return textValue("")
				}
				return textValue(s.Image.Stage.Name)
			}).at(wordAt(func(s *image.Step) *dockerfile.Word {
				if s.Image == nil {
					return nil
				}
				return &s.Image.Stage.NameWord
			})),
			attribute("final", "whether it begins the stage that an image is made of", cty.Bool,
				func(s *image.Step) cty.Value { return cty.BoolVal(s.Image != nil && s.Image.Final()) }).costly(),
		},
	}
}

var mountType = cty.Object(map[string]cty.Type{
	"type": cty.String, "target": cty.String, "from": cty.String, "source": cty.String, "id": cty.String,
})

func runKind() *Kind {
	return &Kind{
		Name: "dockerfile.run", List: "runs", Doc: "a RUN; see dockerfile.command for the single commands in it",
		Example: `  when    = node.user == "root" && anytrue([for m in node.mounts : m.type == "ssh"])
  message = "the build key is mounted for root"
`,
		Bad: "FROM debian:12\nRUN --mount=type=ssh git clone git@git.example:a\n",
		Attributes: []Attribute{
			attribute("script", "the text behind the flags as it stands in the file, with here-documents", cty.String,
				func(s *image.Step) cty.Value { return textValue(s.Dockerfile().Source.Text(scriptSpan(s))) }).
				at(func(n *Node) (Place, bool) { return part(n.file, scriptSpan(step(n)), respelt), true }),
			attribute("programs", "the programs of the commands that it runs, in order; see dockerfile.command",
				cty.List(cty.String), func(s *image.Step) cty.Value {
					var out []cty.Value
					for _, c := range s.Commands() {
						out = append(out, programOf(c.Command))
					}
					return list(cty.String, out)
				}).costly(),
			attribute("mounts", "the mounts: objects of type, target, from, source and id, \"\" where there is none",
				cty.List(mountType), func(s *image.Step) cty.Value {
					return list(mountType, collect(s.Mounts(), func(m image.Mount) cty.Value {
						if !m.Known {
							return cty.UnknownVal(mountType)
						}
						return cty.ObjectVal(map[string]cty.Value{"type": textValue(m.Type),
							"target": textValue(m.Target), "from": textValue(m.From), "source": textValue(m.Source),
							"id": textValue(m.ID)})
					}))
				}).costly(),
		},
	}
}

func scriptSpan(s *image.Step) source.Span { return source.Span{Start: s.Args.Start, End: s.Span.End} }

// respelt declares what becomes of a script: words that become others, or else anything.
func respelt(was, becomes string) fixers.Changes {
	if s, ok := fixdocker.Respelt([]byte(was), []byte(becomes)); ok {
		return fixers.Changes{s}
	}
	return fixers.Changes{fixdocker.Instructions{}}
}

func copyKind(name string) *Kind {
	example := `  when    = !contains(keys(node.flags), "chown") && node.user != "root"
  message = "the files belong to root, and ${node.user} runs the next steps"
`
	bad := "FROM debian:12\nUSER app\nCOPY a /srv/\n"
	if name == "add" {
		example = `  when    = anytrue([for s in node.sources : startswith(s, "http://")])
  message = "a file is fetched without encryption"
`
		bad = "FROM debian:12\nADD http://files.example/a.tar /srv/\n"
	}
	return &Kind{
		Name: "dockerfile." + name, List: name + "s", Doc: article(strings.ToUpper(name)), Example: example, Bad: bad,
		Attributes: []Attribute{
			attribute("sources", "what it copies, without here-documents", cty.List(cty.String),
				func(s *image.Step) cty.Value {
					var out []cty.Value
					for n := 0; n < len(s.Words)-1; n++ {
						if isHeredoc(s, s.Words[n].Span) {
							continue
						}
						if s.Exec {
							out = append(out, textValue(s.Words[n].Text))
						} else {
							out = append(out, knownText(s.Expand(s.Words[n].Text)))
						}
					}
					return list(cty.String, out)
				}).items(func(n *Node, i int) (Place, bool) {
				for k := 0; k < len(step(n).Words)-1; k++ {
					w := step(n).Words[k]
					if isHeredoc(step(n), w.Span) {
						continue
					}
					if i == 0 {
						return instructionPart(n, w.Span)
					}
					i--
				}
				return Place{}, false
			}),
			attribute("dest", "the absolute path that it copies to", cty.String, func(s *image.Step) cty.Value {
				dest, _, ok := s.Dest()
				return knownText(dest, ok)
			}).at(wordAt(func(s *image.Step) *dockerfile.Word {
				if len(s.Words) == 0 {
					return nil
				}
				return &s.Words[len(s.Words)-1]
			})),
			attribute("from", "the stage, image or context of --from, \"\" for the build context", cty.String,
				func(s *image.Step) cty.Value {
					f, ok := s.Flag("from")
					return knownText(f.Value, !ok || f.Known)
				}).at(func(n *Node) (Place, bool) {
				f, ok := step(n).Flag("from")
				if !ok {
					return Place{}, false
				}
				return part(n.file, f.At, func(string, string) fixers.Changes {
					return fixers.Changes{fixdocker.Flags{"from"}}
				}), true
			}),
		},
	}
}

func isHeredoc(s *image.Step, at source.Span) bool {
	for n := range s.Heredocs {
		if s.Heredocs[n].Operator == at {
			return true
		}
	}
	return false
}

func pairsKind(name string) *Kind {
	keyword := strings.ToUpper(name)
	return &Kind{
		Name: "dockerfile." + name, List: name + "s",
		Doc: article(keyword) + " with all of its keys; see dockerfile.pair for each alone",
		Example: `  when    = length(node.keys) > 1
  message = "one key for each ` + keyword + `, so that changes are easy to read"
`,
		Bad: "FROM debian:12\n" + keyword + " A=1 B=2\n",
		Attributes: []Attribute{
			attribute("keys", "the keys", cty.List(cty.String), func(s *image.Step) cty.Value {
				var out []string
				for n := range s.Pairs {
					out = append(out, s.Pairs[n].Key.Text)
				}
				return textList(out, nil)
			}).items(func(n *Node, i int) (Place, bool) {
				if pairs := step(n).Pairs; i < len(pairs) {
					return instructionPart(n, pairs[i].Key.Span)
				}
				return Place{}, false
			}),
			attribute("pairs", "the values, by key", cty.Map(cty.String), func(s *image.Step) cty.Value {
				out := map[string]cty.Value{}
				for n := range s.Pairs {
					key, _ := s.Expand(s.Pairs[n].Key.Text)
					out[key] = knownText(s.Expand(s.Pairs[n].Value.Text))
				}
				return textMap(out)
			}).keyed(func(n *Node, key string) (Place, bool) {
				for k := range step(n).Pairs {
					p := &step(n).Pairs[k]
					if name, _ := step(n).Expand(p.Key.Text); name == key {
						return pairValue(n, step(n), p)
					}
				}
				return Place{}, false
			}),
		},
	}
}

// pairValue is the place of the value of a pair.
func pairValue(n *Node, s *image.Step, p *dockerfile.Pair) (Place, bool) {
	if !p.HasValue {
		return Place{}, false
	}
	return part(n.file, p.Value.Span, func(string, string) fixers.Changes {
		if s.Name == "LABEL" {
			key, _ := s.Expand(p.Key.Text)
			return fixers.Changes{fixdocker.Labels{key}}
		}
		return fixers.Changes{fixdocker.Variables{p.Key.Text}}
	}), true
}

// article is a keyword with its article.
func article(keyword string) string {
	if strings.Contains("AEO", keyword[:1]) {
		return "an " + keyword
	}
	return "a " + keyword
}

func argKind() *Kind {
	first := func(s *image.Step) *dockerfile.Pair {
		if len(s.Pairs) == 0 {
			return nil
		}
		return &s.Pairs[0]
	}
	return &Kind{
		Name: "dockerfile.arg", List: "arg", Doc: "an ARG; see dockerfile.pair where it declares several",
		Example: `  when    = matches(node.name, "(?i)(password|token)") && node.default != ""
  at      = node.default
  message = "${node.name} has a default that everybody can read"
`,
		Bad: "FROM debian:12\nARG API_TOKEN=abc\n",
		Attributes: []Attribute{
			attribute("name", "the name of the variable", cty.String, func(s *image.Step) cty.Value {
				if p := first(s); p != nil {
					return textValue(p.Key.Text)
				}
				return textValue("")
			}).at(wordAt(func(s *image.Step) *dockerfile.Word {
				if p := first(s); p != nil {
					return &p.Key
				}
				return nil
			})),
			attribute("default", "the default, \"\" without one", cty.String, func(s *image.Step) cty.Value {
				if p := first(s); p != nil && p.HasValue {
					return knownText(s.Expand(p.Value.Text))
				}
				return textValue("")
			}).at(func(n *Node) (Place, bool) {
				if p := first(step(n)); p != nil {
					return pairValue(n, step(n), p)
				}
				return Place{}, false
			}),
		},
	}
}

func firstWord(s *image.Step) *dockerfile.Word {
	if len(s.Words) == 0 {
		return nil
	}
	return &s.Words[0]
}

func userKind() *Kind {
	half := func(s *image.Step, n int) cty.Value {
		w := firstWord(s)
		if w == nil {
			return cty.UnknownVal(cty.String)
		}
		text, ok := s.Expand(w.Text)
		name, group, _ := strings.Cut(text, ":")
		return knownText([]string{name, group}[n], ok)
	}
	return &Kind{
		Name: "dockerfile.user", List: "users", Doc: "a USER",
		Example: `  when    = matches(node.name, "^[0-9]+$") && tonumber(node.name) < 1000
  at      = node.name
  message = "user ${node.name} may be one of the system"
`,
		Bad: "FROM debian:12\nUSER 12\n",
		Attributes: []Attribute{
			attribute("name", "the user that it names, without the group", cty.String,
				func(s *image.Step) cty.Value { return half(s, 0) }).at(wordAt(firstWord)),
			attribute("group", "the group behind the colon, \"\" without one", cty.String,
				func(s *image.Step) cty.Value { return half(s, 1) }),
		},
	}
}

func workdirKind() *Kind {
	return &Kind{
		Name: "dockerfile.workdir", List: "workdirs", Doc: "a WORKDIR",
		Example: `  when    = startswith(node.path, "/root")
  at      = node.path
  message = "only root can enter ${node.path}"
`,
		Bad: "FROM debian:12\nWORKDIR /root/app\n",
		Attributes: []Attribute{
			attribute("path", "the path that it names, with variables expanded", cty.String,
				func(s *image.Step) cty.Value {
					if w := firstWord(s); w != nil {
						return knownText(s.Expand(w.Text))
					}
					return cty.UnknownVal(cty.String)
				}).at(wordAt(firstWord)),
		},
	}
}

func exposeKind() *Kind {
	return &Kind{
		Name: "dockerfile.expose", List: "exposes", Doc: "an EXPOSE",
		Example: `  when    = contains(node.ports, "22")
  message = "port 22 is exposed: no ssh server belongs in an image"
`,
		Bad: "FROM debian:12\nEXPOSE 80 22/tcp\n",
		Attributes: []Attribute{
			attribute("ports", "the ports without protocols, ranges as written: `8000-8005`", cty.List(cty.String),
				func(s *image.Step) cty.Value {
					var out []cty.Value
					for _, w := range s.Words {
						text, ok := s.Expand(w.Text)
						port, _, _ := strings.Cut(text, "/")
						out = append(out, knownText(port, ok))
					}
					return list(cty.String, out)
				}).items(func(n *Node, i int) (Place, bool) {
				if words := step(n).Words; i < len(words) {
					return instructionPart(n, words[i].Span)
				}
				return Place{}, false
			}),
		},
	}
}

func startKind(name string) *Kind {
	keyword := strings.ToUpper(name)
	k := &Kind{
		Name: "dockerfile." + name, List: name + "s", Doc: article(keyword),
		Example: `  when    = !node.exec
  message = "the shell form of ` + keyword + ` hides signals from the program"
`,
		Bad: "FROM debian:12\n" + keyword + " /srv/run --all\n",
		Attributes: []Attribute{
			attribute("script", "the text behind the keyword and the flags as it stands in the file", cty.String,
				func(s *image.Step) cty.Value { return textValue(s.Dockerfile().Source.Text(scriptSpan(s))) }).
				at(func(n *Node) (Place, bool) { return part(n.file, scriptSpan(step(n)), respelt), true }),
		},
	}
	if name == "healthcheck" {
		k.Example = `  when    = try(node.words[0], "") == "NONE"
  message = "the health check of the base image is switched off"
`
		k.Bad = "FROM debian:12\nHEALTHCHECK NONE\n"
	}
	return k
}

func plainKind(name string) *Kind {
	keyword := strings.ToUpper(name)
	bad := map[string]string{"volume": "/var/lib/data", "shell": `["/bin/bash", "-c"]`, "stopsignal": "9",
		"maintainer": "jo", "onbuild": "RUN make"}
	return &Kind{
		Name: "dockerfile." + name, List: name + "s", Doc: article(keyword),
		Example: "  when    = true\n  message = \"" + keyword + " is not used here\"\n",
		Bad:     "FROM debian:12\n" + keyword + " " + bad[name] + "\n",
	}
}

// pairSubject is one key of an ENV, LABEL or ARG.
type pairSubject struct {
	step *image.Step
	pair *dockerfile.Pair
}

func pairKind() *Kind {
	k := &Kind{
		Name: "dockerfile.pair", List: "pairs", File: "Dockerfile", Doc: "one key of an ENV, LABEL or ARG",
		Example: `  when    = node.keyword == "ENV" && endswith(node.key, "_proxy")
  at      = node.key
  message = "${node.key} stays in the image; pass it as a build argument"
`,
		Bad: "FROM debian:12\nENV A=1 http_proxy=http://proxy.example\n",
		Attributes: []Attribute{
			attribute("keyword", "`ENV`, `LABEL` or `ARG`", cty.String,
				func(p *pairSubject) cty.Value { return textValue(p.step.Name) }),
			attribute("key", "the key", cty.String, func(p *pairSubject) cty.Value {
				return knownText(p.step.Expand(p.pair.Key.Text))
			}).at(func(n *Node) (Place, bool) {
				return instructionPart(n, n.subject.(*pairSubject).pair.Key.Span)
			}),
			attribute("value", "the value, \"\" without one", cty.String, func(p *pairSubject) cty.Value {
				if !p.pair.HasValue {
					return textValue("")
				}
				return knownText(p.step.Expand(p.pair.Value.Text))
			}).at(func(n *Node) (Place, bool) {
				p := n.subject.(*pairSubject)
				return pairValue(n, p.step, p.pair)
			}),
			attribute("stage", "the stage that it stands in, as for instructions", stageType,
				func(p *pairSubject) cty.Value { return stageValue(p.step.Image) }),
			attribute("ships", "whether the layers of the stage are part of an image that somebody keeps", cty.Bool,
				func(p *pairSubject) cty.Value {
					return cty.BoolVal(p.step.Image != nil && p.step.Image.Ships())
				}).costly(),
		},
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		if doc.Dockerfile == nil {
			return nil
		}
		var out []*Node
		for _, s := range doc.Dockerfile.Steps("ENV", "LABEL", "ARG") {
			for i := range s.Pairs {
				pair := &s.Pairs[i]
				span := pair.Key.Span
				if pair.HasValue {
					span = span.Join(pair.Value.Span)
				}
				out = append(out, &Node{kind: k, subject: &pairSubject{s, pair}, file: doc.Source, span: span,
					whole: Place{Span: span}})
			}
		}
		return out
	}
	return k
}

func fileKind() *Kind {
	k := &Kind{
		Name: "dockerfile.file", File: "Dockerfile", Doc: "a whole Dockerfile",
		Example: `  when    = node.syntax == ""
  message = "no syntax directive pins the frontend"
`,
		Bad:  "FROM debian:12\n",
		Good: "# syntax=docker/dockerfile:1\nFROM debian:12\n",
		Attributes: []Attribute{
			attribute("syntax", "the value of the syntax directive, \"\" without one", cty.String,
				func(d *image.Dockerfile) cty.Value {
					if d.Frontend == nil {
						return textValue("")
					}
					return textValue(d.Frontend.Image)
				}).at(func(n *Node) (Place, bool) {
				d := n.subject.(*image.Dockerfile)
				if d.Frontend == nil {
					return Place{}, false
				}
				return Place{Span: d.Frontend.At}, true
			}),
			attribute("stages", "the number of stages", cty.Number,
				func(d *image.Dockerfile) cty.Value { return number(len(d.Stages)) }),
		},
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		if doc.Dockerfile == nil {
			return nil
		}
		span := source.Span{}
		if list := doc.Dockerfile.Instructions; len(list) > 0 {
			span = list[0].Span
		}
		return []*Node{{kind: k, subject: doc.Dockerfile, file: doc.Source, span: span,
			whole: Place{Span: span}}}
	}
	return k
}

func stageKind() *Kind {
	keywords := func(img *image.Image) cty.Value {
		var out []string
		for _, i := range img.Stage.Instructions {
			out = append(out, i.Name)
		}
		return textList(out, nil)
	}
	k := &Kind{
		Name: "dockerfile.stage", List: "stages", File: "Dockerfile", Doc: "a build stage: a FROM and what follows it",
		Example: `  when    = node.final && node.user == "root"
  message = "the image runs as root"
`,
		Bad:  "FROM debian:12\nRUN make\nCMD [\"/srv/run\"]\n",
		Good: "FROM debian:12\nUSER app\nCMD [\"/srv/run\"]\n",
		Attributes: []Attribute{
			attribute("index", "its number, from 0", cty.Number,
				func(img *image.Image) cty.Value { return number(img.Stage.Index) }),
			attribute("name", "the name behind AS, in lower case, \"\" without one", cty.String,
				func(img *image.Image) cty.Value { return textValue(img.Stage.Name) }),
			attribute("image", "the image or stage that FROM names, with the defaults of arguments", cty.String,
				func(img *image.Image) cty.Value { return baseName(img.Stage) }).
				at(func(n *Node) (Place, bool) {
					return instructionPart(n, n.subject.(*image.Image).Stage.Base.Span)
				}),
			attribute("root", "the image at the start of the chain of stages", cty.String,
				func(img *image.Image) cty.Value { return baseName(img.Root().Stage) }),
			attribute("is_stage", "whether FROM names a stage of the file", cty.Bool,
				func(img *image.Image) cty.Value { return cty.BoolVal(img.Stage.Parent != nil) }),
			attribute("keywords", "the keywords of its instructions in order, without FROM and without those of the "+
				"stages below", cty.List(cty.String), keywords),
			attribute("user", "the user that a container runs as", cty.String,
				func(img *image.Image) cty.Value { return userValue(img.EndUser()) }).costly(),
			attribute("final", "whether it becomes an image that somebody keeps: it is the last one, or the target of "+
				"a build that the project describes", cty.Bool,
				func(img *image.Image) cty.Value { return cty.BoolVal(img.Final()) }).costly(),
			attribute("ships", "whether its layers are part of such an image", cty.Bool,
				func(img *image.Image) cty.Value { return cty.BoolVal(img.Ships()) }).costly(),
			attribute("windows", "whether it is, or may be, an image of Windows", cty.Bool,
				func(img *image.Image) cty.Value { return cty.BoolVal(img.Windows()) }),
			attribute("platforms", "the platforms that it is built for, where they are known", cty.List(cty.String),
				func(img *image.Image) cty.Value {
					var out []string
					for _, p := range img.Platforms() {
						out = append(out, p.Name)
					}
					return textList(out, nil)
				}).costly(),
			attribute("labels", "the labels that the stage and those below it set, by key", cty.Map(cty.String),
				stageLabels).costly(),
		},
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		if doc.Dockerfile == nil {
			return nil
		}
		var out []*Node
		for _, img := range doc.Dockerfile.Images {
			from := img.Stage.From
			if from.Broken {
				continue
			}
			whole := wholeInstruction(doc.Dockerfile.File, from)
			whole.Write, whole.Delete = nil, nil
			out = append(out, &Node{kind: k, subject: img, file: doc.Source, span: from.Span, whole: whole})
		}
		return out
	}
	return k
}

func stageLabels(img *image.Image) cty.Value {
	out := map[string]cty.Value{}
	var chain []*image.Image
	for ; img != nil; img = img.Parent {
		chain = append(chain, img)
	}
	for n := len(chain) - 1; n >= 0; n-- {
		for _, s := range chain[n].Steps() {
			if s.Name != "LABEL" || s.Deferred {
				continue
			}
			for i := range s.Pairs {
				if key, ok := s.Expand(s.Pairs[i].Key.Text); ok {
					out[key] = knownText(s.Expand(s.Pairs[i].Value.Text))
				}
			}
		}
	}
	return textMap(out)
}

func imageKind() *Kind {
	parts := []string{"registry", "repository", "name", "tag", "digest"}
	docs := []string{"the host of the registry, `docker.io` for Docker Hub",
		"the path in the registry: `library/debian`",
		"the name as it is written, without tag and digest", "the tag, \"\" without one",
		"the digest, such as `sha256:…`, \"\" without one"}
	k := &Kind{
		Name: "dockerfile.image", List: "images", File: "Dockerfile",
		Doc: "the reference of an image that a build fetches: in FROM, or in --from of a COPY",
		Example: `  when    = node.digest == ""
  message = "${node.reference} is not pinned by a digest"
`,
		Bad: "FROM debian:12\n",
		Attributes: []Attribute{
			attribute("reference", "the reference, with the defaults of arguments", cty.String,
				func(r *images.Reference) cty.Value { return textValue(r.Text) }).
				at(func(n *Node) (Place, bool) { return n.whole, true }),
		},
	}
	for i, name := range parts {
		k.Attributes = append(k.Attributes, attribute(name, docs[i], cty.String, func(r *images.Reference) cty.Value {
			return imageParts(r.Text).GetAttr(name)
		}))
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		d := doc.Dockerfile
		if d == nil {
			return nil
		}
		var found []images.Reference
		for _, stage := range d.Stages {
			if r, ok := images.Base(d, stage); ok {
				found = append(found, r)
			}
		}
		for r := range images.Copied(d) {
			found = append(found, r)
		}
		var out []*Node
		for i := range found {
			r := &found[i]
			whole := Place{Span: r.Span}
			if r.Verbatim {
				whole = part(doc.Source, r.Span, anyChange)
			}
			out = append(out, &Node{kind: k, subject: r, file: doc.Source, span: r.Span, whole: whole})
		}
		return out
	}
	return k
}

var packageType = cty.Object(map[string]cty.Type{"name": cty.String, "version": cty.String})

// actions are the names of what package managers do.
var actions = map[packages.Action]string{packages.Install: "install", packages.Update: "update",
	packages.Upgrade: "upgrade", packages.ReleaseUpgrade: "upgrade", packages.Clean: "clean",
	packages.Remove: "remove", packages.Run: "run"}

func command(n *Node) *image.Command { return n.subject.(*image.Command) }

// programOf is the program that a command starts, "" for one that only sets variables or redirects.
func programOf(c *shell.Command) cty.Value {
	return knownText(c.Name, c.Name != "" || len(c.Words) == 0)
}

func commandKind() *Kind {
	k := &Kind{
		Name: "dockerfile.command", List: "commands", File: "Dockerfile",
		Doc: "one command that the Dockerfile runs: in RUN, in CMD, ENTRYPOINT and HEALTHCHECK, in `sh -c`, " +
			"functions and here-documents",
		Example: `  when    = node.program == "npm" && try(node.words[1], "") == "install" && length(node.words) == 2
  at      = node.words[1]
  message = "npm install may change package-lock.json; use npm ci"

  fix {
    title         = "use npm ci"
    applicability = "unsafe"
    replace {
      target = node.words[1]
      with   = "ci"
    }
  }
`,
		Bad:        "FROM node:22\nRUN npm install && npm test\n",
		Attributes: commandAttributes(),
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		if doc.Dockerfile == nil {
			return nil
		}
		var out []*Node
		for _, c := range doc.Dockerfile.Commands() {
			if !c.InDockerfile() {
				continue
			}
			at := c.Span
			whole := part(doc.Source, at, respelt)
			if c.Step.Exec {
				whole = Place{Span: at}
			}
			out = append(out, &Node{kind: k, subject: c, file: doc.Source, span: at, whole: whole})
		}
		return out
	}
	return k
}

// commandWord is the place of a word of a command.
func commandWord(n *Node, w shell.Word) (Place, bool) {
	c := command(n)
	p := part(n.file, w.Span, func(was, becomes string) fixers.Changes {
		changes := fixdocker.Words{Added: strings.Fields(becomes)}
		if was != "" {
			changes.Removed = []string{w.Text}
		}
		return fixers.Changes{changes}
	})
	if n.file.Text(w.Span) == w.Text && !c.Step.Exec { // else quotes would have to be moved
		end := source.Span{Start: w.Span.End, End: w.Span.End}
		p.After = func(text string) ([]fixers.Edit, fixers.Changes) {
			return replace(n.file, end, text), fixers.Changes{fixdocker.Words{Added: strings.Fields(text)}}
		}
	}
	if c.Step.Exec || strings.Contains(n.file.Text(w.Span), "$") {
		p = Place{Span: w.Span}
	}
	return p, true
}

func commandAttributes() []Attribute {
	words := func(pick func(*image.Command) []shell.Word) func(*image.Command) cty.Value {
		return func(c *image.Command) cty.Value {
			list := pick(c)
			texts := make([]string, len(list))
			for n := range list {
				texts[n] = list[n].Text
			}
			return textList(texts, func(n int) bool { return list[n].Known })
		}
	}
	all := func(c *image.Command) []shell.Word { return c.Words }
	operands := func(c *image.Command) []shell.Word {
		var out []shell.Word
		for n, w := range c.Words {
			if n > 0 && !strings.HasPrefix(w.Text, "-") {
				out = append(out, w)
			}
		}
		return out
	}
	of := func(pick func(*image.Command) []shell.Word) func(*Node, int) (Place, bool) {
		return func(n *Node, i int) (Place, bool) {
			if list := pick(command(n)); i < len(list) {
				return commandWord(n, list[i])
			}
			return Place{}, false
		}
	}
	return []Attribute{
		attribute("program", "the program without its folder and without sudo, env, time and the like; \"\" for an "+
			"assignment alone", cty.String, func(c *image.Command) cty.Value { return programOf(c.Command) }).
			at(func(n *Node) (Place, bool) {
				if words := command(n).Words; len(words) > 0 {
					return commandWord(n, words[0])
				}
				return Place{}, false
			}),
		attribute("words", "the program and its arguments, without quotes", cty.List(cty.String), words(all)).
			items(of(all)),
		attribute("operands", "the arguments that do not begin with a dash", cty.List(cty.String), words(operands)).
			items(of(operands)),
		attribute("flags", "the arguments that begin with a dash, with what follows the equals sign: "+
			"`lookup(node.flags, \"--format\", \"\")`", cty.Map(cty.String), commandFlags).
			keyed(func(n *Node, key string) (Place, bool) {
				for _, w := range command(n).Words[min(1, len(command(n).Words)):] {
					if name, _, _ := strings.Cut(w.Text, "="); name == key {
						return commandWord(n, w)
					}
				}
				return Place{}, false
			}),
		attribute("wrappers", "what starts the program, outermost first: `sudo`, `env`, `sh -c`", cty.List(cty.String),
			func(c *image.Command) cty.Value { return textList(c.Wrappers, nil) }),
		attribute("assigns", "the variables that are set for it alone, or by it for the rest of the script",
			cty.Map(cty.String), func(c *image.Command) cty.Value {
				out := map[string]cty.Value{}
				for _, a := range c.Assigns {
					out[a.Name] = knownText(a.Value.Text, a.Value.Known)
				}
				return textMap(out)
			}).costly(),
		attribute("joined", "the operator that joins it to what runs before it: `&&`, `||`, `|`, `;`, `&`, or \"\"",
			cty.String, func(c *image.Command) cty.Value { return textValue(c.Joined) }),
		attribute("piped_from", "the program whose output it reads, \"\" without one", cty.String,
			func(c *image.Command) cty.Value {
				if c.PipedFrom == nil {
					return textValue("")
				}
				return programOf(c.PipedFrom)
			}),
		attribute("pipes_to", "the program that reads its output, \"\" without one", cty.String,
			func(c *image.Command) cty.Value {
				if c.PipesTo == nil {
					return textValue("")
				}
				return programOf(c.PipesTo)
			}),
		attribute("conditional", "whether it may not run", cty.Bool,
			func(c *image.Command) cty.Value { return cty.BoolVal(c.Maybe) }),
		attribute("ignored", "whether its failure does not end the script", cty.Bool,
			func(c *image.Command) cty.Value { return cty.BoolVal(c.Ignored) }),
		attribute("keyword", "the instruction that runs it: `RUN`, `CMD`, `ENTRYPOINT` or `HEALTHCHECK`", cty.String,
			func(c *image.Command) cty.Value { return textValue(c.Step.Name) }),
		attribute("stage", "the stage that it stands in, as for instructions", stageType,
			func(c *image.Command) cty.Value { return stageValue(c.Step.Image) }),
		attribute("ships", "whether the layers of the stage are part of an image that somebody keeps", cty.Bool,
			func(c *image.Command) cty.Value {
				return cty.BoolVal(c.Step.Image != nil && c.Step.Image.Ships())
			}).costly(),
		attribute("user", "the user that it runs as; not known behind sudo and su", cty.String,
			func(c *image.Command) cty.Value {
				if c.OtherUser() {
					return cty.UnknownVal(cty.String)
				}
				return userValue(c.Step.User())
			}).costly(),
		attribute("workdir", "the working directory", cty.String, func(c *image.Command) cty.Value {
			dir := c.Dir()
			return knownText(dir, dir != "")
		}).costly(),
		attribute("mounts", "the types of the mounts of its RUN", cty.List(cty.String),
			func(c *image.Command) cty.Value {
				var out []string
				for m := range c.Step.Mounts() {
					out = append(out, m.Type)
				}
				return textList(out, nil)
			}).costly(),
		attribute("manager", "the package manager that it is, such as `apt-get`, or \"\"", cty.String,
			func(c *image.Command) cty.Value {
				if u := c.Package(); u != nil {
					return textValue(u.Manager.Name)
				}
				return textValue("")
			}).costly(),
		attribute("action", "what it does as a package manager: `install`, `update`, `upgrade`, `clean`, `remove`, "+
			"`run`, or \"\"", cty.String, func(c *image.Command) cty.Value {
			if u := c.Package(); u != nil {
				return textValue(actions[u.Action])
			}
			return textValue("")
		}).costly(),
		attribute("packages", "what it installs or removes: objects of name and version, \"\" without one",
			cty.List(packageType), func(c *image.Command) cty.Value {
				u := c.Package()
				if u == nil {
					return list(packageType, nil)
				}
				var out []cty.Value
				for i := range u.Packages {
					p := &u.Packages[i]
					switch p.Kind {
					case packages.Named:
						out = append(out, cty.ObjectVal(map[string]cty.Value{"name": textValue(p.Name),
							"version": textValue(p.Version)}))
					case packages.Unknown:
						out = append(out, cty.UnknownVal(packageType))
					}
				}
				return list(packageType, out)
			}).costly(),
	}
}

func commandFlags(c *image.Command) cty.Value {
	out := map[string]cty.Value{}
	for n, w := range c.Words {
		if n == 0 || !strings.HasPrefix(w.Text, "-") {
			continue
		}
		name, value, _ := strings.Cut(w.Text, "=")
		if w.Known || !strings.Contains(name, "$") {
			out[name] = knownText(value, w.Known)
		}
	}
	return textMap(out)
}

// heredocSubject is one here-document.
type heredocSubject struct {
	step *image.Step
	doc  *dockerfile.Heredoc
}

func heredocKind() *Kind {
	k := &Kind{
		Name: "dockerfile.heredoc", List: "heredocs", File: "Dockerfile",
		Doc: "a here-document of a RUN, COPY or ADD",
		Example: `  when    = node.keyword == "RUN" && !strcontains(node.body, "set -e")
  message = "a failure in the script does not end the build"
`,
		Bad: "FROM debian:12\nRUN <<EOF\nmake\nmake install\nEOF\n",
		Attributes: []Attribute{
			attribute("keyword", "`RUN`, `COPY` or `ADD`", cty.String,
				func(h *heredocSubject) cty.Value { return textValue(h.step.Name) }),
			attribute("name", "the delimiter without quotes", cty.String,
				func(h *heredocSubject) cty.Value { return textValue(h.doc.Name) }),
			attribute("expand", "whether variables in it are expanded", cty.Bool,
				func(h *heredocSubject) cty.Value { return cty.BoolVal(h.doc.Expand) }),
			attribute("body", "its text as it stands in the file", cty.String, func(h *heredocSubject) cty.Value {
				return textValue(h.step.Dockerfile().Source.Text(h.doc.Body))
			}).costly().at(func(n *Node) (Place, bool) {
				return part(n.file, n.subject.(*heredocSubject).doc.Body, anyChange), true
			}),
		},
	}
	k.nodes = func(_ *rules.Pass, doc *workspace.Document, _ string) []*Node {
		if doc.Dockerfile == nil {
			return nil
		}
		var out []*Node
		for _, s := range doc.Dockerfile.Steps("RUN", "COPY", "ADD") {
			for i := range s.Heredocs {
				at := s.Heredocs[i].Operator
				out = append(out, &Node{kind: k, subject: &heredocSubject{s, &s.Heredocs[i]}, file: doc.Source,
					span: at, whole: Place{Span: at}})
			}
		}
		return out
	}
	return k
}
