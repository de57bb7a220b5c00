// Package corpus finds the Dockerfiles below a folder, as sandlint does.
package corpus

import (
	"os"
	"path/filepath"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// Folder is a folder with its Dockerfiles.
type Folder struct {
	Dir       string // absolute
	Workspace *workspace.Workspace
	Files     []File
}

// File is one Dockerfile.
type File struct {
	Path string // below the folder, with slashes
	Abs  string
	Text []byte
}

// Open reads the Dockerfiles below a folder.
func Open(folder string) (*Folder, error) {
	dir, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	ws, err := rules.Load(workspace.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	out := &Folder{Dir: dir, Workspace: ws}
	for _, e := range ws.Entries {
		if e.Kind != files.KindDockerfile {
			continue
		}
		text, err := os.ReadFile(e.Abs)
		if err != nil {
			return nil, err
		}
		out.Files = append(out.Files, File{Path: e.Path, Abs: e.Abs, Text: text})
	}
	return out, nil
}
