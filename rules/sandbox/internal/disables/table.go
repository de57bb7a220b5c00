package disables

import (
	"regexp"
	"strings"
	"sync"
)

// browser are the options of Chromium and its relatives that disable a layer of the sandbox.
const browser = `--(?:no-sandbox|disable-setuid-sandbox|disable-seccomp-filter-sandbox|disable-namespace-sandbox|` +
	`no-zygote-sandbox)`

// Browser is Chromium and what is built from it, WebKit and Firefox. Sources: Chromium's docs/linux/sandboxing.md,
// Electron's and Qt's documentation of their variables, WebKitGTK's and Firefox's sandbox documentation, and Debian's
// and Arch's wrappers, which read files with options.
var Browser = sync.OnceValue(func() *Tool {
	const name = `(chromium(?:-browser)?|google-chrome(?:-stable|-beta|-unstable)?|chrome|brave(?:-browser)?|` +
		`electron|microsoft-edge(?:-stable)?|vivaldi|opera|code)`
	options := regexp.MustCompile(`^` + browser + `$`)
	programs := []string{
		"chromium", "chromium-browser", "chrome", "google-chrome", "google-chrome-stable", "google-chrome-beta",
		"google-chrome-unstable", "chrome-headless-shell",
		"headless_shell", "headless-shell", "brave", "brave-browser", "microsoft-edge", "microsoft-edge-stable",
		"vivaldi", "opera", "electron", "code", "code-insiders", "codium",
		"signal-desktop", "slack", "discord", "element-desktop", "qutebrowser", "chromedriver", "lighthouse",
	}
	inValue := regexp.MustCompile(`(?:^|\s)` + browser + `(?:\s|$)`)
	return &Tool{
		Markers:  []string{"sandbox", "SANDBOX"},
		Programs: programs,
		Options:  options,
		Lists:    []string{"--chrome-flags", "--chromeFlags"}, // of lighthouse
		Variables: map[string]*regexp.Regexp{
			"ELECTRON_DISABLE_SANDBOX":                 nil,
			"QTWEBENGINE_DISABLE_SANDBOX":              nil,
			"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": nil,
			"MOZ_DISABLE_CONTENT_SANDBOX":              nil,
			"MOZ_DISABLE_GMP_SANDBOX":                  nil,
			"MOZ_DISABLE_RDD_SANDBOX":                  nil,
			"MOZ_DISABLE_SOCKET_PROCESS_SANDBOX":       nil,
			"QTWEBENGINE_CHROMIUM_FLAGS":               inValue,
		},
		ListNames: regexp.MustCompile(
			`(?i)(?:^|_)(?:chrom(?:e|ium)|browser|puppeteer|playwright|electron|lighthouse)(?:_\w*)?_` +
				`(?:opts?|options?|flags?|args?|arguments|params?)$`),
		Files: []File{{
			Path: regexp.MustCompile(`^(?:/etc/` + name + `(?:\.d)?/[^.]*|.*/\.config/` + name + `\d*-flags\.conf|` +
				`/(?:usr/(?:local/)?)?bin/` + name + `|/usr/lib/` + name + `/` + name + `|/opt/.*/` + name + `)$`),
			Line: regexp.MustCompile(`(` + browser + `)(?:[^\w-]|$)`),
		}, {
			// A script that starts the browser.
			Path: regexp.MustCompile(`^/(?:usr/(?:local/)?)?s?bin/[\w.-]+$|\.(?:sh|bash|desktop)$`),
			Line: regexp.MustCompile(`^\s*(?:Exec=|exec\s+)?(?:/[\w./-]*/)?(?P<program>` +
				strings.Join(programs, "|") + `)\s(?:[^#]*\s)?(?P<place>` + browser + `)(?:[^\w-]|$)`),
		}},
	}
})

// Opam is opam since 2.0; older releases have no sandbox and no such option. Source: opam-init(1).
var Opam = sync.OnceValue(func() *Tool {
	return &Tool{
		Markers: []string{"sandbox", "wrap-"}, Programs: []string{"opam"},
		Options: regexp.MustCompile(`^--disable-sandboxing$`),
		Files: []File{{
			Path: regexp.MustCompile(`/(?:etc/|\.)opamrc$`),
			Line: regexp.MustCompile(`^\s*(wrap-(?:build|install|remove)-commands:\s*\[\s*\])`),
		}},
	}
})

// Bazel runs actions in sandboxfs or namespaces unless a strategy says otherwise. Source: Bazel's command-line
// reference, --spawn_strategy, --genrule_strategy, --strategy.
var Bazel = sync.OnceValue(func() *Tool {
	const strategy = `--(?:(?:spawn|genrule)_strategy|strategy=\w+)[= ](?:standalone|local)`
	return &Tool{
		Markers: []string{"strategy"}, Programs: []string{"bazel", "bazelisk"},
		Options: regexp.MustCompile(`^` + strategy + `$`),
		Files: []File{{
			Path: regexp.MustCompile(`(?:^/etc/bazel\.bazelrc|/(?:[\w.-]*\.)?\.?bazelrc)$`),
			Line: regexp.MustCompile(`^\s*(?:build|common|test|run|startup)(?::\S+)?\s.*?(` + strategy + `)(?:\s|$)`),
		}},
	}
})

