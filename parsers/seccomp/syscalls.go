package seccomp

//go:generate go run gen/main.go

import (
	"iter"
	"slices"
	"sync"
)

// Syscall is what is known of one syscall name. The table is that of libseccomp 2.6.1; data/syscalls.json names the
// sources.
type Syscall struct {
	// Name is the name that libseccomp resolves.
	Name string
	// Since is the first libseccomp release that resolves Name. Distributions ship more: Debian 12's 2.5.4 knows
	// fchmodat2, new in 2.5.5.
	Since Version
	// Last is the last libseccomp release that resolves Name; zero for all names that the newest one knows.
	Last Version
	// Kernel is the first Linux release with the syscall on some architecture, such as "5.3"; "" when not known.
	Kernel string
	// Removed is the Linux release that took it out; "" when it is still there.
	Removed string
	// SocketCall is the sub-call number of socketcall(2) that does the same; 0 for none.
	SocketCall int
	// IPC is the sub-call number of ipc(2) that does the same; 0 for none.
	IPC int
	// Args are the arguments on x86_64, where ArgsKnown.
	Args []Param
	// ArgsKnown says that Args is the whole list. It is false for syscalls that x86_64 does not have, and some others.
	ArgsKnown bool

	numbers [numABIs]uint32 // number + 1 by index in abiNames; 0 where the ABI has none
}

// Param is an argument of a syscall.
type Param struct {
	Name  string
	Type  string // in C, as the kernel declares it
	Class Class
}

// Class is how much of a 64-bit register the kernel reads for an argument.
type Class uint8

const (
	// Pointer is an address: a filter cannot see what it points to.
	Pointer Class = iota
	// Int64 is a whole register.
	Int64
	// Int32 is the low half of a register. The kernel ignores the upper half, a filter compares it.
	Int32
	// Int16 is the low quarter of a register.
	Int16
)

// LookupSyscall returns the facts about a name, which must be spelt as libseccomp spells it. Names that only old
// releases knew are found too.
func LookupSyscall(name string) (*Syscall, bool) {
	s := syscallsByName()[name]
	return s, s != nil
}

var syscallsByName = sync.OnceValue(func() map[string]*Syscall {
	byName := make(map[string]*Syscall, len(syscallTable))
	for i := range syscallTable {
		byName[syscallTable[i].Name] = &syscallTable[i]
	}
	return byName
})

var syscallNames = sync.OnceValue(func() []string {
	names := make([]string, 0, len(syscallTable))
	for i := range syscallTable {
		if syscallTable[i].Last.IsZero() {
			names = append(names, syscallTable[i].Name)
		}
	}
	return names
})

// Syscalls returns the names that the newest libseccomp resolves, sorted. The caller must not change the list.
func Syscalls() []string { return syscallNames() }

// ABIs returns the names of the system call tables, in libseccomp's order: "x86", "x86_64", "x32", "arm", "aarch64"
// and so on. MIPS and PowerPC have one table for both byte orders.
func ABIs() []string { return slices.Clone(abiNames[:]) }

// Number returns the number of s on an ABI, as libseccomp's table has it: without the offset of MIPS (4000, 5000,
// 6000) and the x32 bit. It reports false where the ABI does not have s, or is unknown.
func (s *Syscall) Number(abi string) (int, bool) {
	i := slices.Index(abiNames[:], abi)
	if i < 0 || s.numbers[i] == 0 {
		return 0, false
	}
	return int(s.numbers[i]) - 1, true
}

// At is Number for the ABI with an index of ABIs.
func (s *Syscall) At(index int) (int, bool) { return int(s.numbers[index]) - 1, s.numbers[index] != 0 }

// Numbers iterates over the ABIs that have s, in libseccomp's order, with what Number returns for each.
func (s *Syscall) Numbers() iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for i, n := range s.numbers {
			if n != 0 && !yield(abiNames[i], int(n)-1) {
				return
			}
		}
	}
}

// On reports whether an ABI has s.
func (s *Syscall) On(abi string) bool {
	_, ok := s.Number(abi)
	return ok
}

// ABIs returns the ABIs that have s.
func (s *Syscall) ABIs() []string {
	var on []string
	for i, n := range s.numbers {
		if n != 0 {
			on = append(on, abiNames[i])
		}
	}
	return on
}

// KnownTo reports whether an upstream release of libseccomp resolves the name. What it does not resolve, runc and
// crun leave out of the filter without a word.
func (s *Syscall) KnownTo(libseccomp Version) bool {
	return !libseccomp.Less(s.Since) && (s.Last.IsZero() || !s.Last.Less(libseccomp))
}

// Multiplexed reports whether an ABI can make the call through socketcall(2) or ipc(2) too, so a condition on its
// arguments looks at the wrong registers.
func (s *Syscall) Multiplexed(abi string) bool {
	return (s.SocketCall != 0 || s.IPC != 0) && Multiplexes(abi)
}

// Multiplexes reports whether an ABI has socketcall(2) or ipc(2).
func Multiplexes(abi string) bool { return slices.Contains(multiplexingABIs[:], abi) }

// AllSyscalls iterates over all syscalls of the table by name, those that only old releases of libseccomp knew
// included.
func AllSyscalls() iter.Seq[*Syscall] {
	return func(yield func(*Syscall) bool) {
		for i := range syscallTable {
			if !yield(&syscallTable[i]) {
				return
			}
		}
	}
}

// Releases returns the releases of libseccomp, oldest first.
func Releases() []Version { return slices.Clone(libseccompReleases[:]) }

// NewestLibseccomp returns the release of libseccomp that the syscall table is made from.
func NewestLibseccomp() Version { return libseccompReleases[len(libseccompReleases)-1] }

// Multiplexed returns the syscalls that socketcall(2) or ipc(2) make too. The caller must not change the list.
func Multiplexed() []*Syscall { return multiplexed() }

var multiplexed = sync.OnceValue(func() (out []*Syscall) {
	for i := range syscallTable {
		if s := &syscallTable[i]; s.SocketCall != 0 || s.IPC != 0 {
			out = append(out, s)
		}
	}
	return out
})
