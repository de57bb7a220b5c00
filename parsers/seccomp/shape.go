package seccomp

import (
	"strings"

	"github.com/xeipuuv/gojsonschema"
)

// shapeKind returns the kind of an error of gojsonschema: that of the part of a rule where it is, or KindShape.
func (p *Profile) shapeKind(e gojsonschema.ResultError) string {
	steps := strings.Split(e.Context().String("\x00"), "\x00")[1:]
	switch {
	case len(steps) > 0 && steps[0] == "archMap":
		return KindSuperset
	case len(steps) > 0 && steps[0] == "defaultErrno":
		return KindErrnoText
	case len(steps) < 2 || steps[0] != "syscalls":
		return KindShape
	}
	property, _ := e.Details()["property"].(string)
	given, _ := e.Details()["given"].(string)
	at := append(steps[2:], "", "", "") // what follows the rule
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
	switch e.Type() {
	case "invalid_type":
		switch {
		case len(steps) == 2 && given == "null":
			return KindNullRule
		case len(steps) == 4 && at[0] == "names" && given == "null":
			return KindEmptyName
		case len(steps) == 5 && at[0] == "args" && at[2] == "op":
			return KindOperator
		case len(steps) == 5 && at[0] == "args":
			return KindArgument
		}
	case "required":
		switch {
		case len(steps) == 4 && at[0] == "args" && property == "op":
			return KindOperator
		case len(steps) == 4 && at[0] == "args" && p.Dialect == SPO: // nobody takes it as 0
			return KindArgument
		case len(steps) == 4 && at[0] == "args":
			return KindNoArgument
		}
	case "array_min_items":
		if at[0] == "names" {
			return KindEmptyNames
		}
	case "array_max_items":
		if at[0] == "args" {
			return KindManyArguments
		}
	case "string_gte":
		if at[0] == "names" {
			return KindEmptyName
		}
	case "number_lte", "number_gte":
		if len(steps) == 5 && at[0] == "args" {
			return KindArgument
		}
	}
	return KindShape
}
