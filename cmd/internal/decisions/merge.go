package decisions

import (
	"io"

	fixes "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
)

// ObstacleText returns why profiles cannot be merged, with the place: "path:line:column: reason".
func ObstacleText(o *fixes.Obstacle) string {
	where := o.Profile.Source.Path
	if !o.At.IsEmpty() {
		where = place(o.Profile.Source, o.At.Start)
	}
	return where + ": " + o.Reason
}

type obstacleJSON struct {
	Profile string     `json:"profile"`
	Place   *placeJSON `json:"place"`
	Reason  string     `json:"reason"`
	Syscall string     `json:"syscall,omitempty"`
	ABI     string     `json:"architecture,omitempty"`
	Call    []uint64   `json:"call,omitempty"`
}

// WriteMergeJSON writes the union of profiles, or why there is none, as docs/schema/seccomp-merge.schema.json
// describes.
func WriteMergeJSON(w io.Writer, base *seccomp.Profile, additions []*seccomp.Profile, merged *seccomp.Profile,
	obstacle *fixes.Obstacle,
) error {
	out := struct {
		Version   int           `json:"version"`
		Base      string        `json:"base"`
		Additions []string      `json:"additions"`
		Proved    bool          `json:"proved"`
		Changed   bool          `json:"changed"`
		Profile   *string       `json:"profile"`
		Obstacle  *obstacleJSON `json:"obstacle"`
	}{Version: jsonVersion, Base: base.Source.Path}
	for _, p := range additions {
		out.Additions = append(out.Additions, p.Source.Path)
	}
	if merged != nil {
		text := string(merged.Source.Bytes)
		out.Proved, out.Profile, out.Changed = true, &text, text != string(base.Source.Bytes)
	}
	if o := obstacle; o != nil {
		out.Obstacle = &obstacleJSON{Profile: o.Profile.Source.Path, Reason: o.Reason}
		out.Obstacle.Place = newPlaceJSON(o.Profile.Source, o.At)
		if g := o.Gap; g != nil {
			out.Obstacle.Syscall, out.Obstacle.ABI = g.Syscall, g.Arch.ABI
			if g.HasCall {
				out.Obstacle.Call = g.Call[:]
			}
		}
	}
	return writeJSON(w, out)
}
