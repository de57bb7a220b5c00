package dockerfile

import (
	"slices"
	"strconv"
	"strings"
)

// Needs returns the stages that a build of the target runs, which is one of the stages of the file: the target itself,
// those that it is based on, and those that it copies or mounts from. Names in replaced, in lower case, are replaced by
// named contexts of the build, so they are no stages of the file.
func (f *File) Needs(target *Stage, replaced ...string) map[*Stage]bool {
	needed := map[*Stage]bool{target: true}
	if slices.Contains(replaced, target.Name) && target.Name != "" {
		return map[*Stage]bool{}
	}
	add := func(s *Stage) {
		if s != nil && (s.Name == "" || !slices.Contains(replaced, s.Name)) {
			needed[s] = true
		}
	}
	names := f.stageNames()
	for n := target.Index; n >= 0; n-- {
		if s := f.Stages[n]; needed[s] {
			f.sources(s, names, add)
		}
	}
	return needed
}

// Serving returns the stages that one of the given stages needs, besides itself: see Needs.
func (f *File) Serving(stages []*Stage) map[*Stage]bool {
	given := make(map[*Stage]bool, len(stages))
	for _, s := range stages {
		given[s] = true
	}
	serving := map[*Stage]bool{}
	names := f.stageNames()
	for _, s := range slices.Backward(f.Stages) { // a stage needs only those above it
		if given[s] || serving[s] {
			f.sources(s, names, func(source *Stage) {
				if source != nil {
					serving[source] = true
				}
			})
		}
	}
	return serving
}

// sources calls add with the stages that a stage is based on, copies or mounts from; nil stands for other images.
func (f *File) sources(s *Stage, names map[string][]int, add func(*Stage)) {
	add(s.Parent)
	for _, i := range s.Instructions {
		for ; i != nil; i = i.Trigger {
			for k := range i.Flags {
				add(f.stageOf(names, s.Index, i.Flags[k].source(i.Name)))
			}
		}
	}
}

// source returns what a flag of COPY, ADD or RUN takes files from, or "".
func (fl *Flag) source(instruction string) string {
	switch {
	case instruction == "COPY" && fl.Name == "from":
		return fl.Unquoted
	case instruction == "RUN" && fl.Name == "mount":
		for field := range strings.SplitSeq(fl.Unquoted, ",") {
			key, value, _ := strings.Cut(strings.Trim(field, `"`), "=")
			if strings.EqualFold(key, "from") {
				return value
			}
		}
	}
	return ""
}

// stageNames returns the indices of the stages with each name, in lower case and in order.
func (f *File) stageNames() map[string][]int {
	names := map[string][]int{}
	for n, s := range f.Stages {
		if s.Name != "" {
			names[s.Name] = append(names[s.Name], n)
		}
	}
	return names
}

// stageOf returns the stage before the one with an index that a name or number means, nil without one.
func (f *File) stageOf(names map[string][]int, before int, name string) *Stage {
	if name == "" {
		return nil
	}
	same := names[strings.ToLower(name)]
	if n, _ := slices.BinarySearch(same, before); n > 0 {
		return f.Stages[same[n-1]]
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < before {
		return f.Stages[n]
	}
	return nil
}

// StageNamed returns the stage that a build's target selects, by name or number; "" selects the last one. It returns
// nil where the file has no such stage.
func (f *File) StageNamed(target string) *Stage {
	if len(f.Stages) == 0 {
		return nil
	}
	if target == "" {
		return f.Stages[len(f.Stages)-1]
	}
	return f.stageOf(f.stageNames(), len(f.Stages), target)
}

// Shipped returns the stages whose layers are part of an image that somebody is likely to keep: those that no other
// stage uses, which are built by their names or as the last one, and what these are based on. The layers of the others
// end with the build, since other stages only copy or mount files from them.
func (f *File) Shipped() map[*Stage]bool {
	names := f.stageNames()
	used := make([]bool, len(f.Stages))
	for n, s := range f.Stages {
		use := func(other *Stage) {
			if other != nil && other.Index < n {
				used[other.Index] = true
			}
		}
		use(s.Parent)
		for _, i := range s.Instructions {
			for ; i != nil; i = i.Trigger {
				for k := range i.Flags {
					use(f.stageOf(names, n, i.Flags[k].source(i.Name)))
				}
			}
		}
	}
	shipped := map[*Stage]bool{}
	for n, s := range f.Stages {
		if used[n] {
			continue
		}
		for ; s != nil && !shipped[s]; s = s.Parent {
			shipped[s] = true
		}
	}
	return shipped
}
