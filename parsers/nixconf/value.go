package nixconf

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// ValueErrorKind names what is wrong with a value.
type ValueErrorKind string

const (
	// BadBool is a boolean that is none of true, yes, 1, false, no and 0.
	BadBool ValueErrorKind = "bad-bool"
	// BadEnum is a value that is not among Facts.Enum.
	BadEnum ValueErrorKind = "bad-enum"
	// BadInt is a value that is not an integer, or does not fit.
	BadInt ValueErrorKind = "bad-int"
	// BadSuffix is an integer with a K, M, G or T that the release does not accept.
	BadSuffix ValueErrorKind = "int-suffix"
	// IntOverflow is an integer with a suffix that does not fit and wraps around. It is not fatal.
	IntOverflow ValueErrorKind = "int-overflow"
	// BadJobs is a value of max-jobs that is neither an integer nor auto.
	BadJobs ValueErrorKind = "bad-jobs"
	// RelativePath is a path that should be absolute. It is the only kind that is fatal with --option too.
	RelativePath ValueErrorKind = "relative-path"
	// EmptyPath is an empty value where a path is required.
	EmptyPath ValueErrorKind = "empty-path"
	// BadStoreURL is a word that is not a store URL.
	BadStoreURL ValueErrorKind = "bad-store-url"
	// DroppedParameter is a parameter of a store URL without '='. It is not fatal.
	DroppedParameter ValueErrorKind = "dropped-parameter"
	// BadJSON is a value that is not JSON, or does not have the form that the setting takes.
	BadJSON ValueErrorKind = "bad-json"
	// UnknownFeature is a word that is not a feature of the release. It is not fatal, and the other words still apply.
	UnknownFeature ValueErrorKind = "unknown-feature"
	// DroppedEntry is a word of a map without '='. It is not fatal.
	DroppedEntry ValueErrorKind = "dropped-entry"
)

// ValueError is what is wrong with the value of a setting.
type ValueError struct {
	// Kind is what is wrong, and Message says it in a sentence.
	Kind    ValueErrorKind
	Message string
	// Fatal says that every Nix command fails if a file holds the value. With --option it is only a warning, except for
	// RelativePath.
	Fatal bool
	// Fixed is the value as its author meant it, where it has exactly one possible meaning, if HasFix.
	Fixed  string
	HasFix bool
	// Near is the word that a misspelt value was probably meant to be, of those that the setting takes, or "".
	Near string
	// Word is the index of the word at fault among those given, or -1 for the whole value.
	Word int
}

// CheckValue returns what release v of d finds wrong with the value of the setting that f describes, or nil. It returns
// the first error that is fatal, or else the first that is not. The value is Entry.Value and words are Entry.Words;
// where words is nil, they are the words of value.
func CheckValue(f Facts, v Version, d Distribution, value string, words []Word) *ValueError {
	if words == nil && value != "" {
		words = splitWords(value)
	}
	switch f.Kind {
	case KindBool:
		return checkBool(f, value)
	case KindEnum:
		return checkEnum(f, value)
	case KindInt:
		return checkInt(f, value)
	case KindJobs:
		return checkJobs(f, value)
	case KindPath:
		return checkPath(f, value)
	case KindList:
		if f.Paths && !f.RelativeToFile {
			for i, w := range words {
				if !path.IsAbs(w.Text) {
					return &ValueError{Kind: RelativePath, Fatal: true, Word: i,
						Message: fmt.Sprintf("setting %s takes absolute paths, not %s", f.Quoted(), Quote(w.Text))}
				}
			}
		}
	case KindURL:
		e := checkURLs(f, []Word{{Text: value}}, value)
		if e != nil {
			e.Word = -1
		}
		return e
	case KindURLs:
		return checkURLs(f, words, value)
	case KindJSON:
		return checkJSON(f, value)
	case KindFeatures:
		if d == Nix && !v.AtLeast(2, 5) {
			return nil
		}
		for i, w := range words {
			if known, _ := d.HasFeature(v, w.Text); !known {
				return &ValueError{Kind: UnknownFeature, Word: i,
					Message: fmt.Sprintf("experimental feature %s is unknown", Quote(w.Text))}
			}
		}
	case KindSet:
		if f.DeprecatedFeatures {
			for i, w := range words {
				if !d.HasDeprecatedFeature(v, w.Text) {
					return &ValueError{Kind: UnknownFeature, Word: i,
						Message: fmt.Sprintf("deprecated feature %s is unknown", Quote(w.Text))}
				}
			}
		}
	case KindMap:
		for i, w := range words {
			if !strings.Contains(w.Text, "=") {
				return &ValueError{Kind: DroppedEntry, Word: i,
					Message: fmt.Sprintf(
						"setting %s takes words of the form name=value, and Nix drops a word without =", f.Quoted())}
			}
		}
	}
	return nil
}

