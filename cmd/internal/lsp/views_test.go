package lsp

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	// blocks are the beginnings of the elements of a view that stand in lines of their own.
	blocks  = regexp.MustCompile(`<(?:h[1-6]|p|li|tr|div|dt|summary|form)\b[^>]*>`)
	tags    = regexp.MustCompile(`<[^>]*>`)
	sameRow = regexp.MustCompile(`<tr>.*?</tr>`)
	differs = regexp.MustCompile(`<tr class="sl-differs">.*?</tr>`)
	listing = regexp.MustCompile(`<pre class="sl-code sl-source">.*?</pre>`)
	spaces  = regexp.MustCompile(`\s+`)
)

// drawnText returns an answer as a recorded session shows it: of a view the text of each element in a line, as it is
// escaped, without the style sheet, most rows of tables, the text of profiles, and the names of default profiles; and
// of a page of a rule its heading.
func drawnText(answer json.RawMessage) json.RawMessage {
	var fields map[string]any
	if json.Unmarshal(answer, &fields) != nil {
		return answer
	}
	if text, ok := fields["markdown"].(string); ok {
		fields["markdown"] = strings.SplitN(text, "\n", 2)[0]
	}
	html, ok := fields["html"].(string)
	if !ok && fields["markdown"] == nil {
		return answer
	}
	if ok {
		same, differing := len(sameRow.FindAllString(html, -1)), 0
		html = listing.ReplaceAllString(sameRow.ReplaceAllString(html, ""), "")
		html = differs.ReplaceAllStringFunc(html, func(row string) string {
			if differing++; differing > 3 {
				return ""
			}
			return row
		})
		html = blocks.ReplaceAllString(html, "\n")
		lines := []string{}
		for line := range strings.Lines(html) {
			text := strings.TrimSpace(spaces.ReplaceAllString(tags.ReplaceAllString(line, " "), " "))
			if text != "" {
				lines = append(lines, text)
			}
		}
		if same > 0 {
			lines = append(lines, fmt.Sprintf("%d rows differ, %d do not", differing, same))
		}
		fields["html"] = lines
		fields["style"] = strings.Contains(fields["style"].(string), ".sl-timeline")
	}
	if choices, ok := fields["choices"].(map[string]any); ok {
		targets := choices["targets"].([]any)
		choices["targets"] = slices.DeleteFunc(targets, func(t any) bool { return strings.Contains(t.(string), "@") })
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(fields) != nil {
		return answer
	}
	return json.RawMessage(strings.TrimSpace(out.String()))
}
