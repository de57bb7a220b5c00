package shell

import (
	"strings"
	"testing"
)

func TestSingle(t *testing.T) {
	env := func(name string) (string, bool) {
		value, known := map[string]string{"ONE": "1", "TWO": "1 2", "NONE": "", "PATHS": "/a /b", "DIR": "/a b"}[name]
		return value, known
	}
	for _, test := range []struct {
		script string // the expansion in question is the last one
		want   bool
	}{
		{`ls $x`, false},
		{`ls a$x`, true},
		{`ls $ONE`, true},
		{`ls $TWO`, false},
		{`ls $NONE`, false},
		{`ls $PATHS`, false},
		{`ls $DIR`, true},
		{`echo $TWO`, true},
		{`[ $x = y ]`, true},
		{`ls > $x`, true},
		{`rm -rf $HOME`, true},
		{`pyenv install ${PYTHON_VERSION}`, true},
		{`for f in a b; do rm $f; done`, true},
		{`while read -r f; do rm $f; done`, true},
		{`f() { rm $1; }`, true},
		{`d=$(mktemp -d); cd $d`, true},
		{`d="$(mktemp -d)/x"; cd ${d%/}`, true},
		{`saved="$(apt-mark showmanual)"; apt-mark manual $saved`, false},
		{`deps='gcc make'; apk add $deps`, false},
		{`opts=; apk add $opts`, false},
		{`opts=""; apk add $opts`, false},
		{`a=x; a="$a y"; apk add $a`, false},
		{`a=x; a+=" y"; apk add $a`, false},
		{`n=5; head -n $n`, true},
		{`n=5; m=$n; head -n $((m+1)) -n $m`, true},
		{`a=$a; ls $a`, false},
		{`ls $@`, false},
		{`export t=a/b; ls $t`, true},
		{`export t; ls $t`, false},
		{`ls ${x:+-l}`, false},
		{`(cd $d`, false},
		{`x=$(ls $TWO)`, false},
	} {
		at := strings.LastIndexByte(test.script, '$')
		if got := ReadExpansions([]byte(test.script)).Single(at, env); got != test.want {
			t.Errorf("%s: got %v", test.script, got)
		}
	}
}
