package workflow

import (
	"maps"
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// script finds the builds and emulators in a step's script.
func (p *parser) script(l *lane, step int, s *Step, sc *scope) {
	c := l.c
	if !mentions(s.run.Text) || len(s.run.Text) > maxScript || p.scripts > maxScripts {
		return
	}
	shell := s.node.Get("shell")
	if l.job != nil {
		for _, n := range []*yamltree.Node{l.job, p.root} {
			if shell == nil {
				shell = n.Get("defaults").Get("run").Get("shell")
			}
		}
	}
	if name := sc.value(shell); shell != nil && !strings.HasPrefix(name.Text, "bash") &&
		!strings.HasPrefix(name.Text, "sh") || shell == nil && c.Runner.OS == "windows" {
		return
	}
	if builds(s.run.Text) {
		sc = sc.fork()
	}
	fr := sc.fragment(s.run)
	if len(fr.Text) > maxScript {
		return
	}
	p.scripts += len(fr.Text)
	shellParser := syntax.NewParser(syntax.Variant(syntax.LangBash), syntax.RecoverErrors(8))
	file, _ := shellParser.Parse(strings.NewReader(string(fr.Text)), "")
	if file == nil {
		return
	}
	sh := &scriptReader{parser: p, c: c, step: step, fr: fr, env: sc, dir: p.workDir(s.node, l.job, sc),
		vars: map[string]Value{}}
	sh.assigned(file)
	for _, stmt := range file.Stmts {
		sh.stmt(stmt, false)
	}
}

// builds reports whether a script may build an image.
func builds(script string) bool {
	return strings.Contains(script, "build") || strings.Contains(script, " bud") || strings.Contains(script, "bake")
}

// mentions reports whether a script can have anything to do with images.
func mentions(script string) bool {
	for _, word := range []string{"docker", "podman", "buildah", "nerdctl", "qemu", "binfmt", "kaniko"} {
		if strings.Contains(script, word) {
			return true
		}
	}
	return false
}

// scriptReader walks one script.
type scriptReader struct {
	parser *parser
	c      *Combination
	step   int
	fr     *source.Fragment
	env    *scope
	dir    Value // the working directory at this point
	// vars are the variables that the script sets. One that is set once, to something known, has its value.
	vars map[string]Value
	home Value // the folder of the script's own file; not known for a step
	// exported says that the script exports DOCKER_DEFAULT_PLATFORM, and platform is what the current command's
	// environment has for it.
	exported bool
	platform Value
}

// assigned finds the variables that the script sets.
func (sh *scriptReader) assigned(file *syntax.File) {
	sh.exports(file)
	if host, ok := sh.env.variable("DOCKER_HOST"); ok && !sh.home.Known && strings.HasPrefix(host.s, "ssh:") {
		sh.c.Remote = sh.fr.Span(source.Span{End: 1})
	}
	set := func(name string, v Value) {
		if _, ok := sh.vars[name]; ok {
			v = Value{}
		}
		sh.vars[name] = v
	}
	conditional := 0
	syntax.Walk(file, func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.Assign:
			if x.Name == nil {
				break
			}
			v := Value{}
			if !x.Append && x.Value != nil && conditional == 0 {
				v = sh.word(x.Value)
			}
			if x.Name.Value == "DOCKER_HOST" && strings.HasPrefix(v.Text, "ssh:") {
				sh.c.Remote = v.Span
			}
			set(x.Name.Value, v)
		case *syntax.WordIter:
			set(x.Name.Value, Value{})
		case *syntax.IfClause, *syntax.WhileClause, *syntax.ForClause, *syntax.CaseClause, *syntax.FuncDecl:
			conditional++ // and everything after it: the order is not tracked
		case *syntax.CallExpr:
			if len(x.Args) > 1 && x.Args[0].Lit() == "read" {
				for _, a := range x.Args[1:] {
					set(a.Lit(), Value{})
				}
			}
		}
		return true
	})
}

