package dockerfile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/grammar"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/words"
)

var badSignal = &rules.Rule{
	ID:       "dockerfile/bad-signal",
	Summary:  "STOPSIGNAL names a signal that does not exist, so the build fails",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"github.com/moby/sys/signal v0.7.1, signal_linux.go, which BuildKit v0.34.2 asks",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || grammar.Again(s) || len(s.Words) == 0 || s.Dockerfile().Foreign() {
			return
		}
		name, known := s.Expand(s.Words[0].Text)
		if !known {
			name, known = words.Empty(s, s.Words[0])
		}
		if !known || isSignal(name) {
			return
		}
		finding := rules.Finding{
			File: s.Dockerfile().Source, Span: s.Words[0].Span,
			Message: fmt.Sprintf("there is no signal %q, so the build fails", name),
		}
		if near := source.Nearest(strings.TrimPrefix(strings.ToUpper(name), "SIG"), signals); near != "" {
			finding.Message += fmt.Sprintf("; did you mean SIG%s?", near)
		}
		p.Report(grammar.Trigger(s, finding))
	}, "STOPSIGNAL"),
}

// signals are the names of signals without "SIG" and without those of real time. Source: github.com/moby/sys/signal
// v0.7.1, signal_linux.go.
var signals = strings.Fields("ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV " +
	"STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX")

// isSignal reports whether BuildKit knows a signal, by name or number.
func isSignal(name string) bool {
	if n, err := strconv.Atoi(name); err == nil {
		return n != 0
	}
	name = strings.TrimPrefix(strings.ToUpper(name), "SIG")
	for _, s := range signals {
		if s == name {
			return true
		}
	}
	for prefix, most := range map[string]int{"RTMIN+": 15, "RTMAX-": 14} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			n, err := strconv.Atoi(rest)
			return err == nil && n >= 1 && n <= most && rest == strconv.Itoa(n)
		}
	}
	return false
}
