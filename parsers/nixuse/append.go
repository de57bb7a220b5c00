package nixuse

import "slices"

// NextAppend returns the event, of this image or one that is based on it, that is next to change the file which e
// writes, if it is known to append text to it; nil when there is none, or when something between the two may have
// changed the file.
func (e *Event) NextAppend() *Event {
	for _, img := range e.Image.Model.Images {
		timeline := img.Timeline()
		at := slices.Index(timeline, e)
		if at < 0 {
			continue
		}
		for _, next := range timeline[at+1:] {
			if next.Kind == Opaque {
				break
			}
			if next.Kind != WriteConfig || next.Path != e.Path {
				continue
			}
			if next.Text != nil && next.Text.Append && !next.Truncate && !next.Removed && !next.ByInstaller {
				return next
			}
			break
		}
	}
	return nil
}
