package dockerfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/source"
)

func parse(text string) *File { return Parse(source.NewFile("Dockerfile", []byte(text))) }

// dump renders everything that Parse found, each part as its bytes in the file and their offset, and its text where
// that differs.
func dump(f *File) string {
	var b strings.Builder
	for _, d := range f.Directives {
		fmt.Fprintf(&b, "directive %s %s = %s\n", d.Name, at(f, d.Span), at(f, d.At))
	}
	for _, c := range f.Comments {
		fmt.Fprintf(&b, "comment %s\n", at(f, c))
	}
	for _, i := range f.Instructions {
		dumpInstruction(&b, i, "")
	}
	return b.String() + problems(f)
}

func problems(f *File) string {
	var b strings.Builder
	for _, p := range f.Problems {
		fmt.Fprintf(&b, "%s %s %s", p.Kind, at(f, p.Span), p.Message)
		if p.Near != "" {
			fmt.Fprintf(&b, " [%s]", p.Near)
		}
		b.WriteByte('\n')
	}
	return strings.ReplaceAll(b.String(), "`", `\x60`)
}

func dumpInstruction(b *strings.Builder, i *Instruction, indent string) {
	f := i.file
	fmt.Fprintf(b, "%s%s %s", indent, i.Name, at(f, i.Span))
	if i.Broken {
		b.WriteString(" broken")
	}
	if i.Exec {
		b.WriteString(" exec")
	}
	b.WriteByte('\n')
	line := func(format string, args ...any) { fmt.Fprintf(b, indent+"  "+format+"\n", args...) }
	if !strings.EqualFold(f.Source.Text(i.Keyword), i.Name) {
		line("keyword %s", at(f, i.Keyword))
	}
	if indent == "" && (i.Lines.Start != i.Span.Start || i.Lines.End > i.Span.End+1) {
		line("lines %s", at(f, i.Lines))
	}
	for _, c := range i.Comments {
		line("above %s", at(f, c))
	}
	for _, fl := range i.Flags {
		if fl.Value.Span.Start == 0 {
			line("flag %s %s", fl.Name, at(f, fl.Span))
		} else {
			line("flag %s %s = %s %q", fl.Name, at(f, fl.Span), word(f, fl.Value), fl.Unquoted)
		}
	}
	if i.Args.IsEmpty() || len(i.Words) != 1 || i.Words[0].Span != i.Args {
		line("args %s", at(f, i.Args))
	}
	for _, w := range i.Words {
		line("word %s", word(f, w))
	}
	for _, p := range i.Pairs {
		legacy := ""
		if p.Legacy {
			legacy = " legacy"
		}
		if p.HasValue {
			line("pair %s = %s%s", word(f, p.Key), word(f, p.Value), legacy)
		} else {
			line("pair %s", word(f, p.Key))
		}
	}
	if indent == "" {
		for _, h := range i.Heredocs {
			line("heredoc %q expand=%v chomp=%v fd=%d %s", h.Name, h.Expand, h.Chomp, h.FD, at(f, h.Operator))
			line("  body %s end %s", at(f, h.Body), at(f, h.End))
		}
	}
	if i.Trigger != nil {
		dumpInstruction(b, i.Trigger, indent+"  ")
	}
}

// at renders a place. A backquote is written as an escape, since what is expected stands in raw strings.
func at(f *File, s source.Span) string {
	return strings.ReplaceAll(fmt.Sprintf("%q@%d", f.Source.Text(s), s.Start), "`", `\x60`)
}

