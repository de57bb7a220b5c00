package dockerfile

import (
	"strings"
	"testing"

	"github.com/sandlint/sandlint/fixers"
)

// TestPartialChanges declares one thing each, and changes it and something else.
func TestPartialChanges(t *testing.T) {
	tests := []struct {
		name, before, after string
		change              fixers.Change
		want                string // "" when the change is allowed, else a part of the answer
	}{
		{
			"a word comes", "RUN opam init -y", "RUN opam init --disable-sandboxing -y",
			Words{Added: []string{"--disable-sandboxing"}}, "",
		},
		{
			"another word comes", "RUN opam init -y", "RUN opam init --bare -y",
			Words{Added: []string{"--disable-sandboxing"}}, "RUN of line 2",
		},
		{"a word goes that may only come", "RUN a -y b", "RUN a b", Words{Added: []string{"-y"}}, "RUN of line 2"},
		{"a word comes that may only go", "RUN a b", "RUN a -y b", Words{Removed: []string{"-y"}}, "RUN of line 2"},
		{
			"a word is replaced", "RUN apt install curl && apt update", "RUN apt-get install curl && apt-get update",
			Words{Removed: []string{"apt"}, Added: []string{"apt-get"}}, "",
		},
		{
			"a word is replaced, another lost", "RUN apt install curl git", "RUN apt-get install curl",
			Words{Removed: []string{"apt"}, Added: []string{"apt-get"}}, "RUN of line 2",
		},
		{
			"a word is quoted otherwise and another comes", "RUN a 'b' c", "RUN a \"b\" x c",
			Words{Added: []string{"x"}}, "RUN of line 2",
		},
		{"words stay in order", "RUN a b c", "RUN a x c b", Words{Added: []string{"x"}}, "RUN of line 2"},
		{
			"a word of a redirection stays", "RUN a > x", "RUN a > y",
			Words{Removed: []string{"x"}, Added: []string{"y"}}, "RUN of line 2",
		},
		{"a word in exec form", `CMD ["a", "b"]`, `CMD ["a", "-c", "b"]`, Words{Added: []string{"-c"}}, ""},
		{"a word in the trigger of ONBUILD", "ONBUILD RUN a b", "ONBUILD RUN a x b", Words{Added: []string{"x"}}, ""},
		{"a word in a heredoc", "RUN <<E\na b\nE", "RUN <<E\na x b\nE", Words{Added: []string{"x"}}, ""},
		{"a word becomes a command", "RUN a b", "RUN a b; x", Words{Added: []string{"x", ";"}}, "RUN of line 2"},
		{
			"a statement of its own comes", "RUN <<E\na b\nc\nE", "RUN <<E\nset -e\na b\nc\nE",
			Commands{Added: []string{"set -e"}}, "",
		},
		{
			"another statement comes", "RUN <<E\na b\nc\nE", "RUN <<E\nset -u\na b\nc\nE",
			Commands{Added: []string{"set -e"}}, "RUN of line 2",
		},
		{"statements become a chain", "RUN a && b; c; d", "RUN a && b && c && d", Chained{}, ""},
		{"a chain becomes statements of the background", "RUN a && b; c", "RUN a && b & c", Chained{}, "RUN of line 2"},
		{"a chain of alternatives", "RUN a && b; c", "RUN a && b || c", Chained{}, "RUN of line 2"},
		{"a chain in another order", "RUN a && b; c", "RUN a && c && b", Chained{}, "RUN of line 2"},
		{"a delimiter is quoted", "COPY <<E /x\n$1\nE", "COPY <<\"E\" /x\n$1\nE", QuotedHeredocs{}, ""},
		{
			"a delimiter is quoted and the body changes", "COPY <<E /x\n$1\nE", "COPY <<\"E\" /x\n$2\nE",
			QuotedHeredocs{}, "COPY of line 2",
		},
		{
			"a word gets quotes", "RUN a $x && b $(c $x)", "RUN a \"$x\" && b $(c \"$x\")",
			Spellings{[]string{"$x"}, []string{`"$x"`}}, "",
		},
		{
			"a word loses quotes", "RUN a \"$x\"", "RUN a $x", Spellings{[]string{"$x"}, []string{`"$x"`}},
			"RUN of line 2",
		},
		{
			"another word gets quotes", "RUN a $x $y", "RUN a $x \"$y\"", Spellings{[]string{"$x"}, []string{`"$x"`}},
			"RUN of line 2",
		},
		{
			"words change places", "RUN a $x $y", "RUN a $y \"$x\"", Spellings{[]string{"$x"}, []string{`"$x"`}},
			"RUN of line 2",
		},
		{
			"the program of a SHELL", `SHELL ["/bin/sh", "-c"]`, `SHELL ["/bin/bash", "-c"]`,
			Words{Removed: []string{"/bin/sh"}, Added: []string{"/bin/bash"}}, "",
		},
		{
			"an option of a SHELL", `SHELL ["/bin/sh", "-c"]`, `SHELL ["/bin/bash", "-e", "-c"]`,
			Words{Removed: []string{"/bin/sh"}, Added: []string{"/bin/bash"}}, "SHELL of line 2",
		},
		{"an expansion is not a word", "RUN a b", "RUN a $(x) b", Words{Added: []string{"$(x)"}}, "RUN of line 2"},

		{
			"a version", "RUN apt-get install -y curl git=1", "RUN apt-get install -y curl=7.1 git=1", Packages{"curl"},
			"",
		},
		{"a version at npm", "RUN npm install left-pad", "RUN npm install left-pad@1.3.0", Packages{"left-pad"}, ""},
		{
			"a version of another package", "RUN apt-get install -y curl git=1", "RUN apt-get install -y curl git=2",
			Packages{"curl"}, "RUN of line 2",
		},
		{
			"a package goes", "RUN apt-get install -y curl git", "RUN apt-get install -y git", Packages{"curl"},
			"RUN of line 2",
		},

		{"a flag", "COPY --chmod=666 a b", "COPY --chmod=644 a b", Flags{"chmod"}, ""},
		{"a flag comes", "COPY a b", "COPY --chown=1 a b", Flags{"chown"}, ""},
		{
			"another flag", "COPY --chmod=666 --chown=1 a b", "COPY --chmod=644 --chown=2 a b", Flags{"chmod"},
			"COPY of line 2",
		},
		{"a flag and a path", "COPY --chmod=666 a b", "COPY --chmod=644 a c", Flags{"chmod"}, "COPY of line 2"},
		{"a flag of RUN", "RUN --security=insecure --network=none a", "RUN --network=none a", Flags{"security"}, ""},
		{"a flag of RUN and its command", "RUN --security=insecure a", "RUN b", Flags{"security"}, "RUN of line 2"},
		{
			"a flag of HEALTHCHECK", "HEALTHCHECK --interval=1s CMD a", "HEALTHCHECK --interval=30s CMD a",
			Flags{"interval"}, "",
		},

		{"a variable", "ENV A=b C=d", "ENV A=x C=d", Variables{"A"}, ""},
		{"a variable goes", "ENV A=b C=d", "ENV C=d", Variables{"A"}, ""},
		{"another variable", "ENV A=b C=d", "ENV A=x C=y", Variables{"A"}, "ENV of line 2"},
		{"a variable of the shell", "RUN a b", "RUN X=1 a b", Variables{"X"}, ""},
		{"an argument", "ARG TARGETARCH=amd64", "ARG TARGETARCH", Variables{"TARGETARCH"}, ""},
		{"a label", "LABEL a=b c=d", "LABEL a=x c=d", Labels{"a"}, ""},
		{"another label", "LABEL a=b c=d", "LABEL a=b c=x", Labels{"a"}, "LABEL of line 2"},
		{"a user", "USER a", "USER b", User{}, ""},
		{"a user and a keyword", "USER a", "WORKDIR /b", User{}, "USER of line 2"},

		{"an instruction comes", "RUN a", "USER x\nRUN a", NewInstructions{"USER"}, ""},
		{"an instruction comes behind", "RUN a", "RUN a\nUSER x", NewInstructions{"USER"}, ""},
		{"another instruction comes", "RUN a", "ENV b=c\nRUN a", NewInstructions{"USER"}, "is new"},
		{"an instruction comes and another changes", "RUN a", "USER x\nRUN b", NewInstructions{"USER"}, "of line"},
		{"an instruction goes", "USER a\nCMD b", "CMD b", RemovedInstructions{"USER"}, ""},
		{"another instruction goes", "RUN a\nCMD b", "CMD b", RemovedInstructions{"CMD"}, "RUN of line 2"},

		{"a folder below the root", "WORKDIR app/$A", "WORKDIR /app/$A", RootedWorkdir{}, ""},
		{"a slash at the end stays", "WORKDIR app/", "WORKDIR /app/", RootedWorkdir{}, "WORKDIR of line 2"},
		{"a slash at the end goes", "WORKDIR app/", "WORKDIR /app", RootedWorkdir{}, ""},
		{"another folder", "WORKDIR app", "WORKDIR /srv/app", RootedWorkdir{}, "WORKDIR of line 2"},

		{"a target below the root", "COPY a b/$A", "COPY a /b/$A", RootedDest{}, ""},
		{"a folder below the root", "COPY a ./b/", "COPY a /b/", RootedDest{}, ""},
		{"the working directory", "COPY a .", "COPY a /", RootedDest{}, ""},
		{"another target", "COPY a b", "COPY a /srv/b", RootedDest{}, "COPY of line 2"},
		{"a target and a source", "COPY a b", "COPY b /b", RootedDest{}, "COPY of line 2"},
		{"a folder becomes a file", "COPY a b/", "COPY a /b", RootedDest{}, "COPY of line 2"},
		{"a target becomes a folder", "COPY a b /c", "COPY a b /c/", FolderDest{}, ""},
		{"a target becomes another folder", "COPY a b /c", "COPY a b /d/", FolderDest{}, "COPY of line 2"},
		{"ADD becomes COPY", "ADD --chown=x a b/ /c/", "COPY --chown=x a b/ /c/", CopyForAdd{}, ""},
		{"a trigger becomes COPY", "ONBUILD ADD a /b", "ONBUILD COPY a /b", CopyForAdd{}, ""},
		{"ADD becomes COPY and a target changes", "ADD a /b", "COPY a /c", CopyForAdd{}, "of line 2"},
		{"ADD of an archive", "ADD a.tar.gz /b", "COPY a.tar.gz /b", CopyForAdd{}, "of line 2"},
		{"ADD of a URL", "ADD https://a/b /b", "COPY https://a/b /b", CopyForAdd{}, "of line 2"},
		{"ADD of a variable", "ADD $A /b", "COPY $A /b", CopyForAdd{}, "of line 2"},
		{"ADD with a flag of its own", "ADD --unpack=true a /b", "COPY a /b", CopyForAdd{}, "of line 2"},
		{"COPY becomes ADD", "COPY a /b", "ADD a /b", CopyForAdd{}, "of line 2"},
		{"a digest", "FROM a:1 AS b", "FROM a:1@sha256:0a AS b", Digests{}, ""},
		{"a digest and a tag", "FROM a:1 AS b", "FROM a:2@sha256:0a AS b", Digests{}, "FROM of line 2"},
		{"a digest of another image", "FROM a:1", "FROM b:1@sha256:0a", Digests{}, "FROM of line 2"},
		{"a digest and a name", "FROM a:1 AS b", "FROM a:1@sha256:0a AS c", Digests{}, "FROM of line 2"},
		{"a digest in a flag", "COPY --from=a:1 b c", "COPY --from=a:1@sha256:0a b c", Digests{}, ""},
		{"a digest and a path", "COPY --from=a:1 b c", "COPY --from=a:1@sha256:0a b d", Digests{}, "COPY of line 2"},

		{"an array", `CMD a 'b c' "d\"e" f\ g`, `CMD ["a", "b c", "d\"e", "f g"]`, ExecForm{}, ""},
		{"an array of ENTRYPOINT", "ENTRYPOINT a b", `ENTRYPOINT ["a", "b"]`, ExecForm{}, ""},
		{"an array with another word", "CMD a b", `CMD ["a", "c"]`, ExecForm{}, "CMD of line 2"},
		{"an array with a variable", "CMD a $B", `CMD ["a", "$B"]`, ExecForm{}, "CMD of line 2"},
		{"an array with a quoted variable", `CMD a "$B"`, `CMD ["a", "$B"]`, ExecForm{}, "CMD of line 2"},
		{"an array with a pattern", "CMD a *", `CMD ["a", "*"]`, ExecForm{}, "CMD of line 2"},
		{"an array with a home", "CMD a ~", `CMD ["a", "~"]`, ExecForm{}, "CMD of line 2"},
		{"an array of two commands", "CMD a && b", `CMD ["a", "&&", "b"]`, ExecForm{}, "CMD of line 2"},
		{"an array with a redirection", "CMD a > b", `CMD ["a", ">", "b"]`, ExecForm{}, "CMD of line 2"},
		{"an array with a variable before", "CMD A=1 b", `CMD ["A=1", "b"]`, ExecForm{}, "CMD of line 2"},
		{"an array that runs on", "CMD a &", `CMD ["a"]`, ExecForm{}, "CMD of line 2"},

		{"commands in another order", "RUN a && b && c d", "RUN b && a && c d", CommandOrder{}, ""},
		{
			"commands in another order, one changed", "RUN a && b && c d", "RUN b && a && c e", CommandOrder{},
			"RUN of line 2",
		},
		{"commands that || joins keep theirs", "RUN a || b", "RUN b || a", CommandOrder{}, "RUN of line 2"},

		{
			"a command comes", "RUN a -y && b", "RUN a -y && b && rm -rf /x/*",
			Commands{Added: []string{"rm -rf /x/*"}}, "",
		},
		{"a command comes behind a list", "RUN a; b", "RUN a; b && c d", Commands{Added: []string{"c d"}}, ""},
		{
			"a command comes behind an if", "RUN if a; then b; fi", "RUN if a; then b; fi && c d",
			Commands{Added: []string{"c d"}}, "",
		},
		{"a command comes in a heredoc", "RUN <<E\na\nE", "RUN <<E\na && c d\nE", Commands{Added: []string{"c d"}}, ""},
		{"a command goes", "RUN u x && a && b", "RUN a && b", Commands{Removed: []string{"u x"}}, ""},
		{"a command goes before ;", "RUN u x; a; b", "RUN a; b", Commands{Removed: []string{"u x"}}, ""},
		{"a command goes in a heredoc", "RUN <<E\nu x\na\nE", "RUN <<E\na\nE", Commands{Removed: []string{"u x"}}, ""},
		{
			"a command goes that may come", "RUN u x && a && b", "RUN a && b", Commands{Added: []string{"u x"}},
			"RUN of line 2",
		},
		{"another command comes", "RUN a", "RUN a && c e", Commands{Added: []string{"c d"}}, "RUN of line 2"},
		{
			"a command comes and a word changes", "RUN a x", "RUN a y && c d", Commands{Added: []string{"c d"}},
			"RUN of line 2",
		},
		{"a command comes behind ||", "RUN a", "RUN a || c d", Commands{Added: []string{"c d"}}, "RUN of line 2"},
		{"a command comes inside a function", "RUN f() { a; }; f", "RUN f() { a && c; }; f",
			Commands{Added: []string{"c"}}, "RUN of line 2"},
		{"words become a command", "RUN echo a b c > /x && d", "RUN echo a && b c > /x && d", Separated{}, ""},
		{"words become a command behind ;", "RUN echo a b", "RUN echo a; b", Separated{}, "RUN of line 2"},
		{"words become a command and one changes", "RUN echo a b", "RUN echo a && c", Separated{}, "RUN of line 2"},

		{"embedded text in words", "RUN echo 'cores = 1' >> /x", "RUN echo 'cores = 2' >> /x", fixers.Embedded{}, ""},
		{"embedded text in a heredoc", "RUN cat <<E > /x\na\nE", "RUN cat <<E > /x\nb\nE", fixers.Embedded{}, ""},
		{"embedded text of COPY", "COPY <<E /x\na\nE", "COPY <<E /x\nb\nE", fixers.Embedded{}, ""},
		{"embedded text and where it goes", "RUN echo a >> /x", "RUN echo b >> /y", fixers.Embedded{}, "RUN of line 2"},
		{
			"embedded text and another program", "RUN echo a >> /x", "RUN printf a >> /x", fixers.Embedded{},
			"RUN of line 2",
		},
		{
			"embedded text and one more command", "RUN echo a >> /x", "RUN echo a >> /x && b", fixers.Embedded{},
			"RUN of line 2",
		},
		{"embedded text in a variable", "ENV NIX_CONFIG='a' B=c", "ENV NIX_CONFIG='b' B=c", fixers.Embedded{}, ""},
		{
			"embedded text and a variable more", "ENV NIX_CONFIG='a'", "ENV NIX_CONFIG='b' C=d", fixers.Embedded{},
			"ENV of line 2",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, after := "FROM x\n"+tt.before+"\nSTOPSIGNAL 9\n", "FROM x\n"+tt.after+"\nSTOPSIGNAL 9\n"
			got := compareTexts(before, after, fixers.Changes{tt.change})
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			// Without the declaration it is a change, and with Instructions it may be anything.
			if got := compareTexts(before, after, nil); got == "" {
				t.Error("the change passes without being declared")
			}
			if got := compareTexts(before, after, fixers.Changes{Instructions{}}); got != "" {
				t.Errorf("with Instructions: %q", got)
			}
		})
	}
}

