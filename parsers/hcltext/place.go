package hcltext

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Place says what an offset in a text is in, where the text may be incomplete, as it is while somebody types.
type Place struct {
	// Blocks are the blocks around it, from the outermost.
	Blocks []Block
	// Header is the type of the block whose label is at the offset, "" elsewhere.
	Header string
	// Attribute is the name of the attribute whose value is there, "" elsewhere.
	Attribute string
	// Quoted says that it is in a string between quotes, and not in a template sequence of it.
	Quoted bool
	// Word is the offset at which begins what is typed: a string after its quote, or a name with its dots. It is the
	// offset itself where nothing is typed.
	Word int
}

// Block is a block around a place.
type Block struct {
	Type   string
	Labels []string
}

// Suggestion is something that can be written at a place.
type Suggestion struct {
	// Name is what is written, without quotes.
	Name string
	// Doc says in a phrase what it is.
	Doc string
	// Kind is one of those below.
	Kind SuggestionKind
}

// SuggestionKind is what a suggestion is to HCL.
type SuggestionKind int

const (
	// Attribute is one that is followed by an equals sign and a value, SubBlock one that is followed by braces.
	Attribute SuggestionKind = iota
	SubBlock
	// Word is a value that is written without quotes, String one with.
	Word
	String
	// Call is a function, Member what an object has.
	Call
	Member
)

// PathOf returns the types of the blocks of a place, as one text: "rule.fix.replace".
func (p *Place) PathOf() string {
	var types []string
	for _, b := range p.Blocks {
		types = append(types, b.Type)
	}
	return strings.Join(types, ".")
}

// Without returns a text with blanks in place of the line at an offset, so that what is typed there does not hide the
// rest from a parser.
func Without(text []byte, offset int) []byte {
	out := bytes.Clone(text)
	start := bytes.LastIndexByte(text[:offset], '\n') + 1
	for n := start; n < len(out) && out[n] != '\n'; n++ {
		out[n] = ' '
	}
	return out
}

// PlaceAt returns what an offset is in, and false for a text that HCL's parsers must not read and in comments.
func PlaceAt(text []byte, offset int) (Place, bool) {
	text = text[:offset]
	if _, why := Refuse(text); why != "" {
		return Place{}, false
	}
	tokens, _ := hclsyntax.LexConfig(text, "", hcl.InitialPos) // what cannot be read is a token, too
	l := placing{place: Place{Word: offset}}
	for _, t := range tokens {
		l.next(t)
	}
	if n := len(tokens) - 2; n >= 0 && tokens[n].Type == hclsyntax.TokenComment && tokens[n].Range.End.Byte == offset &&
		(offset == 0 || text[offset-1] != '\n') {
		return Place{}, false
	}
	return l.end(offset), true
}

// placing reads tokens up to a place.
type placing struct {
	place Place
	// names are the words of the line so far, outside of values.
	names  []string
	quoted bool // the last of names is a string that is not closed
	// open is what is open in the value.
	open []hclsyntax.TokenType
	from int // where the string that is open begins
	word int // where the name with its dots begins that the last tokens are, -1 for none
	last int // where that ends
}

func (l *placing) next(t hclsyntax.Token) {
	at, end := t.Range.Start.Byte, t.Range.End.Byte
	switch t.Type {
	case hclsyntax.TokenIdent, hclsyntax.TokenDot:
		if l.last != at || l.word < 0 {
			l.word = at
		}
		l.last = end
	case hclsyntax.TokenEOF:
	default:
		l.word = -1
	}
	if l.place.Attribute != "" {
		l.inValue(t)
		return
	}
	switch t.Type {
	case hclsyntax.TokenIdent:
		l.names = append(l.names, string(t.Bytes))
	case hclsyntax.TokenOQuote:
		l.quoted, l.from = true, end
		l.names = append(l.names, "")
	case hclsyntax.TokenQuotedLit:
		if n := len(l.names); n > 0 {
			l.names[n-1] += string(t.Bytes)
		}
	case hclsyntax.TokenCQuote:
		l.quoted = false
	case hclsyntax.TokenEqual:
		if len(l.names) == 1 {
			l.place.Attribute, l.open = l.names[0], nil
		}
		l.names = nil
	case hclsyntax.TokenOBrace:
		var b Block
		if len(l.names) > 0 {
			b.Type, b.Labels = l.names[0], l.names[1:]
		}
		l.place.Blocks = append(l.place.Blocks, b)
		l.names = nil
	case hclsyntax.TokenCBrace:
		if n := len(l.place.Blocks); n > 0 {
			l.place.Blocks = l.place.Blocks[:n-1]
		}
		l.names = nil
	case hclsyntax.TokenNewline, hclsyntax.TokenComment:
		l.names, l.quoted = nil, false
	}
}

// inValue reads a token of a value.
func (l *placing) inValue(t hclsyntax.Token) {
	switch t.Type {
	case hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
		l.open = append(l.open, t.Type)
		l.from = t.Range.End.Byte
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen,
		hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		l.open = append(l.open, t.Type)
	case hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc, hclsyntax.TokenCBrack, hclsyntax.TokenCParen,
		hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCBrace:
		if n := len(l.open); n > 0 {
			l.open = l.open[:n-1]
			l.from = t.Range.End.Byte
		} else if t.Type == hclsyntax.TokenCBrace { // of a block on one line
			l.place.Attribute = ""
			l.next(t)
		}
	case hclsyntax.TokenNewline, hclsyntax.TokenComment:
		if len(l.open) == 0 {
			l.place.Attribute = ""
		}
	}
}

// end returns the place.
func (l *placing) end(offset int) Place {
	p := l.place
	switch {
	case p.Attribute != "" && len(l.open) > 0 && l.open[len(l.open)-1] == hclsyntax.TokenOQuote:
		p.Quoted, p.Word = true, l.from
	case p.Attribute == "" && l.quoted:
		p.Quoted, p.Word = true, l.from
	case l.word >= 0 && l.last == offset:
		p.Word = l.word
	}
	if p.Attribute == "" && len(l.names) > 1 {
		p.Header = l.names[0]
	}
	return p
}
