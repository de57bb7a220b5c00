package rules

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Option is one option of a rule, as users see it. A rule declares its options as a struct with their defaults in
// Rule.Options, in which each field has two tags:
//
//	type registries struct {
//		Allowed []string `option:"allowed" doc:"the registries that images may come from"`
//	}
//
// Fields are of type bool, int, string or []string.
type Option struct {
	// Name is what the configuration calls it.
	Name string
	// Doc says in one phrase what it does.
	Doc string
	// Type is "bool", "whole number", "string" or "list of strings".
	Type string
	// Default is the value without configuration.
	Default any

	field int
}

// optionTypes are the types that an option may have, with their names for users.
var optionTypes = map[reflect.Type]string{
	reflect.TypeFor[bool](): "bool", reflect.TypeFor[int](): "whole number", reflect.TypeFor[string](): "string",
	reflect.TypeFor[[]string](): "list of strings",
}

// OptionList returns the options of a rule, in the order in which it declares them. It panics on a declaration that is
// not of the form that Option describes; the tests of every pack call it.
func (r *Rule) OptionList() []Option {
	if r.Options == nil {
		return nil
	}
	v := reflect.ValueOf(r.Options)
	if v.Kind() != reflect.Struct {
		panic(r.ID + ": Options is not a struct")
	}
	out := make([]Option, v.NumField())
	for n := range out {
		f := v.Type().Field(n)
		o := Option{
			Name:    f.Tag.Get("option"),
			Doc:     f.Tag.Get("doc"),
			Type:    optionTypes[f.Type],
			Default: v.Field(n).Interface(),
			field:   n,
		}
		if o.Name == "" || o.Doc == "" || o.Type == "" {
			panic(fmt.Sprintf("%s: option %s lacks a name or doc, or is of a type that options do not have", r.ID,
				f.Name))
		}
		out[n] = o
	}
	return out
}

// OptionError reports an option in a selection that its rule does not have, or a value that the option cannot have.
type OptionError struct {
	Rule   *Rule
	Option string
	Reason string
}

func (e *OptionError) Error() string {
	return fmt.Sprintf("option %q of rule %q: %s", e.Option, e.Rule.ID, e.Reason)
}

// configured returns the options of a rule with the given values. The error is an OptionError.
func (r *Rule) configured(values map[string]any) (any, error) {
	if len(values) == 0 {
		return r.Options, nil
	}
	list := r.OptionList()
	var out reflect.Value
	if r.Options != nil {
		out = reflect.New(reflect.TypeOf(r.Options)).Elem()
		out.Set(reflect.ValueOf(r.Options))
	}
	for _, name := range sortedKeys(values) {
		option, err := r.option(list, name)
		if err != nil {
			return nil, err
		}
		field := out.Field(option.field)
		value := reflect.ValueOf(values[name])
		if !value.IsValid() || value.Type() != field.Type() {
			return nil, &OptionError{r, name, "it must be a " + option.Type}
		}
		field.Set(value)
	}
	return out.Interface(), nil
}

// Option returns the rule's option with a name. The error is an OptionError.
func (r *Rule) Option(name string) (Option, error) { return r.option(r.OptionList(), name) }

func (r *Rule) option(list []Option, name string) (Option, error) {
	var names []string
	for _, o := range list {
		if o.Name == name {
			return o, nil
		}
		names = append(names, o.Name)
	}
	reason := "the rule has no options"
	if near := source.Nearest(name, names); near != "" {
		reason = fmt.Sprintf("there is none of that name; did you mean %q?", near)
	} else if len(names) > 0 {
		reason = "there is none of that name; the rule has " + strings.Join(names, ", ")
	}
	return Option{}, &OptionError{r, name, reason}
}

// OptionsOf returns the options of the rule at work, as the user configured them. T is the type of Rule.Options.
func OptionsOf[T any](p *Pass) T { return p.configured.options.(T) }
