package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		name, text           string
		width, first, indent int
		want                 []string
	}{
		{"unknown width", "a b c", 0, 0, 0, []string{"a b c"}},
		{"too narrow to wrap", "a b c d e f g h i j k l", 19, 0, 0, []string{"a b c d e f g h i j k l"}},
		{"just fits", "aaaa bbbb cccc ddddd", 20, 0, 0, []string{"aaaa bbbb cccc ddddd"}},
		{"one too many", "aaaa bbbb cccc dddddd", 20, 0, 0, []string{"aaaa bbbb cccc", "dddddd"}},
		{"a lead", "aaaa bbbb", 20, 12, 2, []string{"aaaa", "bbbb"}},
		{"a lead that leaves no room", "aaaa bbbb cccc dddd eeee", 20, 18, 2,
			[]string{"", "aaaa bbbb cccc", "dddd eeee"}},
		{"a word that is too wide stays whole", "a " + strings.Repeat("x", 30) + " b", 20, 0, 0,
			[]string{"a", strings.Repeat("x", 30), "b"}},
		{"wide characters", "界面界面界 面界面界面", 20, 0, 0, []string{"界面界面界", "面界面界面"}},
		{"several blanks", "a  b", 20, 0, 0, []string{"a  b"}},
		{"nothing", "", 20, 0, 0, []string{""}},
	} {
		if diff := cmp.Diff(tt.want, wrap(tt.text, tt.width, tt.first, tt.indent)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
