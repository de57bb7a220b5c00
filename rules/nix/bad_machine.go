package nix

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/machines"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var badMachine = &rules.Rule{
	ID:       "nix/bad-machine",
	Summary:  "a remote machine has a column that Nix refuses or never uses, which stops builds",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: builders",
		"Nix, src/libstore/machines.cc: parseBuilderLine; the speed is a number since 2.20, entries are trimmed " +
			"since 2.29",
		"NixOS/nix#4703, NixOS/nix#3423, nix-darwin/nix-darwin#1060",
	},
	Check: rules.Joined("a list of remote machines",
		rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
			for _, entry := range text.Entries {
				if entry.Name.Text == "builders" && text.Known(entry.Name.Span) && !misread.Is(text, entry) {
					checkMachines(p, machineList{
						fragment: text.Fragment, text: text, targets: text.Targets,
						entries: machines.Parse(string(text.Fragment.Text[entry.ValueSpan.Start:entry.ValueSpan.End]),
							entry.ValueSpan.Start),
					})
				}
			}
		}),
		rules.OnDocument("a file of machines", func(p *rules.Pass, f *machines.File) {
			checkMachines(p, machineList{
				fragment: source.WholeFile(f.Source), entries: f.Entries, targets: p.Workspace.Targets.Nix,
			})
		}),
		rules.OnCommand(func(p *rules.Pass, c *image.Command) {
			if !c.InDockerfile() {
				return
			}
			for _, w := range c.Writes() {
				if w.Known && w.Path.Known && isMachinesFile(w.Path.Text) {
					fr := source.NewFragment(c.File, w.Text)
					checkMachines(p, machineList{
						fragment: fr, entries: machines.Parse(string(fr.Text), 0), targets: p.Workspace.Targets.Nix,
					})
				}
			}
		}),
		rules.OnStep(func(p *rules.Pass, s *image.Step) {
			if dest, _, known := s.Dest(); !known || !isMachinesFile(dest) || len(s.Heredocs) != 1 {
				return
			}
			h := s.Heredocs[0]
			f := s.Dockerfile().Source
			body := f.Text(h.Body)
			if h.Chomp || h.Expand && strings.ContainsAny(body, "$\\") {
				return
			}
			fr := source.NewFragment(f, []source.Piece{{Text: body, Span: h.Body, Verbatim: true}})
			checkMachines(p, machineList{
				fragment: fr, entries: machines.Parse(body, 0), targets: p.Workspace.Targets.Nix,
			})
		}, "COPY", "ADD"),
	),
}

// isMachinesFile reports whether the default of builders reads a file of an image.
func isMachinesFile(name string) bool { return path.Clean(name) == "/etc/nix/machines" }

// machineList is a list of machines in some text. The text is nil unless it is the value of a setting; only there are
// fixes made.
type machineList struct {
	fragment *source.Fragment
	text     *nixuse.Text
	entries  []machines.Entry
	targets  nixconf.Targets
}

func checkMachines(p *rules.Pass, list machineList) {
	for n := range list.entries {
		e := &list.entries[n]
		if !list.fragment.Known(e.Span) || slices.ContainsFunc(e.Columns,
			func(w nixconf.Word) bool { return misread.IsPlaceholder(w.Text) || strings.ContainsAny(w.Text, "\"'") }) {
			continue
		}
		if e.IsFile() {
			checkMachinesFile(p, list, e)
			continue
		}
		refusal := list.refusal(e)
		slip := slipped(e)
		switch {
		case refusal.everywhere || refusal.what != "" && slip.what != "":
			span, what := refusal.span, refusal.what
			if slip.what != "" {
				span, what = slip.span, slip.what
			}
			fix := slip.fix
			if !list.mends(e, fix) {
				fix = machineFix{}
			}
			p.Report(list.at(span, what+`; every build ends with "bad machine specification"`, fix))
		case refusal.what != "":
			finding := list.at(refusal.span, fmt.Sprintf(`%s; every build ends with "bad machine specification" in %s`,
				refusal.what, refusal.targets), machineFix{})
			if slices.Equal(list.targets, nixconf.DefaultTargets()) {
				finding.Severity = rules.Warning // nobody said that the file is for these releases
			}
			p.Report(finding)
		case e.Old || e.New:
		case slip.what != "":
			finding := list.at(slip.span, slip.what, slip.fix)
			finding.Severity = rules.Warning
			p.Report(finding)
		default:
			list.checkSystems(p, e)
		}
	}
}

