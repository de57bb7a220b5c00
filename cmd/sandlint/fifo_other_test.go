//go:build !unix

package main

import "github.com/rogpeppe/go-internal/testscript"

func fifo(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("there are no named pipes here") }

func exceeded() string { return "" }
