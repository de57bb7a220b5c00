package dockerfile

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// difference returns the edit that turns before into after, as small as one edit can be.
func difference(f *source.File, after string) fixers.Edit {
	before := string(f.Bytes)
	head := 0
	for head < len(before) && head < len(after) && before[head] == after[head] {
		head++
	}
	tail := 0
	for tail < len(before)-head && tail < len(after)-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	return fixers.Edit{File: f, Span: source.Span{Start: head, End: len(before) - tail},
		Text: after[head : len(after)-tail]}
}

func compareTexts(before, after string, changes fixers.Changes) string {
	f := source.NewFile("Dockerfile", []byte(before))
	fix := fixers.Fix{Edits: []fixers.Edit{difference(f, after)}, Changes: changes}
	return Compare(f, source.NewFile("Dockerfile", []byte(after)), []fixers.Fix{fix})
}

// TestCompareInstruction has pairs of instructions that mean the same, and pairs that do not.
func TestCompareInstruction(t *testing.T) {
	tests := []struct {
		name, before, after string
		same                bool
	}{
		{"keyword in another case", "run make", "RUN make", true},
		{"blanks around arguments", "WORKDIR   /a  ", "WORKDIR /a", true},
		{"comment above", "USER a", "# why\nUSER a", true},
		{"line ends", "USER a\nUSER b", "USER a\r\nUSER b", true},
		{"empty line in a continued instruction", "RUN a \\\n\n && b", "RUN a \\\n && b", true},

		{"ENV: legacy form", "ENV A b", "ENV A=b", true},
		{"ENV: legacy form, blanks quoted", "ENV A b c", "ENV A=\"b c\"", true},
		{"ENV: legacy form, quotes become part of the value", "ENV MSG \"hello world\"",
			"ENV MSG=\"\\\"hello world\\\"\"", false},
		{"ENV: legacy form, quotes are kept", "ENV MSG \"hello world\"", "ENV MSG=\"hello world\"", true},
		{"ENV: quotes", "ENV A=\"b\"", "ENV A=b", true},
		{"ENV: single quotes stop variables", "ENV A=\"$B\"", "ENV A='$B'", false},
		{"ENV: braces", "ENV A=$B", "ENV A=${B}", true},
		{"ENV: another variable", "ENV A=$B", "ENV A=$C", false},
		{"ENV: another default", "ENV A=${B:-c}", "ENV A=${B:-d}", false},
		{"ENV: default for empty", "ENV A=${B:-c}", "ENV A=${B-c}", false},
		{"ENV: another pattern", "ENV A=${B#x*}", "ENV A=${B#y*}", false},
		{"ENV: quoted default", "ENV A=${B:-c}", "ENV A=\"${B:-c}\"", true},
		{"ENV: literal dollar", "ENV A=\\$B", "ENV A='$B'", true},
		{"ENV: other order", "ENV A=1 B=2", "ENV B=2 A=1", false},
		{"ENV: value over lines", "ENV DEPS \\\nautoconf \\\ngcc", "ENV DEPS=\"autoconf gcc\"", true},
		{"ENV: value over lines, without quotes", "ENV DEPS \\\nautoconf \\\ngcc", "ENV DEPS=\\\nautoconf \\\ngcc",
			false},
		{"ENV: invalid bytes differ", "ENV A=\xff", "ENV A=\xfe", false},
		{"LABEL: quotes become part of the value", "LABEL maintainer \"Jane <j@x>\"",
			"LABEL maintainer=\"\\\"Jane <j@x>\\\"\"", false},
		{"LABEL: legacy form", "LABEL maintainer \"Jane <j@x>\"", "LABEL maintainer=\"Jane <j@x>\"", true},
		{"ARG: default", "ARG A=1", "ARG A=\"1\"", true},
		{"ARG: no default is not an empty one", "ARG A", "ARG A=", false},
		{"MAINTAINER", "MAINTAINER a", "MAINTAINER b", false},

		{"WORKDIR: slash at the end", "WORKDIR /a", "WORKDIR /a/", false},
		{"USER: quotes", "USER \"a\"", "USER a", true},
		{"STOPSIGNAL", "STOPSIGNAL 9", "STOPSIGNAL SIGKILL", false},
		{"VOLUME: array", "VOLUME [\"/a\", \"/b\"]", "VOLUME /a /b", true},
		{"VOLUME: other path", "VOLUME /a", "VOLUME /b", false},
		{"EXPOSE: protocol in capitals", "EXPOSE 80/TCP", "EXPOSE 80/tcp", true},
		{"EXPOSE: default protocol", "EXPOSE 80", "EXPOSE 80/tcp", true},
		{"EXPOSE: order and duplicates", "EXPOSE 80 443 80", "EXPOSE 443 80", true},
		{"EXPOSE: host port", "EXPOSE 8080:80", "EXPOSE 80", true},
		{"EXPOSE: other protocol", "EXPOSE 53/udp", "EXPOSE 53", false},
		{"EXPOSE: quoted variable is not split", "EXPOSE $PORTS", "EXPOSE \"$PORTS\"", false},
		{"SHELL", "SHELL [\"bash\",\"-c\"]", "SHELL [ \"bash\", \"-c\" ]", true},
		{"SHELL: other flag", "SHELL [\"bash\",\"-c\"]", "SHELL [\"bash\", \"-ec\"]", false},
		{"HEALTHCHECK: order of flags", "HEALTHCHECK --interval=5s --retries=3 CMD a",
			"HEALTHCHECK --retries=3 --interval=5000ms CMD a", true},
		{"HEALTHCHECK: text", "HEALTHCHECK CMD a  b", "HEALTHCHECK CMD a b", false},
		{"CMD: array", "CMD [\"a\",\"b\"]", "CMD [ \"a\" , \"b\" ]", true},
		{"CMD: escapes in an array", "CMD [\"\\u0061\"]", "CMD [\"a\"]", true},
		{"CMD: shell form is another thing", "CMD [\"a\"]", "CMD a", false},
		{"CMD: text", "CMD a  b", "CMD a b", false},
		{"ENTRYPOINT: array", "ENTRYPOINT [\"a\"]", "ENTRYPOINT [\"a\", \"b\"]", false},
		{"ONBUILD", "ONBUILD run a   b", "ONBUILD RUN a b", true},
		{"ONBUILD: other instruction", "ONBUILD RUN a", "ONBUILD CMD a", false},

		{"COPY: array", "COPY [\"a\", \"b\"]", "COPY a b", true},
		{"COPY: order of sources", "COPY a b /c/", "COPY b a /c/", false},
		{"COPY: order of flags", "COPY --chown=1 --link a b", "COPY --link --chown=1 a b", true},
		{"COPY: flag", "COPY --chown=1 a b", "COPY --chown=2 a b", false},
		{"COPY: new flag", "COPY a b", "COPY --chown=app a b", false},
		{"COPY: stage", "COPY --from=a b c", "COPY --from=x b c", false},
		{"COPY: ADD", "ADD a b", "COPY a b", false},
		{"COPY: heredoc", "COPY <<EOF /a\nx\nEOF", "COPY <<EOF /a\ny\nEOF", false},
		{"COPY: heredoc quoted", "COPY <<EOF /a\n$x\nEOF", "COPY <<'EOF' /a\n$x\nEOF", false},
		{"COPY: heredoc with tabs", "COPY <<-EOF /a\n\tx\n\tEOF", "COPY <<EOF /a\nx\nEOF", true},
		{"ADD: checksum", "ADD --checksum=sha256:1 a b", "ADD --checksum=sha256:2 a b", false},
		{"ADD: keep-git-dir given", "ADD --keep-git-dir=false a b", "ADD a b", false},

		{"RUN: white space", "RUN a   &&   b", "RUN a && b", true},
		{"RUN: lines joined", "RUN a && \\\n    b", "RUN a && b", true},
		{"RUN: comment between lines", "RUN a && \\\n# why\n    b", "RUN a && b", true},
		{"RUN: comment swallows the rest", "RUN a && \\\nb", "RUN a # && b", false},
		{"RUN: and becomes semicolon", "RUN a && b", "RUN a ; b", false},
		{"RUN: quotes", "RUN echo a", "RUN echo 'a'", false},
		{"RUN: blank in quotes", "RUN echo 'a  b'", "RUN echo 'a b'", false},
		{"RUN: new word", "RUN apt-get install x", "RUN apt-get install -y x", false},
		{"RUN: lost backslash", "RUN a \\\n b \\\n && c", "RUN a b && \\\n c", true},
		{"RUN: redirect in bash, background in sh", "RUN a &>b", "RUN a & >b", false},
		{"RUN: arithmetic in bash, commands in sh", "RUN (( 1 +2 ))", "RUN (( 1+2 ))", false},
		{"RUN: for without in", "RUN for x; do a; done", "RUN for x in; do a; done", false},
		{"RUN: array", "RUN [\"a\", \"b\"]", "RUN [\"a\",\"b\"]", true},
		{"RUN: array to shell", "RUN [\"a\"]", "RUN a", false},
		{"RUN: kinds of flag", "RUN --network=none --mount=type=cache,target=/a b",
			"RUN --mount=type=cache,target=/a --network=none b", true},
		{"RUN: order of mounts", "RUN --mount=target=/a --mount=target=/a/b c",
			"RUN --mount=target=/a/b --mount=target=/a c", false},
		{"RUN: mount", "RUN --mount=type=cache,target=/a b", "RUN --mount=type=cache,target=/b b", false},
		{"RUN: heredoc", "RUN <<EOF\na\n\n  b # c\nEOF", "RUN <<EOF\na\nb\nEOF", true},
		{"RUN: heredoc with another command", "RUN <<EOF\na\nEOF", "RUN <<EOF\nb\nEOF", false},
		{"RUN: heredoc for another program", "RUN <<EOF\n#!/usr/bin/env python\na\n  b\nEOF",
			"RUN <<EOF\n#!/usr/bin/env python\na\nb\nEOF", false},
		{"RUN: heredoc as input", "RUN cat <<EOF > /x\na  b\nEOF", "RUN cat <<EOF > /x\na b\nEOF", false},
		{"RUN: heredoc as input, command", "RUN cat   <<EOF > /x\na  b\nEOF", "RUN cat <<EOF >/x\na  b\nEOF", true},
		{"RUN: no shell grammar, same text", "RUN if ( then", "run if ( then", true},
		{"RUN: no shell grammar, other text", "RUN if ( then", "RUN if  ( then", false},
		{"RUN: PowerShell is compared as text", "SHELL [\"powershell\"]\nRUN a   b", "SHELL [\"powershell\"]\nRUN a b",
			false},
		{"RUN: bash is not", "SHELL [\"/bin/bash\", \"-c\"]\nRUN a   b", "SHELL [\"/bin/bash\", \"-c\"]\nRUN a b",
			true},

		{"swallowed by a continuation", "RUN a\nRUN b", "RUN a \\\nRUN b", false},
		{"gone", "RUN a\nRUN b", "RUN b", false},
		{"new", "RUN b", "RUN a\nRUN b", false},
		{"moved", "RUN a\nUSER b", "USER b\nRUN a", false},
		{"another stage", "RUN a", "RUN a\nFROM y", false},
		{"unknown instruction, same text", "FOO a\nrun b", "FOO a\nRUN b", true},
		{"unknown instruction", "FOO a", "FOO b", false},
		{"unknown flag", "RUN --foo a\nrun b", "RUN --foo a\nRUN b", true},
		{"broken by the edit", "ENV A=b", "ENV A=b c", false},
		{"broken before, elsewhere", "ENV A\nrun b", "ENV A\nRUN b", true},
		{"broken before, at the place", "ENV A", "ENV B", false},
		{"heredoc without end", "RUN <<EOF\na\n", "RUN <<EOF\nb\n", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, pair := range [][2]string{{test.before, test.after}, {test.after, test.before}} {
				d := compareTexts("FROM x\n"+pair[0]+"\n", "FROM x\n"+pair[1]+"\n", fixers.Changes{})
				if (d == "") != test.same {
					t.Errorf("%q to %q: %q", pair[0], pair[1], d)
				}
			}
			if d := compareTexts("FROM x\n"+test.before+"\n", "FROM x\n"+test.before+"\n", fixers.Changes{}); d != "" {
				t.Errorf("the text itself: %q", d)
			}
		})
	}
}

