package source

// Value is a string that a program takes from a configuration file or command line: a YAML scalar, an HCL or JSON
// string, an argument of a command. The zero Value stands for a value that is not written.
type Value struct {
	// Text is what the program sees. It is "" where Known is false.
	Text string
	// Known says that the file alone determines Text. It is false for an expression whose value is known only at run
	// time.
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
