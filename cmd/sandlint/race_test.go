//go:build race

package main

// slowness is how many times more of the processor and of memory the program may use than without the race detector.
const slowness = 15
