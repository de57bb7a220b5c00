package image

import (
	"cmp"
	"hash/maphash"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// scope identifies a shell process of a step: that of the script, of a subshell, or of a `sh -c` or substitution.
type scope struct {
	parent    *shell.Command // the command that starts the process, nil for the script and its subshells
	subshell  bool
	statement source.Span // the statement that a subshell of the script stands in
}

// process is the part of a shell process's state that changes what its commands do. It is immutable: a command that
// changes the state makes a new one.
type process struct {
	dir    string  // the working directory, "" when not known
	pushed *pushed // the stack of pushd, nil when it is empty
	moved  bool    // cd has run
	// other says that the user is not that of the step, because of sudo or su. Which user it is, and with which home,
	// is not known.
	other bool
	vars  *binding // what the script has done to variables so far
}

// pushed is a folder that pushd has put on the stack.
type pushed struct {
	dir   string
	below *pushed
}

// binding is a variable of a shell, in a search tree by the hash of its name; nil is the empty tree. Trees are
// immutable, so processes share what they have in common. Hashes come in no order, which keeps a tree flat.
type binding struct {
	hash        uint64
	name        string
	variable    *Variable
	left, right *binding
}

var bindingSeed = maphash.MakeSeed()

// get returns the variable with a name, and false where the script does nothing to it.
func (b *binding) get(name string) (Variable, bool) {
	hash := maphash.String(bindingSeed, name)
	for b != nil {
		switch order := b.compare(hash, name); {
		case order == 0:
			return *b.variable, true
		case order < 0:
			b = b.left
		default:
			b = b.right
		}
	}
	return Variable{}, false
}

// with returns the tree with a variable set.
func (b *binding) with(name string, v Variable) *binding {
	return b.insert(&binding{hash: maphash.String(bindingSeed, name), name: name, variable: &v})
}

func (b *binding) insert(added *binding) *binding {
	if b == nil {
		return added
	}
	n := *b
	switch order := b.compare(added.hash, added.name); {
	case order == 0:
		n.variable = added.variable
	case order < 0:
		n.left = b.left.insert(added)
	default:
		n.right = b.right.insert(added)
	}
	return &n
}

// compare returns where a name lies: below 0 to the left of the binding, above 0 to its right.
func (b *binding) compare(hash uint64, name string) int {
	if order := cmp.Compare(hash, b.hash); order != 0 {
		return order
	}
	return strings.Compare(name, b.name)
}

// Variable is what a script does to a variable of its shell.
type Variable struct {
	// Value is the last assignment.
	Value shell.Assign
	// Set says that the script assigns it.
	Set bool
	// Exported says that the script exports it.
	Exported bool
	// Maybe says that it may have another value: the assignment is conditional, or appends.
	Maybe bool
	// Own says that it is set for one command alone.
	Own bool
}

// fork returns the state in which a child process begins.
func (p *process) fork() *process {
	f := *p
	f.moved = false
	return &f
}

func (p *process) assign(a shell.Assign, export, maybe bool) *process {
	f := *p
	old, _ := p.vars.get(a.Name)
	f.vars = p.vars.with(a.Name,
		Variable{Value: a, Set: true, Exported: export || old.Exported, Maybe: maybe || a.Append})
	return &f
}

func (p *process) export(name string) *process {
	f := *p
	v, _ := p.vars.get(name)
	v.Exported = true
	f.vars = p.vars.with(name, v)
	return &f
}

// runner returns the command in whose process a command runs: eval runs its words in its own process.
func runner(c *shell.Command) *shell.Command {
	for c.Parent != nil && c.Parent.Name == "eval" && runsFor(c) {
		c = c.Parent
	}
	return c
}

// key returns the process that a command runs in.
func (w *walker) key(c *shell.Command) scope {
	c = runner(c)
	if c.Parent == nil && c.Subshell {
		return scope{subshell: true, statement: c.Statement}
	}
	return scope{parent: c.Parent}
}

// process returns the state of the shell process that a command runs in. A process starts with the state that its
// parent has when its first command runs.
func (w *walker) process(c *shell.Command) *process {
	c = runner(c)
	key := w.key(c)
	if p := w.processes[key]; p != nil {
		return p
	}
	outer := w.processes[scope{}]
	if key.parent != nil {
		outer = w.process(key.parent)
	}
	p := outer.fork()
	if parent := key.parent; parent != nil && runsFor(c) {
		for _, a := range parent.Assigns {
			p = p.assign(a, true, false)
		}
		p.other = p.other || slices.ContainsFunc(c.Wrappers, isOtherUser)
		if p.other && slices.ContainsFunc(parent.Words, isLogin) {
			p.dir = ""
		}
	}
	w.processes[key] = p
	return p
}

// change sets the state of the process that a command runs in.
func (w *walker) change(c *shell.Command, p *process) { w.processes[w.key(c)] = p }

// isLogin reports whether a word of su or of a shell asks for a login shell, which starts in the user's home.
func isLogin(w shell.Word) bool {
	return w.Text == "-" || w.Text == "-l" || w.Text == "--login" || w.Text == "-lc"
}

// runsFor reports whether a command is part of the script that its parent is given, not of a substitution in its words.
func runsFor(c *shell.Command) bool {
	n := len(c.Parent.Wrappers)
	return len(c.Wrappers) > n &&
		(c.Wrappers[n] == c.Parent.Name || strings.HasPrefix(c.Wrappers[n], c.Parent.Name+" "))
}

// isScriptOption reports whether a wrapper is a shell that reads the command from its arguments.
func isScriptOption(wrapper string) bool {
	return strings.HasSuffix(wrapper, " -c") || wrapper == "eval"
}

// isOtherUser reports whether a wrapper runs a command as another user.
func isOtherUser(wrapper string) bool {
	switch wrapper {
	case "sudo", "doas", "su", "su -c", "runuser", "runuser -c", "gosu", "su-exec", "setuidgid", "s6-setuidgid",
		"chpst", "setpriv", "chroot":
		return true
	}
	return false
}

// changeDir follows cd, pushd and popd.
func (w *walker) changeDir(c *Command) {
	p := *c.process
	old := p.dir
	switch n := len(c.Words); {
	case c.Name == "popd":
		p.dir = ""
		if n == 1 && p.pushed != nil && !c.Command.Maybe {
			p.dir, p.pushed = p.pushed.dir, p.pushed.below
		}
		w.change(c.Command, &p)
		return
	case n != 2 || !c.Words[1].Known || c.Words[1].Text == "-" || strings.HasPrefix(c.Words[1].Text, "+"):
		p.dir = ""
	case c.Subshell && p.moved && !path.IsAbs(c.Words[1].Text):
		p.dir = "" // it is not known which subshell of the statement the command belongs to
	default:
		p.dir = c.absolute(c.Words[1].Text)
	}
	p.moved = true
	if c.Command.Maybe && p.dir != old {
		p.dir = ""
	}
	if c.Name == "pushd" {
		p.pushed = &pushed{old, p.pushed}
	}
	w.change(c.Command, &p)
}

// shellVariables records what a command does to the variables of its shell, and reports whether it does nothing else.
func (w *walker) shellVariables(c *Command) bool {
	p := c.process
	switch {
	case len(c.Words) == 0:
		for _, a := range c.Assigns {
			p = p.assign(a, a.Export, c.Command.Maybe)
		}
	case c.Name == "export" || c.Name == "declare" || c.Name == "typeset" || c.Name == "readonly" || c.Name == "local":
		for _, a := range c.Assigns {
			p = p.assign(a, a.Export || c.Name == "export", c.Command.Maybe)
		}
		if c.Name == "export" || c.HasWord("-x") {
			for _, word := range c.Words[1:] {
				p = p.export(word.Text)
			}
		}
	case c.Name == "unset":
		for _, word := range c.Words[1:] {
			p = p.assign(
				shell.Assign{Name: word.Text, Value: shell.Word{Known: true, Span: word.Span}, Span: word.Span}, false,
				c.Command.Maybe)
		}
	default:
		return false
	}
	w.change(c.Command, p)
	return true
}
