package packages

import (
	"slices"
	"strings"
	"sync"
)

// Manager is what is known of a package manager.
type Manager struct {
	// Name is the name of the program: "apt-get".
	Name string
	// Yes are the options that confirm all questions, NoCache those that keep nothing of what is downloaded, and
	// NoExtras those that leave out packages that are merely recommended. A manager may lack any of them.
	Yes, NoCache, NoExtras []string
	// Caches are the folders with what the manager downloads, and Lists those with the lists of packages that there
	// are, for root in an image with default settings. "~" stands for the home folder.
	Caches, Lists []string
	// CleanCommand removes what was downloaded, "" where the manager has none.
	CleanCommand string
	// Harmless are options with which the command changes nothing, such as those that print what it would do.
	Harmless []string
	// PinVariables are the variables that, when they have a value, fix the versions of all packages.
	PinVariables []string

	programs  []string
	verbs     map[string]Action // by one or two words; "" is the manager without any
	valued    []string          // options whose value may be the next word
	single    bool              // options have whole names after one dash
	stops     bool              // what follows "--" are no packages
	files     []string          // how names of package files end
	group     string            // what the names of groups begin with
	yes       func(*Use) bool   // further ways to confirm
	noExtras  func(*Use) bool   // further ways to leave out what is recommended
	operation func(*Use) bool   // sets the action where an option says it, given the operands; reports whether one does
	cut       func(string) (Kind, string, string)
}

