package custom

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	"golang.org/x/mod/semver"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules/internal/images"
)

// Function is a function that expressions may call.
type Function struct {
	Name string
	// Usage is how it is called: "glob(text, pattern)".
	Usage string
	// Doc says in one sentence what it returns.
	Doc string
	// Example is an expression without nodes, and Gives its value, both as HCL.
	Example, Gives string

	function function.Function
}

// Functions returns all functions, in the order of the reference page.
var Functions = sync.OnceValue(func() []Function {
	return []Function{
		{"startswith", "startswith(text, prefix)", "Whether text begins with prefix.",
			`startswith("nixos/nix", "nixos/")`, `true`, predicate(strings.HasPrefix)},
		{"endswith", "endswith(text, suffix)", "Whether text ends in suffix.",
			`endswith("run.sh", ".sh")`, `true`, predicate(strings.HasSuffix)},
		{"strcontains", "strcontains(text, part)", "Whether part is in text.",
			`strcontains("a,b", ",")`, `true`, predicate(strings.Contains)},
		{"matches", "matches(text, pattern)",
			"Whether the regular expression pattern (RE2) matches somewhere in text.",
			`matches("node:22", "^node:[0-9]+$")`, `true`, matchesFunction},
		{"glob", "glob(text, pattern)", "Whether pattern, with *, **, ?, [a-z] and {a,b} between slashes, matches " +
			"all of text.", `glob("images.example.com/base/go", "images.example.com/**")`, `true`, globFunction},
		{"regex", "regex(pattern, text)", "The first match of pattern: a text, or a list or object of its groups. It " +
			"fails without a match: see can and try.", `regex("[0-9]+", "node22")`, `"22"`, stdlib.RegexFunc},
		{"regexall", "regexall(pattern, text)", "All matches of pattern, as a list.",
			`regexall("[0-9]", "a1b2")`, `["1", "2"]`, stdlib.RegexAllFunc},
		{"replace", "replace(text, old, new)", "Text with every old replaced by new.",
			`replace("a.b", ".", "-")`, `"a-b"`, replaceFunction},
		{"regexreplace", "regexreplace(text, pattern, new)", "Text with every match of pattern replaced by new, in " +
			"which $1 is the first group.", `regexreplace("v1.2", "^v", "")`, `"1.2"`, regexReplaceFunction},
		{"split", "split(separator, text)", "The parts of text between separators.",
			`split(",", "a,b")`, `["a", "b"]`, stdlib.SplitFunc},
		{"join", "join(separator, list)", "The texts of list with separator between them.",
			`join(" or ", ["a", "b"])`, `"a or b"`, joinFunction},
		{"trimprefix", "trimprefix(text, prefix)", "Text without prefix.",
			`trimprefix("v1", "v")`, `"1"`, stdlib.TrimPrefixFunc},
		{"trimsuffix", "trimsuffix(text, suffix)", "Text without suffix.",
			`trimsuffix("a.sh", ".sh")`, `"a"`, stdlib.TrimSuffixFunc},
		{"trimspace", "trimspace(text)", "Text without spaces and line ends around it.",
			`trimspace(" a ")`, `"a"`, stdlib.TrimSpaceFunc},
		{"lower", "lower(text)", "Text in lower case.", `lower("DEBIAN")`, `"debian"`, stdlib.LowerFunc},
		{"upper", "upper(text)", "Text in upper case.", `upper("run")`, `"RUN"`, stdlib.UpperFunc},
		{"format", "format(format, values...)", "A text made as by printf: %s, %d, %q, %v.",
			`format("%s:%d", "node", 22)`, `"node:22"`, formatFunction},
		{"jsonencode", "jsonencode(value)", "Value as JSON.", `jsonencode("a")`, `"\"a\""`, stdlib.JSONEncodeFunc},
		{"jsondecode", "jsondecode(text)", "The value that text has as JSON.", `jsondecode("[1]")`, `[1]`,
			jsonDecodeFunction},
		{"tonumber", "tonumber(value)", "Value as a number. It fails where it is not a number: see can and try.",
			`tonumber("22")`, `22`, conversion(cty.Number)},
		{"tostring", "tostring(value)", "Value as a text.", `tostring(22)`, `"22"`, conversion(cty.String)},

		{"length", "length(value)", "The number of elements of a list, map or object, or of characters of a text.",
			`length(["a", "b"])`, `2`, lengthFunction},
		{"contains", "contains(list, value)", "Whether value is an element of list.",
			`contains(["a", "b"], "b")`, `true`, stdlib.ContainsFunc},
		{"anytrue", "anytrue(list)", "Whether an element of list is true.",
			`anytrue([for n in [1, 5] : n > 3])`, `true`, quantifier(true)},
		{"alltrue", "alltrue(list)", "Whether all elements of list are true; so they are in an empty list.",
			`alltrue([for n in [1, 5] : n > 3])`, `false`, quantifier(false)},
		{"one", "one(list)", "The only element of list, null for an empty list. It fails for a longer one.",
			`one(["a"])`, `"a"`, oneFunction},
		{"sum", "sum(list)", "The sum of the numbers in list.", `sum([1, 2])`, `3`, sumFunction},
		{"min", "min(numbers...)", "The smallest number.", `min(2, 1)`, `1`, stdlib.MinFunc},
		{"max", "max(numbers...)", "The largest number.", `max(2, 1)`, `2`, stdlib.MaxFunc},
		{"concat", "concat(lists...)", "The lists one after the other.",
			`concat(["a"], ["b"])`, `["a", "b"]`, stdlib.ConcatFunc},
		{"flatten", "flatten(list)", "List with the elements of its lists in place of these.",
			`flatten([["a"], ["b"]])`, `["a", "b"]`, stdlib.FlattenFunc},
		{"distinct", "distinct(list)", "List without repetitions.", `distinct(["a", "a"])`, `["a"]`, distinctFunction},
		{"sort", "sort(list)", "The texts of list, sorted.", `sort(["b", "a"])`, `["a", "b"]`, stdlib.SortFunc},
		{"reverse", "reverse(list)", "List from back to front.", `reverse(["a", "b"])`, `["b", "a"]`,
			stdlib.ReverseListFunc},
		{"slice", "slice(list, from, to)", "The elements of list from index from to the one before to.",
			`slice(["a", "b", "c"], 1, 3)`, `["b", "c"]`, stdlib.SliceFunc},
		{"index", "index(list, value)", "The index of the first element that is value. It fails where there is none.",
			`index(["a", "b"], "b")`, `1`, indexFunction},
		{"keys", "keys(map)", "The keys of a map or object, sorted.", `keys({ b = 1, a = 2 })`, `["a", "b"]`,
			stdlib.KeysFunc},
		{"values", "values(map)", "The values of a map or object, in the order of the keys.",
			`values({ b = 1, a = 2 })`, `[2, 1]`, stdlib.ValuesFunc},
		{"lookup", "lookup(map, key, default)", "The value of a key, default where there is none.",
			`lookup({ a = "1" }, "b", "")`, `""`, lookupFunction},
		{"setintersection", "setintersection(lists...)", "What is in all lists.",
			`setintersection(["a", "b"], ["b"])`, `["b"]`, stdlib.SetIntersectionFunc},
		{"setunion", "setunion(lists...)", "What is in any list.",
			`setunion(["a"], ["b"])`, `["a", "b"]`, stdlib.SetUnionFunc},
		{"setsubtract", "setsubtract(list, other)", "What is in list and not in other.",
			`setsubtract(["a", "b"], ["b"])`, `["a"]`, stdlib.SetSubtractFunc},

		{"can", "can(expression)", "Whether expression can be evaluated.", `can(regex("x", "a"))`, `false`,
			tryfunc.CanFunc},
		{"try", "try(expressions...)", "The value of the first expression that can be evaluated.",
			`try(tonumber("x"), 0)`, `0`, tryfunc.TryFunc},
		{"known", "known(value)", "Whether value is known. What the files do not determine is not, and a rule whose " +
			"condition depends on it is silent.", `known("a")`, `true`, knownFunction},

		{"image", "image(reference)", "The parts of the reference of an image: registry, repository, name (as people " +
			"write it), tag and digest, \"\" where there is none.", `image("node:22").repository`, `"library/node"`,
			imageFunction},
		{"semver", "semver(version, operator, other)", "Whether a version is <, <=, ==, !=, >= or > another one. " +
			"They may begin with \"v\" and lack numbers: 1.2 is 1.2.0. What is not a version fails: see can and try.",
			`semver("22.1", ">=", "22")`, `true`, semverFunction},
		{"near", "near(name, list)", "The element of list that a person most likely meant by name, \"\" when none is " +
			"near.", `near("debain", ["debian", "ubuntu"])`, `"debian"`, nearFunction},
	}
})

