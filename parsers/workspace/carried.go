package workspace

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// This file finds the nix.conf text that descriptions of containers carry: the variable NIX_CONFIG of a service or a
// pod, the nix.conf in a ConfigMap, the variables and scripts of GitLab CI.

// carry adds the nix.conf texts of the containers that a document describes. Documents with a *nixuse.Hosted have
// theirs already.
func (w *Workspace) carry(d *Document) {
	if _, ok := d.Value.(*nixuse.Hosted); ok || len(d.Runs) == 0 {
		return
	}
	h := &hostReader{w: w, out: &nixuse.Hosted{Source: d.Source}, targets: w.Targets.Nix}
	var tree *yamltree.Tree
	for _, run := range d.Runs {
		v, ok := run.Env["NIX_CONFIG"]
		if !ok || !v.Known || v.Overridable || v.File == nil || v.File.Path != d.Source.Path {
			continue
		}
		if slices.ContainsFunc(h.out.Texts, func(t *nixuse.Text) bool { return t.Where == v.Span }) {
			continue // of what several share
		}
		if tree == nil {
			tree = yamltree.Parse(d.Source)
		}
		h.add(&nixuse.Text{Host: nixuse.HostEnv}, placed(d.Source, tree, v.Text, v.Span), v.Span)
	}
	d.Texts = append(d.Texts, h.out.Texts...)
}

// placed returns a text that stands in a span of a YAML file. It can be edited as the scalar that holds it, where that
// is the text, or "NIX_CONFIG=" and the text. What the host made in another way, such as with variables, is placed at
// the whole span.
func placed(f *source.File, tree *yamltree.Tree, text string, at source.Span) *source.Fragment {
	const prefix = "NIX_CONFIG="
	for _, root := range tree.Documents {
		n := scalarAt(root, at)
		switch {
		case n == nil:
			continue
		case n.Style == yamltree.Folded:
			return fixed(n.Fragment(f))
		case n.Text == text:
			return n.Fragment(f)
		case n.Text == prefix+text:
			whole := n.Fragment(f)
			part := source.Span{Start: len(prefix), End: len(whole.Text)}
			return source.NewFragment(f, whole.Within([]source.Piece{{Text: text, Span: part, Verbatim: true}}))
		}
	}
	return source.NewFragment(f, []source.Piece{{Text: text, Span: at, Quoting: source.Fixed}})
}

// scalarAt returns the scalar in a tree that contains a span, nil where there is none.
func scalarAt(n *yamltree.Node, at source.Span) *yamltree.Node {
	if n == nil || n.Kind != yamltree.Alias && !n.Span.Contains(at) {
		return nil
	}
	if n.Kind == yamltree.Scalar {
		return n
	}
	for _, pair := range n.Pairs {
		if found := scalarAt(pair.Value, at); found != nil {
			return found
		}
	}
	for _, item := range n.Items {
		if found := scalarAt(item, at); found != nil {
			return found
		}
	}
	return nil
}

// fixed returns a text in which nothing can be edited.
func fixed(fr *source.Fragment) *source.Fragment {
	pieces := slices.Clone(fr.Pieces)
	for n := range pieces {
		pieces[n].Quoting = source.Fixed
	}
	return source.NewFragment(fr.File, pieces)
}

// mentionsNixConfigMap reports whether a YAML file may hold a nix.conf in a ConfigMap: the words are in it.
func mentionsNixConfigMap(b []byte) bool {
	return bytes.Contains(b, []byte("ConfigMap")) && bytes.Contains(b, []byte("nix.conf"))
}

// configMaps reads each nix.conf that is a key of a ConfigMap, in a manifest or in a template of Helm. A text that Helm
// fills in is left out.
func (h *hostReader) configMaps(f *source.File) {
	if !mentionsNixConfigMap(f.Bytes) {
		return
	}
	for _, document := range yamltree.Parse(source.NewFile(f.Path, withoutActions(f.Bytes))).Documents {
		h.configMap(f, document)
	}
}

func (h *hostReader) configMap(f *source.File, object *yamltree.Node) {
	version, kind := object.Get("apiVersion"), object.Get("kind")
	if !version.IsScalar() || version.Text != "v1" || !kind.IsScalar() {
		return
	}
	if kind.Text == "List" || kind.Text == "ConfigMapList" {
		if items := object.Get("items"); items != nil && items.Kind == yamltree.Sequence {
			for _, item := range items.Items {
				h.configMap(f, item)
			}
		}
		return
	}
	data := object.Get("data")
	if kind.Text != "ConfigMap" || data == nil || data.Kind != yamltree.Mapping {
		return
	}
	for _, pair := range data.Pairs {
		v := pair.Value
		if pair.Key.Text != "nix.conf" || v.Kind != yamltree.Scalar ||
			bytes.Contains(f.Bytes[v.Span.Start:v.Span.End], []byte("{{")) {
			continue
		}
		fr := v.Fragment(f)
		if v.Style == yamltree.Folded || bytes.Contains(f.Bytes, []byte("{{")) {
			fr = fixed(fr) // a template, or a block whose line ends are not those of the text
		}
		if LooksLikeNixConf(source.NewFile("", fr.Text)) {
			h.add(&nixuse.Text{Host: nixuse.HostWrite, Path: nixuse.SystemConf}, fr, pair.Key.Span.Join(v.Span))
		}
	}
}

// gitlab reads the variables and the scripts of a pipeline of GitLab CI, of the pipeline as a whole and of its jobs.
func (h *hostReader) gitlab(f *source.File) {
	root := yamltree.Parse(f).Root()
	h.gitlabJob(f, root)
	for pair := range root.All() {
		h.gitlabJob(f, pair.Value.Resolve())
	}
}

func (h *hostReader) gitlabJob(f *source.File, job *yamltree.Node) {
	if job == nil || job.Kind != yamltree.Mapping {
		return
	}
	v := job.Get("variables").Get("NIX_CONFIG").Resolve()
	if value := v.Get("value"); value != nil {
		v = value.Resolve()
	}
	if v.IsScalar() && !strings.Contains(v.Text, "$") && !h.has(v.Span) {
		h.add(&nixuse.Text{Host: nixuse.HostEnv}, v.Fragment(f), v.Span)
	}
	for _, key := range []string{"before_script", "script", "after_script"} {
		h.gitlabScript(f, job.Get(key).Resolve(), 0)
	}
}

// gitlabScript reads a script: a text, or a list of texts and lists.
func (h *hostReader) gitlabScript(f *source.File, n *yamltree.Node, depth int) {
	switch {
	case n == nil || depth > 8:
	case n.Kind == yamltree.Sequence:
		for _, item := range n.Items {
			h.gitlabScript(f, item.Resolve(), depth+1)
		}
	case n.IsScalar() && mentionsNixConf([]byte(n.Text)) && !h.read[n.Span]:
		if h.read == nil {
			h.read = map[source.Span]bool{}
		}
		h.read[n.Span] = true // an anchor may bring it to several jobs
		h.script(n.Fragment(f), shell.Sh, shell.EchoUnknown)
	}
}

// has reports whether a text at a place is there already.
func (h *hostReader) has(at source.Span) bool {
	return slices.ContainsFunc(h.out.Texts, func(t *nixuse.Text) bool { return t.Where == at })
}