// Quoted returns the name of the setting in quotes, for a message.
func (f Facts) Quoted() string {
	if f.Written != "" {
		return Quote(f.Written)
	}
	return Quote(f.Name)
}

func splitWords(value string) []Word {
	fields := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' })
	words := make([]Word, len(fields))
	for i, s := range fields {
		words[i].Text = s
	}
	return words
}

// HasDeprecatedFeature reports whether release v of d takes name as a word of deprecated-features, which only Lix has.
func (d Distribution) HasDeprecatedFeature(v Version, name string) bool {
	if d != Lix {
		return false
	}
	for _, f := range deprecatedFeatureTable {
		if f.name == name {
			return !v.Before(f.from)
		}
	}
	return false
}

// ParseBool reads a boolean as Nix does: true, yes or 1, and false, no or 0.
func ParseBool(s string) (value, ok bool) {
	switch s {
	case "true", "yes", "1":
		return true, true
	case "false", "no", "0":
		return false, true
	}
	return false, false
}

// meantBool reads the spellings of a boolean that other programs accept.
func meantBool(s string) (value, ok bool) {
	switch strings.ToLower(unwrap(s)) {
	case "true", "yes", "1", "on", "y", "t", "enable", "enabled":
		return true, true
	case "false", "no", "0", "off", "n", "f", "disable", "disabled":
		return false, true
	}
	return false, false
}

// unwrap removes quotes around a value and semicolons after it, which values have in other languages.
func unwrap(s string) string {
	s = strings.TrimRight(s, "; ")
	for len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		s = strings.TrimRight(strings.TrimSpace(s[1:len(s)-1]), "; ")
	}
	return s
}

func checkBool(f Facts, value string) *ValueError {
	if _, ok := ParseBool(value); ok {
		return nil
	}
	e := &ValueError{Kind: BadBool, Fatal: true, Word: -1,
		Message: fmt.Sprintf("setting %s takes true or false, not %s", f.Quoted(), Quote(value))}
	if b, ok := meantBool(value); ok {
		e.Fixed, e.HasFix = strconv.FormatBool(b), true
	} else {
		e.Near = source.Nearest(unwrap(value), []string{"false", "true", "yes"})
	}
	return e
}

func checkEnum(f Facts, value string) *ValueError {
	if slices.Contains(f.Enum, value) {
		return nil
	}
	names := make([]string, len(f.Enum))
	for i, n := range f.Enum {
		names[i] = strconv.Quote(n)
	}
	possible := strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
	e := &ValueError{Kind: BadEnum, Fatal: true, Word: -1,
		Message: fmt.Sprintf("setting %s takes %s, not %s", f.Quoted(), possible, Quote(value))}
	bare := unwrap(value)
	for _, n := range f.Enum {
		if strings.EqualFold(n, bare) {
			e.Fixed, e.HasFix = n, true
			return e
		}
	}
	if b, ok := meantBool(value); ok && slices.Contains(f.Enum, "true") {
		e.Fixed, e.HasFix = strconv.FormatBool(b), true
	} else {
		e.Near = source.Nearest(bare, f.Enum)
	}
	return e
}

// parseInt reads what boost::lexical_cast reads: decimal digits with an optional sign, which is '-' only for signed
// types. The value is two's complement.
func parseInt(f Facts, s string) (value uint64, ok bool) {
	if f.Signed {
		n, err := strconv.ParseInt(s, 10, f.Bits)
		return uint64(n), err == nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, f.Bits)
	return n, err == nil
}

