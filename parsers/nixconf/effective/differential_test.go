package effective

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sandlint/sandlint/parsers/nixconf"
)

// TestFuzzLive compares random texts with each Nix: the one in PATH, and those that SANDLINT_NIX names, with colons
// between. SANDLINT_FUZZ is the number of texts, SANDLINT_SEED another beginning.
func TestFuzzLive(t *testing.T) {
	programs := append([]string{findNix(t).program}, filepath.SplitList(os.Getenv("SANDLINT_NIX"))...)
	count, seed := number("SANDLINT_FUZZ", 1000), number("SANDLINT_SEED", 1)
	for _, program := range programs {
		t.Run(filepath.Base(filepath.Dir(program)), func(t *testing.T) { fuzzLive(t, program, count, seed) })
	}
}

func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

func fuzzLive(t *testing.T, program string, count, seed int) {
	n := liveNix{program: program}
	stdout, stderr, _, err := n.run(world{root: t.TempDir(), record: record{Cmd: []string{"nix", "--version"}}})
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`^nix \(Nix\) (\S+)`).FindStringSubmatch(stdout)
	if m == nil {
		t.Fatalf("%s is not a Nix that is known: %s%s", program, stdout, stderr)
	}
	if n.version, err = nixconf.ParseVersion(m[1]); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	defaults, _ := n.defaults(t)
	problems := make([]string, count)
	var next atomic.Int64
	var fatal atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
				g := generator{rand.New(rand.NewPCG(uint64(seed), uint64(i)))}
				r := g.record()
				dir := fmt.Sprintf("%s/%d", root, i)
				if Merge((world{root: dir, record: r}).sources(), nixconf.Nix, n.version).Fatal != nil {
					fatal.Add(1)
				}
				if found := n.try(dir, r, defaults); len(found) > 0 {
					problems[i] = fmt.Sprintf("text %d: %q, included %q, NIX_CONFIG %q\n  %s", i, deref(r.Input),
						r.Files["conf/a.conf"], r.Env["NIX_CONFIG"], strings.Join(found, "\n  "))
				}
				if err := os.RemoveAll(dir); err != nil {
					problems[i] += err.Error()
				}
			}
		})
	}
	wg.Wait()
	bad := 0
	for _, p := range problems {
		if p != "" {
			bad++
			t.Error(p)
		}
	}
	t.Logf("Nix %s: %d of %d random texts agree; it refuses %d of them", n.version, count-bad, count, fatal.Load())
}

// generator makes random texts that look like nix.conf.
type generator struct{ *rand.Rand }

func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

// record returns a configuration: a file, maybe one that it includes, and maybe NIX_CONFIG.
func (g generator) record() record {
	text := g.text(1 + g.IntN(5))
	r := record{Input: &text}
	if strings.Contains(text, "a.conf") {
		r.Files = map[string]string{"conf/a.conf": g.text(1 + g.IntN(3))}
		if strings.Contains(r.Files["conf/a.conf"], "a.conf") {
			r.Files["conf/a.conf"] = "cores = 3" // no cycle: Nix crashes
		}
	}
	if g.chance(15) {
		env := strings.ReplaceAll(g.text(1+g.IntN(2)), "\x00", "")
		if !strings.Contains(env, "a.conf") {
			r.Env = map[string]string{"NIX_CONFIG": env}
		}
	}
	return r
}

func (g generator) text(lines int) string {
	var b strings.Builder
	if g.chance(2) {
		b.WriteString("\ufeff")
	}
	for range lines {
		b.WriteString(g.line())
		b.WriteString(pick(g, "\n", "\n", "\n", "\n", "\n", "\n", "\r\n", "\n\n", "\r", " \n", "\\\n"))
	}
	text := b.String()
	if g.chance(20) {
		text = strings.TrimRight(text, "\r\n")
	}
	if g.chance(6) && text != "" { // a byte that was not meant
		at := g.IntN(len(text))
		text = text[:at] + pick(g, "#", "=", " ", "\t", "\"", ",", "\u00a0", "\v", "\x00", "'", ";", "\r") + text[at:]
	}
	return text
}

