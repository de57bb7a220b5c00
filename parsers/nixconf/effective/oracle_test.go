package effective

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// record is one run of a real nix; see testdata/README.md.
type record struct {
	ID      string            `json:"id"`
	Topic   string            `json:"topic"`
	Nix     string            `json:"nix"`
	Input   *string           `json:"input"`
	Files   map[string]string `json:"files"`
	Env     map[string]string `json:"env"`
	Unset   []string          `json:"unset"`
	Cmd     []string          `json:"cmd"`
	How     string            `json:"how"`
	Exit    int               `json:"exit"`
	Stderr  string            `json:"stderr"`
	Stdout  string            `json:"stdout"`
	Changed map[string]any    `json:"changed"`
}

func readOracle(t testing.TB) []record {
	t.Helper()
	b, err := os.ReadFile("testdata/oracle.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var out []record
	sc := bufio.NewScanner(bytes.NewReader(b))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var r record
		d := json.NewDecoder(bytes.NewReader(sc.Bytes()))
		d.UseNumber()
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		// JSON cannot hold the byte, so the record shows it escaped.
		if r.ID == "latin1-byte" {
			in := strings.ReplaceAll(*r.Input, `\xe9`, "\xe9")
			r.Input = &in
		}
		out = append(out, r)
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// world is the file system and the environment of a case, with the folder $W at root.
type world struct {
	root string
	record
}

func (w world) expand(s string) string { return strings.ReplaceAll(s, "$W", w.root) }

func (w world) file(name string) (*nixconf.File, error) {
	rel, ok := strings.CutPrefix(name, w.root+"/")
	if !ok {
		return nil, fs.ErrNotExist
	}
	if rel == "conf/nix.conf" && w.Input != nil {
		return w.parse(name, *w.Input), nil
	}
	if text, ok := w.Files[rel]; ok {
		return w.parse(name, text), nil
	}
	for f := range w.Files {
		if strings.HasPrefix(f, rel+"/") {
			return nil, nixconf.ErrUnreadable
		}
	}
	switch rel {
	case "conf", "home", "user":
		return nil, nixconf.ErrUnreadable
	}
	return nil, fs.ErrNotExist
}

func (w world) parse(name, text string) *nixconf.File {
	return nixconf.Parse(source.WholeFile(source.NewFile(name, []byte(w.expand(text)))))
}

// sources returns what Nix reads in w, in its order.
func (w world) sources() []Source {
	var out []Source
	add := func(kind SourceKind, name string) {
		if f, err := w.file(name); err == nil {
			out = append(out, Source{File: f.Resolve(name, w.file), Kind: kind, Label: name})
		}
	}
	conf := w.root + "/conf"
	if dir, ok := w.Env["NIX_CONF_DIR"]; ok && dir != "" {
		conf = w.expand(dir)
	}
	add(SystemFile, conf+"/nix.conf")
	if files, ok := w.Env["NIX_USER_CONF_FILES"]; ok {
		list := strings.Split(w.expand(files), ":")
		slices.Reverse(list)
		for _, f := range list {
			add(UserFile, f)
		}
	} else if slices.Contains(w.Unset, "NIX_USER_CONF_FILES") {
		add(UserFile, w.root+"/home/.config/nix/nix.conf")
	}
	if text, ok := w.Env["NIX_CONFIG"]; ok {
		out = append(out, Source{File: w.parse("NIX_CONFIG", text).Resolve("", w.file), Kind: Environment,
			Label: "NIX_CONFIG"})
	}
	if _, ok := w.Env["NIX_PATH"]; ok {
		out = append(out, Source{Kind: NixPathVariable})
	}
	if text := commandLine(w.Cmd); text != "" {
		out = append(out, Source{File: w.parse("the command line", text), Kind: CommandLine})
	}
	return out
}

// commandLine turns the arguments of nix into lines of nix.conf.
func commandLine(args []string) string {
	var b strings.Builder
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--option" && i+2 < len(args):
			fmt.Fprintf(&b, "%s = %s\n", args[i+1], args[i+2])
			i += 2
		case args[i] == "--cores" || args[i] == "--max-jobs":
			fmt.Fprintf(&b, "%s = %s\n", args[i][2:], args[i+1])
			i++
		}
	}
	return b.String()
}

// result is what a nix says about a case.
type result struct {
	exit    int
	stderr  string
	changed map[string]any // nil when the command shows no settings
	// defaults holds the values of an empty configuration, as far as they are known.
	defaults map[string]any
	cpus     string
}

var (
	reLine       = regexp.MustCompile(`(?s)^error: (?:illegal|syntax error in) configuration line '(.*)' in ['"]`)
	reUnknown    = regexp.MustCompile(`(?m)^warning: unknown setting '(.*)'$`)
	reFeature    = regexp.MustCompile(`(?m)^warning: unknown experimental feature '(.*)'$`)
	reGated      = regexp.MustCompile(`(?m)^warning: Ignoring setting '(.*)' because`)
	reDeprecated = regexp.MustCompile(`(?m)^warning: '(.*)' is deprecated`)
)