func word(f *File, w Word) string {
	if w.Text == f.Source.Text(w.Span) {
		return at(f, w.Span)
	}
	return fmt.Sprintf("%s is %q", at(f, w.Span), w.Text)
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"directives and comments",
			"\ufeff# syntax=docker/dockerfile:1\n#  Escape = `  \r\n# comment\n\n# above\nFROM a `\r\n# inside\r\n" +
				"  AS b\n", `
directive syntax "# syntax=docker/dockerfile:1"@3 = "docker/dockerfile:1"@12
directive escape "#  Escape = \x60  "@32 = "\x60"@44
comment "# comment"@49
comment "# above"@60
comment "# inside"@78
FROM "FROM a \x60\r\n# inside\r\n  AS b"@68
  above "# above"@60
  args "a \x60\r\n# inside\r\n  AS b"@73
  word "a"@73
  word "AS"@90
  word "b"@93
`},
		{"no directive behind a comment", "# comment\n# escape=`\nFROM a\n", `
comment "# comment"@0
comment "# escape=\x60"@10
FROM "FROM a"@21
  above "# comment"@0
  above "# escape=\x60"@10
  word "a"@26
`},
		{"comments above", "# far\n\n# one\n  # two\nFROM a\n# three\nRUN b\nRUN c\n", `
comment "# far"@0
comment "# one"@7
comment "# two"@15
comment "# three"@28
FROM "FROM a"@21
  above "# one"@7
  above "# two"@15
  word "a"@26
RUN "RUN b"@36
  above "# three"@28
  args "b"@40
RUN "RUN c"@42
  args "c"@46
`},
		{"stage", "FROM --platform=$BUILDPLATFORM alpine:3.20 AS build\nFROM\tbuild", `
FROM "FROM --platform=$BUILDPLATFORM alpine:3.20 AS build"@0
  flag platform "--platform=$BUILDPLATFORM"@5 = "$BUILDPLATFORM"@16 "$BUILDPLATFORM"
  args "alpine:3.20 AS build"@31
  word "alpine:3.20"@31
  word "AS"@43
  word "build"@46
FROM "FROM\tbuild"@52
  word "build"@57
`},
		{"lower case and blanks", "  from a  \n\trun  b \t\n", `
FROM "from a"@2
  lines "  from a  \n"@0
  word "a"@7
RUN "run  b"@12
  lines "\trun  b \t\n"@11
  args "b"@17
`},
		{"keyword over two lines", "FROM a\nRU\\\n  N b\nRU\\\nN c\n", `
FROM "FROM a"@0
  word "a"@5
RU "RU\\\n  N b"@7 broken
  args "N b"@13
RUN "RU\\\nN c"@17
  keyword "RU\\\nN"@17
  args "c"@23
unknown-instruction "RU"@7 instruction "RU" is unknown
`},
		{"continuation", "FROM a\nCOPY \\\n  # comment\n\n  --from=b \\  \n  c/\\\nd \\\r\n  e \\\n", `
comment "# comment"@16
FROM "FROM a"@0
  word "a"@5
COPY "COPY \\\n  # comment\n\n  --from=b \\  \n  c/\\\nd \\\r\n  e \\"@7
  flag from "--from=b"@29 = "b"@36 "b"
  args "c/\\\nd \\\r\n  e"@44
  word "c/\\\nd"@44 is "c/d"
  word "e"@55
`},
		{"escape character alone", "\\\nFROM a\n\\\n", `
FROM "FROM a"@2
  lines "\\\nFROM a\n"@0
  word "a"@7
 "\\"@9 broken
  keyword "\\"@9
  args ""@10
syntax "\\"@9 continuation line has no instruction to continue
`},
		{"shell form", "FROM a\nRUN --mount=type=cache,target=/c --network=none \\\n  b && \\\n  c\nCMD d\n", `
FROM "FROM a"@0
  word "a"@5
RUN "RUN --mount=type=cache,target=/c --network=none \\\n  b && \\\n  c"@7
  flag mount "--mount=type=cache,target=/c"@11 = "type=cache,target=/c"@19 "type=cache,target=/c"
  flag network "--network=none"@40 = "none"@50 "none"
  args "b && \\\n  c"@59
CMD "CMD d"@70
  args "d"@74
`},
		{"exec form",
			"FROM a\nCMD [ \"b\", \"c\\u0020d\", \\\n  \"\\\ne\" ]\nRUN []\nENTRYPOINT [\"a\", b]\n" +
				"COPY [\"x y\", \"z\"]\n", `
FROM "FROM a"@0
  word "a"@5
CMD "CMD [ \"b\", \"c\\u0020d\", \\\n  \"\\\ne\" ]"@7 exec
  args "[ \"b\", \"c\\u0020d\", \\\n  \"\\\ne\" ]"@11
  word "\"b\""@13 is "b"
  word "\"c\\u0020d\""@18 is "c d"
  word "\"\\\ne\""@34 is "e"
RUN "RUN []"@42 exec
  args "[]"@46
ENTRYPOINT "ENTRYPOINT [\"a\", b]"@49
  args "[\"a\", b]"@60
COPY "COPY [\"x y\", \"z\"]"@69 exec
  args "[\"x y\", \"z\"]"@74
  word "\"x y\""@75 is "x y"
  word "\"z\""@82 is "z"
`},
		{"flags", "FROM a\nCOPY --from=\"b c\" --link --chown='d':e\\ f --chmod= --exclude=x=y -- --g h\n", `
FROM "FROM a"@0
  word "a"@5
COPY "COPY --from=\"b c\" --link --chown='d':e\\ f --chmod= --exclude=x=y -- --g h"@7
  flag from "--from=\"b c\""@12 = "\"b c\""@19 "b c"
  flag link "--link"@25
  flag chown "--chown='d':e\\ f"@32 = "'d':e\\ f"@40 "d:e f"
  flag chmod "--chmod="@49 = ""@57 ""
  flag exclude "--exclude=x=y"@58 = "x=y"@68 "x=y"
  args "--g h"@75
  word "--g"@75
  word "h"@79
`},
		{"ENV", "FROM a\nENV A=b C=\"d e\" F='g'\\ h I= J=k\\\nl M=$N\n", `
FROM "FROM a"@0
  word "a"@5
ENV "ENV A=b C=\"d e\" F='g'\\ h I= J=k\\\nl M=$N"@7
  args "A=b C=\"d e\" F='g'\\ h I= J=k\\\nl M=$N"@11
  word "A=b"@11
  word "C=\"d e\""@15
  word "F='g'\\ h"@23
  word "I="@32
  word "J=k\\\nl"@35 is "J=kl"
  word "M=$N"@42
  pair "A"@11 = "b"@13
  pair "C"@15 = "\"d e\""@17
  pair "F"@23 = "'g'\\ h"@25
  pair "I"@32 = ""@34
  pair "J"@35 = "k\\\nl"@37 is "kl"
  pair "M"@42 = "$N"@44
`},
		{"ENV legacy", "FROM a\nENV  A \"b c\"  d \\\n  e\nLABEL f g\n", `
FROM "FROM a"@0
  word "a"@5
ENV "ENV  A \"b c\"  d \\\n  e"@7
  args "A \"b c\"  d \\\n  e"@12
  word "A"@12
  word "\"b c\"  d \\\n  e"@14 is "\"b c\"  d   e"
  pair "A"@12 = "\"b c\"  d \\\n  e"@14 is "\"b c\"  d   e" legacy
LABEL "LABEL f g"@29
  args "f g"@35
  word "f"@35
  word "g"@37
  pair "f"@35 = "g"@37 legacy
`},
		{"LABEL", "FROM a\nLABEL \"a b\"=c d.e=\"f \\\n  g\"\n", `
FROM "FROM a"@0
  word "a"@5
LABEL "LABEL \"a b\"=c d.e=\"f \\\n  g\""@7
  args "\"a b\"=c d.e=\"f \\\n  g\""@13
  word "\"a b\"=c"@13
  word "d.e=\"f \\\n  g\""@21 is "d.e=\"f   g\""
  pair "\"a b\""@13 = "c"@19
  pair "d.e"@21 = "\"f \\\n  g\""@25 is "\"f   g\""
`},
		{"ARG", "ARG A\nARG B=c \"D=e f\" G\nFROM a\n", `
ARG "ARG A"@0
  word "A"@4
  pair "A"@4
ARG "ARG B=c \"D=e f\" G"@6
  args "B=c \"D=e f\" G"@10
  word "B=c"@10
  word "\"D=e f\""@14
  word "G"@22
  pair "B"@10 = "c"@12
  pair "\"D"@14 = "e f\""@17
  pair "G"@22
FROM "FROM a"@24
  word "a"@29
`},
		{"one word to the end", "FROM a\nWORKDIR /b c \nUSER d:e\nSTOPSIGNAL \\\n 9\nMAINTAINER f <g>\n", `
FROM "FROM a"@0
  word "a"@5
WORKDIR "WORKDIR /b c"@7
  lines "WORKDIR /b c \n"@7
  word "/b c"@15
USER "USER d:e"@21
  word "d:e"@26
STOPSIGNAL "STOPSIGNAL \\\n 9"@30
  word "9"@44
MAINTAINER "MAINTAINER f <g>"@46
  word "f <g>"@57
`},
		{"lists", "FROM a\nEXPOSE 80  443/tcp\nVOLUME /a /b\nVOLUME [\"/a\"]\nSHELL [\"/bin/bash\", \"-c\"]\n", `
FROM "FROM a"@0
  word "a"@5
EXPOSE "EXPOSE 80  443/tcp"@7
  args "80  443/tcp"@14
  word "80"@14
  word "443/tcp"@18
VOLUME "VOLUME /a /b"@26
  args "/a /b"@33
  word "/a"@33
  word "/b"@36
VOLUME "VOLUME [\"/a\"]"@39 exec
  args "[\"/a\"]"@46
  word "\"/a\""@47 is "/a"
SHELL "SHELL [\"/bin/bash\", \"-c\"]"@53 exec
  args "[\"/bin/bash\", \"-c\"]"@59
  word "\"/bin/bash\""@60 is "/bin/bash"
  word "\"-c\""@73 is "-c"
`},
		{"HEALTHCHECK",
			"FROM a\nHEALTHCHECK --interval=5s cmd  curl \\\n  x\nHEALTHCHECK CMD [\"a\", \"b\"]\nHEALTHCHECK NONE\n", `
FROM "FROM a"@0
  word "a"@5
HEALTHCHECK "HEALTHCHECK --interval=5s cmd  curl \\\n  x"@7
  flag interval "--interval=5s"@19 = "5s"@30 "5s"
  args "cmd  curl \\\n  x"@33
  word "cmd"@33
  CMD "cmd  curl \\\n  x"@33
    args "curl \\\n  x"@38
HEALTHCHECK "HEALTHCHECK CMD [\"a\", \"b\"]"@49
  args "CMD [\"a\", \"b\"]"@61
  word "CMD"@61
  CMD "CMD [\"a\", \"b\"]"@61 exec
    args "[\"a\", \"b\"]"@65
    word "\"a\""@66 is "a"
    word "\"b\""@71 is "b"
HEALTHCHECK "HEALTHCHECK NONE"@76
  word "NONE"@88
`},
		{"ONBUILD",
			"FROM a\nONBUILD COPY --from=b c d\nONBUILD RUN <<EOF\ne\nEOF\nONBUILD HEALTHCHECK CMD f\n" +
				"ONBUILD ENV A=b\n", `
FROM "FROM a"@0
  word "a"@5
ONBUILD "ONBUILD COPY --from=b c d"@7
  args "COPY --from=b c d"@15
  COPY "COPY --from=b c d"@15
    flag from "--from=b"@20 = "b"@27 "b"
    args "c d"@29
    word "c"@29
    word "d"@31
ONBUILD "ONBUILD RUN <<EOF\ne\nEOF"@33
  args "RUN <<EOF"@41
  heredoc "EOF" expand=true chomp=false fd=0 "<<EOF"@45
    body "e\n"@51 end "EOF"@53
  RUN "RUN <<EOF\ne\nEOF"@41
    args "<<EOF"@45
ONBUILD "ONBUILD HEALTHCHECK CMD f"@57
  args "HEALTHCHECK CMD f"@65
  HEALTHCHECK "HEALTHCHECK CMD f"@65
    args "CMD f"@77
    word "CMD"@77
    CMD "CMD f"@77
      args "f"@81
ONBUILD "ONBUILD ENV A=b"@83
  args "ENV A=b"@91
  ENV "ENV A=b"@91
    word "A=b"@95
    pair "A"@95 = "b"@97
`},
		{"heredocs", "FROM a\nRUN 3<<-A cat <<'B C' \\\n  d\n\te\n\tA\nf\r\nB C\r\nCOPY << E /g\nE", `
FROM "FROM a"@0
  word "a"@5
RUN "RUN 3<<-A cat <<'B C' \\\n  d\n\te\n\tA\nf\r\nB C"@7
  lines "RUN 3<<-A cat <<'B C' \\\n  d\n\te\n\tA\nf\r\nB C\r\n"@7
  args "3<<-A cat <<'B C' \\\n  d"@11
  heredoc "A" expand=true chomp=true fd=3 "3<<-A"@11
    body "\te\n"@35 end "\tA"@38
  heredoc "B C" expand=false chomp=false fd=0 "<<'B C'"@21
    body "f\r\n"@41 end "B C"@44
COPY "COPY << E /g\nE"@49
  args "<< E /g"@54
  word "<<"@54
  word "E"@57
  word "/g"@59
  heredoc "E" expand=true chomp=false fd=0 "<< E"@54
    body ""@62 end "E"@62
`},
		{"heredoc in CRLF", "FROM a\r\nRUN <<EOF\r\nb\r\nEOF\r\n", `
FROM "FROM a"@0
  lines "FROM a\r\n"@0
  word "a"@5
RUN "RUN <<EOF\r\nb\r\nEOF"@8
  lines "RUN <<EOF\r\nb\r\nEOF\r\n"@8
  args "<<EOF"@12
  heredoc "EOF" expand=true chomp=false fd=0 "<<EOF"@12
    body "b\r\n"@19 end "EOF"@22
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(strings.TrimLeft(c.want, "\n"), dump(parse(c.in))); d != "" {
				t.Errorf("%q (-want +got):\n%s", c.in, d)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"FROM a\n# c\nRNU b\nCPOY c d\n", `
unknown-instruction "RNU"@11 instruction "RNU" is unknown; did you mean "RUN"? [RUN]
unknown-instruction "CPOY"@17 instruction "CPOY" is unknown; did you mean "COPY"? [COPY]
`},
		{"FROM a\nRUN b &&\n  c &&\n  d\nRUN e\n  f\n", `
unknown-instruction "c"@18 instruction "c" is unknown; the line above does not end in "\\", so it is not continued here
unknown-instruction "f"@35 instruction "f" is unknown; the line above does not end in "\\", so it is not continued here
`},
		{"FORM a\nRUN b\nCOPY c d\n", `
unknown-instruction "FORM"@0 instruction "FORM" is unknown; did you mean "FROM"? [FROM]
`},
		{"RUN a\nCOPY b c\nFROM d\nRUN e\n", `
before-from "RUN"@0 RUN is before the first FROM
`},
		{"ARG A=b\nARG C\n", `
syntax "ARG"@0 file has no FROM, so there is nothing to build
`},
		{"# syntax=a\n# only comments\n", `
syntax ""@0 file has no instructions
`},
		{"", `
syntax ""@0 file has no instructions
`},
		{"\xff", `
unknown-instruction "\xff"@0 instruction "\xff" is unknown
`},
		{"# escape=`\n# Escape=\\\nFROM a\n", `
syntax "Escape"@13 parser directive "escape" is given twice
`},
		{"#escape=x\nFROM a\n", `
syntax "x"@8 escape character is "x"; it can only be "\\" or "\x60"
`},
		{"FROM a\nCOPY --chwon=b --form c d e\nRUN --mout=a b\nHEALTHCHECK --intervall=1s CMD x\nUSER --a b\n", `
unknown-flag "chwon"@14 COPY has no flag "--chwon"; did you mean "--chown"? [chown]
unknown-flag "form"@24 COPY has no flag "--form"; did you mean "--from"? [from]
unknown-flag "mout"@41 RUN has no flag "--mout"; did you mean "--mount"? [mount]
unknown-flag "intervall"@64 HEALTHCHECK has no flag "--intervall"; did you mean "--interval"? [interval]
unknown-flag "a"@90 USER has no flag "--a"
`},
		{"FROM a\nCOPY --link=maybe --from b --chown=a --chown=b c d\n", `
syntax "--link=maybe"@12 flag --link is "maybe"; it can only be true or false
syntax "--from"@25 flag --from has no value
`},
		{"FROM a\nRUN --network=x --security=y --mount= b\nRUN --mount=type=bind,from=$x c\nRUN --device=a,b c\n" +
			"RUN --mount='a\"b' d\n", `
syntax "x"@21 network mode "x" is unknown; it can be default, none or host
syntax "y"@34 security mode "y" is unknown; it can be sandbox or insecure
syntax "--mount="@36 flag --mount has no value
syntax "type=bind,from=$x"@59 "from" of --mount has a variable, which BuildKit does not expand there; a stage can be named instead
syntax "a,b"@92 flag --device is not valid: invalid field 'b' must be a key=value pair
syntax "'a\"b'"@110 flag --mount is not valid: failed to parse csv mounts: parse error on line 1, column 2: bare " in non-quoted-field
`},
		{"FROM a\nHEALTHCHECK --interval=5 --timeout=1us --retries=x CMD b\nHEALTHCHECK CMD\nHEALTHCHECK NONE b\n" +
			"HEALTHCHECK curl\nHEALTHCHECK\n", `
syntax "5"@30 flag --interval is "5"; it must be a duration such as "30s"
syntax "1us"@42 flag --timeout is "1us"; the shortest duration is 1ms
syntax "x"@56 flag --retries is "x"; it must be a whole number
syntax "CMD"@76 HEALTHCHECK CMD has no command
syntax "b"@97 HEALTHCHECK NONE takes no arguments
syntax "curl"@111 type of HEALTHCHECK is "curl"; it can only be CMD or NONE
syntax "HEALTHCHECK"@116 HEALTHCHECK has no arguments
`},
		{"FROM\nFROM a b\nFROM a as\nFROM a AS b c\nFROM a AS 1b\nFROM a # b c\nFROM a AS b # c\n", `
syntax "FROM"@0 FROM has no image
syntax "b"@12 FROM has "b" after the image; only "AS" and a stage name can follow it
syntax "as"@21 AS has no stage name
syntax "c"@36 FROM has "c" after the stage name; nothing can follow it
syntax "1b"@48 stage name "1b" is invalid; it must begin with a letter and consist of letters, digits, '-', '_' and '.'
syntax "# b c"@58 a comment needs a line of its own; here it is read as arguments of FROM
syntax "# c"@76 a comment needs a line of its own; here it is read as arguments of FROM
`},
		{"FROM a\nENV A=b c d=e =f\nENV G\nENV\nLABEL =a\nARG\nARG A =b\n", `
syntax "c"@15 ENV has the word "c" without '='
syntax "=f"@21 ENV has the value "=f" without a key
syntax "G"@28 ENV has the key "G" without a value
syntax "ENV"@30 ENV has no arguments
syntax "=a"@40 LABEL has the value "=a" without a key
syntax "ARG"@43 ARG has no arguments
syntax "=b"@53 ARG has the value "=b" without a name
`},
		{"FROM a\nCOPY b\nADD\nCOPY b <<E\nE\nCOPY [\"a\"]\n", `
syntax "b"@12 COPY has only one argument, so there is no destination
syntax "ADD"@14 ADD has no arguments
syntax "<<E"@25 destination of COPY is a heredoc
syntax "\"a\""@37 COPY has only one argument, so there is no destination
`},
		{"FROM a\nSHELL /bin/bash -c\nSHELL []\nSHELL [1]\nSHELL\nCMD [\"a\", 1, {\"b\": 2}]\n" +
			"VOLUME [\"\", \"a\", \" \"]\nVOLUME\nUSER\nEXPOSE\n", `
syntax "/bin/bash -c"@13 SHELL needs a JSON array of strings, such as ["/bin/bash", "-c"]
syntax "SHELL"@26 SHELL has no arguments
syntax "1"@42 array of SHELL has an element that is not a string
syntax "SHELL"@45 SHELL has no arguments
syntax "1"@61 array of CMD has an element that is not a string
syntax "\"\""@82 VOLUME has an empty path
syntax "\" \""@91 VOLUME has an empty path
syntax "VOLUME"@96 VOLUME has no arguments
syntax "USER"@103 USER has no argument
syntax "EXPOSE"@108 EXPOSE has no arguments
`},
		{"FROM a\nONBUILD\nONBUILD FROM b\nONBUILD ONBUILD RUN c\nONBUILD RNU d\nONBUILD COPY e\nONBUILD ENV f\n" +
			"ONBUILD RUN --mout=a b\nONBUILD --x RUN g\n", `
syntax "ONBUILD"@7 ONBUILD has no instruction
trigger "FROM"@23 FROM cannot be a trigger of ONBUILD
trigger "ONBUILD"@38 ONBUILD cannot be a trigger of ONBUILD
unknown-instruction "RNU"@60 instruction "RNU" is unknown; did you mean "RUN"? [RUN]
syntax "e"@79 COPY has only one argument, so there is no destination
syntax "f"@93 ENV has the key "f" without a value
unknown-flag "mout"@109 RUN has no flag "--mout"; did you mean "--mount"? [mount]
unknown-flag "x"@128 ONBUILD has no flag "--x"
`},
		{"FROM a\nRUN <<EOF\nb\n EOF \nRUN <<EOF\nEOF\nRUN <<E\nRUN c\n", `
syntax "<<E"@43 heredoc "E" has no end, since no line consists of its delimiter alone
`},
		{"FROM a\nRUN <<A <<B\n1\nA\n2\n", `
syntax "<<B"@15 heredoc "B" has no end, since no line consists of its delimiter alone
`},
		{"FROM a\n\\\n\nRUN b", `
`},
	} {
		if d := cmp.Diff(strings.TrimLeft(c.want, "\n"), problems(parse(c.in))); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, d)
		}
	}
}

// TestUnclosedHeredoc checks that only the instruction at fault is lost when a line is nearly the delimiter.
func TestUnclosedHeredoc(t *testing.T) {
	f := parse("FROM a\nRUN <<EOF\nb\n EOF\nRUN c\nRUN <<-X\n\tX \nRUN <<X\nRNU d\n")
	want := `FROM "FROM a"@0
  word "a"@5
RUN "RUN <<EOF\nb\n EOF"@7 broken
  args "<<EOF"@11
  heredoc "EOF" expand=true chomp=false fd=0 "<<EOF"@11
    body "b\n"@17 end " EOF"@19
RUN "RUN c"@24
  args "c"@28
RUN "RUN <<-X\n\tX "@30 broken
  args "<<-X"@34
  heredoc "X" expand=true chomp=true fd=0 "<<-X"@34
    body ""@39 end "\tX "@39
RUN "RUN <<X\nRNU d\n"@43 broken
  args "<<X"@47
  heredoc "X" expand=true chomp=false fd=0 "<<X"@47
    body "RNU d\n"@51 end ""@57
syntax " EOF"@19 heredoc "EOF" has no end, since this line has spaces around the delimiter
syntax "\tX "@39 heredoc "X" has no end, since this line has spaces around the delimiter
syntax "<<X"@47 heredoc "X" has no end, since no line consists of its delimiter alone
`
	if d := cmp.Diff(want, dump(f)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestEncoding(t *testing.T) {
	const utf16 = "file is encoded as UTF-16; a Dockerfile is UTF-8"
	wide := func(s, format string) string {
		var b strings.Builder
		for _, r := range s {
			fmt.Fprintf(&b, format, r)
		}
		return b.String()
	}
	for in, want := range map[string]source.Problem{
		"\xff\xfe" +
			wide("FROM a\n", "%c\x00"): {Span: source.Span{Start: 0, End: 2}, Kind: KindSyntax, Message: utf16},
		"\xfe\xff" +
			wide("FROM a\n", "\x00%c"): {Span: source.Span{Start: 0, End: 2}, Kind: KindSyntax, Message: utf16},
		wide("FROM a\n", "%c\x00"): {Kind: KindSyntax, Message: utf16},
		wide("FROM a\n", "\x00%c"): {Kind: KindSyntax, Message: utf16},
	} {
		f := parse(in)
		if d := cmp.Diff([]source.Problem{want}, f.Problems); d != "" {
			t.Errorf("%q (-want +got):\n%s", in, d)
		}
		if len(f.Instructions) > 0 {
			t.Errorf("%q: %d instructions", in, len(f.Instructions))
		}
	}
}

// TestNUL checks that a NUL is no problem where BuildKit accepts it, and that a binary file is one problem.
func TestNUL(t *testing.T) {
	for in, want := range map[string]string{
		"FROM a\n# b\x00\nRUN c\n":            "",
		"FROM a\nRUN \\\n# b\x00\nc\n":        "",
		"FROM a\nCOPY <<E /b\n\x00\nE\n":      "",
		"FROM a\nLABEL a=\x00\n":              "",
		"FROM a\nR\x00N b\n":                  "instruction",
		"\x7fELF\x02\x01\x01\x00\x00\nFROM\n": "file contains a NUL byte",
	} {
		f := parse(in)
		got := len(f.Problems) == 1 && strings.HasPrefix(f.Problems[0].Message, want)
		if want == "" && len(f.Problems) > 0 || want != "" && !got {
			t.Errorf("%q: %v", in, f.Problems)
		}
		if d := disagreement(in); d != "" {
			t.Errorf("%q: %s", in, d)
		}
	}
}

// TestNeeds checks which stages a build runs.
func TestNeeds(t *testing.T) {
	const text = "FROM a AS one\nFROM one AS two\nFROM b AS three\nRUN --mount=type=bind,from=one,target=/x c\n" +
		"FROM c AS four\nCOPY --from=\"Three\" /x /x\nFROM d AS five\nCOPY --from=1 /x /x\n" +
		"FROM e\nCOPY --from=fivefold /x /x\nONBUILD COPY --from=three /x /x\n"
	f := parse(text)
	for target, want := range map[string]string{
		"one": "0", "two": "0 1", "THREE": "0 2", "four": "0 2 3", "five": "0 1 4", "4": "0 1 4", "": "0 2 5",
		"none": "",
	} {
		var got []string
		if s := f.StageNamed(target); s != nil {
			needed := f.Needs(s)
			for _, s := range f.Stages {
				if needed[s] {
					got = append(got, fmt.Sprint(s.Index))
				}
			}
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%q: %s, want %s", target, got, want)
		}
	}
	if got := f.Needs(f.StageNamed("four"), "three"); len(got) != 1 {
		t.Errorf("with three replaced: %d stages", len(got))
	}
	if got := f.Needs(f.StageNamed("four"), "four"); len(got) != 0 {
		t.Errorf("with four replaced: %d stages", len(got))
	}
}

// TestShipped checks which stages end up in images.
func TestShipped(t *testing.T) {
	for text, want := range map[string]string{
		"FROM a\n":              "0",
		"FROM a\nFROM b\n":      "0 1",
		"FROM a AS x\nFROM x\n": "0 1",
		"FROM a AS x\nFROM x AS y\nFROM b\nCOPY --from=y /a /a\n":                         "2",
		"FROM a\nFROM b\nCOPY --from=0 /a /a\n":                                           "1",
		"FROM a AS x\nFROM b\nRUN --mount=type=bind,from=x,target=/x c\n":                 "1",
		"FROM a AS x\nFROM x AS y\nFROM x\nCOPY --from=y /a /a\n":                         "0 2",
		"FROM a AS x\nFROM b\nONBUILD COPY --from=x /a /a\nFROM c AS d\nFROM d AS test\n": "1 2 3",
	} {
		f := parse(text)
		shipped := f.Shipped()
		var got []string
		for _, s := range f.Stages {
			if shipped[s] {
				got = append(got, fmt.Sprint(s.Index))
			}
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestLongLine checks the length from which BuildKit refuses a line, and that the rest of the file is read.
func TestLongLine(t *testing.T) {
	for _, c := range []struct {
		before, line, after, want string
	}{
		{"FROM a\n", "RUN " + strings.Repeat("b", maxLine-5), "\nRNU c\n", "RNU"},
		{"FROM a\n", "RUN " + strings.Repeat("b", maxLine-4), "\nRNU c\n", "RUN,RNU"},
		{"FROM a\n", "RUN " + strings.Repeat("b", maxLine-6), "\r\nRNU c\n", "RNU"},
		{"FROM a\n", "RUN " + strings.Repeat("b", maxLine-5), "\r\nRNU c\n", "RUN,RNU"},
		{"FROM a\n", "RUN " + strings.Repeat("b", maxLine-5), "", ""},
		{"FROM a\n", "RUN " + strings.Repeat("b", maxLine-4), "", "RUN"},
		{"FROM a\n", "# " + strings.Repeat("b", maxLine), "\nRNU c\n", "#,RNU"},
		{"FROM a\nRUN b \\\n", "  cc " + strings.Repeat("d", maxLine), "\nRNU c\n", "cc,RNU"},
		{"FROM a\nRUN <<EOF\n", "bb " + strings.Repeat("d", maxLine), "\nEOF\nRNU c\n", "bb,RNU"},
		{"FROM a\nRUN <<EOF\n EOF\n", "RUN " + strings.Repeat("d", maxLine), "\nRNU c\n", " EOF,RUN,RNU"},
	} {
		text := c.before + c.line + c.after
		f := parse(text)
		var got []string
		for _, p := range f.Problems {
			got = append(got, f.Source.Text(p.Span))
		}
		if s := strings.Join(got, ","); s != c.want {
			t.Errorf("%.40q and %d bytes: problems at %q, want %q", text, len(c.line), s, c.want)
		}
		if d := disagreement(strings.ReplaceAll(text, "RNU", "RUN")); d != "" {
			t.Errorf("%.40q and %d bytes: %s", text, len(c.line), d)
		}
	}
}

// TestHostileInput feeds text that takes quadratic time, or a stack without end, in a careless parser.
func TestHostileInput(t *testing.T) {
	n := 60_000
	if heavytest.On() {
		n = 200_000
	}
	numbered := func(format string) string {
		var b strings.Builder
		for k := range n / 10 {
			fmt.Fprintf(&b, format, k)
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"unknown instructions":    strings.Repeat("x\n", n),
		"broken instructions":     "FROM a\n" + strings.Repeat("ENV\n", n),
		"ONBUILD in ONBUILD":      "FROM a\n" + strings.Repeat("ONBUILD ", n) + "\n",
		"ONBUILD over many lines": "FROM a\n" + strings.Repeat("ONBUILD \\\n", n) + "RUN b\n",
		"continuation lines":      "FROM a\nENV A=b " + strings.Repeat("\\\n# c\n\n a=b", n/10),
		"open heredocs":           "FROM a\n" + numbered("RUN <<E%d\n"),
		"nearly closed heredocs":  "FROM a\n" + numbered("RUN <<E%[1]d\n E%[1]d\n"),
		"one delimiter":           "FROM a\n" + strings.Repeat("RUN <<E\n E\n", n/10),
		"heredocs in one line":    "FROM a\nRUN " + strings.Repeat("<<E ", n/20) + "\n",
		"nested substitutions":    "FROM a\nRUN <<E " + strings.Repeat("${a:-", n/20) + "\nE\n",
		"substitutions in ENV":    "FROM a\nENV A=" + strings.Repeat("${a:-\\\n", n/10) + "\n",
		"nested arrays":           "FROM a\nCMD " + strings.Repeat("[", n/20) + "\n",
		"stages on stages":        "FROM a AS s0\n" + numbered("FROM s%[1]d AS s%[1]d\nENV A%[1]d=b\n"),
		"stages on one": "FROM a AS s\n" + strings.Repeat("ONBUILD ENV A=b\n", n/20) +
			strings.Repeat("FROM s\n", n/20),
		"doubling values": "FROM scratch\nENV A=b\n" + strings.Repeat("ENV A=$A$A$A$A\n", n/10),
		"kept values": "FROM scratch\nENV A=" + strings.Repeat("b", 60_000) + "\n" +
			numbered("ENV A%d=$A\n"),
		"patterns in values": "FROM scratch\nENV A=" + strings.Repeat("b", 60_000) + "\nENV B=${A//b/" +
			strings.Repeat("c", 60_000) + "}\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := parse(text)
			if err := spansNest(f); err != nil {
				t.Error(err)
			}
			for k := 0; k < len(f.Instructions); k += 7 {
				i := f.Instructions[k]
				f.Lookup(i, "A")
				f.Lookup(i, "NONE")
				f.Expand(i, "x$A$NONE")
				f.Shell(i)
			}
		})
	}
}

func TestKeywords(t *testing.T) {
	got := strings.Join(keywords(), " ")
	want := "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL " +
		"USER VOLUME WORKDIR"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestFlagTable asks BuildKit about every flag with every instruction.
func TestFlagTable(t *testing.T) {
	args := map[string]string{
		"FROM": "a", "COPY": "a b", "ADD": "a b", "HEALTHCHECK": "CMD a", "ENV": "A=b", "LABEL": "A=b",
		"SHELL": `["a"]`, "ONBUILD": "RUN a",
	}
	all := map[string]bool{"x": true, "env": true, "secret": true, "ssh": true, "cache-from": true}
	for _, name := range keywords() {
		for _, spec := range flagTable()[name] {
			all[spec.name] = true
		}
	}
	for _, name := range keywords() {
		if ignoresFlags(name) {
			continue
		}
		for flag := range all {
			k := slices.IndexFunc(flagTable()[name], func(s flagSpec) bool { return s.name == flag })
			arg := args[name]
			if arg == "" {
				arg = "a"
			}
			refusal := func(flags string) string {
				tree, err := parser.Parse(strings.NewReader(name + " " + flags + " " + arg + "\n"))
				if err == nil {
					_, err = instructions.ParseInstruction(tree.AST.Children[0])
				}
				if err == nil {
					return ""
				}
				return err.Error()
			}
			if unknown := strings.Contains(refusal("--"+flag), "unknown flag"); unknown != (k < 0) {
				t.Errorf("%s --%s: BuildKit's refusal is %v", name, flag, unknown)
			}
			if k < 0 {
				continue
			}
			kind := stringFlag
			switch {
			case !strings.Contains(refusal("--"+flag), "missing a value"):
				kind = boolFlag
			case !strings.Contains(refusal(fmt.Sprintf("--%s=1 --%s=1", flag, flag)), "duplicate"):
				kind = stringsFlag
			}
			if got := flagTable()[name][k].kind; got != kind {
				t.Errorf("%s --%s is of kind %d, want %d", name, flag, got, kind)
			}
		}
		if names := FlagNames(name); !slices.IsSorted(names) {
			t.Errorf("flags of %s are not sorted: %q", name, names)
		}
	}
}
