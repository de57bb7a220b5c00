package files

import (
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Metered returns a tree whose calls spend the steps of a meter.
func Metered(t Tree, m *source.Meter) Tree { return &metered{t, m} }

type metered struct {
	Tree
	meter *source.Meter
}

// spend takes steps from the meter of a tree, where it has one.
func spend(t Tree, steps int) {
	for {
		switch on := t.(type) {
		case *metered:
			on.meter.Spend(steps)
			return
		case *recorder:
			t = on.Tree
		case *overlay:
			t = on.under
		default:
			return
		}
	}
}

// call spends what a call costs that follows a path, folder by folder.
func (t *metered) call(name string) {
	depth := strings.Count(name, string(filepath.Separator))
	t.meter.Spend(5 + len(name)/8 + depth*depth/40)
}

func (t *metered) Open(root, name string) (fs.File, error) {
	t.call(name)
	f, err := t.Tree.Open(root, name)
	if err == nil {
		if info, err := f.Stat(); err == nil {
			t.meter.Spend(int(info.Size() / 64))
		}
	}
	return f, err
}

func (t *metered) Stat(root, name string) (fs.FileInfo, error) {
	t.call(name)
	return t.Tree.Stat(root, name)
}

func (t *metered) Lstat(root, name string) (fs.FileInfo, error) {
	t.call(name)
	return t.Tree.Lstat(root, name)
}

func (t *metered) List(root, name string) ([]fs.DirEntry, error) {
	t.call(name)
	entries, err := t.Tree.List(root, name)
	t.meter.Spend(3 * len(entries))
	return entries, err
}

func (t *metered) Real(name string) (string, error) {
	t.call(name)
	return t.Tree.Real(name)
}
