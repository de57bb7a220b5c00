package image

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/source"
)

// buildContext is a build context in memory.
type buildContext map[string]string

func (c buildContext) TargetPlatforms(img *Image) []Platform { return c.Platforms(img) }

func (c buildContext) Platforms(img *Image) []Platform {
	return []Platform{{Name: fmt.Sprintf("linux/stage%d", img.Stage.Index)}}
}

func (c buildContext) Read(name string) (*source.File, error) {
	name = strings.TrimPrefix(name, "./")
	if text, ok := c[name]; ok {
		return source.NewFile(name, []byte(text)), nil
	}
	return nil, fs.ErrNotExist
}

func (c buildContext) Target(img *Image) bool { return c["target:"+img.Stage.Name] != "" }

func (c buildContext) IsDir(name string) bool {
	for path := range c {
		if strings.HasPrefix(path, strings.TrimSuffix(name, "/")+"/") {
			return true
		}
	}
	return false
}

func parse(text string, c buildContext) *Dockerfile {
	return New(dockerfile.Parse(source.NewFile("Dockerfile", []byte(text))), c)
}

// describe renders a value: what it is, whether it is known, and the line that sets it.
func describe(d *Dockerfile, v dockerfile.Value) string {
	out := fmt.Sprintf("%q", v.Text)
	if !v.Known {
		out += "?"
	}
	if v.From != nil {
		out += fmt.Sprintf(" by %d", d.Source.LineOf(v.Span.Start))
	}
	return out
}

