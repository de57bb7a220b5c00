package runs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/devcontainer"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// show renders a run: what names it, then what it says. A value that is not known is a question mark; what stands in
// the file follows in angle brackets where it is something else.
func show(r *Run) string {
	out := []string{r.File.Text(r.Span)}
	value := func(name string, v Value) {
		if !v.IsSet() {
			return
		}
		text := "?"
		if v.Known {
			text = v.Text
		}
		if written := v.File.Text(v.Span); written != text {
			text += "<" + written + ">"
		}
		out = append(out, name+"="+text)
	}
	list := func(name string, values []Value) {
		for _, v := range values {
			value(name, v)
		}
	}
	words := func(name string, w *Words) {
		if w == nil {
			return
		}
		out = append(out, fmt.Sprintf("%s(%v)", name, w.Known))
		list("", w.Words)
	}
	value("image", r.Image)
	if b := r.Build; b != nil {
		out = append(out, "build="+b.Context+"|"+b.Dockerfile+"|"+b.Stage.Text)
	}
	value("privileged", r.Privileged)
	list("add", r.CapAdd)
	list("drop", r.CapDrop)
	for _, o := range r.Options {
		value("opt:"+o.Name, o.Value)
	}
	list("device", r.Devices)
	list("mount", r.Mounts)
	for _, p := range r.Ports {
		out = append(out, "port="+p.Address+"|"+p.Host+"|"+p.Container)
	}
	value("pid", r.PID)
	value("ipc", r.IPC)
	value("network", r.Network)
	value("userns", r.Userns)
	value("user", r.User)
	for _, name := range slices.Sorted(maps.Keys(r.Env)) {
		value("env:"+name, r.Env[name])
	}
	list("envfile", r.EnvFiles)
	list("profile", r.Profiles)
	words("entrypoint", r.Entrypoint)
	words("args", r.Args)
	if r.Open {
		out = append(out, "open")
	}
	return strings.Join(out, " ")
}

func TestScript(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"docker run alpine", "docker run image=alpine"},
		{"docker run --rm -it --privileged -v $PWD:/src -p 127.0.0.1:22:22 me/x:1 sh -c 'a b'",
			"docker run image=me/x:1 privileged=true<--privileged> mount=?<$PWD:/src> port=127.0.0.1|22|22 " +
				"args(true) =sh =-c =a b"},
		{"sudo podman container run --cap-add=SYS_ADMIN,NET_ADMIN --security-opt seccomp=unconfined " +
			"--security-opt='apparmor:x' a@sha256:1",
			"podman container run image=a@sha256:1 add=SYS_ADMIN<SYS_ADMIN,NET_ADMIN> " +
				"add=NET_ADMIN<SYS_ADMIN,NET_ADMIN>" +
				" opt:seccomp=unconfined opt:apparmor=x<--security-opt='apparmor:x'>"},
		{"docker -H tcp://x create --name n -e A=b -e C --entrypoint '' --pid host --device /dev/kvm x y",
			"docker -H tcp://x create image=x device=/dev/kvm pid=host env:A=b<A=b> env:C=?<C> entrypoint(true) " +
				"args(true) =y"},
		{"docker run $OPTS alpine", "docker run image=?<$OPTS> args(false) open"},
		{`docker run --privileged=false "$IMAGE" make`, "docker run image=?<$IMAGE> privileged=false args(false)"},
		{"docker run -itp 22:22 -p 80 -p 8000-8010:9000-9010/udp -p '[::1]:1:2' x",
			"docker run image=x port=|22|22 port=||80 port=|8000-8010|9000-9010 port=::1|1|2"},
		{"docker run --mount type=bind,source=/a,target=/b -vz:/z x", "docker run image=x " +
			"mount=/a:/b<type=bind,source=/a,target=/b> mount=z:/z"},
		{"docker run --rm", "docker run open"},
		{"echo docker run --privileged x; echo 'docker run y'\ncat <<EOF\ndocker run z\nEOF\ndocker ps", ""},
		{"docker build --security-opt seccomp=a.json . && podman build --security-opt seccomp=b .", "ignored " +
			"seccomp=a.json"},
		{"docker buildx build --security-opt=seccomp:a .", "ignored seccomp=a"},
		{"IMG=me/x\ndocker run $IMG", "docker run image=me/x<$IMG>"},
	} {
		f := source.NewFile("x.sh", []byte(c.in))
		var got []string
		found := OfScript(source.WholeFile(f), shell.Bash)
		for _, r := range found.Runs {
			got = append(got, show(r))
		}
		for _, o := range found.Ignored {
			got = append(got, "ignored "+o.Name+"="+o.Value.Text)
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s: %s", c.in, diff)
		}
	}
}