// suffixShift returns the power of two of the binary unit prefixes that Nix 2.23 and later accept after an integer.
func suffixShift(c byte) (shift int, ok bool) {
	switch c {
	case 'K', 'k':
		return 10, true
	case 'M', 'm':
		return 20, true
	case 'G', 'g':
		return 30, true
	case 'T', 't':
		return 40, true
	}
	return 0, false
}

// evalInt returns the value of an integer with or without suffix, as the release sees it, and whether it fits its type.
func evalInt(f Facts, s string) (value uint64, exact, ok bool) {
	shift := 0
	if s != "" {
		if n, isSuffix := suffixShift(s[len(s)-1]); isSuffix {
			shift = n
			s = s[:len(s)-1]
		}
	}
	n, ok := parseInt(f, s)
	if !ok {
		return 0, false, false
	}
	hi, lo := bits.Mul64(n, 1<<shift)
	exact = hi == 0
	if f.Signed {
		exact = int64(n)<<shift>>shift == int64(n)
	}
	if f.Bits == 32 {
		exact = exact && lo <= math.MaxUint32
		lo &= math.MaxUint32
	}
	return lo, exact, true
}

func (f Facts) formatInt(n uint64) string {
	if f.Signed {
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatUint(n, 10)
}

func checkInt(f Facts, value string) *ValueError {
	if value == "" && f.AllowEmpty {
		return nil
	}
	if _, ok := parseInt(f, value); ok {
		return nil
	}
	n, exact, ok := evalInt(f, value)
	if ok && f.Suffixes {
		if exact {
			return nil
		}
		return &ValueError{Kind: IntOverflow, Word: -1,
			Message: fmt.Sprintf("setting %s has %d bits, so %s overflows and becomes %s", f.Quoted(), f.Bits,
				Quote(value), f.formatInt(n))}
	}
	if ok {
		e := &ValueError{Kind: BadSuffix, Fatal: true, Word: -1,
			Message: fmt.Sprintf("setting %s takes a plain integer, not %s with a unit", f.Quoted(), Quote(value))}
		if exact {
			e.Fixed, e.HasFix = f.formatInt(n), true
		}
		return e
	}
	e := &ValueError{Kind: BadInt, Fatal: true, Word: -1,
		Message: fmt.Sprintf("setting %s takes an integer, not %s", f.Quoted(), Quote(value))}
	if digits := strings.TrimLeft(value, "+-"); digits != "" && strings.Trim(digits, "0123456789") == "" {
		e.Message = fmt.Sprintf("setting %s takes a %d-bit integer, and %s does not fit", f.Quoted(), f.Bits,
			Quote(value))
		if !f.Signed && strings.HasPrefix(value, "-") {
			e.Message = fmt.Sprintf("setting %s does not take a negative value such as %s", f.Quoted(), Quote(value))
		}
	}
	if bare := unwrap(value); bare != value && bare != "" && checkInt(f, bare) == nil {
		e.Fixed, e.HasFix = bare, true
	}
	return e
}

// jobsFacts are the facts of the integer that max-jobs takes, an unsigned int.
var jobsFacts = Facts{Bits: 32}

func checkJobs(f Facts, value string) *ValueError {
	if value == "auto" {
		return nil
	}
	if _, ok := parseInt(jobsFacts, value); ok {
		return nil
	}
	e := &ValueError{Kind: BadJobs, Fatal: true, Word: -1,
		Message: fmt.Sprintf("setting %s takes an integer or auto, not %s", f.Quoted(), Quote(value))}
	bare := unwrap(value)
	if strings.EqualFold(bare, "auto") {
		e.Fixed, e.HasFix = "auto", true
	} else if _, ok := parseInt(jobsFacts, bare); ok {
		e.Fixed, e.HasFix = bare, true
	} else {
		e.Near = source.Nearest(bare, []string{"auto"})
	}
	return e
}

func checkPath(f Facts, value string) *ValueError {
	switch {
	case value == "" && !f.AllowEmpty:
		return &ValueError{Kind: EmptyPath, Fatal: true, Word: -1,
			Message: fmt.Sprintf("setting %s is a path, which cannot be empty", f.Quoted())}
	case value == "" || path.IsAbs(value) || f.AllowRelative:
		return nil
	}
	e := &ValueError{Kind: RelativePath, Fatal: true, Word: -1,
		Message: fmt.Sprintf("setting %s takes an absolute path, not %s", f.Quoted(), Quote(value))}
	if bare := unwrap(value); bare != value && path.IsAbs(bare) {
		e.Fixed, e.HasFix = bare, true
	}
	return e
}

func checkURLs(f Facts, words []Word, value string) *ValueError {
	var soft *ValueError
	for i, w := range words {
		u, ok := parseStoreURL(w.Text)
		if ok {
			if u.hasDropped && soft == nil {
				soft = &ValueError{Kind: DroppedParameter, Word: i,
					Message: fmt.Sprintf("parameter %s of store URL %s has no value, so Nix drops it", Quote(u.dropped),
						Quote(w.Text))}
			}
			continue
		}
		e := &ValueError{Kind: BadStoreURL, Fatal: true, Word: i,
			Message: fmt.Sprintf("setting %s takes store URLs, and %s is not one", f.Quoted(), Quote(w.Text))}
		bare := make([]Word, len(words))
		for j, w := range words {
			bare[j].Text = strings.Trim(w.Text, `"'`)
		}
		if fixed := joinWords(bare); fixed != value &&
			!slices.ContainsFunc(bare, func(w Word) bool { return w.Text == "" }) && checkURLs(f, bare, fixed) == nil {
			e.Fixed, e.HasFix = fixed, true
		}
		return e
	}
	return soft
}

func checkJSON(f Facts, value string) *ValueError {
	bad := func(format string, args ...any) *ValueError {
		return &ValueError{Kind: BadJSON, Fatal: true, Word: -1,
			Message: fmt.Sprintf("setting %s takes JSON: %s", f.Quoted(), fmt.Sprintf(format, args...))}
	}
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return bad("%v", err)
	}
	switch f.Name {
	case "external-builders":
		list, ok := v.([]any)
		if !ok {
			return bad("the value is not an array of builders")
		}
		for i, e := range list {
			b, ok := e.(map[string]any)
			if !ok {
				return bad("builder %d is not an object", i+1)
			}
			for _, key := range []string{"systems", "program", "args"} {
				member, ok := b[key]
				if !ok {
					return bad("builder %d has no %q", i+1, key)
				}
				if key == "program" {
					if _, ok := member.(string); !ok {
						return bad("%q of builder %d is not a string", key, i+1)
					}
				} else if !isStrings(member) {
					return bad("%q of builder %d is not an array of strings", key, i+1)
				}
			}
		}
	case "build-provenance-tags":
		m, ok := v.(map[string]any)
		if !ok {
			return bad("the value is not an object")
		}
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if _, ok := m[key].(string); !ok {
				return bad("%q is not a string", key)
			}
		}
	}
	return nil
}