// The tables below come from the manuals and the help of the programs: apt 2.6 and 3.0, apk-tools 2.14, dnf 4.14 and 5,
// zypper 1.14, pacman 6, pip 24, uv 0.5, poetry 1.8, npm 10, yarn 1.22, pnpm 9, gem 3.5, bundler 2.5, Go 1.23, cargo
// 1.80, composer 2.7.
var table = sync.OnceValue(func() []*Manager {
	words := strings.Fields
	apt := map[string]Action{
		"install": Install, "reinstall": Install, "build-dep": Install, "satisfy": Install, "update": Update,
		"upgrade": Upgrade, "safe-upgrade": Upgrade, "dist-upgrade": ReleaseUpgrade, "full-upgrade": ReleaseUpgrade,
		"clean": Clean, "autoclean": Clean, "auto-clean": Clean, "distclean": Clean,
		"dist-clean": Clean, "remove": Remove, "purge": Remove,
		"autoremove": Remove, "autopurge": Remove,
	}
	aptValued := words(`-o --option -t --target-release --default-release -c --config-file -a --host-architecture
		-P --build-profiles --solver`)
	aptHarmless := words(`-s --simulate --just-print --dry-run --recon --no-act --print-uris --trivial-only
		--assume-no -h --help -v --version`)
	yum := map[string]Action{
		"install": Install, "localinstall": Install, "reinstall": Install, "groupinstall": Install,
		"group install": Install, "groups install": Install, "module install": Install, "builddep": Install,
		"build-dep": Install, "module enable": Other, "makecache": Update, "check-update": Other, "update": Upgrade,
		"upgrade": Upgrade, "update-minimal": Upgrade, "upgrade-minimal": Upgrade, "distro-sync": ReleaseUpgrade,
		"distribution-synchronization": ReleaseUpgrade, "system-upgrade": ReleaseUpgrade, "clean": Clean,
		"remove": Remove, "erase": Remove, "autoremove": Remove, "groupremove": Remove, "group remove": Remove,
	}
	yumValued := words(`-c --config -d --debuglevel -e --errorlevel -R --randomwait -x --exclude --excludepkgs
		--enablerepo --disablerepo --repo --repoid --repofrompath --installroot --releasever --setopt --forcearch
		--comment --advisory --advisories --bz --cve --sec-severity --enableplugin --disableplugin --downloaddir
		--destdir --color --rpmverbosity --disableexcludes --disableexcludepkgs`)
	yumHarmless := words("--assumeno -h --help --version")
	rpm := words(".rpm")
	pipValued := words(`-r --requirement -c --constraint -e --editable -t --target -i --index-url --extra-index-url -f
		--find-links --trusted-host --prefix --root --src --platform --python-version --abi --implementation
		--progress-bar --no-binary --only-binary --cache-dir --proxy --timeout --retries --cert --client-cert --log
		--global-option --build-option --config-settings -C --install-option --upgrade-strategy --report
		--exists-action --use-feature --use-deprecated --python --keyring-provider --root-user-action --group
		--uploaded-prior-to --build-constraint`)
	uvValued := append(words(`--with --from --index --default-index --index-strategy --prerelease --resolution
		--override --overrides --requirements --constraints --exclude-newer --exclude-newer-package --torch-backend
		--extra --link-mode -p --build-constraints -b --with-requirements --with-editable
		--no-build-isolation-package --no-build-package --no-binary-package --reinstall-package --refresh-package -P
		--upgrade-package --config-setting --directory --project --color --config-file --allow-insecure-host
		--python-platform --package --tag --rev --branch --bounds --fork-strategy --script --optional`), pipValued...)
	wheels := words(".whl .tar.gz .tgz .zip .tar.bz2 .egg")
	npm := map[string]Action{
		"install": Install, "i": Install, "in": Install, "ins": Install, "add": Install, "isntall": Install,
		"ci": Install, "clean-install": Install, "install-test": Install, "it": Install, "update": Upgrade,
		"upgrade": Upgrade, "up": Upgrade, "cache clean": Clean, "cache clear": Clean, "uninstall": Remove,
		"remove": Remove, "rm": Remove, "un": Remove, "exec": Run,
	}
	npmValued := words(`--prefix -C --registry --cache --loglevel --omit --include --only -w --workspace --tag
		--userconfig --globalconfig --fetch-retries --fetch-timeout --fetch-retry-mintimeout
		--fetch-retry-maxtimeout --maxsockets --network-timeout --install-strategy --cwd --cache-folder
		--modules-folder --mutex --store-dir --dir --filter --network-concurrency --child-concurrency --reporter
		--cpu --os --libc --before --location --script-shell --otp --audit-level --save-prefix --python`)
	pip := words("pip pip2 pip3 python python2 python3")
	for _, minor := range words("6 7 8 9 10 11 12 13 14") {
		pip = append(pip, "pip3."+minor, "python3."+minor)
	}
	return []*Manager{
		{
			Name: "apt-get", programs: words("apt-get"), verbs: apt, valued: aptValued, files: words(".deb"),
			Yes: words("-y --yes --assume-yes --force-yes"), NoExtras: words("--no-install-recommends"),
			yes: aptYes, noExtras: aptNoExtras, cut: cutApt,
			Caches: words("/var/cache/apt"), Lists: words("/var/lib/apt/lists"), CleanCommand: "apt-get clean",
			Harmless: aptHarmless,
		},
		{
			Name: "apt", programs: words("apt"), verbs: apt, valued: aptValued, files: words(".deb"),
			Yes: words("-y --yes --assume-yes --force-yes"), NoExtras: words("--no-install-recommends"),
			yes: aptYes, noExtras: aptNoExtras, cut: cutApt,
			Caches: words("/var/cache/apt"), Lists: words("/var/lib/apt/lists"), CleanCommand: "apt-get clean",
			Harmless: aptHarmless,
		},
		{
			Name: "aptitude", programs: words("aptitude"), verbs: apt, files: words(".deb"),
			valued: words("-o -t --target-release --default-release -q -F -O -w"),
			Yes:    words("-y --assume-yes"), NoExtras: words("-R --without-recommends"), yes: aptYes, cut: cutApt,
			Caches: words("/var/cache/apt"), Lists: words("/var/lib/apt/lists"), CleanCommand: "aptitude clean",
			Harmless: words("-s --simulate -h --help --version"),
		},
		{
			Name: "apk", programs: words("apk"), files: words(".apk"), NoCache: words("--no-cache"), cut: cutAt("=<>~"),
			verbs: map[string]Action{"add": Install, "update": Update, "upgrade": Upgrade, "fix": Install,
				"cache clean": Clean, "cache purge": Clean, "del": Remove},
			valued: words(`-p --root -X --repository --arch --cache-dir --cache-max-age --keys-dir
				--repositories-file --wait -t --virtual --progress-fd --timeout`),
			Caches: words("/var/cache/apk /etc/apk/cache"), Lists: words("/var/cache/apk"),
		},
		{
			Name: "yum", programs: words("yum"), verbs: yum, valued: yumValued, files: rpm, group: "@",
			Yes: words("-y --assumeyes"), cut: cutRPM, NoExtras: nil, noExtras: yumNoExtras,
			Caches: words("/var/cache/yum"), Lists: words("/var/cache/yum"), CleanCommand: "yum clean all",
			Harmless: yumHarmless, yes: yumYes,
		},
		{
			Name: "dnf", programs: words("dnf dnf5 dnf-3"), verbs: yum, valued: yumValued, files: rpm, group: "@",
			Yes: words("-y --assumeyes"), cut: cutRPM, noExtras: yumNoExtras,
			Caches: words("/var/cache/dnf /var/cache/libdnf5"), Lists: words("/var/cache/dnf /var/cache/libdnf5"),
			CleanCommand: "dnf clean all",
			Harmless:     yumHarmless, yes: yumYes,
		},
		{
			Name: "microdnf", programs: words("microdnf"), verbs: yum, valued: yumValued, files: rpm, group: "@",
			Yes: words("-y --assumeyes"), cut: cutRPM, noExtras: yumNoExtras,
			Caches: words("/var/cache/yum /var/cache/dnf"), Lists: words("/var/cache/yum /var/cache/dnf"),
			CleanCommand: "microdnf clean all",
			Harmless:     yumHarmless, yes: yumYes,
		},
		{
			Name: "tdnf", programs: words("tdnf"), verbs: yum, valued: yumValued, files: rpm,
			Yes: words("-y --assumeyes"), cut: cutRPM,
			Caches: words("/var/cache/tdnf"), Lists: words("/var/cache/tdnf"), CleanCommand: "tdnf clean all",
			Harmless: yumHarmless, yes: yumYes,
		},
		{
			Name: "zypper", programs: words("zypper"), files: rpm, group: "pattern:", cut: cutRPM,
			verbs: map[string]Action{"install": Install, "in": Install, "source-install": Install, "si": Install,
				"install-new-recommends": Install, "inr": Install, "refresh": Update, "ref": Update, "update": Upgrade,
				"up": Upgrade, "patch": Upgrade, "dist-upgrade": ReleaseUpgrade, "dup": ReleaseUpgrade,
				"clean": Clean, "cc": Clean, "remove": Remove, "rm": Remove},
			valued: words(`-R --root --installroot -D --reposd-dir -C --cache-dir --raw-cache-dir --solv-cache-dir
				--pkg-cache-dir -c --config -x --plus-repo -p --plus-content -r --repo --from -t --type --releasever
				--userdata --download --priority`),
			Yes:      words("-n --non-interactive -y --no-confirm --non-interactive-include-reboot-patches"),
			NoExtras: words("--no-recommends"),
			Caches:   words("/var/cache/zypp"), Lists: words("/var/cache/zypp"), CleanCommand: "zypper clean --all",
			Harmless: words("--dry-run -h --help -d --download-only"),
		},
		{
			Name: "pacman", programs: words("pacman"), Yes: words("--noconfirm"), cut: cutAt("="), operation: pacman,
			valued: words(`-b --dbpath -r --root --arch --cachedir --color --config --gpgdir --hookdir --logfile
				--sysroot --assume-installed --ignore --ignoregroup --overwrite`),
			files: words(".pkg.tar.zst .pkg.tar.xz .pkg.tar.gz"), verbs: map[string]Action{},
			Caches: words("/var/cache/pacman/pkg"), Lists: words("/var/lib/pacman/sync"),
			Harmless: words("-p --print -h --help -V --version"),
		},
		{
			Name: "pip", programs: pip, valued: pipValued, files: wheels, cut: cutPip,
			NoCache: words("--no-cache-dir --no-cache"), Harmless: words("--dry-run -h --help"),
			verbs: map[string]Action{"install": Install, "wheel": Install, "download": Other, "uninstall": Remove,
				"cache purge": Clean, "cache remove": Clean},
			Yes: nil, Caches: words("~/.cache/pip"), CleanCommand: "pip cache purge",
			PinVariables: words("PIP_CONSTRAINT PIP_REQUIREMENT PIP_NO_INDEX PIP_UPLOADED_PRIOR_TO"),
		},
		{
			Name: "pipx", programs: words("pipx"), files: wheels, cut: cutPip, Harmless: words("-h --help"),
			valued: words(`--python --index-url -i --pip-args --suffix --preinstall --backend`),
			verbs:  map[string]Action{"install": Install, "upgrade": Upgrade, "uninstall": Remove, "run": Run},
			Caches: words("~/.cache/pip"), PinVariables: words("PIP_CONSTRAINT PIP_NO_INDEX"),
		},
		{
			Name: "uv", programs: words("uv"), valued: uvValued, files: wheels, cut: cutPip,
			NoCache: words("-n --no-cache --no-cache-dir"),
			verbs: map[string]Action{"pip install": Install, "pip sync": Install, "add": Install, "sync": Install,
				"tool install": Install, "tool run": Run, "run": Run, "lock": Other, "pip uninstall": Remove,
				"remove": Remove, "cache clean": Clean, "cache prune": Clean},
			Caches: words("~/.cache/uv"), CleanCommand: "uv cache clean",
			Harmless:     words("--dry-run -V --version -h --help"),
			PinVariables: words("UV_CONSTRAINT UV_OVERRIDE UV_EXCLUDE_NEWER UV_NO_INDEX"),
		},
		{
			Name: "poetry", programs: words("poetry"), cut: cutPip, files: wheels,
			verbs: map[string]Action{"install": Install, "sync": Install, "add": Install, "update": Upgrade,
				"remove": Remove, "cache clear": Clean},
			valued: words(`-C --directory -P --project -G --group --with --without --only -E --extras --python
				--platform --source`),
			Yes: words("-n --no-interaction"), NoCache: words("--no-cache"),
			Caches: words("~/.cache/pypoetry"), CleanCommand: "poetry cache clear --all --no-interaction .",
		},
		{
			Name: "npm", programs: words("npm"), verbs: npm, valued: npmValued, cut: cutNPM,
			files:    words(".tgz .tar.gz .tar"),
			Harmless: words("-v --version -h --help --dry-run"),
			Caches:   words("~/.npm"), CleanCommand: "npm cache clean --force",
		},
		{
			Name: "yarn", programs: words("yarn yarnpkg"), valued: npmValued, files: words(".tgz .tar.gz"), cut: cutNPM,
			verbs: map[string]Action{"install": Install, "add": Install, "global add": Install, "": Install,
				"upgrade": Upgrade, "up": Upgrade, "cache clean": Clean, "remove": Remove, "global remove": Remove,
				"dlx": Run},
			Caches:       words("/usr/local/share/.cache/yarn ~/.cache/yarn ~/.yarn/berry/cache"),
			CleanCommand: "yarn cache clean", Harmless: words("-v --version -h --help"),
		},
		{
			Name: "pnpm", programs: words("pnpm"), valued: npmValued, files: words(".tgz .tar.gz"), cut: cutNPM,
			verbs: map[string]Action{"install": Install, "i": Install, "add": Install, "fetch": Install,
				"update": Upgrade, "up": Upgrade, "store prune": Clean, "remove": Remove, "rm": Remove, "dlx": Run},
			Caches: words("~/.local/share/pnpm/store ~/.cache/pnpm"), CleanCommand: "pnpm store prune",
			Harmless: words("-v --version -h --help"),
		},
		{
			Name: "gem", programs: words("gem"), stops: true, files: words(".gem"), cut: cutAt(":"),
			verbs: map[string]Action{"install": Install, "i": Install, "update": Upgrade, "cleanup": Remove,
				"uninstall": Remove, "fetch": Other},
			valued: words(`-v --version -i --install-dir -n --bindir --build-root -P --trust-policy -s --source -p
				--http-proxy -B --bulk-threshold -g --file --platform --config-file --without --document
				--target-rbconfig`),
			Caches: words("~/.gem ~/.local/share/gem"),
		},
		{
			Name: "bundle", programs: words("bundle bundler"), cut: cutAt("\x00"),
			verbs: map[string]Action{"install": Install, "": Install, "update": Upgrade, "add": Install,
				"clean": Clean, "remove": Remove, "exec": Run},
			valued: words(`-j --jobs -r --retry --path --gemfile --without --with --binstubs --shebang --trust-policy
				--system --target-rbconfig -v --version -g --group -s --source --git --branch --ref`),
			Caches: words("~/.bundle/cache"),
		},
		{
			Name: "go", programs: words("go"), single: true, cut: cutAt("@"), files: words(".go"),
			verbs: map[string]Action{"install": Install, "get": Install, "run": Run, "mod download": Install,
				"clean": Clean},
			valued: words(`-C -o -p -asmflags -buildmode -buildvcs -compiler -covermode -coverpkg -exec -gccgoflags
				-gcflags -installsuffix -ldflags -mod -modfile -overlay -pgo -pkgdir -tags -toolexec`),
			Caches: words("/go/pkg/mod ~/.cache/go-build"), CleanCommand: "go clean -modcache -cache",
		},
		{
			Name: "cargo", programs: words("cargo"), cut: cutAt("@"),
			verbs: map[string]Action{"install": Install, "binstall": Install, "add": Install, "update": Upgrade,
				"fetch": Install, "uninstall": Remove, "run": Run},
			valued: words(`--version --vers --git --branch --tag --rev --path --index --registry --root --target
				--target-dir --bin --example -p --package -F --features --profile -j --jobs --color --config -C -Z
				--message-format`),
			Caches: words("~/.cargo/registry ~/.cargo/git /usr/local/cargo/registry /usr/local/cargo/git"),
		},
		{
			Name: "composer", programs: words("composer composer.phar"), cut: cutAt(":= "),
			NoCache: words("--no-cache"),
			verbs: map[string]Action{"install": Install, "i": Install, "require": Install, "r": Install,
				"create-project": Install, "global require": Install, "global install": Install, "update": Upgrade,
				"u": Upgrade, "upgrade": Upgrade, "clear-cache": Clean, "clearcache": Clean, "cc": Clean,
				"remove": Remove},
			valued: words(`-d --working-dir --prefer-install -s --stability --repository --repository-url
				--ignore-platform-req`),
			Yes:    words("-n --no-interaction"),
			Caches: words("~/.composer/cache ~/.cache/composer /tmp/cache"), CleanCommand: "composer clear-cache",
			Harmless: words("--dry-run -V --version -h --help"),
		},
	}
})

