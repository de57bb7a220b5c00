package sandbox

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var browserSandboxDisabled = &rules.Rule{
	ID:       "sandbox/browser-sandbox-disabled",
	Summary:  "a browser runs without its sandbox",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Chromium, docs/linux/sandboxing.md: what the sandbox's layers are, and that --no-sandbox is for testing only",
		"jessfraz/dockerfiles etc/docker/seccomp/chrome.json: a profile under which the sandbox works in Docker",
	},
	Check: rules.OnDockerfile(checkBrowserSandbox),
}

// browsers are the programs that pass --no-sandbox to a browser engine.
var browsers = []string{
	"chromium", "chromium-browser", "chrome", "google-chrome", "google-chrome-stable", "google-chrome-beta",
	"google-chrome-unstable", "chrome-headless-shell",
	"headless_shell", "headless-shell", "brave", "brave-browser", "microsoft-edge", "microsoft-edge-stable", "vivaldi",
	"opera", "electron", "code", "code-insiders", "codium",
	"signal-desktop", "slack", "discord", "element-desktop", "qutebrowser", "chromedriver", "lighthouse",
}

// browserOptions are the options that disable a layer of the sandbox.
var browserOptions = []string{
	"--no-sandbox", "--disable-setuid-sandbox", "--disable-seccomp-filter-sandbox", "--disable-namespace-sandbox",
	"--no-zygote-sandbox",
}

// browserVariables are the environment variables that do so, with the values that count; nil means any value except an
// empty one, 0 and false.
var browserVariables = map[string][]string{
	"ELECTRON_DISABLE_SANDBOX":                 nil,
	"QTWEBENGINE_DISABLE_SANDBOX":              nil,
	"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": nil,
	"MOZ_DISABLE_CONTENT_SANDBOX":              nil,
	"MOZ_DISABLE_GMP_SANDBOX":                  nil,
	"MOZ_DISABLE_RDD_SANDBOX":                  nil,
	"MOZ_DISABLE_SOCKET_PROCESS_SANDBOX":       nil,
	"QTWEBENGINE_CHROMIUM_FLAGS":               browserOptions,
	"CHROMIUM_FLAGS":                           browserOptions,
	"CHROMIUM_USER_FLAGS":                      browserOptions,
	"CHROME_FLAGS":                             browserOptions,
	"GOOGLE_CHROME_FLAGS":                      browserOptions,
}

func checkBrowserSandbox(p *rules.Pass, d *image.Dockerfile) {
	for _, env := range d.Steps("ENV") {
		for _, pair := range env.Pairs {
			wanted, known := browserVariables[pair.Key.Text]
			if !known {
				continue
			}
			if value, known := env.Expand(pair.Value.Text); known {
				span := pair.Key.Span.Join(pair.Value.Span)
				reportVariable(p, d.Source, pair.Key.Text, value, wanted, span)
			}
		}
	}
	for _, s := range d.Steps("COPY", "ADD") {
		checkCopiedFlags(p, d, s)
	}
	for _, c := range d.Commands() {
		if !c.InDockerfile() {
			continue
		}
		checkWrittenFlags(p, d, c)
		if len(c.Words) == 0 {
			continue
		}
		for _, a := range c.Assigns {
			if wanted, known := browserVariables[a.Name]; known && a.Value.Known {
				reportVariable(p, d.Source, a.Name, a.Value.Text, wanted, a.Span)
			}
		}
		if !slices.Contains(browsers, c.Name) {
			continue
		}
		for _, w := range c.Words[1:] {
			if slices.Contains(browserOptions, w.Text) {
				reportOption(p, d, c.Name, w.Span)
				break
			}
		}
	}
	checkExecOptions(p, d)
}

// flagFile matches the files that browsers and their wrappers read options from, and the wrappers themselves, with the
// browser's name: Debian's /etc/chromium.d, Arch's chromium-flags.conf, /usr/bin/google-chrome and so on.
var flagFile = sync.OnceValue(func() *regexp.Regexp {
	const name = `(chromium(?:-browser)?|google-chrome(?:-stable|-beta|-unstable)?|chrome|brave(?:-browser)?|` +
		`electron|microsoft-edge(?:-stable)?|vivaldi|opera|code)`
	return regexp.MustCompile(`^(?:/etc/` + name + `(?:\.d)?/[^.]*|.*/\.config/` + name + `\d*-flags\.conf|` +
		`/(?:usr/(?:local/)?)?bin/` + name + `|/usr/lib/` + name + `/` + name + `|/opt/.*/` + name + `)$`)
})

