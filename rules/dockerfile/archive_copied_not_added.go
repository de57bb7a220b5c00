package dockerfile

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
)

var archiveCopiedNotAdded = &rules.Rule{
	ID:       "dockerfile/archive-copied-not-added",
	Aliases:  []string{"DL3010"},
	Summary:  "an archive is copied and then unpacked, so the image holds it twice",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	References: []string{
		"Dockerfile reference: ADD, local tar archives",
	},
	Check: rules.OnImage(func(p *rules.Pass, img *image.Image) {
		if img.Dockerfile.Foreign() {
			return
		}
		archives := map[string]archive{} // by path in the image
		for _, s := range img.Steps() {
			switch {
			case s.Deferred || s.From != img || s.Broken:
			case s.Name == "COPY":
				addArchives(s, archives)
			case s.Name == "RUN" && len(archives) > 0:
				for _, c := range s.Commands() {
					target, ok := unpacked(c, archives)
					if !ok {
						continue
					}
					a := archives[target]
					delete(archives, target)
					p.Report(rules.Finding{
						File: a.step.Dockerfile().Source, Span: a.word.Span,
						Message: fmt.Sprintf("%q is copied and then unpacked, so the image holds it twice; "+
							"%s unpacks it without a copy", a.word.Text, adding(a, c)),
						Related: []rules.Related{{File: c.File, Span: c.Span, Message: "unpacked here"}},
					})
				}
			}
		}
	}),
}

// adding returns the ADD that does what a command does to an archive.
func adding(a archive, c *image.Command) string {
	folder := c.Dir()
	if tar := c.PipesTo; tar != nil && tar.Name == "tar" {
		folder = intoFolder(c, tar.Words, folder)
	} else {
		folder = intoFolder(c, c.Words, folder)
	}
	if folder == "" {
		return "ADD"
	}
	return fmt.Sprintf("%q", "ADD "+a.word.Text+" "+strings.TrimSuffix(folder, "/")+"/")
}

// intoFolder returns the folder into which the words of tar unpack, "" where it is not known.
func intoFolder(c *image.Command, words []shell.Word, folder string) string {
	for n, w := range words {
		dir, ok := strings.CutPrefix(w.Text, "--directory=")
		switch {
		case ok && w.Known:
			return c.Absolute(dir)
		case ok:
			return ""
		case n+1 < len(words) && (w.Text == "--directory" || strings.HasPrefix(w.Text, "-") &&
			!strings.HasPrefix(w.Text, "--") && strings.HasSuffix(w.Text, "C")):
			return c.PathOf(words[n+1])
		case strings.HasPrefix(w.Text, "-C"), n == 1 && strings.Contains(w.Text, "C"):
			return ""
		}
	}
	return folder
}

// archive is an archive that a COPY brings.
type archive struct {
	step *image.Step
	word dockerfile.Word
}

// archiveEnds are how the names of archives end that ADD unpacks.
var archiveEnds = []string{".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz"}

func isArchive(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(archiveEnds, func(end string) bool { return strings.HasSuffix(name, end) })
}

// addArchives adds the archives of the build context that a COPY brings.
func addArchives(s *image.Step, archives map[string]archive) {
	dest, folder, known := s.Dest()
	if _, from := s.Flag("from"); from || !known || len(s.Words) < 2 {
		return
	}
	for _, w := range s.Words[:len(s.Words)-1] {
		name, known := s.Expand(w.Text)
		if !known || strings.ContainsAny(name, "*?[<") ||
			!isArchive(name) {
			continue
		}
		target := dest
		if folder {
			target = path.Join(dest, path.Base(name))
		}
		archives[target] = archive{s, w}
	}
}

// unpacked returns the archive that a command unpacks as ADD would.
func unpacked(c *image.Command, archives map[string]archive) (target string, ok bool) {
	if len(c.Words) < 2 || !c.InDockerfile() {
		return "", false
	}
	tar := c.Command
	switch c.Name {
	case "tar", "bsdtar":
	case "cat", "zcat", "gzip", "gunzip", "bzcat", "bzip2", "bunzip2", "xzcat", "xz", "unxz":
		if tar = c.PipesTo; tar == nil || tar.Name != "tar" {
			return "", false
		}
	default:
		return "", false
	}
	if !extracts(tar.Words[1:]) {
		return "", false
	}
	for _, w := range c.Words[1:] {
		full := c.PathOf(w)
		if value, ok := strings.CutPrefix(w.Text, "--file="); ok && w.Known {
			full = c.Absolute(value)
		}
		if _, ok := archives[full]; ok && full != "" {
			return full, true
		}
	}
	return "", false
}

// partial are how the options of tar begin with which it does more or less than ADD.
var partial = []string{"--strip", "--transform", "--xform", "--exclude", "--wildcards", "--no-same"}

// extracts reports whether the arguments of tar extract a whole archive, in a way that ADD can.
func extracts(args []shell.Word) bool {
	extracts := false
	for n, w := range args {
		text := w.Text
		switch {
		case text == "--extract" || text == "--get":
			extracts = true
		case slices.ContainsFunc(partial, func(option string) bool { return strings.HasPrefix(text, option) }):
			return false
		case strings.HasPrefix(text, "--"):
		case strings.HasPrefix(text, "-") || n == 0:
			letters, _, _ := strings.Cut(strings.TrimPrefix(text, "-"), "C")
			if strings.Contains(letters, "x") && !strings.ContainsAny(letters, "/.") {
				extracts = true
			}
		}
	}
	return extracts
}
