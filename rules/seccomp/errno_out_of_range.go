package seccomp

import (
	"fmt"
	"math"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/errnos"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var errnoOutOfRange = &rules.Rule{
	ID:       "seccomp/errno-out-of-range",
	Summary:  "an errno is larger than 4094, so libseccomp refuses the profile or cuts the number",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"libseccomp v2.6.1, src/system.c: sys_chk_seccomp_action; include/seccomp.h.in: SCMP_ACT_ERRNO(x)",
		"seccomp/libseccomp#13",
		"runc 1.1.5 and 1.5.1, crun 1.8.1 and 1.27 with errnoRet 4095 to 4294967296",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, e := range errnos.All(p, profile) {
			trace := e.Action.Text == "SCMP_ACT_TRACE"
			if !e.Known || e.Number <= errnos.Max ||
				e.Action.Text != "SCMP_ACT_ERRNO" && (!trace || e.Number <= math.MaxUint16) {
				continue
			}
			cut := uint16(e.Number)
			message := fmt.Sprintf("%q is %d", e.Field, e.Number)
			if e.Number > math.MaxUint32 && slices.Contains(p.Targets().Seccomp.Runtimes(), "crun") {
				message += "; crun refuses it"
			}
			if e.Number > math.MaxUint16 {
				message += fmt.Sprintf("; libseccomp keeps the lower 16 bits, %d", cut)
			}
			switch {
			case trace:
				message += ", and hands them to the tracer"
			case cut > errnos.Max && e.Number > math.MaxUint16:
				message += ", and refuses them, since errnos end at 4094"
			case cut > errnos.Max:
				message += "; libseccomp refuses it, since errnos end at 4094"
			case cut == 0:
				message += fmt.Sprintf(", so %s does nothing and reports success", e.Affected())
			default:
				message += fmt.Sprintf(", which is %s", seccomp.ErrnoName(cut))
			}
			p.Report(report.At(profile, e.Span, message))
		}
	}),
}
