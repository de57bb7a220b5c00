package lsp

import (
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
)

// pathOf returns the absolute path of a file's URI, "" for any other.
func pathOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Path == "" {
		return ""
	}
	path := u.Path
	if runtime.GOOS == "windows" {
		switch {
		case u.Host != "":
			path = "//" + u.Host + path
		case len(path) > 2 && path[0] == '/' && path[2] == ':':
			path = strings.ToUpper(path[1:2]) + path[2:]
		}
	}
	return filepath.Clean(filepath.FromSlash(path))
}

// uriOf returns the URI of the file at an absolute path.
func uriOf(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/…
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
