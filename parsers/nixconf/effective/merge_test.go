package effective

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// tree is a set of configuration files by path; text that is "<dir>" stands for a directory, and "<?>" for what cannot
// be known.
type tree map[string]string

func (tr tree) read(name string) (*nixconf.File, error) {
	switch text, ok := tr[name]; {
	case !ok:
		return nil, fs.ErrNotExist
	case text == "<dir>":
		return nil, nixconf.ErrUnreadable
	case text == "<?>":
		return nil, fmt.Errorf("outside")
	default:
		return nixconf.Parse(source.WholeFile(source.NewFile(name, []byte(text)))), nil
	}
}

func (tr tree) source(t *testing.T, kind SourceKind, name string) Source {
	t.Helper()
	f, err := tr.read(name)
	if err != nil {
		t.Fatal(err)
	}
	return Source{File: f.Resolve(name, tr.read), Kind: kind, Label: name}
}

// show writes what s has for names, "?" after what is not known.
func show(s *Settings, names string) string {
	var out []string
	if s.Fatal != nil {
		out = append(out, "fatal:"+s.Fatal.Kind)
	}
	for _, name := range strings.Fields(names) {
		set := s.Get(name)
		text := name + "=" + set.Value
		if !set.Known {
			text += "?"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		name, text string
		at         string
		names      string
		want       string
	}{
		{"defaults", "", "nix 2.24", "keep-going substituters cores sandbox",
			"keep-going=false substituters=https://cache.nixos.org/ cores=? sandbox=true"},
		{"last wins", "cores = 1\nbuild-cores = 2\n", "nix 2.24", "cores build-cores", "cores=2 build-cores=2"},
		{"canonical values", "cores = +007\nkeep-going = yes\nmin-free = 1K\ntimeout = -5\ndiff-hook = /a/../b//\n" +
			"system-features = b a b\n", "nix 2.24", "cores keep-going min-free timeout diff-hook " +
			"system-features", "cores=7 keep-going=true min-free=1024 timeout=-5 diff-hook=/b system-features=a b"},
		{"extra appends", "extra-substituters = b\nextra-substituters = c\n", "nix 2.24", "substituters",
			"substituters=https://cache.nixos.org/ b c"},
		{"extra before is lost", "extra-substituters = b\nsubstituters = c\n", "nix 2.24", "substituters",
			"substituters=c"},
		{"extra on a default of the machine", "extra-system-features = kvm\n", "nix 2.24", "system-features",
			"system-features=kvm?"},
		{"map keeps the first", "access-tokens = b=1 a=2 b=3 c\nextra-access-tokens = a=9 d=4\n", "nix 2.24",
			"access-tokens", "access-tokens=a=2 b=1 d=4"},
		{"map is replaced", "access-tokens = a=1\naccess-tokens = b=2\n", "nix 2.24", "access-tokens",
			"access-tokens=b=2"},
		{"mounts before 2.31", "sandbox-paths = /b=/c /b=/d\n", "nix 2.30", "sandbox-paths",
			"sandbox-paths=/b=/c /b=/d"},
		{"mounts since 2.31", "sandbox-paths = /b=/c /b=/d /x?\nextra-sandbox-paths = /b=/e /y=/y\n", "nix 2.31",
			"sandbox-paths", "sandbox-paths=/b=/d /x? /y"},
		{"features first", "accept-flake-config = true\nexperimental-features = flakes\n", "nix 2.24",
			"accept-flake-config experimental-features",
			"accept-flake-config=true experimental-features=fetch-tree flakes"},
		{"no gates before 2.16", "accept-flake-config = true\n", "nix 2.15", "accept-flake-config",
			"accept-flake-config=true"},
		{"gate closed", "accept-flake-config = nonsense\n", "nix 2.24", "accept-flake-config",
			"accept-flake-config=false"},
		{"gate open", "accept-flake-config = nonsense\nextra-experimental-features = flakes\n", "nix 2.24",
			"accept-flake-config", "fatal:bad-bool accept-flake-config=false"},
		{"no gate in Determinate", "accept-flake-config = true\n", "determinate 3.5", "accept-flake-config",
			"accept-flake-config=true"},
		{"stable features", "experimental-features = flakes nix-command ca-derivations\n", "determinate 3.5",
			"experimental-features", "experimental-features=ca-derivations"},
		{"features of 2.4 are not checked", "experimental-features = anything\n", "nix 2.4", "experimental-features",
			"experimental-features=anything"},
		{"features of 2.18", "experimental-features = flakes\n", "nix 2.18", "experimental-features",
			"experimental-features=flakes"},
		{"deprecated setting", "warn-short-path-literals = yes\n", "nix 2.34", "lint-short-path-literals",
			"lint-short-path-literals=warn"},
		{"deprecated setting yields", "lint-short-path-literals = fatal\nwarn-short-path-literals = yes\n", "nix 2.34",
			"lint-short-path-literals", "lint-short-path-literals=fatal"},
		{"store URLs since 2.34", "substituters = https://a, /x/../y\nextra-trusted-substituters = b:1 a:1 b:1\n",
			"nix 2.34", "substituters trusted-substituters",
			"substituters=https://a%2C local:///y trusted-substituters=a://1 b://1"},
		{"first fatal line before bad values", "cores = x\nmax-jobs = y\nfrob\n", "nix 2.24", "cores",
			"fatal:syntax cores=?"},
		{"bad values in order before 2.16", "cores = x\nfrob\n", "nix 2.15", "", "fatal:bad-int"},
		{"what is refused is left out", "cores = 3\ncores = x\n", "nix 2.24", "cores", "fatal:bad-int cores=3"},
		{"own extra- settings up to 2.3", "extra-substituters = a\nextra-trusted-users = b\n", "nix 2.3",
			"extra-substituters trusted-users", "extra-substituters=a trusted-users=root"},
		{"auto", "max-jobs = auto\n", "nix 2.24", "max-jobs", "max-jobs=auto"},
		{"no such setting", "frobnicate = 1\n", "nix 2.24", "frobnicate", "frobnicate=?"},
		{"HEAD", "cores = 2\n", "nix HEAD", "cores", "cores=2"},
		{"relative paths of Lix", "diff-hook = x\n", "lix 2.93", "diff-hook", "diff-hook=x?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := targets(t, c.at)[0]
			s := Merge([]Source{{File: parse(c.text)}}, target.Distribution, target.From)
			s.Platform = "linux"
			if got := show(s, c.names); got != c.want {
				t.Errorf("%q\nwant %q", got, c.want)
			}
		})
	}
}

