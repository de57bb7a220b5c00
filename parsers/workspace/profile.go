package workspace

import (
	"bytes"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/engineconf"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// Profile is a seccomp profile: a file, one of several resources in a file, or text inside another file. It belongs to
// one goroutine.
type Profile struct {
	*seccomp.Profile
	// Fragment is where the profile lies in a file of another language, nil for a file of its own. Profile.Source is
	// then a file that holds the fragment's text alone, and rules report places in it; the runner moves them to
	// Fragment.File.
	Fragment *source.Fragment
	// Instruction is the LABEL that a Fragment lies in.
	Instruction *dockerfile.Instruction
	// Uses are the places in the workspace that put the profile in force, in order of path and position, as far as they
	// are known.
	Uses []Use

	object  string // the name of the ConfigMap that a Fragment lies in
	usual   []*decide.Filter
	filters []*decide.Filter
}

// Filter returns the filter that a target makes of the profile, as decide.Compile does, made on first use.
func (p *Profile) Filter(t decide.Target) *decide.Filter {
	for _, made := range [][]*decide.Filter{p.usual, p.filters} {
		for _, f := range made {
			if f.Target.Equal(t) {
				return f
			}
		}
	}
	f := decide.Compile(p.Profile, t)
	p.filters = append(p.filters, f)
	return f
}

// Usual returns the filters that the usual targets make of the profile, made on first use: see decide.Targets.Usual.
func (p *Profile) Usual(targets decide.Targets) []*decide.Filter {
	if p.usual == nil {
		for _, t := range targets.Usual(p.Profile, p.Loaders(targets)...) {
			p.usual = append(p.usual, decide.Compile(p.Profile, t))
		}
	}
	return p.usual
}

// UseKind is what puts a profile in force.
type UseKind string

const (
	UseCompose    UseKind = "compose"    // security_opt of a Compose service, which Docker loads
	UseKubernetes UseKind = "kubernetes" // localhostProfile of a pod or container, which the runtime of the node loads
	UseDaemon     UseKind = "daemon"     // seccomp-profile of Docker's daemon.json
	UsePodman     UseKind = "podman"     // seccomp_profile of Podman's containers.conf
	UseLabel      UseKind = "label"      // a label of an image, which Podman loads with --seccomp-policy=image
	UseConfigMap  UseKind = "ConfigMap"  // a key of a ConfigMap, from which it gets to nodes, where containerd reads it
)

// Loaders returns the programs that may read a profile with this kind of use.
func (k UseKind) Loaders() []decide.Loader {
	switch k {
	case UseKubernetes:
		return []decide.Loader{decide.LoaderContainers, decide.LoaderOCI}
	case UseLabel, UsePodman:
		return []decide.Loader{decide.LoaderContainers}
	case UseConfigMap:
		return []decide.Loader{decide.LoaderOCI}
	}
	return []decide.Loader{decide.LoaderDocker}
}

// Use is a place that puts a profile in force.
type Use struct {
	Kind UseKind
	// File and Span are the place: the path as written, or the name of the label.
	File *source.File
	Span source.Span
	// Privileged says that the container of a Compose service is known to run privileged.
	Privileged bool

	// built is the image of a Compose service that runs under the profile as it is; the zero build where that is not
	// known.
	built build
}

// ImageOf returns the image whose own command runs in a container under the profile of a use. It is nil where that is
// not certain. It is certain for Compose services that are built in the workspace, run with the image's command, and
// add no capabilities with which the profile would allow more.
func (w *Workspace) ImageOf(u Use) *image.Image {
	if u.built.dockerfile == "" {
		return nil
	}
	e := w.entryAt(files.KindDockerfile, u.built.dockerfile)
	if e == nil {
		return nil
	}
	doc, err := w.Open(e)
	if err != nil || len(doc.Dockerfile.Images) == 0 {
		return nil
	}
	images := doc.Dockerfile.Images
	if u.built.stage == "" {
		return images[len(images)-1]
	}
	for _, img := range images {
		if strings.ToLower(img.Stage.Name) == u.built.stage {
			return img
		}
	}
	return nil
}

// Loaders returns the programs that read the profile: those that the user named as targets, else those with which the
// workspace uses it, else those that read all fields that it has.
func (p *Profile) Loaders(t decide.Targets) []decide.Loader {
	if p.Dialect == seccomp.SPO {
		// What the operator writes for the nodes has OCI's fields alone, which all loaders read alike.
		return []decide.Loader{decide.LoaderOCI}
	}
	_, onNodes := p.UsedBy(UseConfigMap)
	if len(p.Uses) == 0 || p.Dialect == seccomp.Bundle ||
		t.Given("podman", "cri-o", "containerd", "kubernetes") || !onNodes && t.Given("docker") {
		return t.Loaders(p.Profile)
	}
	var out []decide.Loader
	for _, use := range p.Uses {
		out = append(out, use.Kind.Loaders()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// UsedBy returns the first use of a kind, false where none is known.
func (p *Profile) UsedBy(kind UseKind) (Use, bool) {
	for _, use := range p.Uses {
		if use.Kind == kind {
			return use, true
		}
	}
	return Use{}, false
}

// profiles makes the model of a profile's file.
func (w *Workspace) profiles(e *Entry, f *source.File) []*Profile {
	var inside []*Profile
	if files.IsYAML(f.Path) {
		inside = configMapProfiles(f)
		if len(inside) > 0 && !(seccomp.MentionsResource(f.Bytes) && seccomp.Sniff(f)) {
			return inside
		}
	}
	parsed := seccomp.ParseAll(f)
	out := make([]*Profile, len(parsed))
	for n, p := range parsed {
		out[n] = &Profile{Profile: p, Uses: w.usesOf(e, p)}
	}
	return append(out, inside...)
}

// link is a place that names a profile's file.
type link struct {
	Use
	target string // absolute; for kubernetes relative to the kubelet's folder, with slashes
	root   string // that bounds what a kubernetes link can mean
}

// links are places that name profiles, by what they may mean.
type links struct {
	targets map[string][]link // by the path that is meant
	pods    map[string][]link // those of Kubernetes, by the last element of the path
}

func linksBy(list []link) links {
	out := links{map[string][]link{}, map[string][]link{}}
	for _, l := range list {
		if l.Kind == UseKubernetes {
			base := path.Base(l.target)
			out.pods[base] = append(out.pods[base], l)
		} else {
			out.targets[l.target] = append(out.targets[l.target], l)
		}
	}
	return out
}

// usesOf returns the places of the workspace that name a profile.
func (w *Workspace) usesOf(e *Entry, p *seccomp.Profile) []Use {
	var out []Use
	type place struct {
		kind UseKind
		span source.Span
		path string
	}
	seen := map[place]bool{}
	add := func(l link) {
		if at := (place{l.Kind, l.Span, l.File.Path}); !seen[at] {
			seen[at] = true
			out = append(out, l.Use)
		}
	}
	named := w.profileLinks()
	if p.Dialect != seccomp.SPO {
		for _, l := range named.targets[e.Abs] {
			add(l)
		}
		for _, l := range named.pods[filepath.Base(e.Abs)] {
			if w.meansFile(l, e) {
				add(l)
			}
		}
		for _, l := range w.composeAround(e.Abs) {
			add(l)
		}
	} else {
		for _, l := range named.pods[path.Base(resourceFile(p))] {
			if w.meansResource(l, e, p) {
				add(l)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Use) int {
		if a.File.Path != b.File.Path {
			return strings.Compare(a.File.Path, b.File.Path)
		}
		return a.Span.Start - b.Span.Start
	})
	return out
}

// profileLinks returns the places in the files of the workspace that name profiles.
func (w *Workspace) profileLinks() links {
	if w.live {
		type key struct{}
		return cached(w, key{}, func(w *Workspace) links { return linksBy(w.linksIn(w.naming)) })
	}
	s := w.surveyed
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.linked {
		s.linksFrom = s.look(func(w *Workspace) {
			files.Ask(w.tree, files.Question{Op: askedNaming})
			s.links, s.linked = linksBy(w.linksIn(w.naming)), true
		})
	}
	files.DependOn(w.tree, s.linksFrom)
	return s.links
}

// meansFile reports whether a path below the kubelet's folder for profiles means the file of an entry: it is the only
// profile below the root of the manifest whose path ends so.
func (w *Workspace) meansFile(l link, e *Entry) bool {
	type key struct{ target, root string }
	return e.Abs == cached(w, key{l.target, l.root}, func(w *Workspace) string {
		only := ""
		for _, other := range w.profilesCalled(path.Base(l.target)) {
			if strings.HasSuffix(filepath.ToSlash(other), "/"+l.target) && files.Inside(l.root, other) {
				if only != "" {
					return ""
				}
				only = other
			}
		}
		return only
	})
}

// profilesCalled returns the absolute paths of the profiles with a base name.
func (w *Workspace) profilesCalled(base string) []string {
	type key struct{}
	return cached(w, key{}, func(w *Workspace) map[string][]string {
		out := map[string][]string{}
		for _, e := range w.entriesOf(files.KindSeccomp) {
			out[filepath.Base(e.Abs)] = append(out[filepath.Base(e.Abs)], e.Abs)
		}
		return out
	})[base]
}

// resourceFile returns the name of the file to which the operator writes a SeccompProfile.
func resourceFile(p *seccomp.Profile) string {
	if name := p.Name.Text; strings.HasSuffix(name, ".json") {
		return name
	}
	return p.Name.Text + ".json"
}

// meansResource reports whether a path below the kubelet's folder for profiles is the one to which the operator writes
// a SeccompProfile.
func (w *Workspace) meansResource(l link, e *Entry, p *seccomp.Profile) bool {
	rest, ok := strings.CutPrefix(l.target, "operator/")
	if !ok || p.Dialect != seccomp.SPO || p.Name.Text == "" || !files.Inside(l.root, e.Abs) {
		return false
	}
	name := resourceFile(p)
	namespace, file, ok := strings.Cut(rest, "/")
	if !ok {
		return rest == name
	}
	return file == name && (p.Namespace.Text == "" || p.Namespace.Text == namespace)
}

// mayName reports whether a YAML file, or the configuration of an engine, may name a profile: the words are in it.
func mayName(b []byte) bool {
	if !bytes.Contains(b, []byte("seccomp")) {
		return false
	}
	return bytes.Contains(b, []byte("security_opt")) || bytes.Contains(b, []byte("localhostProfile")) ||
		bytes.Contains(b, []byte("seccomp.security.alpha.kubernetes.io")) ||
		bytes.Contains(b, []byte(`"seccomp-profile"`)) || bytes.Contains(b, []byte("seccomp_profile"))
}

// linksIn returns the places of the files, by absolute path, that name profiles.
func (w *Workspace) linksIn(files []string) []link {
	found := make([][]link, len(files))
	w.parallel(len(files), func(n int) { found[n] = w.linksOf(files[n]) })
	return slices.Concat(found...)
}

// linksOf returns the places in one file that name profiles.
func (w *Workspace) linksOf(abs string) []link {
	f, err := w.text(abs)
	if err != nil {
		return nil
	}
	if _, ok := engineconf.Named(f.Path); ok {
		return engineLinks(abs, f)
	}
	var out []link
	if bytes.Contains(f.Bytes, []byte("security_opt")) {
		out = append(out, composeLinks(abs, f)...)
	}
	if bytes.Contains(f.Bytes, []byte("localhostProfile")) ||
		bytes.Contains(f.Bytes, []byte("seccomp.security.alpha.kubernetes.io")) {
		root := w.root(filepath.Dir(abs))
		for _, document := range yamltree.Parse(f).Documents {
			out = kubernetesLinks(out, f, root, document)
		}
	}
	return out
}

// composeAround returns the links that mean a profile, of the Compose files beside it, or in a folder above it up to
// the root.
func (w *Workspace) composeAround(abs string) []link {
	dir := filepath.Dir(abs)
	root := w.root(dir)
	var out []link
	for {
		for _, name := range composeFiles {
			file := filepath.Join(dir, name)
			type key string
			around := cached(w, key(file), func(w *Workspace) links {
				if f, err := w.neighbour(root, file); err == nil && bytes.Contains(f.Bytes, []byte("security_opt")) {
					return linksBy(composeLinks(file, f))
				}
				return links{}
			})
			out = append(out, around.targets[abs]...)
		}
		up := filepath.Dir(dir)
		if dir == root || up == dir {
			return out
		}
		dir = up
	}
}

func composeLinks(abs string, f *source.File) []link {
	var out []link
	for _, s := range compose.Parse(f).Services {
		for _, v := range s.SeccompProfiles() {
			if !v.Known || strings.HasPrefix(v.Text, "~") {
				continue
			}
			target := filepath.FromSlash(v.Text)
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(abs), target)
			}
			out = append(out, link{
				Use: Use{
					Kind: UseCompose, File: f, Span: v.Span, Privileged: s.IsPrivileged(),
					built: imageOf(filepath.Dir(abs), f, s),
				},
				target: filepath.Clean(target),
			})
		}
	}
	return out
}

// imageOf returns what a service is built from; the zero build where that is not known, or where what runs in the
// container is not the image's command with the usual capabilities.
func imageOf(dir string, f *source.File, s *compose.Service) build {
	text := f.Text(s.Span)
	if s.Build == nil || s.ExtendsFile.IsSet() || s.Privileged.IsSet() || len(s.CapAdd) > 0 ||
		strings.Contains(text, "command") || strings.Contains(text, "entrypoint") ||
		s.Build.Stage.IsSet() && !s.Build.Stage.Known {
		return build{}
	}
	name, ok := s.Build.DockerfilePath()
	if !ok {
		return build{}
	}
	return build{dockerfile: filepath.Join(dir, filepath.FromSlash(name)), stage: strings.ToLower(s.Build.Stage.Text)}
}

// kubernetesLinks adds the profiles that the security contexts below a node name, and those of the annotations that
// came before them.
func kubernetesLinks(out []link, f *source.File, root string, n *yamltree.Node) []link {
	add := func(v *yamltree.Node, path string, cut int) {
		span := v.Inner
		if span.Len() == len(v.Text) {
			span.Start += cut
		}
		if path != "" && !strings.HasPrefix(path, "/") && !strings.Contains(path, "..") &&
			!strings.Contains(path, "{{") {
			out = append(out, link{Use: Use{Kind: UseKubernetes, File: f, Span: span}, target: path, root: root})
		}
	}
	switch n.Kind {
	case yamltree.Sequence:
		for _, item := range n.Items {
			out = kubernetesLinks(out, f, root, item)
		}
	case yamltree.Mapping:
		for _, pair := range n.Pairs {
			if pair.Key.Text == "seccompProfile" {
				if t := pair.Value.Get("type"); t != nil && t.Text == "Localhost" {
					if v := pair.Value.Get("localhostProfile"); v.IsScalar() {
						add(v, v.Text, 0)
					}
				}
				continue
			}
			if strings.Contains(pair.Key.Text, "seccomp.security.alpha.kubernetes.io/") &&
				pair.Value.Kind == yamltree.Scalar {
				if path, ok := strings.CutPrefix(pair.Value.Text, "localhost/"); ok {
					add(pair.Value, path, len("localhost/"))
				}
				continue
			}
			out = kubernetesLinks(out, f, root, pair.Value)
		}
	}
	return out
}

// profileLabel is the label of an image that holds a profile (containers/common, pkg/seccomp: ContainerImageLabel).
const profileLabel = "io.containers.seccomp.profile"

// labelProfiles returns the profiles in the labels of a Dockerfile. A value that depends on what is not known is left
// out.
func labelProfiles(d *dockerfile.File) []*Profile {
	if !bytes.Contains(d.Source.Bytes, []byte(profileLabel)) {
		return nil
	}
	var out []*Profile
	for _, i := range d.Instructions {
		if i.Name != "LABEL" || i.Broken {
			continue
		}
		for _, pair := range i.Pairs {
			if key, known := d.Expand(i, pair.Key.Text); !known || key != profileLabel || !pair.HasValue {
				continue
			}
			value, known := d.Expand(i, pair.Value.Text)
			if !known {
				continue
			}
			fr := source.NewFragment(d.Source, labelPieces(d.Source, d.Escape, pair.Value, value))
			if len(fr.Text) == 0 {
				continue
			}
			out = append(out, &Profile{
				Profile: seccomp.Parse(source.NewFile(d.Source.Path, fr.Text)), Fragment: fr, Instruction: i,
				Uses: []Use{{Kind: UseLabel, File: d.Source, Span: pair.Key.Span}},
			})
		}
	}
	return out
}

// labelPieces returns the value of a LABEL, which BuildKit expands to text, as a fragment's pieces: each run of bytes
// that stand for themselves is verbatim, and an escape is a piece of its own. Where that is not certain, the whole
// value is one piece that is not verbatim.
func labelPieces(f *source.File, escape byte, w dockerfile.Word, text string) []source.Piece {
	whole := []source.Piece{{Text: text, Span: w.Span}}
	chars := joinedLine(f.Bytes[w.Span.Start:w.Span.End], escape)
	if len(chars) != len(w.Text) {
		return whole
	}
	var pieces []source.Piece
	next := -1 // where the last piece continues
	add := func(at source.Span, c byte, verbatim bool, quoting source.Quoting) {
		at = at.Shift(w.Span.Start)
		if n := len(pieces); verbatim && n > 0 && pieces[n-1].Verbatim && pieces[n-1].Quoting == quoting &&
			next == at.Start {
			pieces[n-1].Span.End = at.End
		} else {
			pieces = append(pieces, source.Piece{Span: at, Verbatim: verbatim, Quoting: quoting, Text: string(c)})
		}
		next = at.End
	}
	quote := byte(0)
	for n := 0; n < len(chars); n++ {
		at, c := chars[n], w.Text[n]
		if f.Bytes[w.Span.Start+at] != c {
			return whole
		}
		one := source.Span{Start: at, End: at + 1}
		quoting := source.Unquoted
		switch quote {
		case '\'':
			quoting = source.SingleQuoted
		case '"':
			quoting = source.DoubleQuoted
		}
		switch {
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		case c == escape && quote != '\'' && n+1 < len(chars) &&
			(quote == 0 || w.Text[n+1] == '"' || w.Text[n+1] == '$' || w.Text[n+1] == escape):
			n++
			add(source.Span{Start: at, End: chars[n] + 1}, w.Text[n], false, quoting)
		default:
			add(one, c, true, quoting)
		}
	}
	length := 0
	for n := range pieces {
		p := &pieces[n]
		if p.Verbatim {
			p.Text = f.Text(p.Span)
		}
		if !strings.HasPrefix(text[length:], p.Text) {
			return whole // a variable, or something that BuildKit reads differently
		}
		length += len(p.Text)
	}
	if length != len(text) {
		return whole
	}
	return pieces
}

// joinedLine returns the offsets of the bytes that are left of text when line continuations, and the comments and empty
// lines among them, are taken out.
func joinedLine(text []byte, escape byte) []int {
	out := make([]int, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == escape {
			if end := endOfBlanks(text, i+1); end < len(text) && text[end] == '\n' {
				i = end
				for i+1 < len(text) {
					start := endOfBlanks(text, i+1)
					if start < len(text) && text[start] != '#' && text[start] != '\n' {
						break
					}
					n := bytes.IndexByte(text[start:], '\n')
					if n < 0 {
						return out
					}
					i = start + n
				}
				continue
			}
		}
		out = append(out, i)
	}
	return out
}

func endOfBlanks(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}
