package recipe

import (
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

func isEarthfile(base string) bool { return base == "Earthfile" }

// earthCommands returns the commands of an Earthfile that have a Docker daemon: those of a target that runs on the
// machine itself (LOCALLY) and, unless only these count, those inside of WITH DOCKER, which has a daemon of its own.
// Source: docs.earthly.dev/docs/earthfile.
func earthCommands(f *source.File, locallyOnly bool) []*source.Fragment {
	var out []*source.Fragment
	var whole source.Span
	locally, docker := false, false
	lines(f, func(span source.Span) {
		text := f.Text(span)
		if trimmedLine := strings.TrimSpace(text); whole.IsEmpty() && (trimmedLine == "" || trimmedLine[0] == '#') {
			return
		}
		if whole.IsEmpty() {
			whole = span
		} else {
			whole = whole.Join(span)
		}
		if strings.HasSuffix(text, `\`) {
			return
		}
		line := trimmed(f, whole, "")
		top := line.Start == whole.Start
		whole = source.Span{}
		words := strings.Fields(f.Text(line))
		switch {
		case top && len(words) == 1 && strings.HasSuffix(words[0], ":"):
			locally, docker = false, false
		case words[0] == "LOCALLY":
			locally = true
		case words[0] == "WITH" && len(words) > 1 && words[1] == "DOCKER":
			docker = true
		case words[0] == "END":
			docker = false
		case words[0] == "RUN" && (locally || docker && !locallyOnly):
			if command, ok := afterFlags(f, line); ok {
				out = append(out, source.NewFragment(f, []source.Piece{
					{Text: f.Text(command), Span: command, Verbatim: true},
				}))
			}
		}
	})
	return out
}

// afterFlags returns the command of a RUN of an Earthfile, and false for the exec form.
func afterFlags(f *source.File, line source.Span) (source.Span, bool) {
	at := source.Span{Start: line.Start + len("RUN"), End: line.End}
	for {
		at = trimmed(f, at, "\\\r\n")
		text := f.Text(at)
		if !strings.HasPrefix(text, "--") {
			return at, text != "" && text[0] != '['
		}
		n := strings.IndexAny(text, " \t\\\r\n")
		if n < 0 {
			return at, false
		}
		at.Start += n
		switch text[:n] {
		case "--secret", "--mount", "--network", "--oidc": // each with a word
			at = trimmed(f, at, "\\\r\n")
			if n = strings.IndexAny(f.Text(at), " \t\\\r\n"); n < 0 {
				return at, false
			}
			at.Start += n
		}
	}
}
