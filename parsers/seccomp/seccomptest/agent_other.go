//go:build !linux || !amd64

package seccomptest

import "errors"

func serveAgent(string) (stop func(), err error) { return nil, errors.ErrUnsupported }
