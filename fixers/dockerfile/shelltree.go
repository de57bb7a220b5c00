package dockerfile

import (
	"reflect"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// shellTree returns the syntax tree of a script as text, without positions and comments, and false when it cannot be
// parsed. It is the tree of bash followed, where it differs, by that of the POSIX shell, since it is unknown which one
// runs.
func shellTree(script string) (string, bool) {
	bash, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return "", false
	}
	var b strings.Builder
	dump(&b, reflect.ValueOf(bash.Stmts))
	parser := syntax.NewParser(syntax.Variant(syntax.LangPOSIX))
	if posix, err := parser.Parse(strings.NewReader(script), ""); err == nil {
		b.WriteString(" posix ")
		dump(&b, reflect.ValueOf(posix.Stmts))
	}
	return b.String(), true
}

// dump writes a syntax tree. It visits every field by reflection, so none can be forgotten.
func dump(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			b.WriteByte('-')
			return
		}
		dump(b, v.Elem())
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			dump(b, v.Index(i))
		}
		b.WriteByte(']')
	case reflect.Struct:
		t := v.Type()
		b.WriteString(t.Name())
		b.WriteByte('{')
		for i := range v.NumField() {
			f := t.Field(i)
			switch {
			case !f.IsExported() || f.Type == reflect.TypeFor[[]syntax.Comment]() || f.Name == "Semicolon":
				continue
			case f.Type == reflect.TypeFor[syntax.Pos]():
				// Whether the word is there can matter: "for x in; do" is not "for x; do".
				b.WriteString(strconv.FormatBool(v.Field(i).Interface().(syntax.Pos).IsValid()))
			default:
				dump(b, v.Field(i))
			}
			b.WriteByte(' ')
		}
		b.WriteByte('}')
	case reflect.String:
		b.WriteString(strconv.Quote(v.String()))
	case reflect.Bool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		b.WriteString(strconv.FormatUint(v.Uint(), 10))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	default:
		b.WriteString(v.String())
	}
}
