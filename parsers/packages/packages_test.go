package packages

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/shell"
)

// describe renders a use: action, verb, options, packages with kind, name and version.
func describe(u *Use) string {
	if u == nil {
		return "none"
	}
	actions := []string{"other", "install", "update", "upgrade", "release", "clean", "remove", "run"}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", u.Manager.Name, actions[u.Action])
	for _, o := range u.Options {
		b.WriteString(" " + o.Name)
		if o.HasValue {
			b.WriteString("=" + o.Value)
		}
	}
	for _, p := range u.Packages {
		switch p.Kind {
		case Named:
			b.WriteString(" " + p.Name)
			if p.Version != "" {
				b.WriteString("|" + p.Version)
			}
		default:
			fmt.Fprintf(&b, " %s:%s", []string{"", "path", "url", "group", "unknown"}[p.Kind], p.Word.Text)
		}
	}
	if u.AnswersYes() {
		b.WriteString(" +yes")
	}
	if u.SkipsCache() {
		b.WriteString(" +nocache")
	}
	if u.SkipsExtras() {
		b.WriteString(" +noextras")
	}
	if u.Opaque {
		b.WriteString(" +opaque")
	}
	return b.String()
}

func TestRead(t *testing.T) {
	env := func(name string) (string, bool) {
		known := map[string]string{"PKGS": "git curl=1", "ONE": "git"}
		v, ok := known[name]
		return v, ok
	}
	for command, want := range map[string]string{
		"apt-get update": "apt-get update",
		"apt-get install -yq --no-install-recommends git=1:2.3 curl/stable": "apt-get install -y -q " +
			"--no-install-recommends git|1:2.3 curl|stable +yes +noextras",
		"apt-get -qq install git":            "apt-get install -q -q git +yes",
		"apt-get install -q=2 git":           "apt-get install -q=2 git +yes",
		"apt-get install -q git":             "apt-get install -q git",
		"apt-get -t sid install -y git":      "apt-get install -t=sid -y git +yes",
		"apt-get -tsid install --yes git":    "apt-get install -t=sid --yes git +yes",
		"apt-get install ./x.deb /tmp/y.deb": "apt-get install path:./x.deb path:/tmp/y.deb",
		"apt-get install git:arm64=2":        "apt-get install git|2",
		"apt-get install -y $PKGS":           "apt-get install -y git curl|1 +yes",
		`apt-get install -y "$PKGS"`:         "apt-get install -y git curl|1 +yes",
		"apt-get install -y $UNKNOWN git":    "apt-get install -y unknown:$UNKNOWN git +yes +opaque",
		"apt-get $UNKNOWN install git":       "apt-get install git +opaque",
		"apt-get install git=$V":             "apt-get install git|$V",
		"apt-get install $(cat list)":        "apt-get install unknown:$(cat list) +opaque",
		"apt-get install -o APT::Get::Assume-Yes=true -o APT::Install-Recommends=0 git": "apt-get install " +
			"-o=APT::Get::Assume-Yes=true -o=APT::Install-Recommends=0 git +yes +noextras",
		"apt-get install -y ` # tools` git `# more`":     "apt-get install -y git +yes",
		"apt-get install ${IFS# tools} git":              "apt-get install git",
		"apt-get dist-upgrade -y":                        "apt-get release -y +yes",
		"apk --no-cache add 'gcc~=13' git=2.3-r1 x@edge": "apk install --no-cache gcc|13 git|2.3-r1 x@edge +nocache",
		"apk add -t .deps gcc":                           "apk install -t=.deps gcc",
		`apk add a\ b c`:                                 "apk install a b c",
		`apk update \ `:                                  "apk update  ",
		"apk cache clean":                                "apk clean",
		"yum install -y git-2.3 java-11-openjdk-devel java-1.8.0-openjdk gcc-4.8.5-44.el7 x.rpm": "yum install -y " +
			"git|2.3 java-11-openjdk-devel java-1.8.0-openjdk gcc|4.8.5-44.el7 path:x.rpm +yes",
		"dnf -y install @development-tools git-${V} x-*": "dnf install -y group:@development-tools git|${V} x|* +yes",
		"dnf group install -y x":                         "dnf install -y x +yes",
		"dnf install --setopt=install_weak_deps=False x": "dnf install --setopt=install_weak_deps=False x +noextras",
		"yum clean all":                     "yum clean all",
		"zypper -n in --no-recommends x=1":  "zypper install -n --no-recommends x|1 +yes +noextras",
		"zypper install -y x":               "zypper install -y x +yes",
		"zypper dup":                        "zypper release",
		"pacman -Syu --noconfirm git":       "pacman upgrade -S -y -u --noconfirm git +yes",
		"pacman -S git":                     "pacman install -S git",
		"pacman -Sy":                        "pacman update -S -y",
		"pacman -Sy git":                    "pacman install -S -y git",
		"pacman -Sy $X":                     "pacman install -S -y unknown:$X +opaque",
		"dnf --setopt=assumeyes=1 remove x": "dnf remove --setopt=assumeyes=1 x +yes",
		"pip install --no-cache x":          "pip install --no-cache x +nocache",
		"pacman -Scc":                       "pacman clean -S -c -c",
		"pip install --no-cache-dir x==1 'y[a]>=2' z . ./d a.whl git+https://h/x@1": "pip install --no-cache-dir " +
			"x|1 y|2 z path:. path:./d path:a.whl url:git+https://h/x@1 +nocache",
		"pip install -r requirements.txt":                "pip install -r=requirements.txt",
		"python3 -m pip install x":                       "pip install x",
		"python3 setup.py install":                       "none",
		"python3 -u -m pip install -U x":                 "pip install -U x",
		"uv pip install --system x==1":                   "uv install --system x|1",
		"npm install -g a@1 @s/b @s/c@2 ./d user/repo#1": "npm install -g a|1 @s/b @s/c|2 path:./d url:user/repo#1",
		"npm ci":                                  "npm install",
		"npm run build":                           "npm other",
		"yarn":                                    "yarn install",
		"yarn --frozen-lockfile":                  "yarn install --frozen-lockfile",
		"yarn build":                              "yarn other",
		"yarn cache clean":                        "yarn clean",
		"gem install x:1 y -v 2 -- --with-z":      "gem install -v=2 x|1 y",
		"go install a.b/c@v1 ./cmd":               "go install a.b/c|v1 path:./cmd",
		"go install -ldflags '-s -w' a.b/c":       "go install -ldflags=-s -w a.b/c",
		"cargo install x --version 1":             "cargo install --version=1 x",
		"composer require v/p:^1":                 "composer install v/p|^1",
		"microdnf install -y x && microdnf clean": "microdnf install -y x +yes",
		"curl x":                                  "none",
	} {
		s := shell.Parse([]byte(command), 0, shell.Bash, env)
		if got := describe(Read(s.Commands[0])); got != want {
			t.Errorf("%s\n got %s\nwant %s", command, got, want)
		}
	}
}