// stmt walks a statement. In a nested one, which may not run or may run in another process, it ignores changes of the
// working directory.
func (sh *scriptReader) stmt(s *syntax.Stmt, nested bool) {
	switch x := s.Cmd.(type) {
	case *syntax.CallExpr:
		sh.call(x, nested)
	case *syntax.BinaryCmd:
		always := x.Op == syntax.AndStmt || x.Op == syntax.OrStmt && exits(x.Y)
		sh.stmt(x.X, nested || !always)
		sh.stmt(x.Y, nested || x.Op != syntax.AndStmt)
	case *syntax.Block:
		for _, s := range x.Stmts {
			sh.stmt(s, nested)
		}
	case *syntax.Subshell:
		dir := sh.dir
		for _, s := range x.Stmts {
			sh.stmt(s, nested)
		}
		sh.dir = dir
	case *syntax.TimeClause:
		if x.Stmt != nil {
			sh.stmt(x.Stmt, nested)
		}
	case nil:
	default:
		syntax.Walk(x, func(n syntax.Node) bool {
			if call, ok := n.(*syntax.CallExpr); ok {
				sh.call(call, true)
			}
			return true
		})
	}
}

// exits reports whether a statement ends the script.
func exits(s *syntax.Stmt) bool {
	call, ok := s.Cmd.(*syntax.CallExpr)
	return ok && len(call.Args) > 0 && (call.Args[0].Lit() == "exit" || call.Args[0].Lit() == "return")
}

// word returns a word as a Value; its span has no quotes around it.
func (sh *scriptReader) word(w *syntax.Word) Value {
	start, end := int(w.Pos().Offset()), int(w.End().Offset())
	if len(w.Parts) == 1 {
		switch w.Parts[0].(type) {
		case *syntax.SglQuoted, *syntax.DblQuoted:
			if end-start >= 2 {
				start, end = start+1, end-1
			}
		}
	}
	n := len(sh.fr.Text)
	if end < start { // it is not closed
		end = n
	}
	start, end = min(start, n), min(end, n)
	span := source.Span{Start: start, End: end}
	v := Value{Span: sh.fr.Span(span)}
	var sb strings.Builder
	known := sh.parts(&sb, w.Parts, false)
	if v.Known = known && sh.fr.Known(span) && sb.Len() <= maxText; v.Known {
		v.Text = sb.String()
	}
	return v
}

// parts adds the text of word parts, and reports whether it is known.
func (sh *scriptReader) parts(sb *strings.Builder, parts []syntax.WordPart, quoted bool) bool {
	for _, part := range parts {
		switch x := part.(type) {
		case *syntax.Lit:
			for i := 0; i < len(x.Value); i++ {
				if c := x.Value[i]; c == '\\' && i+1 < len(x.Value) {
					i++
					if next := x.Value[i]; next == '\n' {
						continue
					} else if quoted && next != '"' && next != '\\' && next != '$' && next != '`' {
						sb.WriteByte(c)
					}
				}
				sb.WriteByte(x.Value[i])
			}
		case *syntax.SglQuoted:
			if x.Dollar || x.Right.IsRecovered() {
				return false
			}
			sb.WriteString(x.Value)
		case *syntax.DblQuoted:
			if x.Dollar || x.Right.IsRecovered() || !sh.parts(sb, x.Parts, true) {
				return false
			}
		case *syntax.ParamExp:
			if x.Param == nil || x.Flags != nil || x.Excl || x.Length || x.Width || x.IsSet || x.NestedParam != nil ||
				x.Index != nil || len(x.Modifiers) > 0 ||
				x.Slice != nil || x.Repl != nil || x.Names != 0 || x.Exp != nil {
				return false
			}
			s, ok := sh.variable(x.Param.Value)
			if !ok || sb.Len()+len(s) > maxText || !quoted && strings.ContainsAny(s, " \t\n*?[") {
				return false
			}
			sb.WriteString(s)
		default:
			return false
		}
	}
	return true
}

// variable returns the value of a shell variable that the script sets once or the workflow sets.
func (sh *scriptReader) variable(name string) (string, bool) {
	if v, ok := sh.vars[name]; ok {
		return v.Text, v.Known
	}
	if name == "GITHUB_WORKSPACE" {
		return ".", true
	}
	if _, ok := sh.env.env[name]; !ok {
		return "", false
	}
	v, _ := sh.env.variable(name)
	return v.string()
}

