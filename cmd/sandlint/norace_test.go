//go:build !race

package main

// slowness is how many times more of the processor and of memory the program may use: see race_test.go.
const slowness = 1