// table returns the functions by name.
var table = sync.OnceValue(func() map[string]function.Function {
	out := map[string]function.Function{}
	for _, f := range append(Functions(), modelFunctions()...) {
		out[f.Name] = f.function
	}
	return out
})

func text(name string) function.Parameter { return function.Parameter{Name: name, Type: cty.String} }

func predicate(f func(s, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{text("text"), text("part")},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(f(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// patterns are the regular expressions that were compiled, and globs the patterns that are right. Both come from packs,
// whose size is bounded.
var patterns sync.Map

func compiled(pattern string) (*regexp.Regexp, error) {
	if re, ok := patterns.Load(pattern); ok {
		return re.(*regexp.Regexp), nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("%q is not a regular expression: %s", pattern,
			strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if len(pattern) < 1000 {
		patterns.Store(pattern, re)
	}
	return re, nil
}

// checked returns a type function that looks at a constant argument when the pack is loaded.
func checked(n int, check func(string) error, result cty.Type) function.TypeFunc {
	return func(args []cty.Value) (cty.Type, error) {
		if v := args[n]; v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
			if err := check(v.AsString()); err != nil {
				return cty.NilType, function.NewArgError(n, err)
			}
		}
		return result, nil
	}
}

func isPattern(s string) error {
	_, err := compiled(s)
	return err
}

var matchesFunction = function.New(&function.Spec{
	Params: []function.Parameter{text("text"), text("pattern")},
	Type:   checked(1, isPattern, cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		re, err := compiled(args[1].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgError(1, err)
		}
		return cty.BoolVal(re.MatchString(args[0].AsString())), nil
	},
})

// maxGlob is the length of a pattern: a match takes time that grows with the pattern and the text.
const maxGlob = 1000

func isGlob(s string) error {
	switch {
	case len(s) > maxGlob || strings.Count(s, "{") > 8 || strings.Count(s, "*") > 32:
		return fmt.Errorf("the pattern %.20q… is too long", s)
	case !doublestar.ValidatePattern(s):
		return fmt.Errorf("%q is not a pattern", s)
	}
	return nil
}

var globFunction = function.New(&function.Spec{
	Params: []function.Parameter{text("text"), text("pattern")},
	Type:   checked(1, isGlob, cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if err := isGlob(args[1].AsString()); err != nil {
			return cty.NilVal, function.NewArgError(1, err)
		}
		name := args[0].AsString()
		return cty.BoolVal(len(name) <= 4096 && doublestar.MatchUnvalidated(args[1].AsString(), name)), nil
	},
})

// errLong is the error of a function that would make too long a text.
var errLong = fmt.Errorf("the result has more than %d KiB", maxText>>10)

var replaceFunction = function.New(&function.Spec{
	Params: []function.Parameter{text("text"), text("old"), text("new")},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		s, old, with := args[0].AsString(), args[1].AsString(), args[2].AsString()
		if len(s)+strings.Count(s, old)*len(with) > maxText {
			return cty.NilVal, errLong
		}
		return cty.StringVal(strings.ReplaceAll(s, old, with)), nil
	},
})

var regexReplaceFunction = function.New(&function.Spec{
	Params: []function.Parameter{text("text"), text("pattern"), text("new")},
	Type:   checked(1, isPattern, cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		re, err := compiled(args[1].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgError(1, err)
		}
		s, with := args[0].AsString(), args[2].AsString()
		// Each group in the new text may be as long as what was matched.
		n := len(re.FindAllStringIndex(s, -1))
		if len(s)*(1+strings.Count(with, "$"))+n*len(with) > maxText {
			return cty.NilVal, errLong
		}
		return cty.StringVal(re.ReplaceAllString(s, with)), nil
	},
})

var joinFunction = function.New(&function.Spec{
	Params: []function.Parameter{text("separator"), {Name: "list", Type: cty.List(cty.String)}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		separator, size := args[0].AsString(), 0
		var parts []string
		for it := args[1].ElementIterator(); it.Next(); {
			_, v := it.Element()
			if !v.IsKnown() {
				return cty.UnknownVal(cty.String), nil
			}
			if v.IsNull() {
				return cty.NilVal, function.NewArgErrorf(1, "an element is null")
			}
			parts = append(parts, v.AsString())
			if size += len(separator) + len(v.AsString()); size > maxText {
				return cty.NilVal, errLong
			}
		}
		return cty.StringVal(strings.Join(parts, separator)), nil
	},
})

// wide matches a width or precision in a format, which may ask for any number of blanks.
var wide = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%[^a-zA-Z%]*([0-9]{4,}|\*)`) })

var formatFunction = function.New(&function.Spec{
	Params:   []function.Parameter{text("format")},
	VarParam: &function.Parameter{Name: "values", Type: cty.DynamicPseudoType, AllowNull: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		if args[0].IsKnown() && wide().MatchString(args[0].AsString()) {
			return cty.NilType, function.NewArgErrorf(0, "a width in it is too large, or not written out")
		}
		return cty.String, nil
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return stdlib.FormatFunc.Call(args) },
})

// maxNesting is how deep JSON that is decoded may be nested; the decoder recurses.
const maxNesting = 100

var jsonDecodeFunction = function.New(&function.Spec{
	Params: []function.Parameter{text("text")},
	Type: func(args []cty.Value) (cty.Type, error) {
		if !args[0].IsKnown() {
			return cty.DynamicPseudoType, nil
		}
		depth := 0
		for _, b := range []byte(args[0].AsString()) {
			switch b {
			case '[', '{':
				depth++
			case ']', '}':
				depth--
			}
			if depth > maxNesting {
				return cty.NilType, function.NewArgErrorf(0, "it is nested too deeply")
			}
		}
		return stdlib.JSONDecodeFunc.ReturnTypeForValues(args)
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return stdlib.JSONDecodeFunc.Call(args) },
})

func conversion(to cty.Type) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(to),
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return convert.Convert(args[0], to) },
	})
}

var lengthFunction = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true}},
	Type: func(args []cty.Value) (cty.Type, error) {
		switch t := args[0].Type(); {
		case t == cty.DynamicPseudoType, t == cty.String, t.IsCollectionType(), t.IsTupleType(), t.IsObjectType():
			return cty.Number, nil
		}
		return cty.NilType, function.NewArgErrorf(0, "a list, a map, an object or a text is needed")
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch t := args[0].Type(); {
		case t.IsTupleType(), t.IsObjectType():
			return cty.NumberIntVal(int64(args[0].LengthInt())), nil
		case !args[0].IsKnown():
			return cty.UnknownVal(cty.Number), nil
		case t == cty.String:
			return stdlib.Strlen(args[0])
		}
		return args[0].Length(), nil
	},
})

func elements(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.DynamicPseudoType, AllowUnknown: true}
}

// isList reports whether a value has elements in an order, or is not known.
func isList(args []cty.Value) error {
	t := args[0].Type()
	if t == cty.DynamicPseudoType || t.IsListType() || t.IsSetType() || t.IsTupleType() {
		return nil
	}
	return function.NewArgErrorf(0, "a list is needed")
}

// quantifier is anytrue, whose value is decided by one true element, and alltrue, by one that is false.
func quantifier(decides bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{elements("list")},
		Type:   func(args []cty.Value) (cty.Type, error) { return cty.Bool, isList(args) },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].IsKnown() {
				return cty.UnknownVal(cty.Bool), nil
			}
			sure := true
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				v, err := convert.Convert(v, cty.Bool)
				switch {
				case err != nil:
					return cty.NilVal, function.NewArgErrorf(0, "an element is not true or false")
				case !v.IsKnown():
					sure = false
				case v.IsNull():
					return cty.NilVal, function.NewArgErrorf(0, "an element is null")
				case v.True() == decides:
					return cty.BoolVal(decides), nil
				}
			}
			if !sure {
				return cty.UnknownVal(cty.Bool), nil
			}
			return cty.BoolVal(!decides), nil
		},
	})
}

// lookupFunction is that of cty for maps of which some values are not known.
var lookupFunction = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "map", Type: cty.DynamicPseudoType, AllowUnknown: true}, text("key"),
		{Name: "default", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowNull: true},
	},
	Type: func(args []cty.Value) (cty.Type, error) {
		switch t := args[0].Type(); {
		case t.IsMapType():
			return t.ElementType(), nil
		case t == cty.DynamicPseudoType, t.IsObjectType():
			return cty.DynamicPseudoType, nil
		}
		return cty.NilType, function.NewArgErrorf(0, "a map or an object is needed")
	},
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		m, key := args[0], args[1].AsString()
		switch {
		case !m.IsKnown():
			return cty.UnknownVal(t), nil
		case m.Type().IsObjectType() && m.Type().HasAttribute(key):
			return m.GetAttr(key), nil
		case m.Type().IsMapType() && m.HasIndex(args[1]).True():
			return m.Index(args[1]), nil
		}
		return convert.Convert(args[2], t)
	},
})

var oneFunction = function.New(&function.Spec{
	Params: []function.Parameter{elements("list")},
	Type:   func(args []cty.Value) (cty.Type, error) { return cty.DynamicPseudoType, isList(args) },
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if !args[0].IsKnown() {
			return cty.DynamicVal, nil
		}
		switch args[0].LengthInt() {
		case 0:
			return cty.NullVal(cty.DynamicPseudoType), nil
		case 1:
			it := args[0].ElementIterator()
			it.Next()
			_, v := it.Element()
			return v, nil
		}
		return cty.NilVal, function.NewArgErrorf(0, "it has more than one element")
	},
})

var sumFunction = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Number)}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		sum := cty.Zero
		for it := args[0].ElementIterator(); it.Next(); {
			_, v := it.Element()
			if v.IsNull() {
				return cty.NilVal, function.NewArgErrorf(0, "an element is null")
			}
			sum = sum.Add(v)
		}
		return sum, nil
	},
})

// distinctFunction is that of cty in time that grows with the list, not with its square.
var distinctFunction = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.List(cty.DynamicPseudoType)}},
	Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() {
			return cty.UnknownVal(t), nil
		}
		seen := cty.NewValueSet(t.ElementType())
		var out []cty.Value
		for it := args[0].ElementIterator(); it.Next(); {
			if _, v := it.Element(); !seen.Has(v) {
				seen.Add(v)
				out = append(out, v)
			}
		}
		if len(out) == 0 {
			return cty.ListValEmpty(t.ElementType()), nil
		}
		return cty.ListVal(out), nil
	},
})

var indexFunction = function.New(&function.Spec{
	Params: []function.Parameter{
		elements("list"), {Name: "value", Type: cty.DynamicPseudoType},
	},
	Type: func(args []cty.Value) (cty.Type, error) { return cty.Number, isList(args) },
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if !args[0].IsKnown() {
			return cty.UnknownVal(cty.Number), nil
		}
		n := int64(0)
		for it := args[0].ElementIterator(); it.Next(); n++ {
			_, v := it.Element()
			switch same := v.Equals(args[1]); {
			case !same.IsKnown():
				return cty.UnknownVal(cty.Number), nil
			case same.True():
				return cty.NumberIntVal(n), nil
			}
		}
		return cty.NilVal, errors.New("the value is not in the list")
	},
})

var knownFunction = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true,
		AllowDynamicType: true, AllowNull: true}},
	Type: function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		return cty.BoolVal(args[0].IsWhollyKnown()), nil
	},
})

var imageType = cty.Object(map[string]cty.Type{
	"registry": cty.String, "repository": cty.String, "name": cty.String, "tag": cty.String, "digest": cty.String,
})

var imageFunction = function.New(&function.Spec{
	Params: []function.Parameter{text("reference")},
	Type:   function.StaticReturnType(imageType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		return imageParts(args[0].AsString()), nil
	},
})

func imageParts(reference string) cty.Value {
	r := images.Parse(reference)
	registry := r.Registry()
	return cty.ObjectVal(map[string]cty.Value{
		"registry":   cty.StringVal(registry),
		"repository": cty.StringVal(strings.TrimPrefix(r.Full(), registry+"/")),
		"name":       cty.StringVal(r.Name),
		"tag":        cty.StringVal(r.Tag),
		"digest":     cty.StringVal(r.Digest),
	})
}

var comparisons = []string{"<", "<=", "==", "!=", ">=", ">"}

var semverFunction = function.New(&function.Spec{
	Params: []function.Parameter{text("version"), text("operator"), text("other")},
	Type: checked(1, func(s string) error {
		if !slices.Contains(comparisons, s) {
			return fmt.Errorf("%q is not one of %s", s, strings.Join(comparisons, ", "))
		}
		return nil
	}, cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		var versions [2]string
		for n, arg := range []cty.Value{args[0], args[2]} {
			v, err := version(arg.AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(2*n, err)
			}
			versions[n] = v
		}
		if !slices.Contains(comparisons, args[1].AsString()) {
			return cty.NilVal, function.NewArgErrorf(1, "%q is not one of %s", args[1].AsString(),
				strings.Join(comparisons, ", "))
		}
		return cty.BoolVal(compares(semver.Compare(versions[0], versions[1]), args[1].AsString())), nil
	},
})

// compares reports whether an order, as of semver.Compare, agrees with an operator.
func compares(order int, operator string) bool {
	switch operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case "!=":
		return order != 0
	case ">=":
		return order >= 0
	case ">":
		return order > 0
	}
	return order == 0
}

// version returns a version as semver wants it. Numbers may have zeros in front, as those of Ubuntu's releases do.
func version(s string) (string, error) {
	numbers, rest := strings.TrimPrefix(s, "v"), ""
	if n := strings.IndexAny(numbers, "-+"); n >= 0 {
		numbers, rest = numbers[:n], numbers[n:]
	}
	parts := strings.Split(numbers, ".")
	for n, part := range parts {
		i, ok := new(big.Int).SetString(part, 10)
		if !ok || len(parts) > 3 || len(part) > 20 || i.Sign() < 0 {
			return "", fmt.Errorf("%q is not a version", s)
		}
		parts[n] = i.String()
	}
	for len(parts) < 3 {
		parts = append(parts, "0")
	}
	v := "v" + strings.Join(parts, ".") + rest
	if !semver.IsValid(v) {
		return "", fmt.Errorf("%q is not a version", s)
	}
	return v, nil
}

var nearFunction = function.New(&function.Spec{
	Params: []function.Parameter{text("name"), {Name: "list", Type: cty.List(cty.String)}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		var list []string
		for it := args[1].ElementIterator(); it.Next(); {
			_, v := it.Element()
			if !v.IsKnown() {
				return cty.UnknownVal(cty.String), nil
			}
			if !v.IsNull() {
				list = append(list, v.AsString())
			}
		}
		slices.Sort(list)
		return cty.StringVal(source.Nearest(args[0].AsString(), list)), nil
	},
})

// number is a whole number as a value.
func number(n int) cty.Value { return cty.NumberIntVal(int64(n)) }

// quoted is a name for messages.
func quoted(s string) string { return strconv.Quote(s) }
