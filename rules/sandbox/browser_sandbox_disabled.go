package sandbox

import (
	"fmt"
	"slices"
	"strings"

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
	for _, c := range d.Commands() {
		if len(c.Words) == 0 || !c.InDockerfile() {
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
