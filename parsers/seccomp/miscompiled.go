package seccomp

// Miscompiled is a pair of cases that libseccomp 2.5.4 to 2.6.1 is known to turn into a wrong filter.
type Miscompiled struct {
	// First and Second are indexes in Decision.Cases.
	First, Second int
	// Call are registers for which the filter may do something else than the rules say.
	Call [6]uint64
	// Reason says what goes wrong.
	Reason string
}

// Miscompiled returns the pairs.
func (d *Decision) Miscompiled() []Miscompiled { return nil }
