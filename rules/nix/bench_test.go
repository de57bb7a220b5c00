package nix_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// BenchmarkCheck10000 lints 10,000 nix.conf files of 40 lines with all rules that are on by default. The budget is one
// second on two cores.
func BenchmarkCheck10000(b *testing.B) {
	dir := b.TempDir()
	lines := []string{
		"# settings of machine %d", "experimental-features = nix-command flakes", "max-jobs = auto", "cores = 4",
		"substituters = https://cache.nixos.org https://cache%d.example.org",
		"trusted-public-keys = cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=", "keep-outputs = true",
		"keep-derivations = true", "auto-optimise-store = true",
		"trusted-users = root", "allowed-users = *", "builders-use-substitutes = true", "connect-timeout = 5",
		"fallback = true", "http-connections = 25", "log-lines = 25",
		"warn-dirty = false", "sandbox = true", "min-free = 1073741824", "max-free = 5368709120", "", "# caches",
		"extra-substituters = https://more%d.example.org", "narinfo-cache-negative-ttl = 3600",
		"require-sigs = true", "show-trace = false", "timeout = 7200", "max-silent-time = 3600", "download-speed = 0",
		"compress-build-log = true", "", "# builds", "system-features = benchmark big-parallel kvm nixos-test",
		"extra-platforms = aarch64-linux", "use-xdg-base-directories = false", "tarball-ttl = 3600", "flake-registry =",
		"print-missing = true", "stalled-download-timeout = 300", "build-dir = /var/tmp",
	}
	for n := range 10000 {
		text := strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "%d", fmt.Sprint(n))
		name := filepath.Join(dir, fmt.Sprintf("%03d", n/100), fmt.Sprint(n))
		if err := os.MkdirAll(name, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(name, "nix.conf"), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		ws, err := rules.Load(workspace.Options{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		if result := rules.Check(ws, set, rules.CheckOptions{}); result.Checked != 10000 {
			b.Fatalf("%d files were checked", result.Checked)
		}
	}
}