// at returns a finding about a list, with a fix where the list is the value of a setting.
func (l machineList) at(span source.Span, message string, fix machineFix) rules.Finding {
	finding := rules.Finding{File: l.fragment.File, Span: l.fragment.Span(span), Message: message}
	if l.text == nil || fix.title == "" {
		return finding
	}
	if edits, ok := nixtext.Replace(l.text, fix.span, fix.with); ok {
		finding.Fixes = []fixers.Fix{nixtext.Fix(l.text, fix.title, fixers.Unsafe, edits,
			fixers.Changes{fixnix.Settings{"builders"}})}
	}
	return finding
}

type machineFix struct {
	title string
	span  source.Span
	with  string
}

// refusal is what targeted releases refuse in a machine.
type refusal struct {
	span       source.Span
	what       string // "" where no release refuses it
	everywhere bool
	targets    nixconf.Targets
}

func (l machineList) refusal(e *machines.Entry) refusal {
	out := refusal{everywhere: true}
	for _, t := range l.targets {
		extends := false
		for _, v := range t.Releases() {
			column, what := -1, ""
			if e.Sees(t.Distribution, v) {
				column, what = e.Check(t.Distribution, v)
			}
			if column < 0 {
				out.everywhere, extends = false, false
				continue
			}
			if out.what == "" {
				out.what, out.span = what, e.Span
				if column < len(e.Columns) {
					out.span = e.Columns[column].Span
				}
			}
			if extends {
				out.targets[len(out.targets)-1].To = v
			} else {
				out.targets = append(out.targets, nixconf.Target{Distribution: t.Distribution, From: v, To: v})
			}
			extends = true
		}
	}
	out.everywhere = out.everywhere && out.what != ""
	return out
}

// mends reports whether Nix accepts what a fix makes of an entry, with each column where it belongs.
func (l machineList) mends(e *machines.Entry, fix machineFix) bool {
	if fix.title == "" || !e.Span.Contains(fix.span) {
		return false
	}
	text := string(l.fragment.Text)
	now := machines.Parse(text[e.Span.Start:fix.span.Start]+fix.with+text[fix.span.End:e.Span.End], 0)
	return !slices.ContainsFunc(now, func(e machines.Entry) bool {
		return l.refusal(&e).what != "" || slipped(&e).what != ""
	})
}

// slip is what moved the columns of a machine.
type slip struct {
	span source.Span
	what string
	fix  machineFix
}