func TestMergeSources(t *testing.T) {
	tr := tree{
		"/etc/nix/nix.conf": "substituters = a\ntrusted-users = x\ncores = 1\nnix-path = a\n" +
			"experimental-features = flakes\n",
		"/user":    "substituters = b\nextra-trusted-users = y\n",
		"gated":    "accept-flake-config = true\n",
		"flakes":   "experimental-features = flakes\naccept-flake-config = true\n",
		"env":      "cores = 3\nmax-jobs = 2\n",
		"options":  "cores = x\nextra-trusted-users = z\nfrob = 1\nmax-jobs = 5\n",
		"relative": "cores = 1\ndiff-hook = x\n",
		"tilde":    "diff-hook = ~/x\n",
		"include":  "!include x.conf\ncores = 2\n",
	}
	system := func(n string) Source { return tr.source(t, SystemFile, n) }
	user := func(n string) Source { return tr.source(t, UserFile, n) }
	env := func(n string) Source { return tr.source(t, Environment, n) }
	options := func(n string) Source { return tr.source(t, CommandLine, n) }
	for _, c := range []struct {
		name    string
		sources []Source
		at      string
		names   string
		want    string
	}{
		{"later sources replace", []Source{system("/etc/nix/nix.conf"), user("/user"), env("env"), options("options")},
			"nix 2.24", "substituters trusted-users cores max-jobs",
			"substituters=b trusted-users=x y z cores=3 max-jobs=5"},
		{"features of a later source open no gate of an earlier one", []Source{system("gated"), user("flakes")},
			"nix 2.24", "accept-flake-config", "accept-flake-config=true"},
		{"gate of an earlier source stays shut", []Source{system("gated"), user("/etc/nix/nix.conf")}, "nix 2.24",
			"accept-flake-config", "accept-flake-config=false"},
		{"features of an earlier source open it", []Source{system("/etc/nix/nix.conf"), user("gated")}, "nix 2.24",
			"accept-flake-config", "accept-flake-config=true"},
		{"NIX_PATH", []Source{system("/etc/nix/nix.conf"), {Kind: NixPathVariable}}, "nix 2.24", "nix-path cores",
			"nix-path=? cores=1"},
		{"NIX_PATH before 2.24", []Source{system("/etc/nix/nix.conf"), {Kind: NixPathVariable}}, "nix 2.23",
			"nix-path cores", "nix-path=a cores=1"},
		{"relative path as option", []Source{options("relative")}, "nix 2.24", "cores", "fatal:relative-path cores=1"},
		{"relative include in the environment", []Source{env("include")}, "nix 2.24", "cores",
			"fatal:include-relative cores=2"},
		{"path of a file for Lix", []Source{system("relative")}, "lix 2.93", "cores", "cores=1"},
		{"path of the environment for Lix", []Source{env("relative")}, "lix 2.93", "cores",
			"fatal:relative-path cores=1"},
		{"home of the user for Lix", []Source{user("tilde")}, "lix 2.93", "diff-hook", "diff-hook=~/x?"},
		{"home in the system file for Lix", []Source{system("tilde")}, "lix 2.93", "", "fatal:relative-path"},
		{"no files", nil, "nix 2.24", "keep-going", "keep-going=false"},
		{"nil file", []Source{{}}, "nix 2.24", "keep-going", "keep-going=false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := targets(t, c.at)[0]
			s := Merge(c.sources, target.Distribution, target.From)
			if got := show(s, c.names); got != c.want {
				t.Errorf("%q\nwant %q", got, c.want)
			}
		})
	}
}

