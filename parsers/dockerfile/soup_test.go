package dockerfile

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

// soup is what random files are made of: pieces that matter to the parser, often enough in an order that it accepts.
var soup = []string{
	"FROM a\n", "FROM a AS b\n", "from b\n", "RUN ", "RUN ", "COPY ", "ADD ", "ENV ", "ENV ", "LABEL ", "ARG ", "CMD ",
	"ENTRYPOINT ",
	"HEALTHCHECK ", "HEALTHCHECK CMD ", "ONBUILD ", "ONBUILD RUN ", "ONBUILD COPY ", "SHELL ", "USER ", "VOLUME ",
	"EXPOSE ", "WORKDIR ", "STOPSIGNAL ", "MAINTAINER ", "FOO ",
	"\n", "\n", "\n", "\r\n", "\n\n", " ", " ", "\t", "\r", "\v", "\u00a0", "\u2003", "\\\n", "\\\n", "\\ \n", "\\\r\n",
	"\\\\\n", "`\n", "`", "\\",
	"# comment\n", "#\n", "  # x\n", "# escape=`\n", "# escape=\\\n", "# syntax=a\n", "# check=b\n", "#",
	"<<EOF", "<<EOF\n", "<<-EOF\n", "<<'EOF'\n", "<<\"A B\"\n", "<< EOF", "3<<B", "<<", "<", "EOF", "EOF\n", "EOF\n",
	"\tEOF\n", " EOF\n", "A B\n", "B\n", "body\n",
	"A=b", "A=", "=b", "A", "b", "c d", "\"", "'", "\"x y\"", "'x y'", "$A", "${A}", "${A:-b}", "${A:+b c}", "${A#b}",
	"${A//b/c}", "${", "}", "$",
	"[", "]", ",", "[\"a\"]", "[\"a\", \"b\"]", "[]", "[1]", "\"a\\n\"", "{", "null",
	"--from=b ", "--chown=a ", "--link ", "--link=false ", "--mount=type=cache ", "--mount=from=$x ", "--network=none ",
	"--platform=a ", "--interval=5s ", "--retries=x ", "--x ", "-- ", "--", "--a=\"b c\" ",
	"é", "à", "\u0085", "\u212a", "ſ", "\xef\xbb\xbf", "AS ", "as b", "NONE", "CMD ", "scratch",
}

func randomFile(r *rand.Rand) string {
	var b strings.Builder
	if r.IntN(4) == 0 {
		b.WriteString("# escape=`\n")
	}
	if r.IntN(4) > 0 {
		b.WriteString("FROM a\n")
	}
	for range r.IntN(40) {
		b.WriteString(soup[r.IntN(len(soup))])
	}
	return b.String()
}

func TestAgreementOnRandomFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		text := randomFile(r)
		if d := disagreement(text); d != "" {
			t.Errorf("%q: %s", text, d)
		}
		if err := spansNest(Parse(source.NewFile("Dockerfile", []byte(text)))); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