// call handles one simple command.
func (sh *scriptReader) call(x *syntax.CallExpr, nested bool) {
	args := make([]Value, len(x.Args))
	for i, w := range x.Args {
		args[i] = sh.word(w)
	}
	i := skipWrappers(args)
	if i >= len(args) {
		return
	}
	sh.platform = sh.platformOf(x, args[:i])
	span := args[i].Span.Join(args[len(args)-1].Span)
	name := path.Base(args[i].Text)
	args = args[i+1:]
	switch name {
	case "cd", "pushd", "popd":
		if home, ok := sh.homeOf(x.Args[len(x.Args)-1]); ok && name == "cd" && !nested {
			sh.dir = Value{Text: home, Known: true}
			return
		}
		switch {
		case nested || name != "cd" || len(args) != 1 || !args[0].Known || !sh.dir.Known || path.IsAbs(args[0].Text) ||
			args[0].Is("-"):
			sh.dir = Value{}
		default:
			sh.dir.Text = path.Join(sh.dir.Text, args[0].Text)
		}
	case "apt-get", "apt", "dnf", "yum", "zypper", "pacman":
		for _, a := range args {
			if strings.HasPrefix(a.Text, "qemu-user") || a.Is("binfmt-support") || a.Is("qemu-binfmt") {
				sh.emulator(nil, a.Span)
				return
			}
		}
	case "docker", "nerdctl":
		if name == "nerdctl" {
			sh.platform = Value{}
		}
		sh.docker(args, span)
	case "podman", "buildah":
		sh.podman(name, args, span)
	case "executor":
		sh.kaniko(args, span)
	}
}

// kaniko reads the command line of kaniko's executor.
func (sh *scriptReader) kaniko(args []Value, span source.Span) {
	b := &Build{Tool: KanikoBuild, Combination: sh.c, Step: sh.step, Span: span, Source: sh.fr.File, dir: sh.dir}
	var buildArgs []Value
	for i, a := range args {
		if !a.Known {
			b.Open = b.Open || !strings.HasPrefix(sh.fr.File.Text(a.Span), "-")
			continue
		}
		name, _, inline := strings.Cut(a.Text, "=")
		v, _ := tail(a, name+"=")
		if !inline && i+1 < len(args) {
			v = args[i+1]
		}
		switch name {
		case "--context", "-c":
			b.Context = v
			if dir, ok := tail(v, "dir://"); ok {
				b.Context = dir
			}
		case "--dockerfile", "-f":
			b.Dockerfile = v
		case "--target":
			b.Stage = v
		case "--build-arg":
			buildArgs = append(buildArgs, v)
		case "--custom-platform", "--customPlatform":
			b.Platforms = append(b.Platforms, commas(v)...)
		}
	}
	if !b.Context.Known {
		return
	}
	var complete bool
	b.Args, complete = assignments(buildArgs, sh.fr.File)
	b.Open = b.Open || !complete
	sh.c.add(b)
}

// skipWrappers returns the index of the command that sudo, env and the like run.
func skipWrappers(args []Value) int {
	i := 0
	for i < len(args) && args[i].Known {
		switch args[i].Text {
		case "sudo", "env", "time", "exec", "command", "nohup":
			for i++; i < len(args) && args[i].Known &&
				(strings.HasPrefix(args[i].Text, "-") || strings.Contains(args[i].Text, "=")); i++ {
				if args[i].Is("-u") || args[i].Is("-g") {
					i++
				}
			}
		default:
			return i
		}
	}
	return i
}

func (sh *scriptReader) emulator(platforms []Value, span source.Span) {
	sh.c.addEmulator(&Emulator{Step: sh.step, Platforms: platforms, Span: span})
}