// TestSteps shows what holds before each step: user, working directory, and the variable A.
func TestSteps(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"from the start", "FROM debian:12\nENV A=b\nUSER app:app\nWORKDIR srv\nRUN make\n", `
FROM user "" dir "/" A -
ENV user "" dir "/" A -
USER user "" dir "/" A "b" by 2
WORKDIR user "app" by 3 dir "/" A "b" by 2
RUN user "app" by 3 dir "/srv" by 4 A "b" by 2`},
		{"an unknown base", "FROM example.org/x\nRUN a\nWORKDIR srv\nRUN b\nWORKDIR /srv\nUSER root\nRUN c\n", `
FROM user ""? dir "/"? A -
RUN user ""? dir "/"? A -
WORKDIR user ""? dir "/"? A -
RUN user ""? dir "/srv"? by 3 A -
WORKDIR user ""? dir "/srv"? by 3 A -
USER user ""? dir "/srv" by 5 A -
RUN user "root" by 6 dir "/srv" by 5 A -`},
		{"variables", "ARG V=1\nFROM debian\nARG U\nARG D=/d\nUSER $U\nWORKDIR $D\nWORKDIR $NO/x\nRUN a\n", `
ARG user ""? dir ""? A -
FROM user "" dir "/" A -
ARG user "" dir "/" A -
ARG user "" dir "/" A -
USER user "" dir "/" A -
WORKDIR user "$U"? by 5 dir "/" A -
WORKDIR user "$U"? by 5 dir "/d" by 6 A -
RUN user "$U"? by 5 dir ""? by 7 A -`},
		{"stages inherit", "FROM debian AS base\nUSER app\nENV A=1\nFROM base\nRUN a\nFROM debian\nRUN b\n", `
FROM user "" dir "/" A -
USER user "" dir "/" A -
ENV user "app" by 2 dir "/" A -
FROM user "app" by 2 dir "/" A -
RUN user "app" by 2 dir "/" A "1" by 3
FROM user "" dir "/" A -
RUN user "" dir "/" A -`},
		{
			"ONBUILD runs in the child",
			"FROM debian AS base\nONBUILD USER app\nONBUILD ENV A=2\nONBUILD RUN x\nUSER u\nFROM base\nRUN a\n",
			`
FROM user "" dir "/" A -
USER (deferred) user "u" by 5 dir "/" A -
ENV (deferred) user "u" by 5 dir "/" A -
RUN (deferred) user "u" by 5 dir "/" A -
USER user "" dir "/" A -
FROM user "u" by 5 dir "/" A -
RUN user "app" by 2 dir "/" A "2" by 3`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := parse(tt.text, nil)
			var got strings.Builder
			for _, s := range d.Steps() {
				mark := ""
				if s.Deferred {
					mark = " (deferred)"
				}
				a := "-"
				if v, ok := s.Lookup("A"); ok {
					a = describe(d, v)
				}
				fmt.Fprintf(&got, "\n%s%s user %s dir %s A %s", s.Name, mark, describe(d, s.User()),
					describe(d, s.Workdir()), a)
			}
			if diff := cmp.Diff(tt.want, got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestInherited checks the triggers of ONBUILD where they run: in a stage that is based on theirs.
func TestInherited(t *testing.T) {
	d := parse(
		"FROM debian AS base\nONBUILD USER app\nONBUILD COPY x /y\nONBUILD RUN $CMD z\nFROM base\nRUN a\nFROM base\n",
		nil)
	for _, img := range d.Images[1:] {
		var got []string
		for _, s := range img.Steps() {
			got = append(got, fmt.Sprintf("%s from %d in %d, deferred %v, as %q", s.Name, s.From.Stage.Index,
				s.Image.Stage.Index, s.Deferred, s.User().Text))
		}
		n := img.Stage.Index
		want := []string{
			fmt.Sprintf("FROM from %d in %d, deferred false, as \"\"", n,
				n), fmt.Sprintf("USER from 0 in %d, deferred false, as \"\"", n),
			fmt.Sprintf("COPY from 0 in %d, deferred false, as \"app\"",
				n), fmt.Sprintf("RUN from 0 in %d, deferred false, as \"app\"", n),
			"RUN from 1 in 1, deferred false, as \"app\"",
		}
		if diff := cmp.Diff(want[:len(img.Steps())], got); diff != "" {
			t.Errorf("stage %d (-want +got):\n%s", n, diff)
		}
	}
	if n := len(d.Steps("RUN")); n != 2 {
		t.Errorf("each instruction is there once where it stands: %d RUN", n)
	}
	if len(d.Steps("COPY", "USER")) != 2 || d.Steps("COPY", "USER")[0].Name != "USER" {
		t.Error("several keywords are not in the order of the file")
	}
}

// TestFlags shows flags as BuildKit evaluates them.
func TestFlags(t *testing.T) {
	for _, tt := range []struct{ line, name, want string }{
		{`RUN --security=insecure a`, "security", `"insecure" known true verbatim true`},
		{`RUN --security="insecure" a`, "security", `"insecure" known true verbatim false`},
		{`RUN --security='in'secure a`, "security", `"insecure" known true verbatim false`},
		{`RUN --security=$V a`, "security", `"$V" known true verbatim true`}, // BuildKit puts nothing in
		{`COPY --chmod=$M a b`, "chmod", `"640" known true verbatim false`},
		{`COPY --chown=$NO a b`, "chown", `"$NO" known false verbatim true`},
		{`COPY --from=$S a b`, "from", `"$S" known false verbatim true`},
		{`COPY --link a b`, "link", `"" known true verbatim true`},
		{`RUN --mount=type=cache,target=$V a`, "mount", `"type=cache,target=/v" known true verbatim false`},
		{`ADD --checksum=$NO a b`, "link", `none`},
	} {
		d := parse("FROM debian\nENV V=/v M=640\n"+tt.line+"\n", nil)
		steps := d.Steps()
		f, ok := steps[len(steps)-1].Flag(tt.name)
		got := "none"
		if ok {
			got = fmt.Sprintf("%q known %v verbatim %v", f.Value, f.Known, f.Verbatim)
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.line, got, tt.want)
		}
	}
}

// TestCopied shows what lies in the image, the last copy first, and finds files of the build context by their place
// there.
func TestCopied(t *testing.T) {
	c := buildContext{"a.sh": "a", "dir/b.sh": "b", "dir/sub/c.sh": "c"}
	d := parse(
		"FROM debian AS one\nWORKDIR /w\nCOPY a.sh .\nCOPY dir /opt/\nFROM one\nCOPY --from=one /x /y\n"+
			"COPY [\"dir/b.sh\", \"a.sh\", \"/z/\"]\nCOPY $NO /n\nRUN x\n",
		c,
	)
	last := d.Steps("RUN")[0]
	var got []string
	for c := range last.Copied() {
		got = append(got, fmt.Sprintf("%s from %q to %s", c.Source, c.From, c.Dest))
	}
	want := []string{
		`a.sh from "" to /z/a.sh`, `dir/b.sh from "" to /z/b.sh`, `/x from "one" to /y`, `dir from "" to /opt`,
		`a.sh from "" to /w/a.sh`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for at, want := range map[string]string{"/w/a.sh": "a.sh", "/opt/b.sh": "dir/b.sh", "/opt/sub/c.sh": "dir/sub/c.sh",
		"/z/b.sh": "dir/b.sh", "/y": "", "/no": ""} {
		name := ""
		if f := last.FileAt(at); f != nil {
			name = f.Path
		}
		if name != want {
			t.Errorf("%s is %q, want %q", at, name, want)
		}
	}
	if !d.Reads()["dir/sub/c.sh"] {
		t.Error("what was read is not recorded")
	}
	if got := d.Images[1].Platforms()[0].Name; got != "linux/stage1" {
		t.Error(got)
	}
}

// TestCommands shows every command of a Dockerfile: where it stands, by what it is reached, and the state of its shell.
func TestCommands(t *testing.T) {
	c := buildContext{
		"setup.sh": "#!/bin/sh\nhelper() { inner; }\ncd /deep\nhelper\nexport V=1\n",
		"lib.sh":   "cd /lib\n",
	}
	tests := []struct{ name, text, want string }{
		{"plain", "RUN cd /a && b; c || d | e\n", `
cd in RUN dir /w
b in RUN dir /a
c in RUN dir /a
d in RUN dir /a maybe
e in RUN dir /a maybe`},
		{"exec form, ENTRYPOINT, CMD and HEALTHCHECK", "ENTRYPOINT [\"a\", \"b\"]\nCMD c d\nHEALTHCHECK CMD curl x\n", `
a in ENTRYPOINT dir /w
c in CMD dir /w
curl in HEALTHCHECK dir /w`},
		{"a heredoc", "RUN <<EOF\na\ncd x\nb\nEOF\n", `
a in RUN dir /w
cd in RUN dir /w
b in RUN dir /w/x`},
		{"a script of the build context", "COPY setup.sh /\nRUN /setup.sh && after\n", `
/setup.sh in RUN dir /w
cd in RUN dir /w file setup.sh via setup.sh
helper in RUN dir /deep file setup.sh via setup.sh
inner in RUN dir /deep file setup.sh via setup.sh > helper
export in RUN dir /deep file setup.sh via setup.sh
after in RUN dir /w`},
		{"a sourced script", "COPY lib.sh /\nRUN . /lib.sh && after\n", `
. in RUN dir /w
cd in RUN dir /w file lib.sh via .
after in RUN dir /lib`},
		{"functions", "RUN f() { a; }; g() { b; }; cd /x && f; if t; then f; fi\n", `
cd in RUN dir /w
f in RUN dir /x
a in RUN dir /x via f
t in RUN dir /x
f in RUN dir /x maybe
a in RUN dir /x maybe via f
b in RUN dir  maybe uncalled`},
		{"subshells and sh -c", "RUN (cd /a; b); c; sh -c 'cd /d; e'; f\n", `
cd in RUN dir /w
b in RUN dir /a
c in RUN dir /w
sh in RUN dir /w
cd in RUN dir /w
e in RUN dir /d
f in RUN dir /w`},
		{
			"a shell that reads a pipe, a script that does not exist, and a program of the system",
			"RUN curl x | sh; ./no.sh; $X; /usr/bin/y\n",
			`
curl in RUN dir /w
sh in RUN dir /w unread 2
no.sh in RUN dir /w unread 1
 in RUN dir /w unread 1
y in RUN dir /w`,
		},
		{"the trigger of ONBUILD", "ONBUILD RUN a && b\n", `
a in RUN dir /w deferred
b in RUN dir /w deferred`},
		{"recursion", "RUN f() { f; }; f\n", `
f in RUN dir /w
f in RUN dir /w via f unread 3`},
		{"another user", "RUN sudo -u x a; su - y -c 'b c'\n", `
a in RUN dir /w other
su in RUN dir /w
b in RUN dir  other`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := parse("FROM debian\nWORKDIR /w\n"+tt.text, c)
			var got strings.Builder
			for _, c := range d.Commands() {
				name := c.Name
				if strings.HasPrefix(c.Path, "/setup") {
					name = c.Path
				}
				fmt.Fprintf(&got, "\n%s in %s dir %s", name, c.Step.Name, c.Dir())
				if !c.InDockerfile() {
					got.WriteString(" file " + c.File.Path)
				}
				for mark, on := range map[string]bool{" maybe": c.Maybe} {
					if on {
						got.WriteString(mark)
					}
				}
				if c.Uncalled {
					got.WriteString(" uncalled")
				}
				if len(c.Callers) > 0 {
					var via []string
					for _, caller := range c.Callers {
						via = append(via, caller.Name)
					}
					got.WriteString(" via " + strings.Join(via, " > "))
				}
				if c.Step.Deferred {
					got.WriteString(" deferred")
				}
				if c.OtherUser() {
					got.WriteString(" other")
				}
				if c.Unread != Read {
					fmt.Fprintf(&got, " unread %d", c.Unread)
				}
			}
			if diff := cmp.Diff(tt.want, got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAssigned shows what a command sees of a variable that its script sets.
func TestAssigned(t *testing.T) {
	d := parse("FROM debian\nRUN A=1; a; export A; B=2 b; [ x ] && A=3; c; (A=4; d); e\n", nil)
	var got []string
	for _, c := range d.Commands("a", "b", "c", "d", "e") {
		v := c.Assigned("A")
		got = append(got, fmt.Sprintf("%s %s exported %v maybe %v own %v", c.Name, v.Value.Value.Text, v.Exported,
			v.Maybe, c.Assigned("B").Own))
	}
	want := []string{
		"a 1 exported false maybe false own false", "b 1 exported true maybe false own true",
		"c 3 exported true maybe true own false",
		"d 4 exported true maybe false own false", "e 3 exported true maybe true own false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFollowedIsBounded has functions that call each other many times over.
func TestFollowedIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("FROM debian\nRUN <<EOF\n")
	for n := range 12 {
		fmt.Fprintf(&b, "f%d() { %s}\n", n, strings.Repeat(fmt.Sprintf("f%d; ", n+1), 10))
	}
	b.WriteString("f0\nEOF\n")
	if n := len(parse(b.String(), nil).Commands()); n > 3*maxFollowed {
		t.Errorf("%d commands", n)
	}
}

func FuzzModel(f *testing.F) {
	f.Add(
		"FROM a AS b\nONBUILD RUN x\nFROM b\nENV A=$B\nWORKDIR $A\nCOPY s.sh /\nRUN <<E\n. /s.sh; f() { f; }; f\nE\n"+
			"HEALTHCHECK CMD y\n",
		"cd x; (y)",
	)
	f.Add("FROM scratch\nSHELL [\"powershell\"]\nRUN --mount=type=$A x\n", "")
	f.Fuzz(func(t *testing.T, text, script string) {
		d := parse(text, buildContext{"s.sh": script})
		for _, s := range d.Steps() {
			s.User()
			s.Workdir()
			for _, name := range s.Variables() {
				s.Lookup(name)
			}
			for n := range s.Instruction.Flags {
				if flag, ok := s.Flag(s.Instruction.Flags[n].Name); !ok || !d.Source.Span().Contains(flag.Span) {
					t.Fatalf("flag %+v", flag)
				}
			}
			for range s.Copied() {
			}
		}
		for _, img := range d.Images {
			img.Steps()
		}
		for _, c := range d.Commands() {
			if !c.File.Span().Contains(c.Span) {
				t.Fatalf("command %q at %v of %d bytes", c.Name, c.Span, len(c.File.Bytes))
			}
			c.Writes()
			for _, w := range c.Words {
				c.PathOf(w)
			}
		}
	})
}

// BenchmarkModel builds steps and commands of Dockerfiles of three sizes.
func BenchmarkModel(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		text := "FROM debian:12\n" + strings.Repeat(
			"ENV A=b\nWORKDIR /c\nCOPY a b /c/\nRUN apt-get update && cd /x && export Y=1 && ./run.sh\n", n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				d := parse(text, nil)
				d.Commands()
			}
		})
	}
}

func BenchmarkVariables(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		var script strings.Builder
		for i := range n {
			fmt.Fprintf(&script, "V%d=a; export W%d; ", i, i)
		}
		text := "FROM debian:12\nRUN " + script.String() + "true\n"
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				d := parse(text, nil)
				d.Commands()
			}
		})
	}
}

