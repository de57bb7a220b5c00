package dockerfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/sandlint/sandlint/parsers/source"
)

// disagreement compares what Parse and BuildKit make of a file, and describes the first difference, "" without one.
func disagreement(text string) string {
	f := Parse(source.NewFile("Dockerfile", []byte(text)))
	tree, err := parser.Parse(strings.NewReader(text))
	if err != nil {
		if len(f.Problems) == 0 {
			return fmt.Sprintf("BuildKit refuses the file (%v), no problem is reported", err)
		}
		return ""
	}
	if f.Escape != byte(tree.EscapeToken) {
		return fmt.Sprintf("escape character %q, want %q", f.Escape, tree.EscapeToken)
	}
	nodes := tree.AST.Children
	for _, node := range nodes {
		node.PrevComment = nil // without a linter, BuildKit v0.34.2 panics at a comment "check=…"
	}
	if len(f.Instructions) != len(nodes) {
		return fmt.Sprintf("%d instructions, want %d", len(f.Instructions), len(nodes))
	}
	for n, i := range f.Instructions {
		if d := nodeDisagreement(i, nodes[n]); d != "" {
			return fmt.Sprintf("line %d: %s", nodes[n].StartLine, d)
		}
	}
	stages, _, err := instructions.Parse(tree.AST, nil)
	refused := err != nil || len(stages) == 0
	for _, i := range f.Instructions {
		refused = refused || i.Trigger != nil && i.Trigger.Broken
	}
	if refused != (len(f.Problems) > 0) {
		return fmt.Sprintf("problems %v, want BuildKit's error %v", f.Problems, err)
	}
	return ""
}

func nodeDisagreement(i *Instruction, node *parser.Node) string {
	f := i.file.Source
	if got := f.LineOf(i.Lines.Start); got != node.StartLine {
		return fmt.Sprintf("starts in line %d, want %d", got, node.StartLine)
	}
	if got := f.LineOf(i.Lines.End - 1); got != node.EndLine {
		return fmt.Sprintf("ends in line %d, want %d", got, node.EndLine)
	}
	if d := cmp.Diff(heredocsOf(node), bodies(i)); d != "" {
		return "heredocs (-want +got):\n" + d
	}
	if d := partsDisagreement(i, node); d != "" {
		return d
	}
	v, err := instructions.ParseInstruction(node)
	first := i.Broken && err == nil && i.Stage == nil && i.Name != "ARG" // BuildKit misses the stage only later
	if (err != nil) != (i.Broken && !first) {
		return fmt.Sprintf("broken is %v, want BuildKit's error %v", i.Broken, err)
	}
	if err != nil {
		return ""
	}
	return valueDisagreement(i, v)
}

// partsDisagreement compares name, flags and words of an instruction and its trigger.
func partsDisagreement(i *Instruction, node *parser.Node) string {
	if want := strings.ToUpper(strings.ToLower(node.Value)); i.Name != want {
		return fmt.Sprintf("name %q, want %q", i.Name, want)
	}
	if _, known := keywordSet()[i.Name]; !known {
		return ""
	}
	var flags []string
	for _, fl := range i.Flags {
		s := "--" + fl.Name
		if fl.Value.Span.Start > 0 {
			s += "=" + fl.Unquoted
		}
		flags = append(flags, s)
	}
	if got := strings.Join(flags, "\n"); got != strings.Join(node.Flags, "\n") {
		return fmt.Sprintf("flags %q, want %q", flags, node.Flags)
	}
	var args []string
	for n := node.Next; n != nil; n = n.Next {
		if len(n.Children) == 1 {
			if i.Trigger == nil {
				return "no trigger"
			}
			if i.Trigger.Name == "ONBUILD" {
				return ""
			}
			return partsDisagreement(i.Trigger, n.Children[0])
		}
		args = append(args, n.Value)
	}
	if i.Name != "HEALTHCHECK" && i.Exec != node.Attributes["json"] {
		return fmt.Sprintf("exec form is %v", i.Exec)
	}
	var words []string
	switch i.Name {
	case "ENV", "LABEL":
		if i.Broken {
			return "" // key and value may be as odd as they like
		}
		for _, p := range i.Pairs {
			delimiter := "="
			if p.Legacy {
				delimiter = ""
			}
			words = append(words, p.Key.Text, p.Value.Text, delimiter)
		}
	case "HEALTHCHECK":
		if len(i.Words) > 0 {
			words = append(words, i.Words[0].Text)
		}
		switch t := i.Trigger; {
		case t == nil && len(args) > 1:
			args = args[:1]
		case t != nil && t.Exec:
			words = append(words, texts(t.Words)...)
		case t != nil:
			return joinedDisagreement(t, strings.Join(args[1:], " "))
		}
	case "SHELL", "RUN", "CMD", "ENTRYPOINT":
		if !i.Exec {
			return joinedDisagreement(i, strings.Join(args, " "))
		}
		words = texts(i.Words)
	default:
		words = texts(i.Words)
	}
	for n := range words {
		words[n] = string([]rune(words[n])) // BuildKit replaces invalid UTF-8 in some words
	}
	for n := range args {
		args[n] = string([]rune(args[n]))
	}
	if strings.Join(words, "\n") != strings.Join(args, "\n") {
		return fmt.Sprintf("words %q, want %q", words, args)
	}
	return ""
}

