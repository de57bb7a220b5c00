package seccomp

import (
	"math/bits"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/source"
)

// NearSyscalls returns the syscalls that a person most likely meant by a name that libseccomp does not know, most
// likely first; nil when none is near. It removes what names are decorated with in other places (sys_chmod,
// SYS_chmod, __NR_chmod, chmod(), CHMOD, blanks), knows the C library's names (fstatat is newfstatat on 64-bit ABIs
// and fstatat64 on others), and else returns all names at the smallest edit distance, at most one for each three
// letters.
func NearSyscalls(name string) []string {
	bare := bareName(name)
	if bare == "" {
		return nil
	}
	if s, ok := LookupSyscall(bare); ok && s.Last.IsZero() {
		if bare == name {
			return nil
		}
		return []string{bare}
	}
	for _, w := range libcWrappers {
		if w.name == bare {
			return w.syscalls
		}
	}
	if numeric(bare) {
		return nil
	}
	best, limit := []string(nil), len(bare)/3
	if len(bare) < 3 {
		limit = 0
	}
	folded := strings.ReplaceAll(bare, "-", "_")
	letters := lettersOf(folded)
	for i, candidate := range Syscalls() {
		if d := len(candidate) - len(folded); d > limit || -d > limit {
			continue
		}
		// Each edit adds or removes one letter at most, so most of the names are ruled out here.
		if l := syscallLetters()[i]; bits.OnesCount32(letters&^l) > limit || bits.OnesCount32(l&^letters) > limit {
			continue
		}
		switch d := source.Distance(folded, candidate); {
		case d < limit || d == limit && best == nil:
			best, limit = append(best[:0], candidate), d
		case d == limit:
			best = append(best, candidate)
		}
	}
	return best
}

var syscallLetters = sync.OnceValue(func() []uint32 {
	letters := make([]uint32, len(Syscalls()))
	for i, name := range Syscalls() {
		letters[i] = lettersOf(name)
	}
	return letters
})

// lettersOf returns the set of the letters in a name; all other bytes count as one.
func lettersOf(name string) (set uint32) {
	for i := 0; i < len(name); i++ {
		if c := name[i] - 'a'; c < 26 {
			set |= 1 << c
		} else {
			set |= 1 << 26
		}
	}
	return set
}

// SplitGlued finds the two syscalls that a lost comma made into one name: "setsidaccept4", "chmod,fchmod", "chmod
// fchmod". It reports false where name is itself a syscall, where no two names make it up, and where more than one
// pair does.
func SplitGlued(name string) (a, b string, ok bool) {
	if known(name) {
		return "", "", false
	}
	if parts := strings.FieldsFunc(name,
		func(r rune) bool { return strings.ContainsRune(", \t\r\n;|\"'", r) }); len(parts) == 2 {
		return parts[0], parts[1], known(parts[0]) && known(parts[1])
	}
	for i := 1; i < len(name); i++ {
		if known(name[:i]) && known(name[i:]) {
			if ok {
				return "", "", false
			}
			a, b, ok = name[:i], name[i:], true
		}
	}
	return a, b, ok
}

func known(name string) bool {
	s, ok := LookupSyscall(name)
	return ok && s.Last.IsZero()
}

// bareName removes what surrounds a syscall's name in headers, traces and manuals.
func bareName(name string) string {
	name = strings.Trim(strings.ToLower(name), " \t\r\n\v\f\u00a0\ufeff,;:*.'\"")
	if i := strings.IndexByte(name, '('); i > 0 { // "chmod(2)", "chmod()"
		name = name[:i]
	}
	for _, prefix := range []string{
		"__nr_", "__x64_sys_", "__ia32_sys_", "__arm64_sys_", "__se_sys_", "__do_sys_", "sys_enter_", "sys_",
		"syscall_", "scmp_sys_",
	} {
		if rest, found := strings.CutPrefix(name, prefix); found && rest != "" {
			return rest
		}
	}
	return name
}

func numeric(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// nearest returns the candidate at the smallest edit distance from name, or "" when none is within one edit for each
// three letters or several are equally near.
func nearest(name string, candidates []string) string {
	best, limit, unique := "", len(name)/3, false
	for _, c := range candidates {
		switch d := source.Distance(name, c); {
		case d < limit || d == limit && best == "":
			best, limit, unique = c, d, true
		case d == limit:
			unique = false
		}
	}
	if !unique {
		return ""
	}
	return best
}

// stem takes a prefix such as "SCMP_ACT_" off a name in upper case, or as much of it as is there.
func stem(name string, prefixes ...string) string {
	s := strings.ToUpper(strings.TrimSpace(name))
	s = strings.NewReplacer("-", "_", " ", "_").Replace(s)
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok {
			return rest
		}
	}
	return s
}
