package recording

import (
	"io"
	"slices"
	"strconv"
	"strings"
)

// Event is one record of the kernel about a call that a seccomp filter refused or logged.
type Event struct {
	// Line is the line that holds it, counted from 1.
	Line int
	// ArchCode is the architecture as the kernel numbers it (AUDIT_ARCH_…), 0 where only its name is known; ArchName
	// is how auditd's tools name it, "" for an unknown one, and ArchText is what the record says.
	ArchCode           uint32
	ArchName, ArchText string
	// Arch is the architecture of the call as profiles name it: SCMP_ARCH_X32 for a call of x32, which the kernel
	// records as one of x86_64 with a bit in its number. It is "" where profiles have no name for it.
	Arch string
	// Syscall is the name where the record gives one, as ausearch -i does; else Number is what the program passed.
	Syscall string
	Number  int
	// Code is what the filter returned, without the data that goes with it where the kernel wrote it. HasCode says that
	// the record has it.
	Code    uint32
	HasCode bool
	// Signal is the signal that the kernel sent, 0 for none. Compat says that the process made the call in another mode
	// than that of the kernel.
	Signal int
	Compat bool
	// Command and Program are the name of the thread and the path of the program, where the record has them.
	Command, Program string
	PID              int
}

// x32Bit is what x32 adds to the numbers of its calls.
const x32Bit = 1 << 30

// Audit reads the records about seccomp in an audit log, in the output of ausearch with -i or without, of dmesg or of
// journalctl. The error is one of the reader, or ErrTooLarge; what was read until then is returned too.
func Audit(in io.Reader) (*Recording, error) {
	rec := &Recording{}
	err := readEvents(in, rec, func(e Event) {
		rec.add(Call{Name: e.Syscall, Number: e.Number, Arch: e.Arch, Refused: e.Refused(), Line: e.Line}, 1)
	})
	return rec, err
}

// Events is Audit for those who want each record: it calls each with those about seccomp. The recording has what could
// not be read.
func Events(in io.Reader, each func(Event)) (*Recording, error) {
	rec := &Recording{}
	return rec, readEvents(in, rec, each)
}

func readEvents(in io.Reader, rec *Recording, each func(Event)) error {
	return lines(in, func(n int, line []byte, _ bool) {
		events, other, malformed := parseAudit(string(line))
		for _, e := range events {
			e.Line = n
			each(e)
		}
		rec.Other += other
		for range malformed {
			rec.malformed(n)
		}
	})
}

// The actions of filters: the upper half of what a filter returns, SECCOMP_RET_… of linux/seccomp.h.
const (
	RetKillProcess uint32 = 0x80000000
	RetKillThread  uint32 = 0x00000000
	RetTrap        uint32 = 0x00030000
	RetErrno       uint32 = 0x00050000
	RetNotify      uint32 = 0x7fc00000
	RetTrace       uint32 = 0x7ff00000
	RetLog         uint32 = 0x7ffc0000
	RetAllow       uint32 = 0x7fff0000
)

// Action returns the action of a filter's return value, without the data that goes with it.
func (e Event) Action() uint32 { return e.Code & 0xffff0000 }

// Data returns what goes with the action: the errno of RetErrno. The kernel takes it out before it writes a record, so
// it is 0 there.
func (e Event) Data() uint16 { return uint16(e.Code) }

// Refused reports whether the kernel did not carry the call out. It is true where the record does not say it.
func (e Event) Refused() bool {
	return !e.HasCode || e.Action() != RetLog && e.Action() != RetAllow
}

// actionNames are the actions as ausearch -i and the kernel's actions_avail name them, and as profiles and
// linux/seccomp.h do without what comes before.
var actionNames = map[string]uint32{
	"kill-process": RetKillProcess, "kill_process": RetKillProcess, "kill-thread": RetKillThread,
	"kill_thread": RetKillThread, "kill": RetKillThread, "trap": RetTrap, "errno": RetErrno, "user-notify": RetNotify,
	"user_notif": RetNotify, "user-notif": RetNotify, "notify": RetNotify, "trace": RetTrace, "log": RetLog,
	"allow": RetAllow,
}

// code reads the value of the field code.
func code(value string) (uint32, bool) {
	word := strings.ToLower(value)
	if c, ok := actionNames[strings.TrimPrefix(strings.TrimPrefix(word, "seccomp_ret_"), "scmp_act_")]; ok {
		return c, true
	}
	if _, inside, ok := strings.Cut(word, "("); ok { // "unknown seccomp code(7fc00000)"
		word = strings.TrimSuffix(inside, ")")
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(word, "0x"), 16, 32)
	return uint32(n), err == nil
}

