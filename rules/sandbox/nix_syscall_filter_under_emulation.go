package sandbox

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var nixSyscallFilterUnderEmulation = &rules.Rule{
	ID:       "sandbox/nix-syscall-filter-under-emulation",
	Summary:  "Nix builds with its syscall filter under an emulator that refuses it",
	Severity: rules.Error,
	Category: rules.Portability,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe, fixers.Manual},
	References: []string{
		"NixOS/nix#5258, DeterminateSystems/nix-installer#324: `unable to load seccomp BPF program: Invalid argument`",
		"NixOS/nix#15153: the same under Rosetta",
		"lucernae/devcontainer-nix#26, LnL7/nix-docker#41, pulumi/devcontainer#14",
	},
	Check: rules.OnTimeline(checkEmulation),
}

func checkEmulation(p *rules.Pass, img *nixuse.Image) {
	var platform *image.Platform
	for n := range img.Platforms() {
		if img.Platforms()[n].Emulated {
			platform = &img.Platforms()[n]
			break
		}
	}
	if platform == nil || !img.StopsWithoutFilter() {
		return
	}
	for _, e := range img.Events {
		if e.Kind != nixuse.RunCommand || e.Maybe || e.Nix.Phases&(reach.Builds|reach.MayBuild) == 0 {
			continue
		}
		value, known := img.SettingsBefore(e).Value("filter-syscalls")
		if !known || value != "true" {
			continue
		}
		finding := rules.Finding{
			File: e.File, Span: e.Nix.Span,
			Message: fmt.Sprintf(
				"%q loads Nix's syscall filter, which the emulator for %s refuses: "+
					"\"unable to load seccomp BPF program\"",
				e.Nix.Label,
				where(platform),
			),
		}
		if e.Nix.Phases&reach.Builds == 0 {
			finding.Severity = rules.Warning
			finding.Message = fmt.Sprintf(
				"%q loads Nix's syscall filter as soon as it has to build something, "+
					"which the emulator for %s refuses: \"unable to load seccomp BPF program\"",
				e.Nix.Label,
				where(platform),
			)
		}
		if platform.File != nil {
			finding.Related = []rules.Related{
				{File: platform.File, Span: platform.Span, Message: "built for " + platform.Name + ": " + platform.Why},
			}
			if call := platform.Call; call != nil {
				finding.Related = append(finding.Related,
					rules.Related{File: call.File, Span: call.Span, Message: "the workflow is called here"})
			}
		}
		if e.File == img.Dockerfile.Source {
			finding.Fixes = emulationFix(img, e)
		}
		p.Report(finding)
		return // the first one stops the build
	}
}

// where names a platform that is emulated, and the machine that does so where it is known.
func where(p *image.Platform) string {
	if p.Machine == "" {
		return p.Name
	}
	return p.Name + " on " + p.Machine
}

func emulationFix(img *nixuse.Image, e *nixuse.Event) []fixers.Fix {
	settings := fixnix.Settings{"filter-syscalls"}
	if in := e.Nix.Installer; in != nil {
		if in.Kind == nixuse.OfficialSingle && in.FileText != nil && in.FileText.Last("filter-syscalls") != nil {
			return nil // the installer ignores the file, and nix/installer-config-ignored mends that
		}
		if in.Kind == nixuse.NixInstaller && !in.ConfLate && !e.Instruction.Exec && e.Command.Quoting == source.Plain {
			return []fixers.Fix{{
				Title: "Pass filter-syscalls = false to the installer", Safety: fixers.Unsafe,
				Edits: []fixers.Edit{{
					File: img.Dockerfile.Source, Span: source.Span{Start: in.End, End: in.End},
					Text: ` --extra-conf "filter-syscalls = false"`,
				}},
				Changes: fixers.Changes{
					fixdocker.Words{Added: []string{"--extra-conf", "filter-syscalls = false"}}, settings,
				},
			}}
		}
		if fix, ok := aroundInstaller(img, e); ok {
			return []fixers.Fix{fix}
		}
		return []fixers.Fix{{
			Title:  "Set NIX_CONFIG to filter-syscalls = false in the environment of the installer",
			Safety: fixers.Manual,
		}}
	}
	base := img.Root().Base
	if base == nil || base.Conf == nil || e.User != "" && e.User != "root" && e.User != "0" ||
		!readsSystemConf(img, e) || replacedLater(img, e) {
		return nil
	}
	write := "RUN echo 'filter-syscalls = false' >> /etc/nix/nix.conf"
	if unterminated(img, e) {
		write = `RUN printf '\nfilter-syscalls = false\n' >> /etc/nix/nix.conf`
	}
	return []fixers.Fix{{
		Title: "Write filter-syscalls = false before this command", Safety: fixers.Unsafe,
		Edits:   fixdocker.InsertBefore(img.Dockerfile.File, e.Instruction, write),
		Changes: fixers.Changes{fixdocker.NewInstructions{"RUN"}, settings},
	}}
}

