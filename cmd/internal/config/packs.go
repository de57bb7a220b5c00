package config

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/custom"
)

// maxPacks is how many files of packs are loaded.
const maxPacks = 100

// Pack is a rule pack that the configuration names.
type Pack struct {
	*custom.Pack
	// From is the reference in the configuration, such as "./lint/" or "builtin:cis-docker".
	From string
}

// PackFiles returns the files of the rule packs behind a reference: a file, the *.hcl files of a folder, or a pack that
// comes with sandlint. Base is the folder that it is relative to, which is absolute, dir the working directory, and
// shown returns the name that messages use for a file. The error completes a sentence that begins with the reference.
func PackFiles(dir, base, ref string, shown func(path string) string) ([]PackFile, error) {
	return packFiles(files.Disk{}, dir, base, ref, shown)
}

// packFiles is PackFiles for the files of a tree.
func packFiles(tree files.Tree, dir, base, ref string, shown func(path string) string) ([]PackFile, error) {
	if name, ok := strings.CutPrefix(ref, custom.Scheme); ok {
		f, ok := custom.OpenBuiltin(name)
		if !ok {
			all := custom.Builtin()
			if near := source.Nearest(name, all); near != "" {
				return nil, errors.New("is no pack of sandlint; did you mean \"" + custom.Scheme + near + "\"?")
			}
			return nil, errors.New("is no pack of sandlint; those are " + strings.Join(all, ", "))
		}
		return []PackFile{{File: f, Read: custom.ReadBuiltin}}, nil
	}
	full := filepath.FromSlash(ref)
	if !filepath.IsAbs(full) {
		full = filepath.Join(base, full)
	}
	if !files.IsDir(tree, "", full) {
		return packFile(tree, dir, full, shown(full))
	}
	var out []PackFile
	for _, name := range files.Names(tree, "", full) {
		if !strings.HasSuffix(name, ".hcl") || strings.HasPrefix(name, ".") {
			continue
		}
		one, err := packFile(tree, dir, filepath.Join(full, name), shown(filepath.Join(full, name)))
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	if len(out) == 0 {
		return nil, errors.New("has no file whose name ends in .hcl")
	}
	return out, nil
}

// PackFile is the file of a rule pack.
type PackFile struct {
	File *source.File
	// Abs is its absolute path, "" for a pack that comes with sandlint.
	Abs string
	// Read reads a file beside it, which holds tests.
	Read func(name string) ([]byte, error)
}

func packFile(tree files.Tree, dir, full, shown string) ([]PackFile, error) {
	b, err := files.ReadNamed(tree, dir, full)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("does not exist")
	} else if err != nil {
		return nil, errors.New("cannot be read: " + err.Error())
	}
	return []PackFile{{File: source.NewFile(shown, b), Abs: full, Read: besides(tree, dir, full)}}, nil
}

// besides returns what reads the files beside that of a pack.
func besides(tree files.Tree, dir, full string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, errors.New("it is not in the folder of the pack")
		}
		beside := filepath.Join(filepath.Dir(full), filepath.FromSlash(path.Clean(name)))
		return files.ReadNamed(tree, dir, beside)
	}
}

// packReader loads the packs of a configuration.
type packReader struct {
	refs   []hcltext.Text
	blocks []*hclsyntax.Block
	errors []*Error
}

// loadPacks loads the packs that the configuration names, with the values that its pack blocks give to variables.
func (r *reader) loadPacks(p *packReader) {
	values := map[string]map[string]cty.Value{}
	for _, b := range p.blocks {
		r.packValues(b, values)
	}
	known := slices.Clone(r.packs)
	named, seen := map[string]bool{}, map[string]bool{}
	for _, ref := range p.refs {
		found, err := packFiles(r.release.tree(), r.dir, r.config.Base, ref.Text, r.shown)
		if err != nil {
			r.Problem(ref.At, "the pack %q %v", ref.Text, err)
			continue
		}
		for _, f := range found {
			if seen[f.File.Path] {
				r.Problem(ref.At, "the pack %q is named twice", f.File.Path)
				continue
			}
			seen[f.File.Path] = true
			if len(seen) > maxPacks {
				r.Problem(ref.At, "there are more than %d files of packs up to here", maxPacks)
				return
			}
			r.release.Meter.Spend(byteCost * len(f.File.Bytes))
			s, problems := custom.Read(f.File)
			if len(problems) == 0 {
				named[s.Name] = true
				if r.config.hasPack(f.File.Path) { // the values of this file count
					known = slices.DeleteFunc(known, func(p rules.Pack) bool { return p.Name == s.Name })
				}
				opts := custom.Options{Version: r.release.Version, Known: known, Read: f.Read,
					Values: r.converted(p, s, values[s.Name])}
				var pack *custom.Pack
				if pack, problems = s.Pack(opts); pack != nil {
					r.release.Meter.Spend(ruleCost * len(pack.Rules().Rules))
					r.release.Meter.Keep(ruleBytes * len(pack.Rules().Rules))
					known = append(known, pack.Rules())
					r.config.Packs = append(r.config.Packs, Pack{Pack: pack, From: ref.Text})
				}
			}
			if len(problems) > 0 {
				p.errors = append(p.errors, &Error{Source: f.File, Problems: problems})
			}
		}
	}
	r.packs = known
	for _, b := range p.blocks {
		if len(b.Labels) == 1 && !named[b.Labels[0]] && len(p.errors) == 0 {
			var all []string
			for name := range named {
				all = append(all, name)
			}
			slices.Sort(all)
			if near := source.Nearest(b.Labels[0], all); near != "" {
				r.Problem(b.LabelRanges[0], "\"packs\" names no pack %q; did you mean %q?", b.Labels[0], near)
			} else {
				r.Problem(b.LabelRanges[0], "\"packs\" names no pack %q", b.Labels[0])
			}
		}
	}
}

