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