// docker handles the arguments of the docker command.
func (sh *scriptReader) docker(args []Value, span source.Span) {
	remote := false
	for len(args) > 0 && strings.HasPrefix(args[0].Text, "-") {
		name, _, inline := strings.Cut(args[0].Text, "=")
		takes := name == "-c" || name == "--context" || name == "-H" || name == "--host" || name == "--config" ||
			name == "-l" || name == "--log-level" || name == "-n" || name == "--namespace" || name == "-a" ||
			name == "--address"
		remote = remote || name == "-c" || name == "--context" || name == "-H" || name == "--host"
		args = args[1:]
		if takes && !inline && len(args) > 0 {
			args = args[1:]
		}
	}
	word := func(i int) string {
		if i < len(args) {
			return args[i].Text
		}
		return ""
	}
	switch word(0) {
	case "buildx":
		args = args[1:]
		for len(args) > 0 && strings.HasPrefix(args[0].Text, "--builder") {
			name, _ := tail(args[0], "--builder=")
			if !strings.Contains(args[0].Text, "=") && len(args) > 1 {
				args = args[1:]
				name = args[0]
			}
			remote = remote || sh.elsewhere(name)
			args = args[1:]
		}
		switch word(0) {
		case "build", "b":
			sh.build(DockerBuild, args[1:], span, remote)
		case "bake", "f":
			sh.bake(args[1:], span, remote)
		case "create":
			sh.create(args[1:], span)
		case "use":
			for _, a := range args[1:] {
				if !strings.HasPrefix(a.Text, "-") && sh.elsewhere(a) {
					sh.c.Remote = span
				}
			}
		}
	case "build":
		sh.build(DockerBuild, args[1:], span, remote)
	case "image", "builder":
		if word(1) == "build" {
			sh.build(DockerBuild, args[2:], span, remote)
		}
	case "bake":
		sh.bake(args[1:], span, remote)
	case "context":
		if word(1) == "use" && word(2) != "default" && word(2) != "desktop-linux" {
			sh.c.Remote = span
		}
	case "run":
		sh.run(args[1:])
	}
}

// elsewhere reports whether a builder may have machines of its own: its name is written, and nothing here creates it.
func (sh *scriptReader) elsewhere(name Value) bool {
	if !name.Known || sh.c.buildx || name.Is("default") || name.Is("desktop-linux") {
		return false
	}
	text := string(sh.fr.Text)
	return !strings.Contains(text, "buildx create") || strings.Count(text, name.Text) < 2
}

func (sh *scriptReader) podman(name string, args []Value, span source.Span) {
	tool := PodmanBuild
	if name == "buildah" {
		tool = BuildahBuild
	}
	for len(args) > 0 && strings.HasPrefix(args[0].Text, "-") && strings.Contains(args[0].Text, "=") {
		args = args[1:]
	}
	if len(args) > 1 && (args[0].Is("buildx") || args[0].Is("image")) {
		args = args[1:]
	}
	switch {
	case len(args) == 0:
	case args[0].Is("build"), args[0].Is("bud") && name == "buildah":
		sh.build(tool, args[1:], span, false)
	case args[0].Is("run"):
		sh.run(args[1:])
	}
}

// run finds a container that registers QEMU.
func (sh *scriptReader) run(args []Value) {
	for i, a := range args {
		image, _, _ := strings.Cut(a.Text, "@")
		if slash := strings.LastIndexByte(image, '/'); slash >= 0 {
			if tag := strings.IndexByte(image[slash:], ':'); tag >= 0 {
				image = image[:slash+tag]
			}
		}
		image = strings.TrimPrefix(image, "docker.io/")
		switch image {
		case "tonistiigi/binfmt":
			platforms := []Value(nil)
			for j := i + 1; j < len(args); j++ {
				v, ok := tail(args[j], "--install=")
				if args[j].Is("--install") && j+1 < len(args) {
					v, ok = args[j+1], true
				}
				if ok {
					platforms = append(platforms, commas(v)...)
				}
			}
			if platforms != nil {
				sh.emulator(platforms, a.Span)
			}
			return
		case "multiarch/qemu-user-static", "docker/binfmt", "linuxkit/binfmt", "dbhi/qus", "aptman/qus":
			sh.emulator(nil, a.Span)
			return
		}
	}
}