func TestCompareFile(t *testing.T) {
	tests := []struct {
		name, before, after string
		changes             fixers.Changes
		want                string // "" when the change is allowed, else a part of the answer
	}{
		{"stage name in another case", "FROM x AS Build\n", "FROM x AS build\n", fixers.Changes{}, ""},
		{"other base", "FROM x\n", "FROM y\n", fixers.Changes{}, "the FROM of line 1 has another meaning"},
		{"platform", "FROM --platform=$TARGETPLATFORM x\n", "FROM x\n", fixers.Changes{}, "FROM of line 1"},
		{"directive", "# syntax=docker/dockerfile:1\nFROM x\n", "# syntax=docker/dockerfile:1.4\nFROM x\n",
			fixers.Changes{}, "# syntax of line 1"},
		{"directive lost to a comment above", "# syntax=docker/dockerfile:1\nFROM x\n",
			"# hello\n# syntax=docker/dockerfile:1\nFROM x\n", fixers.Changes{},
			"# syntax of line 1 is gone or changed"},
		{"directive declared", "# syntax=docker/dockerfile:1\nFROM x\n", "# syntax=docker/dockerfile:1.4\nFROM x\n",
			fixers.Changes{Instructions{}}, ""},
		{"escape takes hold of the rest", "# escape=`\nFROM x\nENV A=\\$B\n", "# escape=\\\nFROM x\nENV A=\\$B\n",
			fixers.Changes{Instructions{}}, "ENV of line 3"},
		{"byte order mark goes", "\ufeffFROM x\n", "FROM x\n", fixers.Changes{}, ""},
		{"windows image keeps its text", "FROM mcr.microsoft.com/windows/nanoserver\nRUN a   b\n",
			"FROM mcr.microsoft.com/windows/nanoserver\nRUN a b\n", fixers.Changes{}, "RUN of line 2"},
		{"shell of the parent stage", "FROM x AS p\nSHELL [\"cmd\"]\nFROM p\nRUN a   b\n",
			"FROM x AS p\nSHELL [\"cmd\"]\nFROM p\nRUN a b\n", fixers.Changes{}, "RUN of line 4"},

		{"edited instruction", "FROM x\nRUN a\nRUN b\n", "FROM x\nRUN c\nRUN b\n", fixers.Changes{Instructions{}},
			""},
		{"edited instruction of a nix.conf rule", "FROM x\nRUN a b\nRUN b\n", "FROM x\nRUN a c\nRUN b\n",
			fixers.Changes{fixnix.Settings{"sandbox"}, fixers.Embedded{}}, ""},
		{"new instruction", "FROM x\nRUN b\n", "FROM x\nRUN a\nRUN b\n", fixers.Changes{Instructions{}}, ""},
		{"new last instruction", "FROM x\nRUN b", "FROM x\nRUN b\nRUN c", fixers.Changes{Instructions{}}, ""},
		{"instruction goes", "FROM x\nRUN a\nRUN b\n", "FROM x\nRUN b\n", fixers.Changes{Instructions{}}, ""},
		{"last instruction goes with the line end before it", "FROM x\nRUN a\nRUN b", "FROM x\nRUN a",
			fixers.Changes{Instructions{}}, ""},
		{"word at the end of the instruction", "FROM x\nRUN a\nRUN b\n", "FROM x\nRUN a --flag\nRUN b\n",
			fixers.Changes{Instructions{}}, ""},
		{"wrapped in a heredoc", "FROM x\nRUN a && \\\n b\nUSER c\n", "FROM x\nRUN <<EOF\na\nb\nEOF\nUSER c\n",
			fixers.Changes{Instructions{}}, ""},
		{"edit swallows the next one", "FROM x\nRUN a\nRUN b\n", "FROM x\nRUN c \\\nRUN b\n",
			fixers.Changes{Instructions{}}, "the RUN of line 3"},
		{"edit swallows all that follows", "FROM x\nRUN a\nRUN b\nRUN c\n", "FROM x\nRUN <<EOF\nRUN b\nRUN c\n",
			fixers.Changes{Instructions{}}, "refuses line 2"},
		{"edited instruction is refused", "FROM x\nRUN a\nRUN b\n", "FROM x\nENV a\nRUN b\n",
			fixers.Changes{Instructions{}}, "refuses line 2"},
		{"unknown flag in the edited instruction", "FROM x\nRUN a\n", "FROM x\nRUN --foo a\n",
			fixers.Changes{Instructions{}}, "refuses line 2"},

		{"moved", "FROM x\nRUN a\nUSER b\nRUN c\n", "FROM x\nUSER b\nRUN a\nRUN c\n", fixers.Changes{Order{}}, ""},
		{"moved, and its white space", "FROM x\nRUN a\nUSER b\nRUN c\n", "FROM x\nUSER  b\nRUN a\nRUN c\n",
			fixers.Changes{Order{}}, ""},
		{"moved and changed", "FROM x\nRUN a\nUSER b\nRUN c\n", "FROM x\nUSER d\nRUN a\nRUN c\n",
			fixers.Changes{Order{}}, "the USER of line 3 is gone or changed"},
		{"moved to another stage", "FROM x\nRUN a\nFROM y\nUSER b\n", "FROM x\nFROM y\nRUN a\nUSER b\n",
			fixers.Changes{Order{}}, "RUN of line 2"},
		{"doubled", "FROM x\nRUN a\nRUN b\n", "FROM x\nRUN b\nRUN a\nRUN b\n", fixers.Changes{Order{}},
			"RUN of line"},
		{"stages swapped", "FROM x\nFROM y\n", "FROM y\nFROM x\n", fixers.Changes{Order{}}, "FROM of line 1"},

		{"repair", "FROM x\nENV A\nRUN b\n", "FROM x\nENV A=\"\"\nRUN b\n", fixers.Changes{fixers.Repair{}}, ""},
		// the finding that stays says so
		{"repair that does not repair", "FROM x\nENV A\nRUN b\n", "FROM x\nENV B\nRUN b\n",
			fixers.Changes{fixers.Repair{}}, ""},
		{"repair that breaks more", "FROM x\nENV A\nRUN b\n", "FROM x\nENV A\nENV B\nRUN b\n",
			fixers.Changes{fixers.Repair{}}, "refuses line"},
		{"repair of a heredoc", "FROM x\nRUN <<EOF\na\nUSER b\n", "FROM x\nRUN <<EOF\na\nEOF\nUSER b\n",
			fixers.Changes{fixers.Repair{}}, ""},
		// one edit covers both
		{"repair that changes another", "FROM x\nENV A\nRUN b\n", "FROM x\nENV A=\nRUN c\n",
			fixers.Changes{fixers.Repair{}}, ""},
		{"no instruction before and after", "# a\n", "# b\n", fixers.Changes{}, ""},
		{"all gone", "FROM x\n", "# FROM x\n", fixers.Changes{}, "the FROM of line 1 is gone or changed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n"} {
				before, after := strings.ReplaceAll(test.before, "\n", newline),
					strings.ReplaceAll(test.after, "\n", newline)
				d := compareTexts(before, after, test.changes)
				if (d == "") != (test.want == "") || !strings.Contains(d, test.want) {
					t.Errorf("with line end %q: got %q, want %q", newline, d, test.want)
				}
			}
		})
	}
}

