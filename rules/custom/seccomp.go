package custom

// seccompKinds are the kinds of node in seccomp profiles.
func seccompKinds() []*Kind { return nil }

// modelFunctions are the functions that ask the model.
func modelFunctions() []Function { return nil }
