// Package copies says what the words of COPY and ADD name.
package copies

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
)

// Source is one source of a COPY or ADD.
type Source struct {
	// Word is the word, and Text what BuildKit makes of it, if it is Known.
	Word  dockerfile.Word
	Text  string
	Known bool
}

// Sources returns the sources of a COPY or ADD, without heredocs. Those of an ONBUILD are known where they have no
// variable.
func Sources(s *image.Step) []Source {
	if len(s.Words) < 2 {
		return nil
	}
	var out []Source
	for _, w := range s.Words[:len(s.Words)-1] {
		if strings.HasPrefix(w.Text, "<<") && len(s.Heredocs) > 0 {
			continue
		}
		text, known := s.Expand(w.Text)
		out = append(out, Source{Word: w, Text: text, Known: known})
	}
	return out
}

// Dest returns the word of the target of a COPY or ADD and what BuildKit makes of it, and false where that is not
// known.
func Dest(s *image.Step) (w dockerfile.Word, text string, known bool) {
	if len(s.Words) == 0 {
		return w, "", false
	}
	w = s.Words[len(s.Words)-1]
	if slices.ContainsFunc(s.Heredocs, func(h dockerfile.Heredoc) bool { return h.Operator.Contains(w.Span) }) {
		return w, "", false // the name of a heredoc, after a blank
	}
	text, known = s.Expand(w.Text)
	return w, text, known && text != ""
}

// IsURL reports whether a source is what ADD downloads, without Git's repositories.
func IsURL(text string) bool {
	return (strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")) && !IsGit(text)
}

// IsGit reports whether a source is a repository that ADD clones: BuildKit v0.34.2, dfgitutil.ParseGitRef.
func IsGit(text string) bool {
	switch {
	case strings.HasPrefix(text, "./"), strings.HasPrefix(text, "../"):
		return false
	case strings.HasPrefix(text, "git://"), strings.HasPrefix(text, "ssh://"):
		return true
	case strings.HasPrefix(text, "http://"), strings.HasPrefix(text, "https://"):
		if end := strings.IndexAny(text, "?#"); end >= 0 {
			text = text[:end]
		}
		return strings.HasSuffix(text, ".git")
	}
	return scp().MatchString(text)
}

var scp = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w.-]+@[\w.-]+:`) })

// IsPattern reports whether a source has wildcards.
func IsPattern(text string) bool { return strings.ContainsAny(text, `*?[\`) }

// compressed are the ends of the names of archives that ADD unpacks, and of files that it may find to be one.
var compressed = []string{
	".tar", ".gz", ".tgz", ".taz", ".bz2", ".tbz", ".tbz2", ".tz2", ".xz", ".txz", ".lzma", ".tlz", ".zst", ".tzst",
	".z",
}

// NamesArchive reports whether the name of a file is that of an archive, which ADD may unpack. ADD looks at the content
// alone, so another file may be an archive, too: see PlainName.
func NamesArchive(text string) bool {
	lower := strings.ToLower(text)
	return slices.Contains(compressed, path.Ext(lower)) || strings.Contains(path.Base(lower), ".tar.")
}

// plainEndings are those of names whose files are certainly not archives that ADD unpacks.
var plainEndings = strings.Fields(`
	.asc .bash .bat .c .cc .cer .cfg .cmd .cnf .conf .config .cpp .crt .cs .css .csv .default .desktop .dll
	.dockerignore .env .exe .go .gpg .gradle .h .hcl .html .htpasswd .ini .jar .java .js .json .key .kt .list
	.lock .lua .md .mjs .patch .pem .php .pl .preseed .properties .ps1 .pub .py .r .rb .repo .rs .scss .service
	.sh .so .sql .svg .template .tf .tmpl .toml .ts .tsx .txt .vcl .war .xml .yaml .yml .zip .zsh
`)

// PlainName reports whether the name of a source is that of a folder, or of a file that is certainly not an archive.
func PlainName(text string) bool {
	base := path.Base(text)
	if strings.HasSuffix(text, "/") || base == "." || base == ".." {
		return true
	}
	return slices.Contains(plainEndings, strings.ToLower(path.Ext(base)))
}

// magic are the first bytes of the archives that ADD unpacks; a tar without compression has its mark at tarMark.
// Source: moby/go-archive, compression.Detect.
var magic = []string{"\x1f\x8b\x08", "BZh", "\xfd7zXZ\x00", "\x28\xb5\x2f\xfd"}

const tarMark = 257

// IsArchive reports whether a text is an archive that ADD unpacks.
func IsArchive(text []byte) bool {
	for _, m := range magic {
		if strings.HasPrefix(string(text[:min(len(text), 8)]), m) {
			return true
		}
	}
	return len(text) > tarMark+5 && string(text[tarMark:tarMark+5]) == "ustar"
}