// slipped returns why the columns of a machine do not stand where they belong, as far as the words show it.
func slipped(e *machines.Entry) slip {
	if len(e.Columns) < 2 {
		return slip{}
	}
	for n, w := range e.Columns[1:] {
		before := e.Columns[n]
		if strings.Contains(w.Text, "://") && w.Text != "://" {
			out := slip{span: w.Span, what: fmt.Sprintf(
				"a second machine begins at %s, but only a semicolon or a line end separates machines",
				nixconf.Quote(w.Text))}
			if bare, ok := strings.CutSuffix(before.Text, ","); ok && bare != "" {
				out.fix = machineFix{"Write a semicolon",
					source.Span{Start: before.Span.End - 1, End: before.Span.End}, " ;"}
			}
			return out
		}
		if column := n; before.Text != "," && strings.HasSuffix(before.Text, ",") &&
			(column == machines.Systems || column == machines.Features || column == machines.Mandatory) {
			return slip{
				span: source.Span{Start: before.Span.Start, End: w.Span.End},
				what: fmt.Sprintf(
					"the space after %s ends the column, so %s and what follows stand in the wrong columns",
					nixconf.Quote(before.Text), nixconf.Quote(w.Text)),
				fix: machineFix{"Remove the space", source.Span{Start: before.Span.End, End: w.Span.Start}, ""},
			}
		}
	}
	system := e.Columns[machines.Systems]
	if isFileName(system.Text) || isKeyType(system.Text) || isNumber(system.Text) {
		return slip{
			span: system.Span,
			what: fmt.Sprintf("column 2 is the list of systems, not %s; with the systems missing, the columns after "+
				"it stand too far to the left", nixconf.Quote(system.Text)),
			fix: machineFix{`Write "-" for the systems`,
				source.Span{Start: system.Span.Start, End: system.Span.Start}, "- "},
		}
	}
	key, ok := e.Column(machines.Key)
	switch {
	case !ok:
	case isKeyType(key.Text):
		return slip{span: key.Span, what: "column 3 is the file of a private key; a public key there, with its " +
			"spaces, moves all columns after it"}
	case isNumber(key.Text):
		return slip{
			span: key.Span,
			what: fmt.Sprintf("column 3 is the file of a private key, not %s; with the file missing, the columns "+
				"after it stand too far to the left", nixconf.Quote(key.Text)),
			fix: machineFix{`Write "-" for the file`, source.Span{Start: key.Span.Start, End: key.Span.Start}, "- "},
		}
	}
	return slip{}
}

func isFileName(s string) bool { return strings.HasPrefix(s, "/") || strings.HasPrefix(s, "~/") }

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isKeyType reports whether a word begins a public key of OpenSSH.
func isKeyType(s string) bool {
	return strings.HasPrefix(s, "ssh-") && !strings.Contains(s, ":") || strings.HasPrefix(s, "ecdsa-sha2-") ||
		strings.HasPrefix(s, "sk-ssh-") || strings.HasPrefix(s, "sk-ecdsa-")
}

// checkMachinesFile reports an entry @FILE that cannot name a file. Nix ignores a file that does not exist.
func checkMachinesFile(p *rules.Pass, list machineList, e *machines.Entry) {
	what := ""
	switch name := e.File.Text; {
	case name == "":
		what = `no file follows "@"`
	case strings.ContainsAny(name, " \t"):
		what = fmt.Sprintf(`everything after "@" is the name of the file, also the blanks of %s`, nixconf.Quote(name))
	case strings.HasPrefix(name, "~"):
		what = fmt.Sprintf("Nix does not expand the ~ of %s", nixconf.Quote(name))
	case e.New:
		list.checkBlankFile(p, e)
		return
	default:
		return
	}
	finding := list.at(e.Span, what+", so Nix finds no file, says nothing, and has no machine from it", machineFix{})
	finding.Severity = rules.Warning
	p.Report(finding)
}

// checkBlankFile reports an entry @FILE with blanks before it, which old releases take for a store.
func (l machineList) checkBlankFile(p *rules.Pass, e *machines.Entry) {
	var old nixconf.Targets
	for _, t := range l.targets {
		extends := false
		for _, v := range t.Releases() {
			if t.Distribution == nixconf.Lix || e.Sees(t.Distribution, v) {
				extends = false
				continue
			}
			if extends {
				old[len(old)-1].To = v
			} else {
				old = append(old, nixconf.Target{Distribution: t.Distribution, From: v, To: v})
			}
			extends = true
		}
	}
	if len(old) == 0 {
		return
	}
	finding := l.at(e.Span, fmt.Sprintf(
		"with a space before it, %s is not a file of machines but a store in a folder of that name in %s",
		nixconf.Quote("@"+e.File.Text), old), machineFix{
		"Remove the spaces before it", l.blanksBefore(e.Span.Start), "",
	})
	finding.Severity = rules.Warning
	if slices.Equal(l.targets, nixconf.DefaultTargets()) {
		finding.Severity = rules.Info
	}
	p.Report(finding)
}

