package workspace

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
)

// writeBodies are commands of a RUN that write to nix.conf in the working directory.
var writeBodies = []string{
	`echo 'cores = 2' >> nix.conf`,
	`echo cores = 2    >nix.conf`,
	`echo -n 'cores = 2' > nix.conf; echo 'max-jobs = 3' >> nix.conf`,
	`echo 'cores = 2\nmax-jobs = 3' > nix.conf`,
	`echo -e 'cores = 2\nmax-jobs = 3' > nix.conf`,
	`echo -en 'cores = 2\n\tmax-jobs = 3\n' > nix.conf`,
	`echo -E 'cores = 2\n' > nix.conf`,
	`echo - -- -x > nix.conf`,
	`echo > nix.conf`,
	`echo "" 'a  b' c\ d "e"f'g' > nix.conf`,
	`printf 'cores = 2\nmax-jobs = 3\n' > nix.conf`,
	`printf '%s\n' 'cores = 2' "max-jobs = 3" > nix.conf`,
	`printf '%s = %s\n' cores 2 max-jobs > nix.conf`,
	`printf 'a%%b %d %i\n' 3 4 > nix.conf`,
	`printf '%b' 'cores = 2\nmax-jobs = 3\n\0101' > nix.conf`,
	`printf -- '-x\n' > nix.conf`,
	`printf 'none\n' a b > nix.conf`,
	`printf '%s' > nix.conf`,
	`{ echo 'cores = 2'; echo 'max-jobs = 3'; } > nix.conf`,
	`( echo 'cores = 2' && printf 'x\n' ) >> nix.conf`,
	`{ echo a; { echo b; echo c > other; } ; echo d; } > nix.conf`,
	`{ echo a > nix.conf; echo b; } > other`,
	`echo 'cores = 2' | tee nix.conf > /dev/null`,
	`echo 'cores = 2' | tee -a nix.conf nix.conf.bak > /dev/null`,
	`{ echo a; echo b; } | tee nix.conf | cat > other`,
	`echo a | cat >> nix.conf`,
	`echo a | cat - > nix.conf`,
	`echo x | dd of=nix.conf 2>/dev/null`,
	`cat > nix.conf <<EOF
cores = 2
a \$b \\ c \n "d" 'e'
max-jobs = \
  3
EOF`,
	`cat >> nix.conf <<'EOF'
cores = $CORES \
a \$b \\ c
EOF`,
	"cat > nix.conf <<-EOF\n\tcores = 2\n\t  max-jobs = 3\n\tEOF",
	`tee nix.conf > /dev/null <<EOF
cores = 2
EOF
echo 'max-jobs = 3' >> nix.conf`,
	`n=4; echo "cores = $n" > nix.conf; n=5; echo "max-jobs = ${n}" >> nix.conf`,
	`n='a b'; echo "x $n" > nix.conf`,
	`echo a > nix.conf && echo b > nix.conf && echo c >> nix.conf`,
	`true && echo a > nix.conf || echo b > nix.conf`,
	`false; echo a > nix.conf`,
	`mkdir -p d && cd d && echo a > ../nix.conf`,
	`(mkdir -p e; cd e; echo a > nix.conf); echo b >> nix.conf`,
	`mkdir -p f; cd f; cd ..; echo a > nix.conf`,
	`> nix.conf`,
	`: > nix.conf; true >> nix.conf; echo a >> nix.conf`,
	`echo a > nix.conf; rm nix.conf; echo b >> nix.conf`,
	`echo a 2> /dev/null 1> nix.conf`,
	`echo a > nix.conf 2>&1`,
	`echo a >> nix.conf; echo b 1>> nix.conf; echo c 2>> nix.conf > /dev/null`,
	`f() { echo "in f" >> nix.conf; }; f; f`,
	`bash -c "echo 'a\nb' >> nix.conf"`,
	`bash -c 'echo -e "a\nb" >> nix.conf; cd /; true'; echo c >> nix.conf`,
	`sh -c 'echo "a\nb" > nix.conf'`,
	`bash -euo pipefail -c 'echo a > nix.conf'`,
	`bash <<'EOF'
echo -e 'a\nb' > nix.conf
EOF`,
	`bash -s <<'EOF'
cd /; cd "$OLDPWD"
EOF
echo a > nix.conf`,
	`eval 'echo "a b" > nix.conf'`,
	`env X=1 echo 'a\nb' > nix.conf`,
	`command echo 'a\tb' > nix.conf`,
	`exec > nix.conf; echo a`,
}

// TestWritesOracle has shells run commands that write a nix.conf, and compares what is in the file with what the
// timeline says. Where the timeline does not know, it must say so; it may not know something else.
func TestWritesOracle(t *testing.T) {
	const unknown = "something that is not known"
	for _, sh := range []struct{ name, base string }{{"bash", "fedora"}, {"dash", "debian"}} {
		t.Run(sh.name, func(t *testing.T) {
			program := heavytest.Program(t, sh.name)
			heavytest.Program(t, "bash") // some bodies start it
			known := 0
			for _, body := range writeBodies {
				if strings.Contains(body, "sh -c 'echo \"") && sh.name != "dash" {
					continue // it asks for the sh of the machine
				}
				dir := makeTree(t, map[string]string{"work/": ""})
				work := filepath.Join(dir, "work")
				conf := filepath.Join(work, "nix.conf")
				from := "FROM " + sh.base + "\nWORKDIR " + work + "\n"
				text := "RUN " + strings.ReplaceAll(body, "\n", "\\\n") + "\n"
				if strings.Contains(body, "\n") {
					text = "RUN <<'END_OF_RUN'\n" + body + "\nEND_OF_RUN\n"
				}
				addTree(t, dir, map[string]string{"Dockerfile": from + text})
				d := openDockerfile(t, dir, "Dockerfile")
				got := ""
				for _, e := range d.Images[0].Events {
					switch {
					case e.Kind == nixuse.Opaque:
						got = unknown
					case e.Kind != nixuse.WriteConfig || e.Path != conf:
					case e.Removed && !e.Maybe:
						got = ""
					case e.Maybe || e.Text == nil ||
						slices.ContainsFunc(e.Text.Fragment.Pieces, func(p source.Piece) bool { return p.Opaque }):
						got = unknown
					case e.Truncate:
						got = string(e.Text.Fragment.Text)
					case got != unknown:
						got += string(e.Text.Fragment.Text)
					}
				}
				if got == unknown {
					continue
				}
				known++
				cmd := exec.Command(program, "-c", body)
				cmd.Dir = work
				cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + work, "LC_ALL=C"}
				cmd.Run() // a failure has a result too
				want, err := os.ReadFile(conf)
				if err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("%s\n got %q\nwant %q", body, got, want)
				}
			}
			if known < len(writeBodies)*3/4 {
				t.Errorf("only %d of %d are known", known, len(writeBodies))
			}
			t.Logf("%d of %d are known", known, len(writeBodies))
		})
	}
}
