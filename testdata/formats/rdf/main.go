// Command rdf reads diagnostics with reviewdog's own type: an object from a file that ends in .rdjson, and one from
// each line of another. It prints how many there are.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/reviewdog/reviewdog/proto/rdf"
	"google.golang.org/protobuf/encoding/protojson"
)

func main() {
	for _, path := range os.Args[1:] {
		n, err := count(path)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			os.Exit(1)
		}
		fmt.Printf("%s: %d diagnostics\n", path, n)
	}
}

// count returns the number of diagnostics in a file.
func count(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	if strings.HasSuffix(path, ".rdjson") {
		var all rdf.DiagnosticResult
		err := protojson.Unmarshal(text, &all)
		return len(all.GetDiagnostics()), err
	}
	n := 0
	for line := range bytes.Lines(text) {
		var one rdf.Diagnostic
		if err := protojson.Unmarshal(line, &one); err != nil {
			return n, fmt.Errorf("line %d: %w", n+1, err)
		}
		n++
	}
	return n, nil
}