// TestCompareFixes has several fixes, of which each may change only what it declares.
func TestCompareFixes(t *testing.T) {
	f := source.NewFile("Dockerfile", []byte("FROM x\nRUN a\nUSER b\nRUN c\nRUN d\n"))
	replace := func(old, text string, changes fixers.Changes) fixers.Fix {
		i := strings.Index(string(f.Bytes), old)
		return fixers.Fix{Edits: []fixers.Edit{{File: f, Span: source.Span{Start: i, End: i + len(old)}, Text: text}},
			Changes: changes}
	}
	insert := func(before, text string) fixers.Edit {
		i := strings.Index(string(f.Bytes), before)
		return fixers.Edit{File: f, Span: source.Span{Start: i, End: i}, Text: text}
	}
	move := replace("USER b\n", "", fixers.Changes{Order{}})
	move.Edits = append(move.Edits, insert("RUN a", "USER b\n"))
	tests := []struct {
		name  string
		fixes []fixers.Fix
		want  string
	}{
		{"move", []fixers.Fix{move}, ""},
		{"move, edit of another instruction declared",
			[]fixers.Fix{move, replace("RUN d", "RUN e", fixers.Changes{Instructions{}})}, ""},
		{"move, edit of another instruction not declared",
			[]fixers.Fix{move, replace("RUN d", "RUN e", fixers.Changes{})}, "the RUN of line 5 is gone or changed"},
		{"one declares, another does not", []fixers.Fix{replace("RUN a", "RUN e", fixers.Changes{Instructions{}}),
			replace("RUN d", "RUN e", fixers.Changes{})}, "the RUN of line 5 has another meaning"},
		{"the other does not change anything",
			[]fixers.Fix{replace("RUN a", "RUN e", fixers.Changes{Instructions{}}),
				replace("RUN d", "run  d", fixers.Changes{})}, ""},
		{"new line beside an edited instruction, not declared",
			[]fixers.Fix{replace("RUN a", "RUN e", fixers.Changes{Instructions{}}),
				{Edits: []fixers.Edit{insert("\nUSER", "\nRUN evil")}}}, "the RUN of line 3 of the result is new"},
		{"new line swallows the next one",
			[]fixers.Fix{{Changes: fixers.Changes{Instructions{}},
				Edits: []fixers.Edit{insert("USER", "RUN e \\\n")}}}, "the USER of line 3 is gone or changed"},
		{"new line does not",
			[]fixers.Fix{{Changes: fixers.Changes{Instructions{}},
				Edits: []fixers.Edit{insert("USER", "RUN e\n")}}}, ""},
		{"a swap of two that the move did not touch",
			[]fixers.Fix{move, replace("RUN c\nRUN d", "RUN d\nRUN c", fixers.Changes{})},
			"the RUN of line 4 has another meaning"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var edits []fixers.Edit
			for _, fix := range test.fixes {
				edits = append(edits, fix.Edits...)
			}
			after, err := fixers.Apply(f, edits)
			if err != nil {
				t.Fatal(err)
			}
			if d := Compare(f, source.NewFile("Dockerfile", after), test.fixes); (d == "") != (test.want == "") ||
				!strings.Contains(d, test.want) {
				t.Errorf("got %q, want %q", d, test.want)
			}
		})
	}
	if d := Compare(f, source.NewFile("Dockerfile", []byte("FROM x\n")), []fixers.Fix{move}); !strings.Contains(d,
		"do not produce the text") {
		t.Errorf("edits that do not belong to the text: %q", d)
	}
}