// Guix is guix-daemon. Source: the manual of GNU Guix, "Invoking guix-daemon".
var Guix = sync.OnceValue(func() *Tool {
	return &Tool{
		Markers: []string{"disable-chroot"}, Programs: []string{"guix-daemon"},
		Options: regexp.MustCompile(`^--disable-chroot$`),
	}
})

// Portage is Gentoo's FEATURES. Without ipc-, network-, pid- and mount-sandbox, which want namespaces, it still notices
// writes outside of the build; these do not count. Source: make.conf(5).
var Portage = sync.OnceValue(func() *Tool {
	const feature = `-(?:user)?sandbox`
	return &Tool{
		Markers: []string{"sandbox"}, Programs: []string{"emerge", "ebuild"},
		Variables: map[string]*regexp.Regexp{
			"FEATURES": regexp.MustCompile(`(?:^|\s)` + feature + `(?:\s|$)`),
		},
		Files: []File{{
			Path: regexp.MustCompile(`^/etc/(?:portage/)?make\.conf(?:/.*)?$|^/etc/portage/env/`),
			Line: regexp.MustCompile(`^\s*FEATURES\+?=.*?["'\s=](` + feature + `)(?:["'\s]|$)`),
		}},
	}
})

// Pacman is pacman since 7.0, which downloads as another user under Landlock and seccomp. Source: pacman(8),
// pacman.conf(5).
var Pacman = sync.OnceValue(func() *Tool {
	return &Tool{
		Markers: []string{"isable-sandbox", "DisableSandbox"}, Programs: []string{"pacman", "yay", "paru", "pacstrap"},
		Options: regexp.MustCompile(`^--disable-sandbox(?:-filesystem|-syscalls)?$`),
		Files: []File{{
			Path: regexp.MustCompile(`^/etc/pacman\.(?:conf|d/.*)$`),
			Line: regexp.MustCompile(`^\s*(DisableSandbox(?:Filesystem|Syscalls)?)\s*$`),
		}},
	}
})

// Homebrew has the first name on macOS and, in older releases, everywhere. Source: Homebrew's library, env_config.rb.
var Homebrew = sync.OnceValue(func() *Tool {
	return &Tool{
		Markers: []string{"HOMEBREW_NO_SANDBOX"}, Programs: []string{"brew"},
		Variables: map[string]*regexp.Regexp{"HOMEBREW_NO_SANDBOX": nil, "HOMEBREW_NO_SANDBOX_LINUX": nil},
	}
})

// Apt is apt since 1.1, which downloads as the user _apt. Source: apt.conf(5), apt's changelog.
var Apt = sync.OnceValue(func() *Tool {
	return &Tool{
		Markers: []string{"Sandbox"}, Programs: []string{"apt-get", "apt", "aptitude"},
		Options: regexp.MustCompile(`(?i)^(?:-o=?|--option=)APT::Sandbox::User=["']?(?:root|0)["']?$`),
		Files: []File{{
			Path: regexp.MustCompile(`^/etc/apt/apt\.conf(?:\.d/[^/]+)?$`),
			Line: regexp.MustCompile(`(?i)^\s*(APT::Sandbox::User\s+"?(?:root|0)"?)\s*;`),
		}},
	}
})

// Npm is npm before 7, which ran scripts as another user where it was root itself. Source: npm's documentation of
// scripts, "User", and the changelog of npm 7.
var Npm = sync.OnceValue(func() *Tool {
	yes := regexp.MustCompile(`(?i)^(?:true|1)$`)
	return &Tool{
		Markers:  []string{"unsafe-perm", "unsafe_perm", "UNSAFE_PERM"},
		Programs: []string{"npm", "npx", "yarn", "pnpm"},
		Options:  regexp.MustCompile(`^(?:--unsafe-perm(?:=true)?|unsafe-perm=true)$`),
		Variables: map[string]*regexp.Regexp{
			"npm_config_unsafe_perm": yes, "NPM_CONFIG_UNSAFE_PERM": yes,
		},
		Files: []File{{
			Path: regexp.MustCompile(`/\.?npmrc$`), Line: regexp.MustCompile(`^\s*(unsafe-perm\s*=\s*true)\s*$`),
		}},
	}
})

// Swift is the Swift package manager, which has a sandbox on macOS alone. Source: its Sandbox.swift.
var Swift = sync.OnceValue(func() *Tool {
	return &Tool{
		Markers: []string{"--disable-sandbox"}, Programs: []string{"swift"},
		Subcommands: []string{"build", "test", "run", "package"},
		Options:     regexp.MustCompile(`^--disable-sandbox$`),
	}
})

// Configure is what keeps configure scripts of GNU programs, and makepkg before 4.2, from refusing to run as root.
// Source: gnulib's root.m4; makepkg's NEWS.
var Configure = sync.OnceValue(func() *Tool {
	return &Tool{
		Markers: []string{"FORCE_UNSAFE_CONFIGURE", "--asroot"}, Programs: []string{"makepkg"},
		Options:   regexp.MustCompile(`^--asroot$`),
		Variables: map[string]*regexp.Regexp{"FORCE_UNSAFE_CONFIGURE": nil},
	}
})
