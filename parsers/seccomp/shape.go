package seccomp

import "slices"

// shapeKind returns the kind of a violation: that of the part of a rule where it is, or KindShape.
func (p *Profile) shapeKind(e violation) string {
	steps := e.steps
	switch {
	case len(steps) > 0 && steps[0] == "archMap":
		return KindSuperset
	case len(steps) > 0 && steps[0] == "defaultErrno":
		return KindErrnoText
	case len(steps) < 2 || steps[0] != "syscalls":
		return KindShape
	}
	at := append(slices.Clone(steps[2:]), "", "", "") // what follows the rule
	switch at[0] {
	case "errno":
		return KindErrnoText
	case "includes", "excludes":
		if at[1] == "minKernel" {
			return KindMinKernel
		}
		return KindSuperset
	case "name", "comment":
		return KindSuperset
	}
	switch e.keyword {
	case wrongType:
		switch {
		case len(steps) == 2 && e.given == "null":
			return KindNullRule
		case len(steps) == 4 && at[0] == "names" && e.given == "null":
			return KindEmptyName
		case len(steps) == 5 && at[0] == "args" && at[2] == "op":
			return KindOperator
		case len(steps) == 5 && at[0] == "args":
			return KindArgument
		}
	case missing:
		switch {
		case len(steps) == 4 && at[0] == "args" && e.property == "op":
			return KindOperator
		case len(steps) == 4 && at[0] == "args" && p.Dialect == SPO: // nobody takes it as 0
			return KindArgument
		case len(steps) == 4 && at[0] == "args":
			return KindNoArgument
		}
	case tooFew:
		if at[0] == "names" {
			return KindEmptyNames
		}
	case tooMany:
		if at[0] == "args" {
			return KindManyArguments
		}
	case tooShort:
		if at[0] == "names" {
			return KindEmptyName
		}
	case tooBig, tooSmall:
		if len(steps) == 5 && at[0] == "args" {
			return KindArgument
		}
	}
	return KindShape
}
