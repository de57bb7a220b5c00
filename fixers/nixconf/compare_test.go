package nixconf

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

func compareTexts(before, after string, changes fixers.Changes, targets nixconf.Targets) string {
	return Compare(source.NewFile("nix.conf", []byte(before)), source.NewFile("nix.conf", []byte(after)),
		[]fixers.Fix{{Changes: changes}}, targets)
}

func nix(t testing.TB, versions string) nixconf.Targets {
	t.Helper()
	target, err := nixconf.ParseTarget("nix", versions)
	if err != nil {
		t.Fatal(err)
	}
	return nixconf.Targets{target}
}

func TestCompare(t *testing.T) {
	settings := func(names ...string) fixers.Changes { return fixers.Changes{Settings(names)} }
	repair := fixers.Changes{fixers.Repair{}}
	const versions = "2.18..2.28"
	tests := []struct {
		name, before, after string
		changes             fixers.Changes
		targets             string
		want                string // "" when the change is allowed, else a part of the answer
	}{
		{"layout", "max-jobs = 4 # x\n", "# y\r\n  max-jobs   =  4\r\n", settings(), versions, ""},
		{"byte order mark", "max-jobs = 4\n", "\ufeffmax-jobs = 4\n", settings(), versions, `setting "max-jobs"`},
		{"another value", "max-jobs = 4\n", "max-jobs = 5\n", settings(), versions,
			`setting "max-jobs" is "5" after the fix, and was "4" in Nix 2.18`},
		{"another value, declared", "max-jobs = 4\n", "max-jobs = 5\n", settings("max-jobs"), versions, ""},
		{"another value, declared by an alias", "max-jobs = 4\n", "max-jobs = 5\n", settings("build-max-jobs"),
			versions, ""},
		{"another value, another one declared", "max-jobs = 4\n", "max-jobs = 5\n", settings("cores"), versions,
			`setting "max-jobs"`},
		{"boolean in other words", "keep-outputs = 1\n", "keep-outputs = true\n", settings(), versions, ""},
		{"alias", "build-cores = 2\n", "cores = 2\n", settings(), versions, ""},
		{"order of settings", "cores = 2\nmax-jobs = 3\n", "max-jobs = 3\ncores = 2\n", settings(), versions, ""},
		{"order of duplicates", "cores = 2\ncores = 3\n", "cores = 3\ncores = 2\n", settings(), versions,
			`setting "cores" is "2"`},
		{"line without effect", "cores = 2\ncores = 3\n", "cores = 3\n", settings(), versions, ""},
		{"line that only looks so",
			"substituters = https://a.x\nextra-substituters = https://b.x\nsubstituters = https://c.x\n",
			"extra-substituters = https://b.x\nsubstituters = https://c.x\n", settings(), versions, ""},
		{"extra after the base", "substituters = https://a.x\nextra-substituters = https://b.x\n",
			"substituters = https://a.x https://b.x\n", settings(), versions, ""},
		{"extra without base is not the default and more", "extra-substituters = https://b.x\n",
			"substituters = https://cache.nixos.org/ https://b.x\n", settings(), versions,
			`setting "substituters" is now decided`},
		{"value that is the default", "keep-derivations = true\n", "", settings(), versions,
			`setting "keep-derivations" is no longer decided by this text`},
		{"order in a list", "substituters = https://a.x https://b.x\n", "substituters = https://b.x https://a.x\n",
			settings(), versions, `setting "substituters"`},
		{"order in a set", "experimental-features = nix-command flakes\n",
			"experimental-features = flakes nix-command\n", settings(), versions, ""},
		{"duplicate in a set", "experimental-features = flakes flakes\n", "experimental-features = flakes\n",
			settings(), versions, ""},
		{"feature", "experimental-features = flakes\n", "experimental-features = flakes nix-command\n",
			settings("experimental-features"), versions, ""},
		{"gated setting comes to life", "auto-allocate-uids = true\n",
			"auto-allocate-uids = true\nexperimental-features = auto-allocate-uids\n",
			settings("experimental-features"), versions, `setting "auto-allocate-uids"`},
		{"unknown setting", "foo = 1\n", "foo = 2\n", settings(), versions,
			`unknown setting "foo" was removed or changed`},
		{"unknown setting renamed", "max-job = 1\n", "max-jobs = 1\n", settings("max-job", "max-jobs"), versions, ""},
		{"unknown setting renamed, half declared", "max-job = 1\n", "max-jobs = 1\n", settings("max-jobs"), versions,
			`unknown setting "max-job"`},
		{"unknown setting twice: the first counts", "foo = 1\nfoo = 2\n", "foo = 1\n", settings(), versions, ""},
		{"a setting that only some releases have", "upgrade-nix-store-path-url = https://x\n", "", settings(), versions,
			"upgrade-nix-store-path-url"},
		{"include", "include a\n", "include b\n", settings(), versions, "other files are included"},
		{"include that may be missing", "include a\n", "!include a\n", settings(), versions,
			"other files are included"},
		{"moved across an include", "cores = 1\n!include a\n", "!include a\ncores = 1\n", settings(), versions,
			`setting "cores" is now decided`},
		{"repair", "max-jobs=4\n", "max-jobs = 4\n", repair, versions, ""},
		{"repair not declared", "max-jobs=4\n", "max-jobs = 4\n", settings(), versions, `setting "max-jobs"`},
		{"repair of one of two", "max-jobs=4\ncores=3\n", "max-jobs = 4\ncores=3\n", repair, versions, ""},
		{"repair of an include, of two defects", "include a\nmax-jobs=4\n", "!include a\nmax-jobs=4\n", repair,
			versions, ""},
		{"repair of none", "max-jobs=4\n", "max-jobs= 4\n", repair, versions, "Nix still refuses the result"},
		{"repair of a value", "keep-outputs = yess\n", "keep-outputs = yes\n", repair, versions, ""},
		{"repair of a value by another bad one", "keep-outputs = yess\n", "keep-outputs = nope\n", repair, versions,
			"Nix still refuses the result"},
		{"broken by the fix", "keep-outputs = yes\n", "keep-outputs = yess\n", settings("keep-outputs"), versions,
			"Nix refuses the result"},
		{"more broken by the fix", "a\ncores = 2\n", "a\ncores=2\n", settings("cores"), versions,
			"Nix still refuses the result"},
		{"broken elsewhere", "a\ncores = 2 # x\n", "a\ncores = 2\n", settings(), versions, ""},
		{"broken elsewhere, other value", "a\ncores = 2\n", "a\ncores = 3\n", settings(), versions, `setting "cores"`},
		{"nothing", "", "\n\n# x\n", settings(), versions, ""},
		{"another user is trusted", "trusted-users = root alice,bob\n", "trusted-users = root alice bob\n",
			settings("trusted-users"), versions, `"alice" is in trusted-users`},
		{"another user is trusted, declared", "trusted-users = root alice,bob\n", "trusted-users = root alice bob\n",
			fixers.Changes{Settings{"trusted-users"}, Rights{}}, versions, ""},
		{"fewer users are trusted", "trusted-users = root alice\n", "trusted-users = root\n",
			settings("trusted-users"), versions, ""},
		{"a default comes back", "trusted-users = \"root\"\n", "trusted-users = root\n",
			settings("trusted-users"), versions, ""},
		{"a key by an alias, in a file that Nix refuses", "binary-cache-public-keys=a:b\n",
			"binary-cache-public-keys = a:b\n", repair, versions, `"a:b" is in trusted-public-keys`},
		{"a cache by extra-", "extra-trusted-substituters = 'https://a.x'\n",
			"extra-trusted-substituters = https://a.x\n", settings("trusted-substituters"), versions,
			`"https://a.x" is in trusted-substituters`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := compareTexts(test.before, test.after, test.changes, nix(t, test.targets))
			if (d == "") != (test.want == "") || !strings.Contains(d, test.want) {
				t.Errorf("got %q, want %q", d, test.want)
			}
			if d := compareTexts(test.before, test.before, fixers.Changes{}, nixconf.DefaultTargets()); d != "" {
				t.Errorf("the text itself: %q", d)
			}
		})
	}
}