// create reads the making of a builder, which may be one that is not on the runner.
func (sh *scriptReader) create(args []Value, span source.Span) {
	made := &Builder{Flags: Value{Known: true, Span: span}, Source: sh.fr.File}
	fs, open := flags(args)
	for _, f := range fs {
		switch f.name {
		case "--buildkitd-flags":
			made.Flags = f.value
		case "--config", "--buildkitd-config", "--append":
			open = true
		case "--driver":
			if f.value.Is("docker") {
				open = true
			}
		}
	}
	if sh.c.builder = made; open {
		sh.c.builder = nil
	}
	for i, a := range args {
		v, ok := tail(a, "--driver=")
		if a.Is("--driver") && i+1 < len(args) {
			v, ok = args[i+1], true
		}
		if ok && !v.Is("docker-container") && !v.Is("docker") || a.Is("--append") || strings.Contains(a.Text, "://") {
			sh.c.Remote = span
		}
	}
}

// tail returns the part of a value after a prefix, with its span.
func tail(v Value, prefix string) (Value, bool) {
	rest, ok := strings.CutPrefix(v.Text, prefix)
	if !ok {
		return Value{}, false
	}
	if v.Span.Len() == len(v.Text) {
		v.Span.Start += len(prefix)
	}
	v.Text = rest
	return v, true
}

// commas splits a value at commas.
func commas(v Value) []Value {
	if !v.Known || !strings.Contains(v.Text, ",") {
		if v.Is("") {
			return nil
		}
		return []Value{v}
	}
	exact := v.Span.Len() == len(v.Text)
	var out []Value
	at := 0
	for _, s := range strings.Split(v.Text, ",") {
		e := Value{Text: s, Known: true, Span: v.Span}
		if exact {
			e.Span = source.Span{Start: v.Span.Start + at, End: v.Span.Start + at + len(s)}
		}
		if at += len(s) + 1; s != "" {
			out = append(out, e)
		}
	}
	return out
}

// flag is one option of a command line, or an operand with an empty name.
type flag struct {
	name  string
	value Value
}

// switches are the options of docker build, buildx build and bake, podman build and buildah build that take no value
// (docs/reference of buildx 0.36, docker/cli 28, podman-build(1) 5.5). Every other option takes one.
var switches = map[string]bool{
	"--load": true, "--push": true, "--pull": true, "--no-cache": true, "--quiet": true, "-q": true, "--rm": true,
	"--force-rm": true, "--squash": true, "--compress": true, "--disable-content-trust": true, "--debug": true,
	"-D": true, "--check": true, "--help": true, "-h": true, "--print": true, "--detach": true, "--layers": true,
	"--no-hosts": true, "--squash-all": true, "--tls-verify": true, "--stdin": true, "--all-platforms": true,
	"--skip-unused-stages": true, "--omit-history": true, "--http-proxy": true, "--inherit-labels": true,
	"--inherit-annotations": true, "--disable-compression": true, "--no-hostname": true, "--identity-label": true,
	"--rewrite-timestamp": true, "--save-stages": true,
	"--use": true, "--bootstrap": true, "--leave": true, // of buildx create
}

// flags reads a command line. open says that a word that is not known may be any number of options.
func flags(args []Value) (out []flag, open bool) {
	operands := false
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch s := a.Text; {
		case operands || a.Known && (s == "-" || s == "" || s[0] != '-'):
			out = append(out, flag{"", a})
		case !a.Known:
			open = true
			out = append(out, flag{"", a})
		case s == "--":
			operands = true
		default:
			name, _, inline := strings.Cut(s, "=")
			if !strings.HasPrefix(s, "--") && len(s) > 2 && !switches[s[:2]] { // -fFILE, -f=FILE
				v, _ := tail(a, s[:2])
				if w, ok := tail(v, "="); ok {
					v = w
				}
				out = append(out, flag{s[:2], v})
				continue
			}
			if inline {
				v, _ := tail(a, name+"=")
				out = append(out, flag{name, v})
				continue
			}
			f := flag{name: name}
			if !switches[name] && i+1 < len(args) {
				i++
				f.value = args[i]
			}
			out = append(out, f)
		}
	}
	return out, open
}