// packValues reads a pack block.
func (r *reader) packValues(b *hclsyntax.Block, values map[string]map[string]cty.Value) {
	if len(b.Labels) != 1 {
		r.Problem(b.TypeRange, "a pack block needs one label, the name of the pack, as in pack \"acme\" { … }")
		return
	}
	if values[b.Labels[0]] != nil {
		r.Problem(b.LabelRanges[0], "pack %q is configured twice", b.Labels[0])
		return
	}
	out := map[string]cty.Value{}
	values[b.Labels[0]] = out
	for name, a := range b.Body.Attributes {
		if v, ok := r.Value(a.Expr); ok {
			out[name] = v
		}
	}
	for _, nested := range b.Body.Blocks {
		r.Problem(nested.TypeRange, "a pack block holds the values of the pack's variables, with an equals sign")
	}
}

// converted returns the values of a pack's variables as it wants them.
func (r *reader) converted(p *packReader, s *custom.Source, given map[string]cty.Value) map[string]cty.Value {
	n := slices.IndexFunc(p.blocks, func(b *hclsyntax.Block) bool {
		return len(b.Labels) == 1 && b.Labels[0] == s.Name
	})
	if n < 0 {
		return nil
	}
	out := map[string]cty.Value{}
	known := map[string]func(*hclsyntax.Attribute){}
	for i := range s.Variables {
		v := &s.Variables[i]
		known[v.Name] = func(a *hclsyntax.Attribute) {
			value, ok := given[v.Name]
			if !ok {
				return // it is wrong, and said so
			}
			converted, err := v.Convert(value)
			if err != nil {
				r.Problem(a.Expr.Range(), "%q %v", v.Name, err)
				return
			}
			out[v.Name] = converted
		}
	}
	body := *p.blocks[n].Body
	body.Blocks = nil
	r.Body(&body, "the pack block of "+s.Name, hcltext.Body{Attributes: known})
	return out
}

// RulePacks returns the packs of the configuration as the rest of sandlint uses packs.
func (c *Config) RulePacks() []rules.Pack {
	var out []rules.Pack
	for _, p := range c.AllPacks() {
		out = append(out, p.Rules())
	}
	return out
}

// AllPacks returns the packs of the configuration and of what it extends, each once, as the last of these loads it.
func (c *Config) AllPacks() []Pack {
	var out []Pack
	for _, one := range c.All() {
		for _, p := range one.Packs {
			out = slices.DeleteFunc(out, func(o Pack) bool { return o.Source.Path == p.Source.Path })
			out = append(out, p)
		}
	}
	return out
}

// hasPack reports whether the configuration loads the pack in a file.
func (c *Config) hasPack(path string) bool {
	return slices.ContainsFunc(c.AllPacks(), func(p Pack) bool { return p.Source.Path == path })
}

// PackRefs returns the references to packs of the configuration file at path, without looking at anything else in it.
func PackRefs(dir, path string, shown func(path string) string) ([]string, error) {
	b, err := files.ReadNamed(files.Disk{}, dir, path)
	if err != nil {
		return nil, errors.New("reading the configuration " + shown(path) + ": " + err.Error())
	}
	r := &hcltext.Reader{File: source.NewFile(shown(path), b), What: "the configuration"}
	var refs []string
	if a := r.Parse().Attributes["packs"]; a != nil {
		for _, ref := range r.Strings(a.Expr, a.Name) {
			refs = append(refs, ref.Text)
		}
	}
	if problems := r.Problems(); len(problems) > 0 {
		return nil, &Error{Source: r.File, Problems: problems}
	}
	return refs, nil
}