func all(re *regexp.Regexp, s string) []string {
	var out []string
	for _, m := range re.FindAllStringSubmatch(s, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	sort.Strings(out)
	return out
}

// compare returns how s differs from what a nix said.
func compare(s *Settings, r result) []string {
	var diffs []string
	differ := func(format string, args ...any) { diffs = append(diffs, fmt.Sprintf(format, args...)) }
	if r.exit != 0 {
		if s.Fatal == nil {
			return []string{fmt.Sprintf("accepted, but nix says (%d) %s", r.exit, r.stderr)}
		}
		if d := compareFatal(s, r.stderr); d != "" {
			differ("%s", d)
		}
		return diffs
	}
	if s.Fatal != nil {
		return []string{fmt.Sprintf("%s: %s, but nix accepts", s.Fatal.Kind, s.Fatal.Message)}
	}
	var unknown, features, gated, deprecated []string
	for _, w := range s.Warnings {
		list := map[string]*[]string{WarnUnknownSetting: &unknown, WarnUnknownFeature: &features, WarnGated: &gated,
			WarnDeprecated: &deprecated}[w.Kind]
		name := w.Name
		if w.Kind == WarnGated {
			f, _ := nixconf.Lookup(s.Distribution, s.Version, w.Name)
			name = f.Name
		}
		if list != nil && !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"unknown settings", unknown, all(reUnknown, r.stderr)},
		{"unknown features", features, all(reFeature, r.stderr)},
		{"gated settings", gated, all(reGated, r.stderr)},
		{"deprecated settings", deprecated, all(reDeprecated, r.stderr)},
	} {
		sort.Strings(c.got)
		if !slices.Equal(c.got, c.want) {
			differ("%s %q, nix says %q", c.what, c.got, c.want)
		}
	}
	if r.changed == nil {
		return diffs
	}
	names := s.Names()
	for name := range r.changed {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		set := s.Get(name)
		want, changed := r.changed[name]
		if !changed {
			want = r.defaults[name]
		}
		if d := compareValue(set, want, r, changed); d != "" {
			differ("%s: %s", name, d)
		}
	}
	return diffs
}

// compareFatal checks that s gives up at the line or value that the message of nix names.
// onTerminal returns a text as Nix prints it, which expands tabs and leaves out what moves the cursor, without its
// blanks.
func onTerminal(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, s)
}

func compareFatal(s *Settings, stderr string) string {
	f := s.Fatal
	first := strings.TrimSuffix(stderr, "\nTry 'nix --help' for more information.")
	first = strings.TrimSuffix(first, "\nTry 'nix-env --help' for more information.")
	if n := strings.LastIndex(first, "\nTry '"); n >= 0 && strings.HasSuffix(first, " --help' for more information.") {
		first = first[:n] // Nix 2.8 names itself by its path
	}
	for strings.HasPrefix(first, "warning: ") { // of the lines before
		_, first, _ = strings.Cut(first, "\n")
	}
	if m := reLine.FindStringSubmatch(first); m != nil {
		for _, l := range f.File.Lines {
			if l.Span.Contains(f.Span) {
				got := string(f.File.Fragment.Text[l.Span.Start:l.Comment.Start])
				if onTerminal(got) != onTerminal(m[1]) {
					return fmt.Sprintf("gives up at line %q, nix at %q", got, m[1])
				}
				return ""
			}
		}
		return fmt.Sprintf("gives up at no line, nix at %q", m[1])
	}
	ok := false
	has := func(format string, args ...any) bool { return strings.Contains(first, fmt.Sprintf(format, args...)) }
	name := ""
	if f.Entry != nil {
		facts, _ := nixconf.Lookup(s.Distribution, s.Version, f.Entry.Name.Text)
		name = facts.Name
	}
	switch f.Kind {
	case string(nixconf.BadBool):
		ok = has("Boolean setting '%s' has invalid value '%s'", name, f.Entry.Value)
	case string(nixconf.BadEnum):
		ok = has("option '%s' has invalid value '%s'", name, f.Entry.Value)
	case string(nixconf.BadInt), string(nixconf.BadSuffix):
		ok = has("setting '%s' has invalid value '%s'", name, strings.ReplaceAll(f.Entry.Value, "\x00", " ")) ||
			has("setting '%s' has invalid value '%s'", name, f.Entry.Value)
	case string(nixconf.BadJobs):
		ok = has("setting '%s' should be 'auto' or an integer", name)
	case string(nixconf.RelativePath):
		ok = has("not an absolute path: '%s'", f.Entry.Value) || has("not an absolute path: \"%s\"", f.Entry.Value)
	case string(nixconf.EmptyPath):
		ok = has("setting '%s' is a path and paths cannot be empty", name) || has("setting '%s' cannot be empty", name)
	case string(nixconf.BadStoreURL):
		word := f.Entry.Value
		if f.Value.Word >= 0 {
			word = f.Entry.Words[f.Value.Word].Text
		}
		ok = has("Cannot parse Nix store '%s'", word) || has("invalid URI query")
	case string(nixconf.BadJSON):
		ok = has("parsing setting '%s'", name)
	case FatalIncludeMissing:
		ok = has("included from") && has("not found")
	case FatalIncludeRelative:
		ok = has("not an absolute path")
	case FatalIncludeCycle:
		ok = first == ""
	case nixconf.KindIncludeArity:
		ok = has("boost::bad_format_string")
	}
	if !ok {
		return fmt.Sprintf("gives up with %s (%s), nix with %s", f.Kind, f.Message, first)
	}
	return ""
}