// aroundInstaller returns the fix that writes the setting before the official installer and, where that replaces the
// file, again after it.
func aroundInstaller(img *nixuse.Image, e *nixuse.Event) (fixers.Fix, bool) {
	kind := e.Nix.Installer.Kind
	if kind != nixuse.OfficialDaemon && kind != nixuse.OfficialSingle || !e.ReadsSystemConf() ||
		kind == nixuse.OfficialSingle && replacedLater(img, e) {
		return fixers.Fix{}, false
	}
	const write = "echo 'filter-syscalls = false' >> /etc/nix/nix.conf"
	fix := fixers.Fix{
		Title: "Write filter-syscalls = false before the installer", Safety: fixers.Unsafe,
		Edits: fixdocker.InsertBefore(img.Dockerfile.File, e.Instruction, "RUN mkdir -p /etc/nix && "+write),
		Changes: fixers.Changes{
			fixdocker.NewInstructions{"RUN"}, fixnix.Settings{"filter-syscalls"},
		},
	}
	if kind == nixuse.OfficialDaemon {
		fix.Title += ", and again after it, since it replaces the file"
		fix.Edits = append(fix.Edits, fixdocker.InsertAfter(img.Dockerfile.File, e.Instruction, "RUN "+write)...)
	}
	return fix, true
}

// readsSystemConf reports whether settings in the image's /etc/nix/nix.conf apply to a command.
func readsSystemConf(img *nixuse.Image, at *nixuse.Event) bool {
	for _, o := range img.SettingsBefore(at).Origins("filter-syscalls") {
		if o.Event != nil && o.Event.Path != "/etc/nix/nix.conf" {
			return false // another source wins
		}
	}
	return !slices.ContainsFunc(img.Timeline(), func(e *nixuse.Event) bool {
		return e.Kind == nixuse.SetEnv && e.Name == "NIX_CONF_DIR"
	})
}

// replacedLater reports whether something replaces the image's nix.conf after an event, so text written before it does
// not last.
func replacedLater(img *nixuse.Image, at *nixuse.Event) bool {
	n := slices.Index(img.Events, at)
	return slices.ContainsFunc(img.Events[n+1:], func(e *nixuse.Event) bool {
		return e.Kind == nixuse.WriteConfig && e.Path == "/etc/nix/nix.conf" && (e.Truncate || e.Removed)
	})
}

// unterminated reports whether the last line of the image's nix.conf has no line end at an event, so appended text
// would join it.
func unterminated(img *nixuse.Image, at *nixuse.Event) bool {
	open := false
	for _, e := range img.Timeline() {
		if e == at {
			break
		}
		if e.Kind == nixuse.WriteConfig && e.Path == "/etc/nix/nix.conf" && e.Text != nil &&
			len(e.Text.Fragment.Text) > 0 {
			open = !bytes.HasSuffix(e.Text.Fragment.Text, []byte("\n"))
		}
	}
	return open
}