// recordTypes are the words that say that a record is about seccomp.
var recordTypes = []string{"SECCOMP", "1326", "UNKNOWN[1326]", "AUDIT_SECCOMP"}

// record is the fields of one record while it is read.
type record struct {
	kind   string // the value of type; "" where there is none
	fields map[string]string
}

// about reports whether a record is about a call that a filter decided about. One without a type is where it has the
// fields of one.
func (r *record) about() bool {
	if r.kind != "" {
		return slices.Contains(recordTypes, r.kind)
	}
	return r.fields["syscall"] != "" && (r.fields["arch"] != "" || r.fields["code"] != "")
}

var knownFields = []string{"arch", "syscall", "code", "sig", "compat", "comm", "exe", "pid"}

// parseAudit returns the records of a line. There are several where lines were joined.
func parseAudit(line string) (events []Event, other, malformed int) {
	var r record
	flush := func() {
		switch {
		case !r.about():
			if r.kind != "" {
				other++
			} else if r.fields["arch"] != "" || r.fields["code"] != "" {
				malformed++
			}
		default:
			if e, ok := r.event(); ok {
				events = append(events, e)
			} else {
				malformed++
			}
		}
		r = record{}
	}
	words := fields(line)
	for i, w := range words {
		key, value, ok := strings.Cut(w, "=")
		switch {
		case !ok && w == "SECCOMP": // the journal's form of what auditd would write
			flush()
			r.kind = w
		case !ok:
		case key == "type":
			flush()
			r.kind = value
		case slices.Contains(knownFields, key):
			if _, twice := r.fields[key]; twice && (key == "arch" || key == "syscall") {
				kind := r.kind
				flush()
				r.kind = kind
			}
			if r.fields == nil {
				r.fields = map[string]string{}
			}
			if key == "code" && value == "unknown" && i+2 < len(words) && words[i+1] == "seccomp" {
				value = words[i+2] // code=unknown seccomp code(0x…)
			}
			if end := strings.IndexAny(value, `"\}`); end > 0 && key != "comm" && key != "exe" {
				value = value[:end] // the record is a string in JSON, which ends here
			}
			if _, twice := r.fields[key]; !twice {
				r.fields[key] = value
			}
		}
	}
	flush()
	return events, other, malformed
}

// fields divides a line at blanks, and at what stands before the names that an enriched log adds. Values between
// quotes hold blanks.
func fields(line string) []string {
	var out []string
	start, quote := -1, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == ' ' || c == '\t' || c == 0x1d || c == ',' || c == ';':
			if start >= 0 {
				out = append(out, line[start:i])
			}
			start = -1
		default:
			if start < 0 {
				start = i
			}
			if c == '"' && i > 0 && line[i-1] == '=' && strings.IndexByte(line[i+1:], '"') >= 0 {
				quote = c
			}
		}
	}
	if start >= 0 {
		out = append(out, line[start:])
	}
	return out
}

var unknownSyscall = lazy(`^unknown[- ]syscall\(([0-9]+)\)$`)

// event returns what a record says, false where something is missing or cannot be read.
func (r *record) event() (e Event, ok bool) {
	e.ArchText = r.fields["arch"]
	if e.ArchText != "" {
		if e.ArchCode, e.ArchName, e.Arch = auditArch(e.ArchText); e.ArchCode == 0 {
			return e, false
		}
	}
	call := r.fields["syscall"]
	if m := unknownSyscall().FindStringSubmatch(call); m != nil {
		call = m[1]
	}
	number, err := strconv.ParseInt(call, 0, 64)
	switch {
	case err == nil && number >= -1<<31 && number < 1<<32:
		e.Number = int(uint32(number))
	case isName().MatchString(call):
		e.Syscall = call
	default:
		return e, false
	}
	if e.Syscall == "" && e.Arch == "SCMP_ARCH_X86_64" && e.Number < 1<<31 && e.Number&x32Bit != 0 {
		e.Arch = "SCMP_ARCH_X32"
	}
	if text, given := r.fields["code"]; given {
		if e.Code, e.HasCode = code(text); !e.HasCode {
			return e, false
		}
	}
	e.Signal, _ = strconv.Atoi(r.fields["sig"])
	if r.fields["sig"] == "SIGSYS" {
		e.Signal = 31
	}
	e.Compat = r.fields["compat"] == "1"
	e.PID, _ = strconv.Atoi(r.fields["pid"])
	e.Command, e.Program = strings.Trim(r.fields["comm"], `"`), strings.Trim(r.fields["exe"], `"`)
	return e, true
}