// compareValue compares a setting with the JSON value that a nix printed; changed says that it differs from the
// default.
func compareValue(set Setting, want any, r result, changed bool) string {
	if set.Name == "" {
		return "no such setting"
	}
	if set.Name == "experimental-features" {
		return compareSets(append(words(set), "nix-command"), append(strs(want), "nix-command"))
	}
	if !set.Known && !set.Set && changed {
		return "" // a default that follows another variable
	}
	if set.Facts.HasWords() && !set.Facts.HasDefault && !set.Known {
		// Words were appended to a default of the machine.
		def, ok := r.defaults[set.Name]
		if !ok {
			return ""
		}
		if m, isMap := def.(map[string]any); isMap {
			n := len(m)
			for _, w := range words(set) {
				inside, _ := parseMount(w)
				if _, ok := want.(map[string]any)[inside]; !ok {
					return fmt.Sprintf("%q is not in %v", w, want)
				}
				if _, ok := m[inside]; !ok {
					n++
				}
			}
			if n != len(want.(map[string]any)) {
				return fmt.Sprintf("%d entries, nix has %v", n, want)
			}
			return ""
		}
		l := append(strs(def), words(set)...)
		if set.Facts.Unordered {
			return compareSets(l, strs(want))
		}
		if !slices.Equal(l, strs(want)) {
			return fmt.Sprintf("%q, nix has %v", l, want)
		}
		return ""
	}
	if !set.Known {
		return "not known: " + set.Value
	}
	if !changed && want == nil {
		if !set.Facts.HasDefault {
			return fmt.Sprintf("%q, but nix has the default, which is not recorded", set.Value)
		}
		if set.Value != set.Facts.Default {
			return fmt.Sprintf("%q, nix has the default %q", set.Value, set.Facts.Default)
		}
		return ""
	}
	var got any
	switch set.Facts.Kind {
	case nixconf.KindBool, nixconf.KindEnum:
		got = set.Value
		if b, ok := nixconf.ParseBool(set.Value); ok {
			got = b
		}
	case nixconf.KindInt, nixconf.KindJobs:
		got = json.Number(set.Value)
		if set.Value == "auto" {
			got = json.Number(r.cpus)
		}
	case nixconf.KindMap:
		m := map[string]any{}
		for _, w := range words(set) {
			k, v, _ := strings.Cut(w, "=")
			m[k] = v
		}
		got = m
	case nixconf.KindSet, nixconf.KindList, nixconf.KindURLs:
		if set.Facts.Mounts {
			m := map[string]any{}
			for _, w := range words(set) {
				w, optional := strings.CutSuffix(w, "?")
				inside, outside, ok := strings.Cut(w, "=")
				if !ok {
					outside = inside
				}
				m[inside] = map[string]any{"source": outside, "optional": optional}
			}
			got = m
			break
		}
		if set.Facts.Unordered {
			return compareSets(words(set), strs(want))
		}
		if !slices.Equal(words(set), strs(want)) {
			return fmt.Sprintf("%q, nix has %q", words(set), strs(want))
		}
		return ""
	case nixconf.KindJSON:
		json.Unmarshal([]byte(set.Value), &got)
	default:
		got = set.Value
		if want == nil {
			want = ""
		}
	}
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if !bytes.Equal(g, w) {
		return fmt.Sprintf("%s, nix has %s", g, w)
	}
	return ""
}

func words(s Setting) []string {
	out := make([]string, len(s.Words))
	for i, w := range s.Words {
		out[i] = w.Text
	}
	return out
}

func strs(v any) []string {
	l, _ := v.([]any)
	out := make([]string, len(l))
	for i, e := range l {
		out[i] = fmt.Sprint(e)
	}
	return out
}