// TestCompareFixes has a repair and another fix in one batch: the repair is no excuse for the other.
func TestCompareFixes(t *testing.T) {
	f := source.NewFile("nix.conf", []byte("max-jobs=4\ncores = 3\n"))
	repair := fixers.Fix{Changes: fixers.Changes{fixers.Repair{}},
		Edits: []fixers.Edit{{File: f, Span: source.Span{Start: 8, End: 9}, Text: " = "}}}
	other := fixers.Fix{Edits: []fixers.Edit{{File: f, Span: source.Span{Start: 19, End: 20}, Text: "5"}}}
	after, err := fixers.Apply(f, append(repair.Edits, other.Edits...))
	if err != nil {
		t.Fatal(err)
	}
	fixes := []fixers.Fix{repair, other}
	if d := Compare(f, source.NewFile("nix.conf", after), fixes, nix(t, "2.24")); !strings.Contains(d,
		`setting "cores" is "5"`) {
		t.Errorf("got %q", d)
	}
	fixes[1].Changes = append(fixes[1].Changes, Settings{"cores"})
	if d := Compare(f, source.NewFile("nix.conf", after), fixes, nix(t, "2.24")); d != "" {
		t.Errorf("got %q", d)
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("substituters = https://a.x\nextra-substituters = b\n!include c\n", "max-jobs=4\n")
	f.Add("experimental-features = flakes nix-command\n\ncores = 1 # x\r\n", "sandbox = relaxed\nfoo = bar")
	f.Add("substituters:/= b\n!x\n", "J=J\n")
	targets := nixconf.Targets{{Distribution: nixconf.Nix, From: nixconf.Version{Major: 2, Minor: 18},
		To: nixconf.Version{Major: 2, Minor: 24}}}
	f.Fuzz(func(t *testing.T, before, after string) {
		if d := compareTexts(before, before, fixers.Changes{}, targets); d != "" {
			t.Errorf("%q compared with itself: %s", before, d)
		}
		there, back := compareTexts(before, after, fixers.Changes{}, targets),
			compareTexts(after, before, fixers.Changes{}, targets)
		refused := strings.Contains(there, "refuse") || strings.Contains(back, "refuse") // that one way is a repair
		if !refused && (there == "") != (back == "") {
			t.Errorf("%q and %q: one way %q, the other way %q", before, after, there, back)
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	before := source.NewFile("nix.conf",
		[]byte("experimental-features = nix-command flakes\nmax-jobs = auto\n"+
			"substituters = https://cache.nixos.org https://a.example\ntrusted-public-keys = k:v\nsandbox = true\n"+
			"cores = 2\ncores = 2\n"))
	after := source.NewFile("nix.conf", []byte(strings.TrimSuffix(string(before.Bytes), "cores = 2\n")))
	targets := nixconf.DefaultTargets()
	b.ReportAllocs()
	for b.Loop() {
		if d := Compare(before, after, nil, targets); d != "" {
			b.Fatal(d)
		}
	}
}

// TestMentionsRights looks for names of the lists of those whom Nix trusts that mentionsRights does not know, among all
// names and aliases in the table of settings.
func TestMentionsRights(t *testing.T) {
	table, err := os.ReadFile("../../parsers/nixconf/zsettings.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, match := range regexp.MustCompile(`\{name: "([^"]+)"`).FindAllSubmatch(table, -1) {
		for _, name := range []string{string(match[1]), "extra-" + string(match[1])} {
			for _, d := range nixconf.Distributions() {
				for _, v := range d.Releases() {
					if facts, ok := nixconf.Lookup(d, v, name); ok && IsRight(facts.Name) {
						found[name] = true
						if !mentionsRights(name) {
							t.Errorf("%s of %s %s is one of these lists", name, d, v)
						}
					}
				}
			}
		}
	}
	if len(found) < 12 || !found["extra-binary-cache-public-keys"] {
		t.Errorf("only %v found", found)
	}
}
