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
	for _, run := range d.Runs {
		v, ok := run.Env["NIX_CONFIG"]
		if !ok || !v.Known || v.Overridable || v.File == nil || v.File.Path != d.Source.Path {
			continue
		}
		if slices.ContainsFunc(h.out.Texts, func(t *nixuse.Text) bool { return t.Where == v.Span }) {
			continue // of what several share
		}
		h.add(&nixuse.Text{Host: nixuse.HostEnv}, placed(d.Source, v.Text, v.Span), v.Span)
	}
	d.Texts = append(d.Texts, h.out.Texts...)
}

// placed returns a text that stands in a span of a file, each line at the place where the span has it as it is, and
// else at the whole span.
func placed(f *source.File, text string, at source.Span) *source.Fragment {
	var pieces []source.Piece
	from := at.Start
	for line := range strings.Lines(text) {
		words := strings.TrimSuffix(line, "\n")
		whole := at
		if n := bytes.Index(f.Bytes[from:at.End], []byte(words)); n >= 0 && words != "" {
			start := from + n
			from = start + len(words)
			whole = source.Span{Start: start, End: from}
			pieces = append(pieces, source.Piece{Text: words, Span: whole, Verbatim: true, Quoting: source.Fixed})
		} else if words != "" {
			pieces = append(pieces, source.Piece{Text: words, Span: whole})
		}
		if words != line {
			pieces = append(pieces, source.Piece{Text: "\n", Span: source.Span{Start: whole.End, End: whole.End}})
		}
	}
	return source.NewFragment(f, pieces)
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
		fr := fixed(v.Fragment(f))
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