func compareSets(got, want []string) string {
	got, want = slices.Clone(got), slices.Clone(want)
	sort.Strings(got)
	sort.Strings(want)
	got, want = slices.Compact(got), slices.Compact(want)
	if !slices.Equal(got, want) {
		return fmt.Sprintf("%q, nix has %q", got, want)
	}
	return ""
}

// explained are the cases that sandlint cannot or need not judge as the run did.
var explained = map[string]string{
	"extra-plugin-files": "the failure up to 2.32 is that of loading the plug-in, which does not exist",
	"conf-dir-relative":  "the value of NIX_CONF_DIR is at fault, not a configuration",
}

// recordedDefaults are the defaults of the machine that recorded the oracle, as far as records depend on them.
func recordedDefaults(v nixconf.Version) map[string]any {
	d := map[string]any{"system-features": []any{"benchmark", "big-parallel", "kvm", "nixos-test", "uid-range"}}
	if !v.AtLeast(2, 31) {
		d["cores"] = json.Number("2")
	}
	switch {
	case v.AtLeast(2, 31):
		d["sandbox-paths"] = map[string]any{"/bin/sh": map[string]any{"source": "/usr/bin/bash-static",
			"optional": false}}
	case v.AtLeast(2, 26):
		d["sandbox-paths"] = []any{"/bin/sh=/usr/bin/bash-static"}
		d["ssl-cert-file"] = ""
	default:
		d["sandbox-paths"] = []any{}
	}
	return d
}

// refusesToPrint says why the command that was asked fails although the configuration is read: it is one of the new
// interface and nothing enables that, or a value cannot be printed as JSON. It is "" where the command answers.
func refusesToPrint(s *Settings, r record) string {
	asked := strings.Join(r.Cmd, " ")
	if strings.HasPrefix(asked, "nix ") && !strings.Contains(asked, "nix-command") &&
		!strings.Contains(asked, "--version") {
		if on, known := s.Feature("nix-command"); known && !on {
			return "the command needs the feature nix-command"
		}
	}
	if asked == "" {
		for _, name := range s.Names() {
			if !utf8.ValidString(s.Get(name).Value) {
				return "the value of " + name + " is not UTF-8"
			}
		}
	}
	return ""
}

// TestOracle compares what the package makes of recorded configurations with what three releases of Nix made of them.
func TestOracle(t *testing.T) {
	type tally struct{ cases, agree, explained int }
	tallies := map[string]*tally{}
	used := map[string]bool{}
	for _, r := range readOracle(t) {
		if r.Topic == "runtime" {
			continue // what commands do later, with a daemon, a store or a build
		}
		v, err := nixconf.ParseVersion(r.Nix)
		if err != nil {
			t.Fatal(err)
		}
		ta := tallies[r.Nix]
		if ta == nil {
			ta = &tally{}
			tallies[r.Nix] = ta
		}
		ta.cases++
		w := world{root: "/w", record: r}
		s := Merge(w.sources(), nixconf.Nix, v)
		s.Platform = "linux"
		want := result{exit: r.Exit, stderr: unexpand(r.Stderr), defaults: recordedDefaults(v), cpus: "2"}
		if r.Stdout == "" && r.Exit == 0 {
			want.changed = map[string]any{}
			b, _ := json.Marshal(r.Changed)
			d := json.NewDecoder(strings.NewReader(unexpand(string(b))))
			d.UseNumber()
			if err := d.Decode(&want.changed); err != nil {
				t.Fatal(err)
			}
		}
		diffs := compare(s, want)
		if why := refusesToPrint(s, r); why != "" && s.Fatal == nil {
			diffs = nil
			if want.exit == 0 {
				diffs = []string{"nix answers, although " + why}
			}
		}
		if len(diffs) == 0 {
			ta.agree++
			continue
		}
		if why := explained[r.ID]; why != "" {
			used[r.ID] = true
			ta.explained++
			continue
		}
		t.Errorf("%s on %s: %q\n  %s", r.ID, r.Nix, deref(r.Input), strings.Join(diffs, "\n  "))
	}
	versions := make([]string, 0, len(tallies))
	for v := range tallies {
		versions = append(versions, v)
	}
	sort.Strings(versions)
	for _, v := range versions {
		ta := tallies[v]
		share := float64(ta.agree) / float64(ta.cases) * 100
		t.Logf("Nix %s: %d of %d cases agree (%.1f %%), %d explained", v, ta.agree, ta.cases, share, ta.explained)
		if share < 99 {
			t.Errorf("Nix %s: agreement is %.1f %%, want 99", v, share)
		}
	}
	for id := range explained {
		if !used[id] {
			t.Errorf("case %s agrees and needs no explanation", id)
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// unexpand writes the folders of a recorded answer as those of world.
func unexpand(s string) string {
	return strings.NewReplacer("$CONF", "/w/conf", "$HOME/x", "$HOME/x", "$HOME", "/w/home", "$W", "/w").Replace(s)
}
