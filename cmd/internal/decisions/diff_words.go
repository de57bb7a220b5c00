package decisions

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

// targetWords returns the targets of a change in words, after "for ": "Docker, runc before 1.1.15, libseccomp 2.5.6 or
// newer, containers with CAP_BPF"; "" for all.
func targetWords(s decide.TargetSet) string {
	var parts, loaders, runtimes, hosts []string
	for _, l := range s.Loaders {
		loaders = append(loaders, l.String())
	}
	for _, r := range s.Runtimes {
		runtimes = append(runtimes, releaseWords(r))
	}
	add := func(words string) {
		if words != "" {
			parts = append(parts, words)
		}
	}
	add(list(loaders, "and"))
	add(list(runtimes, "and"))
	if s.Libseccomp != nil {
		add(releaseWords(*s.Libseccomp))
	}
	add(containerWords(s.Containers))
	for _, h := range s.Hosts {
		hosts = append(hosts, ArchName(h))
	}
	if hosts != nil {
		add("hosts of " + list(hosts, "and"))
	}
	return strings.Join(parts, ", ")
}

// releaseWords returns releases in words: "runc before 1.1.15", "libseccomp 2.5.5 or newer and 2.5.4-1+deb12u1".
func releaseWords(r decide.Releases) string {
	words := r.Program
	switch {
	case r.Only != nil:
		words += " " + list(r.Only, "and")
	case r.From.IsZero() && r.Before.IsZero():
	case r.From.IsZero():
		words += " before " + r.Before.String()
	case r.Before.IsZero():
		words += " " + r.From.String() + " or newer"
	default:
		words += " from " + r.From.String() + " to before " + r.Before.String()
	}
	return list(append([]string{words}, r.Also...), "and")
}

// containerWords returns containers in words: "containers with CAP_BPF"; "" for all.
func containerWords(c decide.Containers) string {
	switch {
	case c.Some && len(c.AnyOf) == 0:
		return "some containers"
	case c.Some:
		c.Some = false
		return "some " + containerWords(c)
	case len(c.AnyOf) == 0:
		return ""
	case len(c.AnyOf) == 1:
		words := list(conditionWords(c.AnyOf[0]), "and")
		if c.Except {
			return "containers, but not those " + words
		}
		return "containers " + words
	}
	var alternatives []string
	for _, a := range c.AnyOf {
		var words []string
		if len(a.Has) > 0 {
			words = append(words, "with "+list(a.Has, "and"))
		}
		if len(a.Lacks) > 0 {
			words = append(words, "without "+list(a.Lacks, "and"))
		}
		if k := kernelWords(a); k != "" {
			words = append(words, k)
		}
		alternatives = append(alternatives, strings.Join(words, " "))
	}
	return "containers " + strings.Join(alternatives, ", or ")
}

// conditionWords returns the parts of a condition in words: "with CAP_BPF", "on Linux before 5.1".
func conditionWords(c decide.ContainerCondition) []string {
	var words []string
	for _, name := range c.Has {
		words = append(words, "with "+name)
	}
	for _, name := range c.Lacks {
		words = append(words, "without "+name)
	}
	if k := kernelWords(c); k != "" {
		words = append(words, k)
	}
	return words
}

func kernelWords(c decide.ContainerCondition) string {
	number := func(v seccomp.Version) string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }
	switch from, before := c.KernelFrom, c.KernelBefore; {
	case from.IsZero() && before.IsZero():
		return ""
	case from.IsZero():
		return "on Linux before " + number(before)
	case before.IsZero():
		return "on Linux " + number(from) + " or newer"
	default:
		return "on Linux from " + number(from) + " to before " + number(before)
	}
}

// partWords returns what a profile has for one part of it.
func partWords(what decide.What, p decide.Part) string {
	switch what {
	case decide.WhatOff:
		if p.Off {
			return "none"
		}
		return "a profile"
	case decide.WhatDefault:
		return p.Default.String()
	case decide.WhatArchitectures:
		var names []string
		for _, a := range p.Architectures {
			names = append(names, ArchName(a))
		}
		return list(names, "and")
	case decide.WhatFlags:
		switch {
		case p.Flags == nil:
			return "none given"
		case len(p.Flags) == 0:
			return "an empty list"
		}
		return list(p.Flags, "and")
	case decide.WhatListener:
		if p.Listener == "" {
			return "none"
		}
		return p.Listener
	case decide.WhatRefused:
		if p.Refusal != nil {
			return "refused: " + p.Refusal.Reason
		}
		return "accepted"
	}
	return ""
}

// decisionWords returns the decisions before and after a change in words: "ALLOW", "ALLOW if arg0 < 40, else ERRNO
// EPERM".
func decisionWords(c *decide.Change) (before, after string) {
	if c.Before == nil {
		return "unknown", "unknown, because there are too many sets of capabilities"
	}
	return c.Before.String(), c.After.String()
}
