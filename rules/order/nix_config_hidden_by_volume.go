package order

import (
	"fmt"
	"path"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var nixConfigHiddenByVolume = &rules.Rule{
	ID:       "order/nix-config-hidden-by-volume",
	Summary:  "a nix.conf that is a link into the Nix store is edited, and a volume or cache mount hides the store",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"NixOS/nix, docker.nix: the files below /etc of the image nixos/nix are links into the store",
		"JoeyEamigh/nixos-superbird#3: what was appended to nix.conf is not there with a volume at /nix",
	},
	Check: rules.OnTimelines(func(p *rules.Pass, model *nixuse.Model) {
		replaced := map[*nixuse.Image]bool{} // the link is not there at the end of a stage, or may not be
		for _, img := range model.Images {
			replaced[img] = checkHiddenByVolume(p, img, replaced[img.Parent])
		}
	}),
}

// checkHiddenByVolume checks a stage, given whether something may have replaced the link before it, and returns the
// same for its end.
func checkHiddenByVolume(p *rules.Pass, img *nixuse.Image, replaced bool) bool {
	base := img.Root().Base
	if base == nil || !base.StoreLink {
		return true
	}
	steps := map[int]*image.Step{}
	var volume *image.Step
	for _, s := range img.Steps() {
		steps[s.Index] = s
		if s.Name == "VOLUME" && !s.Deferred && volume == nil && slices.ContainsFunc(s.Words, holdsStore(s)) {
			volume = s
		}
	}
	reported := false
	for _, e := range img.Events {
		if e.Kind == nixuse.Opaque {
			replaced = true
		}
		if e.Kind != nixuse.WriteConfig || e.Path != nixuse.SystemConf || e.ByInstaller {
			continue
		}
		if e.Unlinks || e.Removed || !throughLink(e) {
			replaced = true
		}
		s := steps[e.Instruction.Index]
		if replaced || reported || s == nil || s.Instruction != e.Instruction || e.File != img.Dockerfile.Source {
			continue
		}
		finding := rules.Finding{File: e.File, Span: e.Span, Fixes: replaceLink(img, e)}
		switch {
		case s.Covered("/nix/store") && knownMounts(s):
			finding.Severity = rules.Warning
			finding.Message = fmt.Sprintf("%s is a link into /nix/store in %s, which is a cache mount here, so the "+
				"text does not get into the image", e.Path, base.Name)
			finding.Fixes = nil
		case volume != nil:
			finding.Message = fmt.Sprintf("%s is a link into /nix/store in %s, so a volume at /nix that is not new "+
				"hides this text", e.Path, base.Name)
			finding.Related = []rules.Related{{
				File: e.File, Span: volume.Instruction.Span, Message: "the volume is declared here",
			}}
		default:
			continue
		}
		reported = true
		p.Report(finding)
	}
	return replaced
}

// holdsStore returns a function that reports whether a word of a VOLUME names a folder that holds the store.
func holdsStore(s *image.Step) func(dockerfile.Word) bool {
	return func(w dockerfile.Word) bool {
		name, known := s.Expand(image.Unquote(w.Text))
		name = path.Clean(name)
		return known && (name == "/nix" || name == "/nix/store")
	}
}

// throughLink reports whether a write follows a symbolic link: a redirection, or tee. An editor such as sed -i puts a
// file in its place, and COPY may.
func throughLink(e *nixuse.Event) bool {
	if e.Command == nil || e.Text == nil {
		return false
	}
	return e.Command.Name == "tee" || slices.ContainsFunc(e.Command.Writes(), func(w shell.Write) bool {
		return w.Redir != nil && e.Command.PathOf(w.Path) == e.Path
	})
}

// knownMounts reports whether the targets of all mounts of a RUN are known.
func knownMounts(s *image.Step) bool {
	for m := range s.Mounts() {
		if !m.Known {
			return false
		}
	}
	return true
}

// replaceLink returns the fix that puts a file in the place of the link first.
func replaceLink(img *nixuse.Image, e *nixuse.Event) []fixers.Fix {
	if e.Instruction.Broken || e.Instruction.Exec || e.Command.Quoting != source.Plain || !e.ReadsSystemConf() {
		return nil
	}
	return []fixers.Fix{{
		Title: "Put a file in the place of the link first", Safety: fixers.Unsafe,
		Edits: fixdocker.InsertBefore(img.Dockerfile.File, e.Instruction,
			fmt.Sprintf(`RUN cp --remove-destination "$(readlink -f %[1]s)" %[1]s`, e.Path)),
		Changes: fixers.Changes{fixdocker.NewInstructions{"RUN"}},
	}}
}
