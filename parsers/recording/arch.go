package recording

import (
	"strconv"
	"strings"
)

// auditArchs are the architectures as the kernel writes them into audit records, AUDIT_ARCH_… of linux/audit.h: the
// number of the machine in ELF, 0x80000000 for 64 bits and 0x40000000 for little-endian. Arch is how profiles name it;
// "" where they cannot.
var auditArchs = []struct {
	code       uint32
	name, arch string
}{
	{0x40000003, "i386", "SCMP_ARCH_X86"},
	{0xc000003e, "x86_64", "SCMP_ARCH_X86_64"},
	{0x40000028, "arm", "SCMP_ARCH_ARM"},
	{0x00000028, "armeb", ""},
	{0xc00000b7, "aarch64", "SCMP_ARCH_AARCH64"},
	{0xc0000102, "loongarch64", "SCMP_ARCH_LOONGARCH64"},
	{0x40000102, "loongarch32", ""},
	{0x00000004, "m68k", "SCMP_ARCH_M68K"},
	{0x00000008, "mips", "SCMP_ARCH_MIPS"},
	{0x40000008, "mipsel", "SCMP_ARCH_MIPSEL"},
	{0x80000008, "mips64", "SCMP_ARCH_MIPS64"},
	{0xc0000008, "mipsel64", "SCMP_ARCH_MIPSEL64"},
	{0xa0000008, "mips64n32", "SCMP_ARCH_MIPS64N32"},
	{0xe0000008, "mipsel64n32", "SCMP_ARCH_MIPSEL64N32"},
	{0x0000000f, "parisc", "SCMP_ARCH_PARISC"},
	{0x8000000f, "parisc64", "SCMP_ARCH_PARISC64"},
	{0x00000014, "ppc", "SCMP_ARCH_PPC"},
	{0x80000015, "ppc64", "SCMP_ARCH_PPC64"},
	{0xc0000015, "ppc64le", "SCMP_ARCH_PPC64LE"},
	{0xc00000f3, "riscv64", "SCMP_ARCH_RISCV64"},
	{0x400000f3, "riscv32", ""},
	{0x00000016, "s390", "SCMP_ARCH_S390"},
	{0x80000016, "s390x", "SCMP_ARCH_S390X"},
	{0x4000002a, "sh", "SCMP_ARCH_SH"},
	{0x0000002a, "sheb", "SCMP_ARCH_SHEB"},
	{0xc0009026, "alpha", ""},
	{0x00000002, "sparc", ""},
	{0x8000002b, "sparc64", ""},
	{0xc0000032, "ia64", ""},
}

// archNames are further names of architectures, as auditd's tools, uname and Go have them.
var archNames = map[string]string{
	"i486": "i386", "i586": "i386", "i686": "i386", "x86": "i386", "386": "i386",
	"amd64": "x86_64", "x86-64": "x86_64", "arm64": "aarch64", "armv5tejl": "arm", "armv5tel": "arm", "armv6l": "arm",
	"armv7l": "arm", "armv8l": "arm", "hppa": "parisc", "hppa64": "parisc64", "powerpc": "ppc", "powerpc64": "ppc64",
	"powerpc64le": "ppc64le",
}

// auditArch reads the value of the field arch: a number in hexadecimal, or a name as ausearch -i writes it. It returns
// the number, 0 for none, the name, and how profiles name it.
func auditArch(value string) (code uint32, name, arch string) {
	word := strings.ToLower(value)
	if other, ok := archNames[word]; ok {
		word = other
	}
	bare := strings.TrimPrefix(strings.TrimPrefix(word, "audit_arch_"), "scmp_arch_")
	if bare != word {
		if other, ok := archNames[bare]; ok {
			bare = other
		}
	}
	// ausearch -i writes unknown-elf-type(c0009026) or the like.
	if _, inside, ok := strings.Cut(word, "("); ok {
		word = strings.TrimSuffix(inside, ")")
	}
	number, err := strconv.ParseUint(strings.TrimPrefix(word, "0x"), 16, 32)
	for _, a := range auditArchs {
		if bare == a.name || err == nil && uint32(number) == a.code {
			return a.code, a.name, a.arch
		}
	}
	if err == nil {
		return uint32(number), "", ""
	}
	return 0, "", ""
}