func isStrings(v any) bool {
	l, ok := v.([]any)
	if !ok {
		return false
	}
	for _, e := range l {
		if _, ok := e.(string); !ok {
			return false
		}
	}
	return true
}

// Canonical returns a value of a kind that is not a list, or one word of a list, as Nix prints it, and whether that is
// certain.
func (f Facts) Canonical(value string) (string, bool) {
	switch f.Kind {
	case KindBool:
		if b, ok := ParseBool(value); ok {
			return strconv.FormatBool(b), true
		}
	case KindInt:
		if n, ok := parseInt(f, value); ok {
			return f.formatInt(n), true
		}
		if n, _, ok := evalInt(f, value); ok {
			return f.formatInt(n), true
		}
		return value, value == "" && f.AllowEmpty
	case KindJobs:
		if n, ok := parseInt(jobsFacts, value); ok {
			return jobsFacts.formatInt(n), true
		}
	case KindPath:
		switch {
		case value == "" || f.AllowRelative && !f.RelativeToFile:
		case path.IsAbs(value):
			return path.Clean(value), true
		default:
			return value, false
		}
	case KindURL, KindURLs:
		u, ok := parseStoreURL(value)
		if u.text == "" {
			return value, false
		}
		return u.text, ok
	case KindJSON:
		var v any
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			return value, false
		}
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return value, false
		}
		return strings.TrimSuffix(b.String(), "\n"), true
	}
	return value, true
}