// FuzzCompare checks that a text means the same as itself, with other line ends, and with a comment between
// instructions; and that comparing any two texts ends.
func FuzzCompare(f *testing.F) {
	f.Add("FROM x\nRUN a \\\n b\nCOPY <<EOF /a\nx\nEOF\nENV A b\n", "FROM x\nENV \nRUN <<EOF\n", uint8(7))
	f.Add("\ufeff# escape=`\r\nFROM x\r\nRUN a `\r\n b\r\n", "FOO\nONBUILD RUN <<-E\n\tx\n\tE\nHEALTHCHECK CMD x\n",
		uint8(0))
	f.Add("FROM x\nEXPOSE 1-3/udp [::1]:2:3\nVOLUME [\"\\u0000\"]\n", "\x00<<\xff", uint8(31))
	f.Fuzz(func(t *testing.T, before, after string, bits uint8) {
		if d := compareTexts(before, before, fixers.Changes{}); d != "" &&
			Read(source.NewFile("f", []byte(before))).err == nil {
			t.Errorf("%q is not the same as itself: %s", before, d)
		}
		changes := fixers.Changes{}.When(bits&1 != 0, Order{}).When(bits&2 != 0, Instructions{}).
			When(bits&4 != 0, fixers.Repair{}).When(bits&8 != 0, fixers.Embedded{}).
			When(bits&16 != 0, Words{Removed: []string{"a"}, Added: []string{"b"}})
		compareTexts(before, after, changes)
		m := Read(source.NewFile("f", []byte(before)))
		last := 0
		for _, e := range m.elements {
			if e.span.Start < last || e.span.End < e.span.Start || e.span.End > len(before) {
				t.Fatalf("element of line %d spans %v after %d", e.line, e.span, last)
			}
			last = e.span.End
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	text := "# syntax=docker/dockerfile:1\nFROM debian:12 AS build\n" +
		strings.Repeat("ENV A=b C=\"d e\"\nRUN apt-get update && \\\n    apt-get install -y --no-install-recommends "+
			"\\\n        curl git\nCOPY --chown=1:1 a b /c/\nWORKDIR /c\n", 8) + "CMD [\"a\"]\n"
	before := source.NewFile("Dockerfile", []byte(text))
	after := source.NewFile("Dockerfile", []byte(strings.Replace(text, "curl git", "curl  git", 1)))
	fixes := []fixers.Fix{{Edits: []fixers.Edit{difference(before, string(after.Bytes))}}}
	b.ReportAllocs()
	for b.Loop() {
		if d := Compare(before, after, fixes); d != "" {
			b.Fatal(d)
		}
	}
}

// TestCompareCheckComment reads an instruction below a comment at which BuildKit's parser panics without a linter.
func TestCompareCheckComment(t *testing.T) {
	before := source.NewFile("Dockerfile", []byte("FROM a\n# check=skip=all\nRUN b\n"))
	after := source.NewFile("Dockerfile", []byte("FROM a\n# check=skip=all\nRUN c\n"))
	if got := Compare(before, after, nil); got == "" {
		t.Error("the change was not found")
	}
}
