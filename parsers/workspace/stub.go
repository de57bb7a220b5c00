package workspace

// Workspace is stub.
type Workspace struct{ Targets Targets }

// KnownImage stub.
type KnownImage struct{}

// NixUse stub.
type NixUse struct{}

// Skipped is a file that was not looked at, with the reason.
type Skipped struct{ Path, Reason string }

// FileError is a file that could not be read.
type FileError struct {
	Path string
	Err  error
}
