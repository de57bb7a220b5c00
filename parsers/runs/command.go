package runs

import (
	"bytes"
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// Script is what a script does with containers.
type Script struct {
	// Runs are the containers that it starts or creates, in order.
	Runs []*Run
	// Ignored are the security options that it gives to builds with docker, which ignore them.
	Ignored []Option
}

// MentionsRun reports whether a text may hold a command that runs a container, or gives a build security options:
// cheap, and true for some others.
func MentionsRun(text []byte) bool {
	for _, program := range []string{"docker", "podman", "nerdctl"} {
		if !bytes.Contains(text, []byte(program)) {
			continue
		}
		return bytes.Contains(text, []byte("run")) || bytes.Contains(text, []byte("create")) ||
			bytes.Contains(text, []byte("--security-opt"))
	}
	return false
}

// OfScript reads a shell script: a file, or a part of one.
func OfScript(script *source.Fragment, dialect shell.Dialect) Script {
	var out Script
	if !MentionsRun(script.Text) {
		return out
	}
	for _, c := range shell.Parse(script.Text, 0, dialect, nil).Commands {
		switch c.Name {
		case "docker", "podman", "nerdctl":
			commandLine{script, c, &out}.read()
		}
	}
	return out
}

// commandLine is a command of docker, podman or nerdctl.
type commandLine struct {
	script *source.Fragment
	c      *shell.Command
	out    *Script
}

// span maps a span of the script to its file.
func (l commandLine) span(s source.Span) source.Span {
	if l.script.Whole() {
		return s
	}
	return l.script.Span(s)
}

// value returns a word from an offset of its text on.
func (l commandLine) value(w shell.Word, from int) Value {
	at := w.Span
	if text := string(l.script.Text[at.Start:at.End]); len(text) >= 2 && (text[0] == '"' || text[0] == '\'') &&
		text[len(text)-1] == text[0] && text[1:len(text)-1] == w.Text {
		at = source.Span{Start: at.Start + 1, End: at.End - 1}
	}
	v := Value{File: l.script.File}
	if at.Len() == len(w.Text) {
		at.Start += from
	}
	v.Span = l.span(at)
	if v.Known = w.Known && l.script.Known(w.Span); v.Known {
		v.Text = w.Text[from:]
	}
	return v
}

// globals are the options of docker, podman and nerdctl before the command that take a value.
var globals = map[string]bool{
	"-c": true, "--context": true, "-H": true, "--host": true, "--config": true, "-l": true, "--log-level": true,
	"--tlscacert": true, "--tlscert": true, "--tlskey": true, "-n": true, "--namespace": true, "-a": true,
	"--address": true, "--connection": true, "--url": true, "--root": true, "--runroot": true, "--runtime": true,
	"--storage-driver": true, "--storage-opt": true, "--cgroup-manager": true, "--snapshotter": true,
}

func (l commandLine) read() {
	n := 1
	words := l.c.Words
	text := func() string {
		if n < len(words) && words[n].Known {
			return words[n].Text
		}
		return ""
	}
	for strings.HasPrefix(text(), "-") {
		if globals[text()] {
			n++
		}
		n++
	}
	first := n
	switch text() {
	case "container", "image", "buildx", "builder":
		n++
	}
	switch text() {
	case "run", "create":
		if before := words[first].Text; before == "run" || before == "create" || before == "container" {
			l.run(n)
		}
	case "build", "b":
		if l.c.Name == "docker" {
			l.build(n)
		}
	}
}

// build finds the security options of a build.
func (l commandLine) build(n int) {
	for n++; n < len(l.c.Words); n++ {
		w := l.c.Words[n]
		switch {
		case !w.Known:
		case w.Text == "--security-opt" && n+1 < len(l.c.Words):
			n++
			o := option(l.value(l.c.Words[n], 0))
			o.Span = l.span(w.Span).Join(o.Span)
			l.out.Ignored = append(l.out.Ignored, o)
		case strings.HasPrefix(w.Text, "--security-opt="):
			o := option(l.value(w, len("--security-opt=")))
			o.Span = l.span(w.Span)
			l.out.Ignored = append(l.out.Ignored, o)
		}
	}
}

// switches are the options of docker run, podman run and nerdctl run without a value (docker/cli 29, podman-run(1) 5.5,
// nerdctl 2). Every other one has a value.
var switches = map[string]bool{
	"-d": true, "--detach": true, "--init": true, "-i": true, "--interactive": true, "-t": true, "--tty": true,
	"--privileged": true, "-P": true, "--publish-all": true, "--read-only": true, "--rm": true, "--sig-proxy": true,
	"--no-healthcheck": true, "--oom-kill-disable": true, "--disable-content-trust": true, "-q": true,
	"--quiet": true, "--help": true, "--use-api-socket": true, "--rmi": true, "--replace": true, "--tls-verify": true,
	"--http-proxy": true, "--no-hosts": true, "--no-hostname": true, "--passwd": true, "--unsetenv-all": true,
	"--env-host": true, "--read-only-tmpfs": true, "--rootfs": true, "--rm-on-exit": true,
}

// run reads a command that starts or creates a container; n is the word that says so.
func (l commandLine) run(n int) {
	words := l.c.Words
	engine := Docker
	switch l.c.Name {
	case "podman":
		engine = Podman
	case "nerdctl":
		engine = Unknown
	}
	r := &Run{
		File: l.script.File, Span: l.span(words[0].Span.Join(words[n].Span)), Whole: l.span(l.c.Span),
		Host: Command, Engine: engine, Env: map[string]Value{},
	}
	l.out.Runs = append(l.out.Runs, r)
	for n++; n < len(words); n++ {
		w := words[n]
		if !w.Known && !strings.HasPrefix(w.Text, "-") {
			// It may be the image, or any number of options.
			if raw := string(l.script.Text[w.Span.Start:w.Span.End]); strings.HasPrefix(raw, "$") ||
				raw == "x" || strings.HasPrefix(raw, "{{") {
				r.Open = true
			}
			r.Image = l.value(w, 0)
			r.Args = &Words{Span: r.Span, File: r.File}
			return
		}
		if !strings.HasPrefix(w.Text, "-") || w.Text == "-" {
			break
		}
		if w.Text == "--" {
			n++
			break
		}
		n = l.flag(r, n)
	}
	if n >= len(words) {
		r.Open = true
		return
	}
	r.Image = l.value(words[n], 0)
	if n+1 < len(words) {
		r.Args = &Words{Known: true, File: r.File, Span: l.span(words[n+1].Span.Join(words[len(words)-1].Span))}
		for _, w := range words[n+1:] {
			v := l.value(w, 0)
			r.Args.Known = r.Args.Known && v.Known
			r.Args.Words = append(r.Args.Words, v)
		}
	}
}

// flag reads the option at a word, and returns the last word that belongs to it.
func (l commandLine) flag(r *Run, n int) int {
	w := l.c.Words[n]
	name, _, inline := strings.Cut(w.Text, "=")
	if !strings.HasPrefix(name, "--") {
		return l.short(r, n)
	}
	switch {
	case switches[name] && inline:
		l.set(r, name, l.value(w, len(name)+1), l.span(w.Span))
	case switches[name]:
		v := l.value(w, 0)
		v.Text = "true"
		l.set(r, name, v, v.Span)
	case inline:
		l.set(r, name, l.value(w, len(name)+1), l.span(w.Span))
	case n+1 < len(l.c.Words):
		l.set(r, name, l.value(l.c.Words[n+1], 0), l.span(w.Span.Join(l.c.Words[n+1].Span)))
		return n + 1
	}
	return n
}

// short reads a word of options of one letter, such as -it or -v/a:/b.
func (l commandLine) short(r *Run, n int) int {
	w := l.c.Words[n]
	for at := 1; at < len(w.Text); at++ {
		name := "-" + w.Text[at:at+1]
		if switches[name] {
			continue
		}
		switch {
		case at+1 < len(w.Text):
			l.set(r, name, l.value(w, at+1), l.span(w.Span))
		case n+1 < len(l.c.Words):
			l.set(r, name, l.value(l.c.Words[n+1], 0), l.span(w.Span.Join(l.c.Words[n+1].Span)))
			return n + 1
		}
		return n
	}
	return n
}

// set records an option. span is all of it.
func (l commandLine) set(r *Run, name string, v Value, span source.Span) {
	switch name {
	case "--privileged":
		r.Privileged = v
	case "--cap-add":
		r.CapAdd = append(r.CapAdd, commas(v)...)
	case "--cap-drop":
		r.CapDrop = append(r.CapDrop, commas(v)...)
	case "--security-opt":
		o := option(v)
		o.Span = span
		r.Options = append(r.Options, o)
	case "--device":
		r.Devices = append(r.Devices, v)
	case "-v", "--volume":
		r.Mounts = append(r.Mounts, v)
	case "--mount":
		r.Mounts = append(r.Mounts, mount(v))
	case "-p", "--publish":
		if p, ok := port(v); ok {
			r.Ports = append(r.Ports, p)
		}
	case "--runtime":
		r.Runtime = v
	case "--read-only":
		r.ReadOnly = v
	case "--platform":
		r.Platform = v
	case "--pid":
		r.PID = v
	case "--ipc":
		r.IPC = v
	case "--net", "--network":
		r.Network = v
	case "--userns":
		r.Userns = v
	case "-u", "--user":
		r.User = v
	case "-e", "--env":
		key, value, found := strings.Cut(v.Text, "=")
		v.Text, v.Known = value, v.Known && found
		if key != "" {
			r.Env[key] = v
		}
	case "--env-file":
		r.EnvFiles = append(r.EnvFiles, v)
	case "--entrypoint":
		r.Entrypoint = &Words{Words: []Value{v}, Known: v.Known, Span: v.Span, File: v.File}
		if v.Is("") {
			r.Entrypoint.Words = nil
		}
	}
}

// commas splits a list of names.
func commas(v Value) []Value {
	if !v.Known || !strings.Contains(v.Text, ",") {
		return []Value{v}
	}
	var out []Value
	for _, name := range strings.Split(v.Text, ",") {
		one := v
		one.Text = strings.TrimSpace(name)
		out = append(out, one)
	}
	return out
}

// mount returns the value of --mount in the form of --volume.
func mount(v Value) Value {
	from, to := "", ""
	for _, field := range strings.Split(v.Text, ",") {
		switch key, value, _ := strings.Cut(field, "="); key {
		case "source", "src":
			from = value
		case "target", "destination", "dst":
			to = value
		}
	}
	if v.Known {
		v.Text = from + ":" + to
	}
	return v
}

// Reference returns the name of an image without its registry docker.io, its tag and its digest.
func Reference(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if dir, base := path.Split(image); strings.Contains(base, ":") {
		base, _, _ = strings.Cut(base, ":")
		image = dir + base
	}
	return strings.TrimPrefix(strings.TrimPrefix(image, "docker.io/"), "library/")
}
