package sandbox

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var refusedSecurityContext = &rules.Rule{
	ID:       "sandbox/refused-security-context",
	Summary:  "Kubernetes refuses a pod, because its security context contradicts itself or lacks a value",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Kubernetes, pkg/apis/core/validation: validateSeccompProfileField, ValidateSecurityContext",
		"Kubernetes, docs: Restrict a Container's Syscalls with seccomp",
	},
	Check: rules.OnRun(func(p *rules.Pass, run *runs.Run) {
		if run.Host != runs.Manifest || run.Engine != runs.Kubernetes {
			return
		}
		report := func(span source.Span, format string, args ...any) {
			p.Report(rules.Finding{
				File: run.File, Span: span,
				Message: fmt.Sprintf(format, args...) + ", so the API server refuses the pod",
			})
		}
		if s := run.Seccomp; s != nil {
			checkSeccompProfile(s, report)
		}
		if !run.Escalation.Is("false") {
			return
		}
		if run.IsPrivileged() {
			report(run.Escalation.Span, "allowPrivilegeEscalation is false and privileged is true")
		}
		for _, c := range run.CapAdd {
			if c.Is("CAP_SYS_ADMIN") {
				report(run.Escalation.Span, "allowPrivilegeEscalation is false and CAP_SYS_ADMIN is added")
			}
		}
	}),
}

// checkSeccompProfile reports what the API server refuses of a seccompProfile.
func checkSeccompProfile(s *runs.Seccomp, report func(source.Span, string, ...any)) {
	name := s.Profile.Text
	switch s.Type.Text {
	case "Localhost":
		switch {
		case !s.Type.Known || s.Profile.IsSet() && !s.Profile.Known:
		case name == "":
			report(s.Span, "the profile of type Localhost has no localhostProfile")
		case strings.HasPrefix(name, "/"):
			report(s.Profile.Span, "localhostProfile %q is not relative to the kubelet's folder for profiles", name)
		case strings.Contains("/"+name+"/", "/../"):
			report(s.Profile.Span, "localhostProfile %q has a \"..\"", name)
		}
	case "RuntimeDefault", "Unconfined":
		if s.Profile.IsSet() {
			report(s.Profile.Span, "localhostProfile is set for a profile of type %s", s.Type.Text)
		}
	case "":
		if !s.Type.IsSet() {
			report(s.Span, "the profile has no type")
		}
	default:
		report(s.Type.Span, "%q is not a type of profile (RuntimeDefault, Unconfined, Localhost)", s.Type.Text)
	}
}