// What ships is the last stage and the targets of builds, with what they are based on, whoever copies from them; what
// no other stage uses may ship.
func TestShips(t *testing.T) {
	d := New(dockerfile.Parse(source.NewFile("Dockerfile", []byte(`FROM a AS base
FROM base AS target
FROM a AS builder
FROM a AS tests
COPY --from=builder /x /
FROM a
COPY --from=target /x /
COPY --from=builder /x /
`))), buildContext{"target:target": "x"})
	var got []string
	for _, img := range d.Images {
		got = append(got, fmt.Sprintf("%s %v %v %v", img.Stage.Name, img.Final(), img.Ships(), img.MayShip()))
	}
	want := []string{
		"base false true true", "target true true true", "builder false false false", "tests false false true",
		" true true true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWindows(t *testing.T) {
	tests := map[string]bool{
		"FROM golang:1.5.3\nRUN powershell -Command \\\n    Sleep 2 ; \\\n    cd swarm ; \\\n    git status": true,
		"FROM golang:1.5.3\nRUN \\\n  PowerShell.exe Sleep 2":                                                true,
		"FROM x\nSHELL [\"cmd\", \"/S\", \"/C\"]":                                                            true,
		"FROM x AS y\nFROM y\nWORKDIR C:\\\\app":                                                             true,
		"FROM x\nWORKDIR \"c:/Program Files\"":                                                               true,
		"FROM x\nENTRYPOINT [\"cmd.exe\"]":                                                                   true,
		"FROM mcr.microsoft.com/windows/nanoserver:ltsc2022":                                                 true,
		"FROM x\nCMD [\"cmd\", \"/app\"]":                                                                    false,
		"FROM x\nRUN cmd /etc/c":                                                                             false,
		"FROM x\nSHELL [\"pwsh\", \"-Command\"]":                                                             false,
		"FROM x\nRUN echo powershell":                                                                        false,
		"FROM x\nWORKDIR c:":                                                                                 false,
		"FROM mcr.microsoft.com/windows/nanoserver:ltsc2022 AS w\nRUN powershell x\nFROM alpine\nRUN echo x": false,
	}
	for text, want := range tests {
		f := dockerfile.Parse(source.NewFile("Dockerfile", []byte(text)))
		d := New(f, nil)
		if got := d.Images[len(d.Images)-1].Windows(); got != want {
			t.Errorf("%q: Windows() = %t, want %t", text, got, want)
		}
	}
}