func TestMergeIncludes(t *testing.T) {
	for _, c := range []struct {
		name  string
		files tree
		names string
		want  map[string]string // by release of Nix, or distribution and release
	}{
		{
			"order", tree{"/c/nix.conf": "cores = 1\nextra-trusted-users = a\ninclude x.conf\nmax-jobs = 1\n" +
				"extra-trusted-users = b\n", "/c/x.conf": "cores = 9\nmax-jobs = 9\nextra-trusted-users = x\n"},
			"cores max-jobs trusted-users",
			map[string]string{
				"nix 2.15": "cores=9 max-jobs=1 trusted-users=root a x b",
				"nix 2.16": "cores=1 max-jobs=1 trusted-users=root x a b",
				"nix 2.19": "cores=1 max-jobs=1 trusted-users=root x a b",
				"nix 2.20": "cores=9 max-jobs=1 trusted-users=root a a x b b",
				"nix 2.21": "cores=9 max-jobs=1 trusted-users=root a a x b b",
				"nix 2.22": "cores=9 max-jobs=1 trusted-users=root a x b",
				"lix 2.91": "cores=9 max-jobs=1 trusted-users=root a a x b b",
				"lix 2.92": "cores=9 max-jobs=1 trusted-users=root a x b",
			},
		},
		{
			"nested", tree{"/c/nix.conf": "include d/a.conf\ncores = 1\n", "/c/d/a.conf": "include b.conf\n",
				"/c/d/b.conf": "max-jobs = 7\n", "/c/b.conf": "max-jobs = 1\n"},
			"max-jobs cores",
			map[string]string{"nix 2.8": "max-jobs=7 cores=1", "nix 2.18": "max-jobs=7 cores=1",
				"nix 2.20": "fatal:include-missing max-jobs=1 cores=1", "nix 2.24": "max-jobs=7 cores=1"},
		},
		{
			"two includes", tree{"/c/nix.conf": "include a.conf\ninclude b.conf\n",
				"/c/a.conf": "cores = 1\nmax-jobs = 1\n", "/c/b.conf": "cores = 2\n"},
			"cores max-jobs",
			map[string]string{"nix 2.15": "cores=2 max-jobs=1", "nix 2.18": "cores=2 max-jobs=1",
				"nix 2.20": "cores=2 max-jobs=1", "nix 2.24": "cores=2 max-jobs=1"},
		},
		{
			"features of an included file",
			tree{"/c/nix.conf": "accept-flake-config = true\ninclude a.conf\n",
				"/c/a.conf": "experimental-features = flakes\n"},
			"accept-flake-config",
			map[string]string{"nix 2.16": "accept-flake-config=true", "nix 2.24": "accept-flake-config=true"},
		},
		{
			"gated setting of an included file",
			tree{"/c/nix.conf": "include a.conf\nexperimental-features = flakes\n",
				"/c/a.conf": "accept-flake-config = true\n"},
			"accept-flake-config",
			map[string]string{"nix 2.16": "accept-flake-config=false", "nix 2.24": "accept-flake-config=true"},
		},
		{
			"missing", tree{"/c/nix.conf": "!include a.conf\ncores = 1\ninclude b.conf\n"}, "cores",
			map[string]string{"nix 2.8": "fatal:include-missing cores=1", "nix 2.18": "fatal:include-missing cores=1",
				"nix 2.24": "fatal:include-missing cores=1"},
		},
		{
			"missing, but not needed", tree{"/c/nix.conf": "!include a.conf\ncores = 1\n"}, "cores",
			map[string]string{"nix 2.8": "cores=1", "nix 2.18": "cores=1", "nix 2.20": "cores=1",
				"nix 2.24": "cores=1"},
		},
		{
			"directory", tree{"/c/nix.conf": "include d\ncores = 1\n", "/c/d": "<dir>"}, "cores",
			map[string]string{"nix 2.8": "cores=1", "nix 2.20": "cores=1", "nix 2.24": "cores=1"},
		},
		{
			"itself", tree{"/c/nix.conf": "cores = 1\ninclude ../c/./nix.conf\n"}, "cores",
			map[string]string{"nix 2.8": "fatal:include-cycle cores=1", "nix 2.20": "fatal:include-cycle cores=1",
				"nix 2.24": "fatal:include-cycle cores=1"},
		},
		{
			"cycle", tree{"/c/nix.conf": "include a\n", "/c/a": "include b\n", "/c/b": "!include a\n"}, "",
			map[string]string{"nix 2.8": "fatal:include-cycle", "nix 2.24": "fatal:include-cycle"},
		},
		{
			"unknown", tree{"/c/nix.conf": "cores = 1\n!include a\nmax-jobs = 2\nexperimental-features = flakes\n" +
				"extra-substituters = x\n", "/c/a": "<?>"}, "cores max-jobs keep-going experimental-features " +
				"substituters",
			map[string]string{
				"nix 2.8": "cores=1? max-jobs=2 keep-going=false? experimental-features=flakes " +
					"substituters=https://cache.nixos.org/ x?",
				"nix 2.18": "cores=1 max-jobs=2 keep-going=false? experimental-features=flakes " +
					"substituters=https://cache.nixos.org/ x?",
				"nix 2.24": "cores=1? max-jobs=2 keep-going=false? experimental-features=fetch-tree flakes " +
					"substituters=https://cache.nixos.org/ x?",
			},
		},
		{
			"bad values and bad lines",
			tree{"/c/nix.conf": "cores = x\ninclude a\n", "/c/a": "keep-going = maybe\nfrob\n"}, "",
			map[string]string{"nix 2.8": "fatal:bad-int", "nix 2.18": "fatal:syntax", "nix 2.24": "fatal:syntax"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for at, want := range c.want {
				target := targets(t, at)[0]
				s := Merge([]Source{c.files.source(t, SystemFile, "/c/nix.conf")}, target.Distribution, target.From)
				if got := show(s, c.names); got != want {
					t.Errorf("%s: %q\nwant %q", at, got, want)
				}
			}
		})
	}
}

