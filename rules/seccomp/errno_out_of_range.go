package seccomp

import (
	"fmt"
	"math"
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var errnoOutOfRange = &rules.Rule{
	ID:       "seccomp/errno-out-of-range",
	Summary:  "an errno is larger than 4094, so that libseccomp refuses the profile or cuts the number",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"libseccomp v2.6.1, src/system.c: sys_chk_seccomp_action; include/seccomp.h.in: SCMP_ACT_ERRNO(x)",
		"seccomp/libseccomp#13",
		"runc 1.1.5 and 1.5.1, crun 1.8.1 and 1.27 with errnoRet 4095 to 4294967296",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		for _, e := range errnos(p, profile) {
			trace := e.action.Text == "SCMP_ACT_TRACE"
			if !e.known || e.number <= maxErrno || e.action.Text != "SCMP_ACT_ERRNO" && (!trace || e.number <= math.MaxUint16) {
				continue
			}
			cut := uint16(e.number)
			message := fmt.Sprintf("%q is %d", e.field, e.number)
			if e.number > math.MaxUint32 && slices.Contains(p.Targets().Seccomp.Runtimes(), "crun") {
				message += "; crun refuses it"
			}
			if e.number > math.MaxUint16 {
				message += fmt.Sprintf("; libseccomp keeps the lower 16 bits, %d", cut)
			}
			switch {
			case trace:
				message += ", and hands them to the tracer"
			case cut > maxErrno && e.number > math.MaxUint16:
				message += ", and refuses them, since errnos end at 4094"
			case cut > maxErrno:
				message += "; libseccomp refuses it, since errnos end at 4094"
			case cut == 0:
				message += fmt.Sprintf(", so that %s does nothing and reports success", e.affected())
			default:
				message += fmt.Sprintf(", which is %s", seccomp.ErrnoName(cut))
			}
			p.Report(at(profile, e.span, message))
		}
	}),
}

// maxErrno is the largest errno that libseccomp takes.
const maxErrno = 4094