// browserOf returns the browser that a file gives options to, or "".
func browserOf(file string) string {
	if !strings.HasPrefix(file, "/") {
		return ""
	}
	for n, name := range flagFile().FindStringSubmatch(file) {
		if n > 0 && name != "" {
			return name
		}
	}
	return ""
}

// checkWrittenFlags reports an option that a command writes to a file of a browser, or puts there with sed.
func checkWrittenFlags(p *rules.Pass, d *image.Dockerfile, c *image.Command) {
	for _, w := range c.Writes() {
		if browser := browserOf(c.PathOf(w.Path)); browser != "" {
			for _, piece := range w.Text {
				if reportWritten(p, d, browser, piece) {
					return
				}
			}
		}
	}
	if c.Name != "sed" {
		return
	}
	browser := ""
	for _, w := range c.Words[1:] {
		if name := browserOf(c.PathOf(w)); name != "" {
			browser = name
		}
	}
	if browser == "" {
		return
	}
	for _, w := range c.Words[1:] {
		for _, piece := range w.Parts {
			if strings.HasPrefix(piece.Text, "s") && adds(piece.Text) && reportWritten(p, d, browser, piece) {
				return
			}
		}
	}
}

// adds reports whether a command s of sed has more options of a browser in its replacement than in its pattern.
func adds(script string) bool {
	if len(script) < 2 {
		return false
	}
	parts := strings.Split(script[1:], script[1:2])
	if len(parts) < 3 {
		return false
	}
	for _, option := range browserOptions {
		if strings.Contains(parts[2], option) && !strings.Contains(parts[1], option) {
			return true
		}
	}
	return false
}

// checkCopiedFlags reports an option in a here-document that COPY puts where a browser reads it.
func checkCopiedFlags(p *rules.Pass, d *image.Dockerfile, s *image.Step) {
	dest, _, known := s.Dest()
	if !known || len(s.Heredocs) == 0 {
		return
	}
	for _, h := range s.Heredocs {
		browser := browserOf(dest)
		if strings.HasSuffix(dest, "/") || browser == "" {
			browser = browserOf(path.Join(dest, h.Name))
		}
		if browser != "" {
			body := source.Piece{Text: d.Source.Text(h.Body), Span: h.Body, Verbatim: true}
			if reportWritten(p, d, browser, body) {
				return
			}
		}
	}
}

// reportWritten reports the first option in a text that is written, outside of comments.
func reportWritten(p *rules.Pass, d *image.Dockerfile, browser string, text source.Piece) bool {
	at := 0
	for line := range strings.Lines(text.Text) {
		start := at
		at += len(line)
		if strings.HasPrefix(strings.TrimSpace(line), "#") && !strings.HasPrefix(line, "#!") {
			continue
		}
		for _, option := range browserOptions {
			n := strings.Index(line, option)
			if n < 0 {
				continue
			}
			span := text.Span
			if text.Verbatim {
				span = source.Span{Start: span.Start + start + n, End: span.Start + start + n + len(option)}
			}
			reportOption(p, d, browser, span)
			return true
		}
	}
	return false
}

func reportOption(p *rules.Pass, d *image.Dockerfile, browser string, span source.Span) {
	p.Report(rules.Finding{
		File: d.Source, Span: span,
		Message: browser + " runs without its sandbox: " +
			"a page that takes over a renderer gets all rights of the container's user",
	})
}

// checkExecOptions handles ENTRYPOINT ["chromium"] with CMD ["--no-sandbox"], where the options are in another
// instruction.
func checkExecOptions(p *rules.Pass, d *image.Dockerfile) {
	for _, stage := range d.Stages {
		browser := ""
		for _, i := range stage.Instructions {
			switch {
			case i.Name == "ENTRYPOINT":
				browser = ""
				if script := d.Script(i); script != nil && len(script.Commands) > 0 &&
					slices.Contains(browsers, script.Commands[0].Name) {
					browser = script.Commands[0].Name
				}
			case i.Name == "CMD" && i.Exec && browser != "":
				for _, w := range i.Words {
					if slices.Contains(browserOptions, w.Text) {
						reportOption(p, d, browser, w.Span)
						break
					}
				}
			}
		}
	}
}

func reportVariable(p *rules.Pass, f *source.File, name, value string, wanted []string, span source.Span) {
	off := value != "" && value != "0" && !strings.EqualFold(value, "false")
	if wanted != nil {
		off = slices.ContainsFunc(strings.Fields(value), func(w string) bool { return slices.Contains(wanted, w) })
	}
	if off {
		p.Report(rules.Finding{
			File: f, Span: span,
			Message: fmt.Sprintf("%s disables the browser engine's sandbox in every program in the image that uses it",
				name),
		})
	}
}