// aptYes reports the ways of apt to confirm that are no option of that name: -qq, -q=2 and the option in -o.
func aptYes(u *Use) bool {
	quiet := 0
	for _, o := range u.Options {
		switch o.Name {
		case "-q", "--quiet":
			if o.Value == "2" {
				return true
			}
			quiet++
		case "-o", "--option":
			if aptSet(o.Value, "apt::get::assume-yes", true) {
				return true
			}
		}
	}
	return quiet > 1
}

func aptNoExtras(u *Use) bool {
	for _, o := range u.Options {
		if (o.Name == "-o" || o.Name == "--option") && aptSet(o.Value, "apt::install-recommends", false) {
			return true
		}
	}
	return false
}

// aptSet reports whether an option of apt, as -o takes it, sets a name, in lower case, to a truth value.
func aptSet(option, name string, want bool) bool {
	key, value, _ := strings.Cut(option, "=")
	if strings.ToLower(strings.TrimSpace(key)) != name {
		return false
	}
	switch strings.ToLower(strings.Trim(value, `"' `)) {
	case "1", "true", "yes", "on", "with", "enable":
		return want
	case "0", "false", "no", "off", "without", "disable":
		return !want
	}
	return false
}

// yumYes reports the setting that confirms all questions, on the command line.
func yumYes(u *Use) bool {
	return slices.ContainsFunc(u.Options, func(o Option) bool {
		key, value, _ := strings.Cut(o.Value, "=")
		return o.Name == "--setopt" && key == "assumeyes" && slices.Contains(truths, strings.ToLower(value))
	})
}

var truths = []string{"1", "true", "yes", "on"}

func yumNoExtras(u *Use) bool {
	for _, o := range u.Options {
		if o.Name == "--setopt" {
			key, value, _ := strings.Cut(o.Value, "=")
			switch strings.ToLower(value) {
			case "0", "false", "no":
				if key == "install_weak_deps" {
					return true
				}
			}
		}
	}
	return false
}

// pacman sets the action from the operation, such as -Syu, which is an option in form. -Sy alone only refreshes the
// lists.
func pacman(u *Use) bool {
	sync, clean := u.Has("-S", "--sync"), u.Has("-c", "--clean")
	switch {
	case u.Has("-U", "--upgrade"):
		u.Action = Install
	case sync && clean:
		u.Action = Clean
	case sync && u.Has("-u", "--sysupgrade"):
		u.Action = Upgrade
	case sync && u.Has("-s", "--search", "-i", "--info", "-l", "--list", "-g", "--groups"):
		u.Action = Other
	case sync && u.Has("-y", "--refresh") && len(u.Packages) == 0 && !u.Opaque:
		u.Action = Update
	case sync:
		u.Action = Install
	case u.Has("-R", "--remove"):
		u.Action = Remove
	default:
		return false
	}
	return true
}