// HasWords reports whether values of f are made of words.
func (f Facts) HasWords() bool {
	switch f.Kind {
	case KindList, KindSet, KindMap, KindFeatures, KindURLs:
		return true
	}
	return false
}

// TargetError is a ValueError and the part of the targets that it applies to.
type TargetError struct {
	ValueError
	// Targets are the targeted releases with the error.
	Targets Targets
	// Coverage says whether these are all targeted releases that know the setting.
	Coverage Coverage
}

// rightEverywhere reports whether no targeted release finds anything wrong with a value. It is the quick answer to the
// common case; false means nothing.
func rightEverywhere(ts Targets, name, value string, words []Word) bool {
	lists := [2][]nameRow{rows(name)}
	if rest, ok := strings.CutPrefix(name, "extra-"); ok {
		lists[1] = rows(rest)
	}
	for _, t := range ts {
		d := t.Distribution.index()
		if d < 0 {
			continue
		}
		for _, list := range lists {
			for _, r := range list {
				if !r.rightFor(t, value, words) {
					return false
				}
			}
		}
	}
	return true
}

// rightFor reports whether no release of t that has the setting of r finds anything wrong with a value.
func (r *nameRow) rightFor(t Target, value string, words []Word) bool {
	spans := r.setting.in[t.Distribution.index()].spans
	for i := range spans {
		if !overlaps(interval{spans[i].from, spans[i].until}, t) {
			continue
		}
		f := r.setting.facts(&spans[i])
		if CheckValue(f, t.From, t.Distribution, value, words) != nil {
			return false
		}
		// The names of features differ from release to release, but none returns once it is removed.
		if (f.Kind == KindFeatures || f.DeprecatedFeatures) &&
			CheckValue(f, t.To, t.Distribution, value, words) != nil {
			return false
		}
	}
	return true
}

// CheckValueFor checks a value of the setting called name against every targeted release that knows the setting. Errors
// that differ only in the release are one TargetError; fatal ones come first.
func CheckValueFor(ts Targets, name, value string, words []Word) []TargetError {
	if words == nil && value != "" {
		words = splitWords(value)
	}
	if rightEverywhere(ts, name, value, words) {
		return nil
	}
	var out []TargetError
	good := false
	for _, t := range ts {
		d := t.Distribution.index()
		if d < 0 {
			continue
		}
		var last *span
		var lastError *ValueError
		extended := -1
		for _, r := range t.Releases() {
			_, _, sp := findSpan(name, d, r)
			if sp == nil {
				if rest, ok := strings.CutPrefix(name, "extra-"); ok {
					if _, _, sp = findSpan(rest, d, r); sp != nil && sp.flags&appendable == 0 {
						sp = nil
					}
				}
			}
			if sp == nil {
				last, extended = nil, -1
				continue
			}
			// Only the names of features depend on more than the span.
			if sp != last || sp.kind == KindFeatures || sp.form == formDeprecatedFeatures {
				f, _ := Lookup(t.Distribution, r, name)
				lastError = CheckValue(f, r, t.Distribution, value, words)
			}
			last = sp
			if lastError == nil {
				good, extended = true, -1
				continue
			}
			i := slices.IndexFunc(out, func(e TargetError) bool {
				return e.Kind == lastError.Kind && e.Word == lastError.Word && e.Fixed == lastError.Fixed &&
					e.Fatal == lastError.Fatal && e.Message == lastError.Message
			})
			if i < 0 {
				i = len(out)
				out = append(out, TargetError{ValueError: *lastError})
			}
			if e := &out[i]; extended == i {
				e.Targets[len(e.Targets)-1].To = r
			} else {
				e.Targets = append(e.Targets, Target{t.Distribution, r, r})
			}
			extended = i
		}
	}
	for i := range out {
		out[i].Coverage = Some
		if !good && len(out) == 1 {
			out[i].Coverage = All
		}
	}
	slices.SortStableFunc(out, func(a, b TargetError) int {
		switch {
		case a.Fatal == b.Fatal:
			return 0
		case a.Fatal:
			return -1
		}
		return 1
	})
	return out
}
