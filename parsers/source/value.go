package source

// Value is a text that a program takes from a file of its own configuration language: a scalar of YAML, a string of HCL or JSON, an
// argument of a command. The zero Value stands for one that is not written.
type Value struct {
	// Text is what the program sees. It is "" where Known is false.
	Text string
	// Known says that Text is what the file alone gives. It is false for an expression that only a run can tell.
	Known bool
	// Overridable says that Text is the default of a variable, which the user's environment may replace.
	Overridable bool
	// Span is the text as written, without quotes around it; the whole expression where Text is computed.
	Span Span
}

// IsSet reports whether v is written in the file, known or not.
func (v Value) IsSet() bool { return v.Known || v.Span.End > 0 }

// Is reports whether v is known to be text.
func (v Value) Is(text string) bool { return v.Known && v.Text == text }