// build reads a build command.
func (sh *scriptReader) build(tool Tool, args []Value, span source.Span, remote bool) {
	b := &Build{Tool: tool, Combination: sh.c, Step: sh.step, Span: span, Source: sh.fr.File, dir: sh.dir,
		Remote: remote}
	fs, open := flags(args)
	b.Open = open
	var buildArgs []Value
	var os, arch Value
	for _, f := range fs {
		switch f.name {
		case "":
			b.Context = f.value
		case "-f", "--file":
			b.Dockerfile = f.value
		case "--target":
			b.Stage = f.value
		case "-t", "--tag":
			b.Tags = append(b.Tags, f.value)
		case "--platform":
			b.Platforms = append(b.Platforms, commas(f.value)...)
		case "--build-context":
			b.Contexts = append(b.Contexts, f.value)
		case "--build-arg":
			buildArgs = append(buildArgs, f.value)
		case "--allow":
			b.Allow = append(b.Allow, commas(f.value)...)
		case "--network":
			if f.value.Is("host") { // buildx then asks for it itself
				b.Allow = append(b.Allow, Value{Text: "network.host", Known: true, Span: f.value.Span})
			}
		case "--call":
			b.Call = f.value
		case "--check":
			b.Call = Value{Text: "check", Known: true, Span: span}
		case "--arch":
			arch = f.value
		case "--os":
			os = f.value
		case "--builder":
			b.Remote = b.Remote || sh.elsewhere(f.value)
		}
	}
	if arch.IsSet() && len(b.Platforms) == 0 {
		if p := (Value{Text: "linux/" + arch.Text, Known: arch.Known, Span: arch.Span}); !os.IsSet() || os.Is("linux") {
			if !p.Known {
				p.Text = ""
			}
			b.Platforms = []Value{p}
		}
	}
	if len(b.Platforms) == 0 && tool == DockerBuild && sh.platform.IsSet() {
		b.Platforms = commas(sh.platform)
	}
	if !b.Context.IsSet() && (tool != DockerBuild) {
		b.Context = Value{Text: ".", Known: !open, Span: span} // of podman and buildah
	}
	var complete bool
	b.Args, complete = assignments(buildArgs, sh.fr.File)
	b.Open = b.Open || !complete
	sh.c.add(b)
}

// bake reads a bake command.
func (sh *scriptReader) bake(args []Value, span source.Span, remote bool) {
	b := &Build{Tool: DockerBake, Combination: sh.c, Step: sh.step, Span: span, Source: sh.fr.File, dir: sh.dir,
		Remote: remote, Bake: &Bake{}}
	if dir, ok := b.inRepository("."); ok {
		b.Bake.Dir = Value{Text: dir, Known: true}
	}
	fs, open := flags(args)
	b.Open = open
	b.Bake.vars = maps.Clone(sh.vars) // exported or not
	if !sh.home.Known {               // of a step; what surrounds another script is not known, and mostly nothing
		b.Bake.env = sh.env
	}
	for _, f := range fs {
		switch f.name {
		case "":
			if f.value.Known && !isLocal(f.value.Text) {
				b.Bake.Dir = Value{Span: f.value.Span} // a definition from a URL
				continue
			}
			b.Bake.Targets = append(b.Bake.Targets, f.value)
		case "-f", "--file":
			b.Bake.Files = append(b.Bake.Files, f.value)
		case "--set":
			if !b.override(f.value, sh.fr.File) {
				b.Open = true
			}
		case "--allow":
			b.Allow = append(b.Allow, commas(f.value)...)
		case "--print", "--check":
			b.Call = Value{Text: "check", Known: true, Span: span}
		case "--call":
			b.Call = f.value
		case "--builder":
			b.Remote = b.Remote || sh.elsewhere(f.value)
		case "--var":
			vars, complete := assignments([]Value{f.value}, sh.fr.File)
			if b.Open = b.Open || !complete; b.Bake.vars == nil {
				b.Bake.vars = map[string]Value{}
			}
			maps.Copy(b.Bake.vars, vars)
		}
	}
	sh.c.add(b)
}