func (g generator) line() string {
	switch g.IntN(20) {
	case 0:
		return pick(g, "", "# comment", "   ", "#cores = 3", "; x", "[nix]", "EOF", "---", "<<<<<<< HEAD", "}", "-e")
	case 1:
		return pick(g, "include ", "!include ", "!include", "include  ") +
			pick(g, "a.conf", "a.conf", "./a.conf", "none.conf", "\"a.conf\"", "*.conf", "~/a.conf", "a.conf # x",
				"= a.conf")
	}
	name := g.name()
	if g.chance(3) {
		name = strings.ToUpper(name[:1]) + name[1:]
	}
	operator := " = "
	if g.chance(12) {
		operator = pick(g, "=", " =", "= ", " : ", ": ", " += ", " == ", " ", " = = ", "\t=\t", "  =   ", " =\u00a0")
	}
	line := pick(g, "", "", "", "", "", "", " ", "\t", "export ", "  ") + name + operator + g.value(name)
	if g.chance(8) {
		line += pick(g, " # x", "#x", " ;", ";", " \\", " ", "\t", " max-jobs = 2")
	}
	return line
}

// skipped are settings that cannot be compared: they name programs that Nix loads, say what show-config prints, or are
// those of another system than the one that runs the test.
var skipped = map[string]bool{
	"plugin-files": true, "build-hook": true, "darwin-log-sandbox-violations": true, "pure-eval": true,
	"json-log-path": true, "use-xdg-base-directories": true,
	"store": true, "trace-import-from-derivation": true,
}

func (g generator) name() string {
	all := nixconf.Nix.Settings(nixconf.Head())
	if g.chance(20) {
		all = nixconf.Nix.Settings(nixconf.Version{Major: 2, Minor: 8})
	}
	name := pick(g, all...)
	for skipped[name] {
		name = pick(g, all...)
	}
	switch g.IntN(20) {
	case 0, 1, 2:
		name = "extra-" + name
	case 3:
		name = pick(g, "build-cores", "binary-caches", "build-use-sandbox", "trusted-binary-caches", "build-max-jobs",
			"frob", "my-setting", "extra-build-cores", "extra-", "gc-keep-outputs", "env-keep-derivations", "=",
			"include")
	case 4, 5, 6:
		name = pick(g, "experimental-features", "extra-experimental-features", "cores", "max-jobs", "sandbox",
			"substituters", "extra-substituters", "trusted-users", "access-tokens", "extra-access-tokens")
	}
	if skipped[strings.TrimPrefix(name, "extra-")] {
		return "cores"
	}
	return name
}

func (g generator) value(name string) string {
	f, ok := nixconf.Lookup(nixconf.Nix, nixconf.Head(), name)
	if !ok || g.chance(8) {
		return pick(g, "", "x", "true", "1", "a b", "/x", "\"x\"", "a,b", "$X", "é", "a  b\t c", "= x", "-1")
	}
	several := func(words ...string) string {
		var out []string
		for range g.IntN(4) {
			out = append(out, pick(g, words...))
		}
		return strings.Join(out, pick(g, " ", " ", " ", "  ", "\t", ",", ", "))
	}
	switch f.Kind {
	case nixconf.KindBool:
		return pick(g, "true", "false", "yes", "no", "1", "0", "True", "on", "\"true\"", "true;", "")
	case nixconf.KindInt:
		return pick(g, "0", "1", "+7", "-1", "010", "4G", "1k", "10 G", "1.5", "0x10", "", "18446744073709551616",
			"4294967296", "16777216T", "3;", "5s", "\"5\"")
	case nixconf.KindJobs:
		return pick(g, "auto", "0", "4", "Auto", "-1", "4G", "", "\"auto\"")
	case nixconf.KindEnum:
		return pick(g, append([]string{"", "true", "False", "x", "yes"}, f.Enum...)...)
	case nixconf.KindFeatures:
		return several("nix-command", "flakes", "ca-derivations", "auto-allocate-uids", "configurable-impure-env",
			"fetch-tree", "repl-flake", "no-url-literals", "lazy-trees", "\"flakes\"", "Flakes", "recursive-nix")
	case nixconf.KindMap:
		return several("a=b", "a=c", "b=1", "x", "=y", "z=", "a=b=c", "/x=/y", "/x")
	case nixconf.KindPath:
		return pick(g, "/x", "/x/../y", "x", "./x", "~/x", "", "\"/x\"", "/a b", "//x/")
	case nixconf.KindURL, nixconf.KindURLs:
		return several("https://a", "https://a/", "a", "https://a?priority=1", "ssh://u@h", "file:///x", "daemon",
			"/a/b", "https://a?x", "\"https://a\"", "htps://x", "https://b;", "https://a,https://b")
	case nixconf.KindJSON:
		return pick(g, "[]", "{}", "x", "", `[{"systems":["a"],"program":"/p","args":[]}]`)
	case nixconf.KindList, nixconf.KindSet:
		return several("a", "b", "a", "@wheel", "*", "/x", "/x=/y", "/x?", "\"a\"", "root", "x=y", "kvm")
	}
	return pick(g, "x", "a  b", "", "\"x\"", "a = b", "\\n", "x\\")
}
