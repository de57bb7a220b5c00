package dockerfile

import (
	"bytes"
	"slices"
)

// ShellView returns the text that the shell form of a RUN, CMD, ENTRYPOINT or HEALTHCHECK CMD, or one of them in an
// ONBUILD, passes to the shell, in as many bytes as it has in the file: byte n of view is at base+n in the file. For
// RUN, the bodies of here-documents follow, up to the last delimiter. It returns false for other instructions, for exec
// form, without arguments, and when the command is only a here-document, for which there is HeredocScript.
//
// Where continuation lines are joined, view has a backslash directly before the line feed, whatever the escape
// character of the file and the blanks between them; the comment lines and empty lines after it are spaces. Where a
// word continues across the line end, all of these bytes are pairs of backslash and line feed instead (one with a CR in
// between if the number of bytes is odd), which a shell removes. BuildKit joins lines even between single quotes, where
// a shell would keep the pair, so the reader of a single-quoted word must remove it.
//
// The view shares the file's memory if it does not differ from the file, so it must not be changed.
func (i *Instruction) ShellView() (view []byte, base int, ok bool) {
	if i.Trigger != nil {
		return i.Trigger.ShellView()
	}
	if i.Name != "RUN" && i.Name != "CMD" && i.Name != "ENTRYPOINT" || i.Exec || i.Args.IsEmpty() {
		return nil, 0, false
	}
	if _, _, _, script := i.HeredocScript(); script {
		return nil, 0, false
	}
	base = i.Args.Start
	end := i.Args.End
	if len(i.Heredocs) > 0 {
		end = i.Span.End
	}
	v := shellView{src: i.file.Source.Bytes[base:end:end], escape: i.file.Escape}
	v.join(i.Args.Len())
	if n := bytes.IndexByte(v.src[i.Args.Len():], '\n'); n > 0 {
		for at := i.Args.Len() + n - 1; v.src[at] == '\r'; at-- {
			v.set(at, ' ')
		}
	}
	return v.bytes(), base, true
}

// shellView is a copy-on-write copy of src.
type shellView struct {
	src, out []byte
	escape   byte
}

func (v *shellView) bytes() []byte {
	if v.out != nil {
		return v.out
	}
	return v.src
}

func (v *shellView) set(at int, c byte) {
	if v.bytes()[at] == c {
		return
	}
	if v.out == nil {
		v.out = slices.Clone(v.src)
	}
	v.out[at] = c
}

// join rewrites the line joints in the first n bytes in the form that a shell reads.
func (v *shellView) join(n int) {
	for pos := 0; ; {
		feed := bytes.IndexByte(v.src[pos:n], '\n')
		if feed < 0 {
			return
		}
		feed += pos
		escape := bytes.LastIndexByte(v.src[pos:feed], v.escape)
		if escape < 0 { // never in the result of Parse
			return
		}
		escape += pos
		// What follows, up to the next line with text, belongs to the joint.
		next := feed + 1
		for next < n {
			end := bytes.IndexByte(v.src[next:n], '\n')
			if end < 0 {
				break
			}
			line := bytes.TrimSpace(v.src[next : next+end])
			if len(line) > 0 && line[0] != '#' {
				break
			}
			next += end + 1
		}
		if escape > 0 && !isBlank(v.src[escape-1]) && next < n && !isBlank(v.src[next]) {
			v.glue(escape, next)
		} else {
			for at := escape; at < feed-1; at++ {
				v.set(at, ' ')
			}
			v.set(feed-1, '\\')
			for at := feed + 1; at < next; at++ {
				v.set(at, ' ')
			}
		}
		pos = next
	}
}

// glue fills the bytes from a to b with text that a shell removes.
func (v *shellView) glue(a, b int) {
	if (b-a)%2 == 1 {
		v.set(a, '\\')
		v.set(a+1, '\r')
		v.set(a+2, '\n')
		a += 3
	}
	for ; a < b; a += 2 {
		v.set(a, '\\')
		v.set(a+1, '\n')
	}
}

// HeredocScript returns the here-document that is the whole script of a RUN, as in "RUN <<EOF": BuildKit runs its body
// with the interpreter that its first line names after "#!", or else with the SHELL in force. Byte n of view is at
// base+n in the file. It returns false for everything else, including a command line with another word or a second
// here-document; then a shell reads it all, and ShellView has it.
//
// The view is the body as it is in the file and shares its memory. Only where the leading tabs that <<- removes would
// hide the end of a here-document inside the script, line feeds (and, after a continued line, spaces) replace them.
func (i *Instruction) HeredocScript() (h *Heredoc, view []byte, base int, ok bool) {
	if i.Trigger != nil {
		return i.Trigger.HeredocScript()
	}
	if i.Name != "RUN" || i.Exec || len(i.Heredocs) != 1 || i.Heredocs[0].Operator != i.Args {
		return nil, nil, 0, false
	}
	h = &i.Heredocs[0]
	base = h.Body.Start
	v := shellView{src: i.file.Source.Bytes[base:h.Body.End:h.Body.End]}
	if h.Chomp && bytes.Contains(v.src, []byte("<<")) {
		fill := byte('\n')
		for pos := 0; pos < len(v.src); {
			for ; pos < len(v.src) && v.src[pos] == '\t'; pos++ {
				v.set(pos, fill)
			}
			feed := bytes.IndexByte(v.src[pos:], '\n')
			if feed < 0 {
				break
			}
			pos += feed + 1
			fill = '\n'
			if feed > 0 && v.src[pos-2] == '\\' {
				fill = ' '
			}
		}
	}
	return h, v.bytes(), base, true
}
