package seccomp

import "testing"

// TestLimited checks that the calls are limited where their number is beyond 64 bits.
func TestLimited(t *testing.T) {
	for _, n := range []int{1, 5, 300, 2048, 4000} {
		var values [6][]uint64
		for i := range values {
			values[i] = make([]uint64, n)
		}
		for arg := range values {
			size := 1
			for _, list := range limited(values, arg) {
				if size *= len(list); size < 1 || size > maxCalls {
					t.Fatalf("%d values of argument %d: more than %d calls", n, arg, maxCalls)
				}
			}
		}
	}
}
