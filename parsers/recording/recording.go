// Package recording reads which syscalls programs made from what was recorded of a run: the output of strace (Strace),
// and the kernel's records about seccomp in audit logs, the journal or dmesg (Audit).
//
// Both readers take text of any size up to MaxSize in one pass and in bounded memory, whatever the text is. What cannot
// be read is counted, not guessed.
package recording

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const (
	// MaxSize is the size in bytes above which a recording is not read to its end.
	MaxSize = 1 << 30
	// maxLine is how many bytes of a line are looked at. What counts stands at its beginning.
	maxLine = 64 << 10
	// maxCalls bounds the distinct calls of a recording. No kernel has a tenth of them.
	maxCalls = 1 << 14
)

// ErrTooLarge is matched by the error for a recording above MaxSize.
var ErrTooLarge = errors.New("sandlint reads no recording above 1 GiB")

// Mode is how the process that makes a call runs, as far as strace says it.
type Mode int

const (
	// Native is the machine's own mode, which strace does not mention unless another one was there before.
	Native Mode = iota
	// Bits32 is the 32-bit mode of a 64-bit machine.
	Bits32
	// X32 is that of x32.
	X32
)

// Call is one distinct call of a recording.
type Call struct {
	// Name is the syscall; "" where only its number is known.
	Name string
	// Number is the number that the program passed to the kernel, where Name is "".
	Number int
	// Arch is the architecture of the call as profiles name it, such as SCMP_ARCH_X86_64; "" where the recording does
	// not say it.
	Arch string
	// Mode is that of the process, in a recording by strace.
	Mode Mode
	// Count is how often it was made, as far as the recording says it.
	Count int
	// Refused says that a filter did not let the kernel carry it out, at least once, in a recording by the kernel.
	Refused bool
	// Line is the line where it is first, counted from 1.
	Line int
}

// Recording is what was read.
type Recording struct {
	// Calls are the distinct calls, in order of the first of each.
	Calls []Call
	// Malformed is how many lines or records could not be read, of which the first is in line FirstMalformed.
	Malformed, FirstMalformed int
	// Other is how many records are about something else than seccomp, in an audit log.
	Other int

	index map[Call]int
}

// add records a call. Of one that is resumed, and so was counted when it began, nothing is counted.
func (r *Recording) add(c Call, count int) {
	key := Call{Name: c.Name, Number: c.Number, Arch: c.Arch, Mode: c.Mode}
	if r.index == nil {
		r.index = map[Call]int{}
	}
	i, ok := r.index[key]
	switch {
	case !ok && len(r.Calls) == maxCalls:
		r.malformed(c.Line)
		return
	case !ok:
		i = len(r.Calls)
		r.index[key] = i
		r.Calls = append(r.Calls, c)
	}
	r.Calls[i].Count += count
	r.Calls[i].Refused = r.Calls[i].Refused || c.Refused
}

func (r *Recording) malformed(line int) {
	if r.Malformed == 0 {
		r.FirstMalformed = line
	}
	r.Malformed++
}

// lines calls each with the lines of a text, without their ends, and says whether a line is cut off at maxLine.
func lines(in io.Reader, each func(n int, line []byte, cut bool)) error {
	limited := &io.LimitedReader{R: in, N: MaxSize + 1}
	r := bufio.NewReaderSize(limited, maxLine)
	for n := 1; ; n++ {
		line, err := r.ReadSlice('\n')
		cut := errors.Is(err, bufio.ErrBufferFull)
		if len(line) > 0 {
			text := bytes.TrimRight(line, "\r\n")
			if n == 1 {
				text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
			}
			each(n, text, cut)
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		switch {
		case limited.N <= 0:
			return ErrTooLarge
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
