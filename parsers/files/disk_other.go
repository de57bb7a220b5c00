//go:build !linux

package files

import "io/fs"

// roots is nothing on systems whose kernel confines no path.
type roots struct{}

func newRoots() *roots { return nil }

func (Disk) openBelow(_, _ string) (fs.File, error)             { return nil, errUnsure }
func (Disk) statBelow(_, _ string, _ bool) (fs.FileInfo, error) { return nil, errUnsure }
func (Disk) statFar(_ string, _ bool) (fs.FileInfo, error)      { return nil, errUnsure }
func (Disk) listFar(_ string) ([]fs.DirEntry, error)            { return nil, errUnsure }
func (Disk) listBelow(_, _ string) ([]fs.DirEntry, error)       { return nil, errUnsure }
