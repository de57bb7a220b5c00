//go:build !unix

package stream

import "time"

// processorTime returns how much time the process took of the processor, less than 0 where that is not known.
func processorTime() time.Duration { return -1 }
