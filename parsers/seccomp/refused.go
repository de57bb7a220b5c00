package seccomp

// eexist returns the first case that libseccomp refuses.
func (d *Decision) eexist() (int, bool) {
	var kept []*Case
	for j := range d.Cases {
		b := &d.Cases[j]
		dropped := false
		for i := 0; i < len(kept); i++ {
			a := kept[i]
			switch n := begins(a.Conds, b.Conds); {
			case n == len(b.Conds) && a.Outcome != b.Outcome && b.Conds[n-1].samePath(b.Conds[n-1]):
				return j, true
			case n == len(b.Conds) && a.Outcome == b.Outcome:
				kept = append(kept[:i], kept[i+1:]...)
				i--
			case n == len(a.Conds):
				dropped = true
			}
		}
		if !dropped {
			kept = append(kept, b)
		}
	}
	return 0, false
}

func (c Cond) samePath(Cond) bool { return true }

func begins(a, b []Cond) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