func TestCompose(t *testing.T) {
	f := compose.Parse(source.NewFile("compose.yaml", []byte(`
services:
  a:
    build: {context: ctx, dockerfile: d, target: T}
    privileged: true
    security_opt: [seccomp:unconfined, "no-new-privileges:true", apparmor=x]
    command: nix build "a b"
    entrypoint: [sh, -c]
    ports: ["22:22", {target: 80, published: "8080", host_ip: 127.0.0.1}]
    devices: ["/dev/kvm"]
    volumes: [{type: bind, source: ./x, target: /y}, /var/run/docker.sock:/var/run/docker.sock]
    environment: {A: b}
    env_file: [{path: x.env}, y.env]
    pid: host
    userns_mode: host
    profiles: [p]
  b: {image: x, command: a | b, extends: {service: y, file: z.yml}}
`)))
	var got []string
	for _, r := range OfCompose(f) {
		got = append(got, show(r))
	}
	want := []string{
		"a build=ctx|ctx/d|T privileged=true opt:seccomp=unconfined opt:no-new-privileges=true opt:apparmor=x " +
			"device=/dev/kvm mount=./x:/y<{type: bind, source: ./x, target: /y}> " +
			"mount=/var/run/docker.sock:/var/run/docker.sock port=|22|22 port=127.0.0.1|8080|80 pid=host userns=host " +
			"env:A=b envfile=x.env<{path: x.env}> envfile=y.env profile=p entrypoint(true) =sh =-c " +
			"args(true) =nix =build =a b<\"a b\">",
		"b image=x args(false) open",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDevcontainer(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"image": "x", // c
			"privileged": true, "capAdd": ["SYS_PTRACE"], "securityOpt": ["seccomp=unconfined"],
			"runArgs": ["--cap-add=SYS_ADMIN", "-p", "22:22", "--network", "${localEnv:N}"]}`,
			"x image=x privileged=true add=SYS_PTRACE add=SYS_ADMIN opt:seccomp=unconfined port=|22|22 " +
				"network=?<${localEnv:N}> args(false)"},
		{`{"build": {"dockerfile": "D", "context": "..", "target": "dev"}, "mounts": ` +
			`["source=/a,target=/b,type=bind"]}`,
			"D build=..|D|dev mount=/a:/b<source=/a,target=/b,type=bind> args(false)"},
		{`{"dockerComposeFile": "c.yml", "service": "s"}`, "s args(false) open"},
		{`{"features": {}}`, ""},
	} {
		got := ""
		if r := OfDevcontainer(devcontainer.Parse(source.NewFile("devcontainer.json", []byte(c.in)))); r != nil {
			got = show(r)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.in, diff)
		}
	}
}

func TestManifest(t *testing.T) {
	var got []string
	for _, r := range OfManifest(source.NewFile("x.yaml", []byte(`apiVersion: batch/v1
kind: CronJob
spec:
  jobTemplate:
    spec:
      template:
        spec:
          hostPID: true
          securityContext: {seccompProfile: {type: Unconfined}, runAsUser: 7}
          initContainers:
            - {name: a, image: x, command: [sh, -c], args: [y], env: [{name: A, value: b}]}
          containers:
            - name: b
              image: z
              securityContext:
                privileged: true
                runAsUser: 8
                procMount: Unmasked
                capabilities: {add: [SYS_ADMIN], drop: [ALL]}
                seccompProfile: {type: Localhost, localhostProfile: p.json}
---
apiVersion: example.com/v1
kind: Pod
spec: {containers: [{name: c, securityContext: {privileged: true}}]}
`))) {
		got = append(got, show(r))
	}
	want := []string{
		"a image=x opt:seccomp=unconfined<Unconfined> pid=host<true> user=7 env:A=b entrypoint(true) =sh =-c " +
			"args(true) =y",
		"b image=z privileged=true add=SYS_ADMIN drop=ALL opt:systempaths=unconfined<Unmasked> pid=host<true> user=8",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestQuadlet(t *testing.T) {
	r := OfQuadlet(source.NewFile("u/web.container", []byte("[Unit]\nImage=no\n[Container]\nImage = x:1\n"+
		"# Image=c\nAddCapability=A B\nSecurityLabelDisable=true\nSeccompProfile=%h/p.json\nPublishPort=22:22\n"+
		"Exec=nix build\nPodmanArgs=--privileged \\\n  -e A=b\nPodmanArgs=--pid host\n[Install]\nUser=1\n")))
	want := "[Container] image=x:1 add=A<A B> add=B<A B> opt:label=disable<true> opt:seccomp=?<%h/p.json> " +
		"port=|22|22 pid=host args(true) =nix<nix build> =build<nix build> open"
	if diff := cmp.Diff(want, show(r)); diff != "" {
		t.Error(diff)
	}
	if OfQuadlet(source.NewFile("x", []byte("[Unit]\nImage=x\n"))) != nil {
		t.Error("a unit without [Container]")
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte("apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, securityContext: {privileged: true}}]}"))
	f.Add([]byte("[Container]\nImage=x\nPodmanArgs=--privileged -v\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		file := source.NewFile("x.yaml", in)
		all := OfManifest(file)
		if r := OfQuadlet(file); r != nil {
			all = append(all, r)
		}
		for _, r := range all {
			show(r)
			if !file.Span().Contains(r.Span) || !file.Span().Contains(r.Whole) {
				t.Fatalf("spans %v %v in %d bytes", r.Span, r.Whole, len(in))
			}
		}
	})
}

func FuzzScript(f *testing.F) {
	for _, seed := range []string{
		"docker run -itp 22:22 -v$PWD:/x --security-opt='seccomp=a' x y", "sh -c 'docker run \"$A\" -e'",
		"podman create --mount type=bind,src=a --cap-add", "docker build --security-opt= --security-opt",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		file := source.NewFile("x.sh", in)
		for _, r := range OfScript(source.WholeFile(file), shell.Bash).Runs {
			show(r)
			if !file.Span().Contains(r.Span) || !file.Span().Contains(r.Whole) {
				t.Fatalf("spans %v %v in %d bytes", r.Span, r.Whole, len(in))
			}
		}
	})
}

// TestBuildOfQuadlet checks what a unit builds.
func TestBuildOfQuadlet(t *testing.T) {
	tests := []struct{ text, want string }{
		{"[Build]\nImageTag=localhost/app\nSetWorkingDirectory=unit\nFile=./img/Containerfile\n" +
			"Target=run\nBuildArg=A=1\n",
			`"." "img/Containerfile" "run" tags ["localhost/app"] args ["A"]`},
		{"[Build]\nImageTag=a\nFile=img/Containerfile\nSetWorkingDirectory=file\nArch=arm64\nVariant=v8\n",
			`"img" "img/Containerfile" "" tags ["a"] platforms ["linux/arm64/v8"] args []`},
		{"[Build]\nImageTag=a\nSetWorkingDirectory=../app/\nPodmanArgs=--platform=linux/amd64,linux/arm64 --squash\n",
			`"../app" "" "" tags ["a"] platforms ["linux/amd64" "linux/arm64"] args [] open`},
		{"[Build]\nImageTag=a\nFile=/srv/Containerfile\n",
			`"/srv" "/srv/Containerfile" "" absolute tags ["a"] args []`},
		{"[Build]\nImageTag=a\nFile=%h/Containerfile\n", `"" "" "" tags ["a"] args []`},
		{"[Build]\nImageTag=a\nSetWorkingDirectory=https://example.com/a.git\n", `"" "" "" tags ["a"] args []`},
	}
	for _, tt := range tests {
		b := BuildOfQuadlet(source.NewFile("app.build", []byte(tt.text)))
		texts := func(values []Value) (out []string) {
			for _, v := range values {
				out = append(out, v.Text)
			}
			return out
		}
		got := fmt.Sprintf("%q %q %q", b.Context, b.Dockerfile, b.Stage.Text)
		if b.Absolute {
			got += " absolute"
		}
		got += fmt.Sprintf(" tags %q", texts(b.Tags))
		if len(b.Platforms) > 0 {
			got += fmt.Sprintf(" platforms %q", texts(b.Platforms))
		}
		got += fmt.Sprintf(" args %q", b.Args)
		if b.Open {
			got += " open"
		}
		if got != tt.want {
			t.Errorf("%q:\ngot  %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

func FuzzUnit(f *testing.F) {
	f.Add([]byte("[Build]\nImageTag=a\nFile=./Containerfile\nSetWorkingDirectory=unit\nPodmanArgs=--platform\n"))
	f.Add([]byte("[Kube]\nYaml=a.yaml 'b.yaml'\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		file := source.NewFile("a.build", in)
		values := KubeYAML(file)
		if b := BuildOfQuadlet(file); b != nil {
			values = append(values, append(b.Tags, b.Platforms...)...)
			if !file.Span().Contains(b.Span) || !file.Span().Contains(b.Stage.Span) {
				t.Fatalf("spans %v %v in %d bytes", b.Span, b.Stage.Span, len(in))
			}
		}
		for _, v := range values {
			if !file.Span().Contains(v.Span) {
				t.Fatalf("%v in %d bytes", v.Span, len(in))
			}
		}
	})
}
