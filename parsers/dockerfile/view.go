package dockerfile

import (
	"bytes"
	"slices"
)

// ShellView returns the text that the shell form of a RUN, CMD, ENTRYPOINT or HEALTHCHECK CMD, or one of them in an
// ONBUILD, hands to the shell, in as many bytes as it takes up in the file: the byte at n of view stands at base+n in
// the file. For RUN, the bodies of here-documents follow, up to the last delimiter. It returns false for other
// instructions, for exec form, without arguments, and where the command is a here-document alone, for which there is
// HeredocScript.
//
// Where continuation lines are joined, a backslash stands directly before the line feed, whatever the escape character
// of the file and whatever blanks stood between; comment lines and empty lines that follow are spaces. Where a word
// goes on across the line end, all of that is pairs of backslash and line feed instead (with a CR between once, if the
// number of bytes is odd), which leave nothing behind in a shell. BuildKit joins the lines even between single quotes,
// where a shell would keep the pair: whoever reads a single-quoted word has to leave it out.
//
// The view shares the file's memory where it differs in nothing, so it must not be changed.
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

// join writes the places where lines are joined, in the first n bytes, in the form that a shell reads.
func (v *shellView) join(n int) {
	for pos := 0; ; {
		feed := bytes.IndexByte(v.src[pos:n], '\n')
		if feed < 0 {
			return
		}
		feed += pos
		escape := bytes.LastIndexByte(v.src[pos:feed], v.escape)
		if escape < 0 { // never so in what Parse makes
			return
		}
		escape += pos
		// What follows, up to the next line that holds something, belongs to the joint.
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

// glue fills the bytes from a to b with what a shell reads as nothing.
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
// with the interpreter that its first line names after "#!", else with the SHELL in force. The byte at n of view stands
// at base+n in the file. It returns false for everything else, and so where the command line has another word or a
// second here-document; then a shell reads it all, and ShellView has it.
//
// The view is the body as it stands in the file and shares its memory. Only where the leading tabs that <<- removes
// would hide the end of a here-document inside the script, line feeds (and, after a line that is continued, spaces)
// stand in their place.
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