// joinedDisagreement compares the text that a shell reads, but for the white space that stands for comments.
func joinedDisagreement(i *Instruction, want string) string {
	view, base, ok := i.ShellView()
	if !ok {
		return ""
	}
	if base != i.Args.Start {
		return fmt.Sprintf("view begins at %d, want %d", base, i.Args.Start)
	}
	line := string(view[:i.Args.Len()])
	squeeze := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, s)
	}
	got := strings.NewReplacer("\\\r\n", "", "\\\n", "").Replace(line)
	if squeeze(got) != squeeze(want) || strings.Contains(got, "\n") {
		return fmt.Sprintf("view %q, want %q", got, want)
	}
	return ""
}

func valueDisagreement(i *Instruction, v any) string {
	switch v := v.(type) {
	case *instructions.Stage:
		if got := i.Stage; got.From != i || got.Base.Text != v.BaseName || got.Name != v.Name {
			return fmt.Sprintf("stage %q of %q, want %q of %q", got.Name, got.Base.Text, v.Name, v.BaseName)
		}
	case *instructions.ArgCommand:
		if len(v.Args) != len(i.Pairs) {
			return fmt.Sprintf("%d arguments, want %d", len(i.Pairs), len(v.Args))
		}
		for n, a := range v.Args {
			p := i.Pairs[n]
			if string([]rune(p.Key.Text)) != a.Key || p.HasValue != (a.Value != nil) ||
				string([]rune(p.Value.Text)) != a.ValueString() {
				return fmt.Sprintf("argument %q=%q (%v), want %v", p.Key.Text, p.Value.Text, p.HasValue, a)
			}
		}
	case *instructions.CopyCommand:
		if fl := i.Flag("from"); fl != nil && fl.Unquoted != v.From {
			return fmt.Sprintf("flag from is %q, want %q", fl.Unquoted, v.From)
		}
	}
	return ""
}

type body struct {
	Name          string
	Expand, Chomp bool
	FD            int
	Content       string
}

func heredocsOf(node *parser.Node) (all []body) {
	for _, h := range node.Heredocs {
		all = append(all, body{h.Name, h.Expand, h.Chomp, int(min(h.FileDescriptor, 1<<31-1)), h.Content})
	}
	return all
}

func bodies(i *Instruction) (all []body) {
	for _, h := range i.Heredocs {
		all = append(all, body{h.Name, h.Expand, h.Chomp, h.FD, i.file.Source.Text(h.Body)})
	}
	return all
}

func texts(words []Word) (all []string) {
	for _, w := range words {
		all = append(all, w.Text)
	}
	return all
}

// TestAgreementWithCorpus compares with BuildKit on every file of a folder of real ones.
func TestAgreementWithCorpus(t *testing.T) {
	for path, text := range corpus(t) {
		if d := disagreement(text); d != "" {
			t.Errorf("%s: %s", path, d)
		}
		if err := spansNest(Parse(source.NewFile(path, []byte(text)))); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// corpus returns the files under dockerfile/ of the folder that SANDLINT_CORPUS names, by path.
func corpus(tb testing.TB) map[string]string {
	root := os.Getenv("SANDLINT_CORPUS")
	if root == "" {
		tb.Skip("SANDLINT_CORPUS names no folder of real Dockerfiles")
	}
	files := map[string]string{}
	err := filepath.WalkDir(filepath.Join(root, "dockerfile"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

func TestAgreementWithBuildKit(t *testing.T) {
	for _, text := range agreementCases {
		for _, variant := range []string{text, strings.ReplaceAll(text, "\n", "\r\n"), strings.TrimSuffix(text, "\n"),
			"\xef\xbb\xbf" + text} {
			if d := disagreement(variant); d != "" {
				t.Errorf("%q: %s", variant, d)
			}
			if err := spansNest(Parse(source.NewFile("Dockerfile", []byte(variant)))); err != nil {
				t.Errorf("%q: %v", variant, err)
			}
		}
	}
}