func TestUnpinned(t *testing.T) {
	env := func(name string) (string, bool) {
		known := map[string]string{"VER": "2.51.0-2.fc42", "PKGS": "git curl=1"}
		v, ok := known[name]
		return v, ok
	}
	for command, want := range map[string]string{
		"apt-get install -y git curl=1 ./x.deb $X foo$Y bar- task^ jq/stable": "git",
		`apt-get install -y "${deps[@]}" $(cat list)`:                         "",
		"apt-get install -y $PKGS":                                            "git",
		"apt-get build-dep -y git":                                            "",
		"apt-get -s install git":                                              "",
		"apt-get satisfy -y 'git (>= 2)'":                                     "",
		"apt-get install -y linux-headers-$(uname -r) git=*":                  "git=*",
		"apk add -t .deps gcc .deps2 '!x' musl=1 a~1 b@edge 'c>2'":            "gcc b@edge",
		`dnf install -y "git-core-${VER}" git-$UNKNOWN @tools 'perl(X)' /bin/x curl x.rpm java-11-openjdk`: "curl " +
			"java-11-openjdk",
		"dnf module install -y nodejs:18 php":    "php",
		"dnf group install -y x":                 "",
		"yum install -y https://h/x.rpm 'a = 1'": "",
		"zypper in -y -t pattern x":              "",
		"zypper in -y x y=1 'z>2'":               "x",
		"pip install x y==1 'z>=2' . ./d '.[test]' a/b w.whl 'n @ https://h/n.zip' 'p[e]'": "x p[e]",
		"pip install -r r.txt x":                                                     "",
		"pip install -c c.txt x":                                                     "",
		"pip install git+https://h/x git+https://h/y@v1":                             "git+https://h/x",
		"pip install git+ssh://git@h/x#egg=x 'a @ git+https://h/a@1'":                "git+ssh://git@h/x#egg=x",
		"pip install git+https://h/x@$REV":                                           "",
		"pip download x":                                                             "",
		"pipx install x 'y==1'":                                                      "x",
		"uv pip install --system --index-strategy unsafe x":                          "x",
		"uv pip install --exclude-newer 2024-01-01 x":                                "",
		"uv tool install ruff@0.4 black":                                             "black",
		"npm install -g a a@1 a@latest @s/b @s/b@^1 ./d u/r u/r#1 a/b/c file:./x d/": "a @s/b u/r",
		"npm install git+https://h/x.git git://h/y#v1 https://h/z.tgz":               "git+https://h/x.git",
		"npm install --unsafe-perm true -g x":                                        "x",
		"npm ci":                                                                     "",
		"yarn global add a b@1":                                                      "a",
		"yarn add a":                                                                 "a",
		"pnpm add -g a":                                                              "a",
		"gem install a b:1 c.gem":                                                    "a",
		"gem install a -v 1":                                                         "",
		"gem install a -v1":                                                          "",
		"go install a.b/c@latest a.b/d@v1 ./x a.b/e":                                 "a.b/c@latest a.b/e",
		"go get -u a.b/c":                                                            "a.b/c",
		"go run a.b/c@v1 x":                                                          "",
		"go run a.b/c@latest x":                                                      "a.b/c@latest",
		"go install a.b/c@$V":                                                        "",
		"cargo install a b@1":                                                        "a",
		"cargo +nightly install --locked a":                                          "a",
		"cargo install --version 1 a":                                                "",
		"cargo install --path .":                                                     "",
		"composer require v/p v/q:^1 ext-x 'v/r 1.0'":                                "v/p",
		"composer create-project v/p dir":                                            "v/p",
		"composer create-project v/p dir 1.0":                                        "",
		"composer install":                                                           "",
	} {
		s := shell.Parse([]byte(command), 0, shell.Bash, env)
		var got []string
		for _, p := range Read(s.Commands[0]).Unpinned() {
			got = append(got, p.Word.Text)
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s\n got %s\nwant %s", command, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range table() {
		for _, p := range m.programs {
			if seen[p] {
				t.Errorf("%s starts two managers", p)
			}
			seen[p] = true
		}
		if len(m.Caches) == 0 || m.cut == nil {
			t.Errorf("%s lacks its caches or how it writes a version", m.Name)
		}
		for _, o := range slices.Concat(m.Yes, m.NoCache, m.NoExtras, m.valued) {
			if !strings.HasPrefix(o, "-") {
				t.Errorf("%s: option %q has no dash", m.Name, o)
			}
		}
	}
}

// FuzzRead checks that, for any command line, the words of a use lie in it, that what is named has a name and nothing
// else has one, and that what has no version is a package of the use.
func FuzzRead(f *testing.F) {
	for _, program := range Programs() {
		for _, rest := range []string{
			"install -y a=1 'b>=2' ./c", "add --no-cache a@1 $B", "-m pip install -r x --opt=1 a[b]==1", "-Syu a/b:1",
			"cache clean --all", "in @g http://x/y.tar.gz -- --z", "pip install \"$A\" ${B}c -ab -t",
		} {
			f.Add(program+" "+rest, "x y=1")
		}
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		env := func(name string) (string, bool) { return value, name == "B" }
		for _, c := range shell.Parse([]byte(text), 0, shell.Bash, env).Commands {
			u := Read(c)
			if u == nil {
				continue
			}
			words := slices.Clone(u.Verb)
			for _, o := range u.Options {
				words = append(words, o.Word)
				if o.Name == "" || !o.HasValue && o.Value != "" {
					t.Fatalf("option %q with value %q, which it has: %v", o.Name, o.Value, o.HasValue)
				}
			}
			for _, p := range u.Packages {
				words = append(words, p.Word)
				if (p.Kind == Named) != (p.Name != "") || p.Kind != Named && p.Version != "" {
					t.Fatalf("a package of kind %d with name %q and version %q", p.Kind, p.Name, p.Version)
				}
			}
			for _, w := range words {
				if w.Span.Start < 0 || w.Span.End > len(text) || w.Span.Start > w.Span.End {
					t.Fatalf("%q lies at %v, outside of the text", w.Text, w.Span)
				}
			}
			for _, p := range u.Unpinned() {
				if !slices.ContainsFunc(u.Packages, func(q Package) bool { return q.Word.Span == p.Word.Span }) {
					t.Fatalf("%q is not pinned and no package", p.Name)
				}
			}
			u.AnswersYes()
			u.SkipsCache()
			u.SkipsExtras()
		}
	})
}