// TestMergeManyIncludes checks that files that include each other many times over cost no time without bound.
func TestMergeManyIncludes(t *testing.T) {
	tr := tree{"/f40": "cores = 1\n"}
	for i := range 40 {
		tr[fmt.Sprintf("/f%d", i)] = strings.Repeat(fmt.Sprintf("include f%d\n", i+1), 2)
	}
	src := tr.source(t, SystemFile, "/f0")
	for _, at := range []string{"nix 2.8", "nix 2.18", "nix 2.20", "nix 2.24"} {
		s := Merge([]Source{src}, nixconf.Nix, targets(t, at)[0].From)
		if set := s.Get("keep-going"); set.Known {
			t.Errorf("%s: what was not read is taken as known", at)
		}
	}
}

func TestMergeOpaque(t *testing.T) {
	merge := func(parts ...string) *Settings {
		return Merge([]Source{{File: nixconf.Parse(fragment(parts...))}}, nixconf.Nix,
			nixconf.Version{Major: 2, Minor: 24})
	}
	for _, c := range []struct {
		s           *Settings
		names, want string
	}{
		{merge("cores = ", "$X", "\nmax-jobs = 2\n"), "cores max-jobs", "cores=$X? max-jobs=2"},
		{merge("cores = 1\n", "$X", "\nmax-jobs = 2\n"), "cores max-jobs keep-going",
			"cores=1? max-jobs=2 keep-going=false?"},
		{merge("substituters = https://a ", "$X", " https://b\n"), "substituters", "substituters=https://a https://b?"},
		{merge("substituters = https://a/", "$X", " https://b\n"), "substituters", "substituters=https://b?"},
		{merge("cores = ", "$X", "\ncores = 3\n"), "cores", "cores=3"},
		{merge("keep-going = ", "$X", "\n"), "keep-going", "keep-going=$X?"},
		{merge("experimental-features = ", "$X", "\naccept-flake-config = true\n"), "accept-flake-config",
			"accept-flake-config=true?"},
		{merge("experimental-features = flakes ", "$X", "\naccept-flake-config = true\n"), "accept-flake-config",
			"accept-flake-config=true"},
		{merge("$X", "\nexperimental-features = flakes\n"), "experimental-features cores",
			"experimental-features=fetch-tree flakes cores=?"},
		{merge("accept-flake-config = nonsense\nexperimental-features = ", "$X", "\n"), "accept-flake-config",
			"accept-flake-config=false"},
	} {
		if got := show(c.s, c.names); got != c.want {
			t.Errorf("%q\nwant %q", got, c.want)
		}
	}
	if on, known := merge("experimental-features = ", "$X", " flakes\n").Feature("flakes"); !on || known {
		t.Errorf("flakes beside opaque text: %v, %v", on, known)
	}
}

