package image

import "testing"

func TestLookupBase(t *testing.T) {
	for reference, shell := range map[string]string{
		"registry.access.redhat.com/ubi9/ubi:9.4": "bash", "registry.access.redhat.com/ubi8/ubi-minimal": "bash",
		"registry.redhat.io/ubi9-micro": "bash", "redhat/ubi10-minimal@sha256:0": "bash", "ubi8": "bash",
		"registry.access.redhat.com/ubi9/python-311": "bash", "registry.fedoraproject.org/fedora:41": "bash",
		"quay.io/fedora/fedora:41": "bash", "quay.io/centos/centos:stream9": "bash",
		"public.ecr.aws/amazonlinux/amazonlinux:2023": "bash", "public.ecr.aws/docker/library/debian": "dash",
		"registry.opensuse.org/opensuse/leap": "bash", "docker.io/library/alpine:3": "ash",
		"ubiquity": "?", "example.org/ubi9/ubi": "?", "ubi": "?", "registry.redhat.io/rhel9": "?",
	} {
		got := "?"
		if base := LookupBase(reference); base != nil {
			got = base.Shell
		}
		if got != shell {
			t.Errorf("%s: /bin/sh is %s, want %s", reference, got, shell)
		}
	}
}