// TestReplaced has an instruction take the place of another.
func TestReplaced(t *testing.T) {
	changes := fixers.Changes{RemovedInstructions{"MAINTAINER"}, NewInstructions{"LABEL"}}
	before := "FROM x\nMAINTAINER a\nRUN b\n"
	for _, tt := range []struct{ after, want string }{
		{"FROM x\nLABEL maintainer=a\nRUN b\n", ""},
		{"FROM x\nENV maintainer=a\nRUN b\n", "is new"},
		{"FROM x\nLABEL maintainer=a\nRUN c\n", "the edits"},
		{"FROM x\nLABEL\nRUN b\n", "refuses"},
	} {
		if got := compareTexts(before, tt.after, changes); (got == "") != (tt.want == "") ||
			!strings.Contains(got, tt.want) && tt.want != "the edits" {
			t.Errorf("%q: got %q, want %q", tt.after, got, tt.want)
		}
	}
}

// TestMasksJoin has two fixes edit one instruction.
func TestMasksJoin(t *testing.T) {
	f := fixers.Fix{Changes: fixers.Changes{Words{Added: []string{"x"}}, Flags{"network"}}}
	g := fixers.Fix{Changes: fixers.Changes{Packages{"curl"}}}
	_, a := classOf(f, commandTrees{})
	_, b := classOf(g, commandTrees{})
	m := a.join(b)
	if masked, _ := m.word("x"); !masked || !m.flag("network") {
		t.Error("the first is lost")
	}
	if masked, instead := m.word("curl=1"); !masked || instead != "curl" {
		t.Error("the second is lost")
	}
}
