package sandbox

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/starts"
)

var privilegedContainer = &rules.Rule{
	ID:       "sandbox/privileged-container",
	Summary:  "a container is privileged, so a program that is taken over in it controls the machine",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Docker, docs: docker run --privileged (all capabilities and devices, no seccomp, no AppArmor)",
		"Kubernetes, Pod Security Standards: the baseline policy refuses privileged containers",
	},
	Check: rules.OnRun(func(p *rules.Pass, run *runs.Run) {
		if !run.IsPrivileged() || run.Host == runs.Command || run.Privileged.Overridable ||
			run.NodeAgent {
			return
		}
		s := starts.Of(p, run)
		if s.Mentions(needsPrivileges...) || s.Sandbox() != nil || s.NixSandboxed() || starts.InTests(run) {
			return
		}
		if _, _, off := s.Disabled(); off {
			return // sandbox/stacked-disables
		}
		rights := "all capabilities and devices and no seccomp profile"
		if o, ok := run.Option("seccomp"); ok && !o.Value.Is("unconfined") {
			rights = "all capabilities and devices" // Docker 27 and later load the profile
		}
		finding := rules.Finding{
			File: run.Privileged.File, Span: run.Privileged.Span,
			Message: fmt.Sprintf("%s is privileged: it has %s, so a program that is taken over in it controls the "+
				"machine", run.What(), rights),
		}
		if run.Host == runs.Devcontainer || strings.Contains(run.File.Path, ".devcontainer") ||
			run.Host == runs.Configuration && p.Workspace.InImage(run.File) {
			finding.Severity = rules.Info
		}
		for _, port := range run.Ports {
			if port.Everywhere() && finding.Severity == rules.Off {
				finding.Severity = rules.Error
				finding.Message += fmt.Sprintf("; other machines can reach its port %s", port.Container)
				finding.Related = []rules.Related{
					{File: port.Value.File, Span: port.Value.Span, Message: "the port is published here"},
				}
			}
		}
		p.Report(finding)
	}),
}

// needsPrivileges are words of programs that need what a privileged container has: engines and builders of containers,
// emulators registered with the kernel, machines in containers, programs that mount or that watch the whole host.
var needsPrivileges = []string{
	"dind", "dockerd", "docker-ce", "docker.io/docker", "docker-in-docker", "containerd", "podman", "buildah",
	"buildkit",
	"kaniko", "binfmt", "qemu", "kvm", "nspawn", "systemd", "/sbin/init", "cgroup", "kindest", "k3s", "rke2", "rancher",
	"kubelet", "losetup", "loop", "mount -", "kpartx", "debootstrap", "cadvisor", "falco", "sysdig", "ebpf", "bpftrace",
	"lxc", "lxd", "incus", "gvisor", "runsc", "firecracker", "sysbox", "/dev:/dev", "/dev/bus/usb", "modprobe",
	"nvidia-driver", "iscsi", "ceph", "longhorn", "csi", "multus", "calico", "cilium", "flannel", "node-exporter",
}