func (l machineList) blanksBefore(at int) source.Span {
	start := at
	for start > 0 && misread.IsBlank(l.fragment.Text[start-1]) {
		start--
	}
	return source.Span{Start: start, End: at}
}

// cpus are the names of processors as a system of Nix has them, by the names that people write. A wrong system is no
// error: no derivation has it, so the machine is never used.
var cpus = map[string]string{
	"x86_64": "x86_64", "amd64": "x86_64", "x64": "x86_64", "x86-64": "x86_64", "aarch64": "aarch64",
	"arm64": "aarch64",
	"i686":  "i686", "i386": "i686", "x86": "i686", "armv7l": "armv7l", "armv6l": "armv6l", "riscv64": "riscv64",
}

// checkSystems reports systems that no derivation has, and a store that is a file of machines.
func (l machineList) checkSystems(p *rules.Pass, e *machines.Entry) {
	warn := func(span source.Span, what string, fix machineFix) {
		finding := l.at(span, what, fix)
		finding.Severity = rules.Warning
		p.Report(finding)
	}
	if store := e.Columns[machines.Store]; len(e.Columns) == 1 && strings.HasPrefix(store.Text, "/") &&
		strings.HasPrefix(path.Base(store.Text), "machines") {
		warn(store.Span, fmt.Sprintf(
			"%s is a machine whose store is that path; the list of machines in a file has an \"@\" before the name",
			nixconf.Quote(store.Text)), machineFix{"Write @ before the file",
			source.Span{Start: store.Span.Start, End: store.Span.Start}, "@"})
		return
	}
	word, ok := e.Column(machines.Systems)
	if !ok {
		return
	}
	at := word.Span.Start
	for system := range strings.SplitSeq(word.Text, ",") {
		span := source.Span{Start: at, End: at + len(system)}
		at += len(system) + 1
		if meant, wrong := meantSystem(system, e.Columns); wrong {
			fix := machineFix{}
			if meant != "" {
				fix = machineFix{"Write " + meant, span, meant}
			}
			warn(span, fmt.Sprintf(
				"no derivation has the system %s, whose names are like \"x86_64-linux\", so the machine is never used "+
					"for it",
				nixconf.Quote(system)), fix)
		}
	}
}

// meantSystem reports whether a word is no system but the half of one, or the name that another program has for it, and
// returns the system where only one is likely.
func meantSystem(system string, columns []nixconf.Word) (meant string, wrong bool) {
	if system == "linux" || system == "darwin" || system == "macos" {
		return "", true
	}
	if cpu, ok := cpus[system]; ok {
		darwin := slices.ContainsFunc(columns, func(w nixconf.Word) bool {
			s := strings.ToLower(w.Text)
			return strings.Contains(s, "mac") || strings.Contains(s, "darwin") || strings.Contains(s, "/users/")
		})
		if darwin || cpu == "aarch64" {
			return "", true
		}
		return cpu + "-linux", true
	}
	if kernel, cpu, ok := strings.Cut(system, "/"); ok && (kernel == "linux" || kernel == "darwin") && cpus[cpu] != "" {
		return cpus[cpu] + "-" + kernel, true
	}
	n := strings.LastIndexByte(system, '-')
	if n < 0 {
		return "", false
	}
	cpu, kernel := system[:n], system[n+1:]
	if cpu == "linux" || cpu == "darwin" {
		cpu, kernel = kernel, cpu
	}
	lower := strings.ToLower(kernel)
	if lower == "macos" {
		lower = "darwin"
	}
	if nix := cpus[strings.ToLower(cpu)]; nix != "" && (lower == "linux" || lower == "darwin") &&
		nix+"-"+lower != system {
		return nix + "-" + lower, true
	}
	return "", false
}
