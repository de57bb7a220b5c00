package nixexpr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
)

// dumpModule renders what Modules reads: what is not known as <…>.
func dumpModule(t *testing.T, text string) string {
	t.Helper()
	file := source.NewFile("configuration.nix", []byte(text))
	m := Modules(file)
	var b strings.Builder
	pieces := func(all []source.Piece) {
		for _, p := range all {
			switch {
			case p.Opaque:
				fmt.Fprintf(&b, "<%s>", file.Text(p.Span))
			case p.Verbatim && file.Text(p.Span) != p.Text:
				t.Errorf("piece %q lies at %q", p.Text, file.Text(p.Span))
			default:
				b.WriteString(p.Text)
			}
		}
	}
	for _, s := range m.Settings.Settings {
		fmt.Fprintf(&b, "%s = ", s.Name.Text)
		pieces(s.Value)
		b.WriteString("\n")
	}
	for _, extra := range m.Extra {
		b.WriteString("extra:\n")
		pieces(extra.Pieces)
	}
	return b.String()
}

func TestModules(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"function", `{ config, pkgs, lib ? x, ... }@args: {
  imports = [ ./hardware.nix ];
  nix.settings.sandbox = true;
  nix = { settings = { cores = 4; trusted-users = [ "root" "@wheel" ]; }; gc.automatic = true; };
}`, "sandbox = true\ncores = 4\ntrusted-users = root @wheel\n"},
		{"extra options", "{\n  nix.extraOptions = ''\n    experimental-features = nix-command\n\n      a = b # c\n" +
			"    d = ${x} ''${y} ''' $z $${q}\n  '';\n}",
			"extra:\nexperimental-features = nix-command\n\n  a = b # c\nd = <${x}> ${y} '' $z $${q}\n"},
		{"one line", "{ nix.extraOptions = ''a = b''; nix.extraOptions = \"x = y\"; }", "extra:\na = b"},
		{"conditions and lists", `{ lib, ... }: let nix.settings.no = 1; in {
  config = lib.mkIf cfg.enable (lib.mkMerge [ { nix.settings.a = "1"; } (lib.mkIf x { nix.settings.b = "2"; }) ]);
  nixosConfigurations.host = nixosSystem { modules = [ ./x.nix ({ pkgs, ... }: { nix.settings.c = 3; }) ]; };
  home-manager.users.me.nix.settings.d = 4;
}`, "a = 1\nb = 2\nc = 3\nd = 4\n"},
		{"not these", `{ options.nix.settings = lib.mkOption { type = 1; }; options = { nix.settings.a = 1; };
  programs.nix.settings.b = 1; settings.c = 1; nix.settings = { d = 1; } // x; nix.settings = other { e = 1; };
  nix.registry.settings.f = 1; nix.settings.g.h = 1;
}`, ""},
		{"passed on", `{ nix.settings = lib.mkForce { a = 1; }; nix.settings = mkIf (x == "{") { b = 2; }; }`,
			"a = 1\nb = 2\n"},
		{"computed", `{ nix.settings = { a = lib.mkDefault 1; ${name} = 2; b = [ x ]; }; nix.settings.c = "${y}z"; }`,
			"c = <${y}>z\n"},
		{"unknown values", `{ nix.settings = { a = lib.mkDefault 1; b = [ x ]; c = null; }; }`,
			"a = <lib.mkDefault 1>\nb = <[ x ]>\nc = <null>\n"},
		{"cut off", `{ nix.settings.a = 1; nix.settings = {`, ""},
		{"broken", `{ nix.settings.a = 1; ) }`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, dumpModule(t, test.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzModules(f *testing.F) {
	f.Add("{ nix.settings = { a = \"x\"; }; nix.extraOptions = ''\n  a = ${b}\n  c''; }")
	f.Add("{ a, b ? { c = 1; } }: { nix = { settings.x = [ ''y'' ]; }; ${q} = 1; inherit (z) w; }")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.NewFile("x.nix", []byte(text))
		m := Modules(file)
		fragments := append([]*source.Fragment{m.Settings.Fragment()}, m.Extra...)
		for _, fr := range fragments {
			for _, p := range fr.Pieces {
				if p.Span.Start < 0 || p.Span.End > len(text) || p.Span.Start > p.Span.End {
					t.Fatalf("piece %+v", p)
				}
				if p.Verbatim && file.Text(p.Span) != p.Text {
					t.Fatalf("piece %q lies at %q", p.Text, file.Text(p.Span))
				}
			}
		}
	})
}

// BenchmarkModules reads files of three sizes, and of three depths.
func BenchmarkModules(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		text := "{\n" + strings.Repeat("  a.b = lib.mkIf c { d = [ { e = ''x''; } ]; };\n"+
			"  nix.extraOptions = ''\n   x = ${y}\n  '';\n", n) + "}"
		f := source.NewFile("x.nix", []byte(text))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Modules(f)
			}
		})
	}
}
