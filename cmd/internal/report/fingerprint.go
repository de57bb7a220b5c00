package report

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/rules"
)

// Fingerprints returns an identifier for each finding that stays the same when lines are added or removed elsewhere in
// the file: the SHA-256, in hex, of the rule id, the path, the text of the span with each run of white space replaced
// by one blank, and the number of earlier findings with the same three. Findings must be in the order of a Result; no
// two fingerprints are equal.
func Fingerprints(findings []*rules.Finding) []string {
	out := make([]string, len(findings))
	seen := map[string]int{}
	for i, f := range findings {
		key := f.Rule.ID + "\x00" + f.File.Path + "\x00" + strings.Join(strings.Fields(f.File.Text(f.Span)), " ")
		sum := sha256.Sum256([]byte(key + "\x00" + strconv.Itoa(seen[key])))
		seen[key]++
		out[i] = hex.EncodeToString(sum[:])
	}
	return out
}