func TestSettings(t *testing.T) {
	tr := tree{
		"/etc/nix/nix.conf": "include more.conf\nsubstituters = a b\nextra-substituters = c\nsandbox = false\n" +
			"cores = 4\n",
		"/etc/nix/more.conf": "substituters = old\nbuild-cores = 2\n",
		"/user": "extra-binary-caches = d\nfrob = 1\nfrob = 2\n" +
			"experimental-features = flakes nix_command\nuse-registries = x\n",
	}
	s := Merge([]Source{tr.source(t, SystemFile, "/etc/nix/nix.conf"), tr.source(t, UserFile, "/user")}, nixconf.Nix,
		nixconf.Version{Major: 2, Minor: 24})
	place := func(o Origin) string {
		if o.Entry == nil {
			return "default"
		}
		return fmt.Sprintf("%d:%s:%s", o.Source, o.File.Fragment.File.Path, o.Entry.Value)
	}
	places := func(l []Origin) []string {
		var out []string
		for _, o := range l {
			out = append(out, place(o))
		}
		return out
	}
	set := s.Get("binary-caches")
	if d := cmp.Diff([]string{"0:/etc/nix/nix.conf:a b", "0:/etc/nix/nix.conf:c", "1:/user:d"},
		places(set.Origins)); d != "" {
		t.Errorf("origins (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"0:/etc/nix/more.conf:old"}, places(set.Overridden)); d != "" {
		t.Errorf("overridden (-want +got):\n%s", d)
	}
	if set.Name != "substituters" || set.Facts.Name != "substituters" || set.Facts.Alias || set.Value != "a b c d" ||
		len(set.Words) != 4 {
		t.Errorf("%+v", set)
	}
	w := set.Words[1]
	if text := string(w.Origin.File.Fragment.Text[w.Span.Start:w.Span.End]); text != "b" ||
		place(w.Origin) != "0:/etc/nix/nix.conf:a b" {
		t.Errorf("word %q at %s", text, place(w.Origin))
	}
	if b, known := s.Bool("sandbox"); b || !known {
		t.Error("sandbox")
	}
	if n, known := s.Int("cores"); n != 4 || !known {
		t.Error("cores")
	}
	if _, known := s.Int("timeout"); !known {
		t.Error("timeout has no default")
	}
	if _, known := s.Bool("frob"); known {
		t.Error("a setting that is none is known")
	}
	if _, known := s.Bool("build-users-group"); known {
		t.Error("a text is a boolean")
	}
	if words, known := s.List("trusted-users"); !known || len(words) != 1 || words[0].Text != "root" ||
		words[0].Origin.Entry != nil {
		t.Errorf("trusted-users %+v", words)
	}
	if on, known := s.Feature("flakes"); !on || !known {
		t.Error("flakes is off")
	}
	if on, known := s.Feature("nix-command"); on || !known {
		t.Error("nix-command is on")
	}
	if on, known := Merge(nil, nixconf.Determinate, nixconf.Version{Major: 3, Minor: 5}).Feature("nix-command"); !on ||
		!known {
		t.Error("nix-command is off in Determinate Nix")
	}
	if d := cmp.Diff([]string{"cores", "experimental-features", "sandbox", "substituters"}, s.Names()); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
	if len(s.Unknown) != 1 || s.Unknown[0].Entry.Value != "1" {
		t.Errorf("unknown %+v", s.Unknown)
	}
	var kinds []string
	for _, w := range s.Warnings {
		kinds = append(kinds, w.Kind+" "+w.Name)
	}
	if d := cmp.Diff([]string{"unknown-feature nix_command", "unknown-setting frob"}, kinds); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
	f := s.Fatal
	if f == nil || f.Source != 1 || f.Kind != string(nixconf.BadBool) || f.Entry.Name.Text != "use-registries" ||
		f.Value == nil || f.Span != f.Entry.Span {
		t.Errorf("fatal %+v", f)
	}
	if set := Merge(nil, nixconf.Nix, nixconf.Version{Major: 2, Minor: 24}).Get("sandbox"); set.Known {
		t.Error("the default of sandbox is known without a platform")
	}
}

func TestMergeWarnings(t *testing.T) {
	for _, c := range []struct{ at, text, want string }{
		{"lix 2.96", "cores = 1\ncores = 2\nextra-substituters = a\nextra-substituters = b\nextra-platforms = x\n" +
			"extra-platforms = y\n", "duplicate-setting cores, duplicate-setting extra-platforms"},
		{"lix 2.95", "cores = 1\ncores = 2\n", ""},
		{"nix 2.34", "experimental-features = no-url-literals\n", "renamed-feature no-url-literals"},
		{"nix 2.33", "experimental-features = no-url-literals\n", ""},
		{"nix 2.24", "auto-allocate-uids = true\n", "gated-setting auto-allocate-uids"},
		{"nix 2.34", "warn-short-path-literals = true\n", "deprecated-setting warn-short-path-literals"},
		{"nix 2.24", "experimental-features = x x\nextra-experimental-features = x\n", "unknown-feature x"},
		{"lix 2.93", "deprecated-features = url-literals nope\n", "unknown-feature nope"},
	} {
		target := targets(t, c.at)[0]
		s := Merge([]Source{{File: parse(c.text)}}, target.Distribution, target.From)
		var got []string
		for _, w := range s.Warnings {
			got = append(got, w.Kind+" "+w.Name)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s %q: %q, want %q", c.at, c.text, got, c.want)
		}
	}
}

func TestResolve(t *testing.T) {
	tr := tree{"/c/nix.conf": "include a\n!include /x/b\ninclude ../none\ninclude d\n!include u\n",
		"/c/a": "include nix.conf\n", "/x/b": "cores = 1\n", "/c/d": "<dir>", "/c/u": "<?>"}
	f, err := tr.read("/c/nix.conf")
	if err != nil {
		t.Fatal(err)
	}
	r := f.Resolve("/c/nix.conf", tr.read)
	for i, want := range []struct {
		state  nixconf.IncludeState
		target string
	}{{nixconf.Read, "/c/a"}, {nixconf.Read, "/x/b"}, {nixconf.Missing, "/none"}, {nixconf.Unreadable, "/c/d"},
		{nixconf.NotRead, ""}} {
		if inc := r.Includes[i]; inc.State != want.state || inc.Target != want.target ||
			(inc.File != nil) != (want.state == nixconf.Read) {
			t.Errorf("include %d: %+v", i, inc)
		}
	}
	if inc := r.Includes[0].File.Includes[0]; inc.State != nixconf.Cycle {
		t.Errorf("cycle: %+v", inc)
	}
	if f.Includes[0].State != nixconf.NotRead {
		t.Error("Resolve changed its file")
	}
	env := nixconf.Parse(source.WholeFile(source.NewFile("env", []byte("include a\ninclude /x/b\n")))).Resolve("",
		tr.read)
	if env.Includes[0].State != nixconf.NotRead || env.Includes[1].State != nixconf.Read {
		t.Errorf("includes of a text without a path: %+v", env.Includes)
	}
}

// targets reads specifications such as "nix 2.18..2.34".
func targets(t testing.TB, specs ...string) nixconf.Targets {
	t.Helper()
	var out nixconf.Targets
	for _, s := range specs {
		d, r, _ := strings.Cut(s, " ")
		target, err := nixconf.ParseTarget(d, r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, target)
	}
	return out
}

func parse(text string) *nixconf.File {
	return nixconf.Parse(source.WholeFile(source.NewFile("nix.conf", []byte(text))))
}

// fragment makes a fragment of parts; those that begin with '$' are opaque.
func fragment(parts ...string) *source.Fragment {
	f := source.NewFile("Dockerfile", []byte(strings.Join(parts, "")))
	var pieces []source.Piece
	at := 0
	for _, p := range parts {
		pieces = append(pieces,
			source.Piece{Text: p, Span: source.Span{Start: at, End: at + len(p)}, Verbatim: true, Opaque: p[0] == '$'})
		at += len(p)
	}
	return source.NewFragment(f, pieces)
}
