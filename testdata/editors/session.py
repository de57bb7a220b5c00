"""Runs an editor, Emacs without a screen and others in a terminal of 100 columns and 30 lines, with the configuration that docs/editors.md gives, and
compares what its screen shows with a file beside this one.

usage: session.py [--update] EDITOR FILE [KEY=VALUE…]

EDITOR is one of EDITORS below. Its screens are compared with FILE, which --update writes; with "-" only what each step
waits for is checked, for a release that changes. KEYs: program, the editor; sandlint, the program to test.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

import pyte

HERE = os.path.dirname(os.path.abspath(__file__))
GUIDE = os.path.join(HERE, "..", "..", "docs", "editors.md")
COLUMNS, LINES = 100, 30


class Failed(Exception):
    pass


def snippet(heading, number=0):
    """Returns a block of code of the guide, from below a heading."""
    with open(GUIDE, encoding="utf-8") as f:
        section = f.read().split("\n## " + heading + "\n")[1].split("\n## ")[0]
    return re.findall(r"^```\w+\n(.*?)^```$", section, re.S | re.M)[number]


class Terminal:
    """A program in a terminal, whose screen can be read."""

    def __init__(self, argv, env, cwd):
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.stream = pyte.ByteStream(self.screen)
        self.steps = []
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execvpe(argv[0], argv, env)
        import fcntl
        import struct
        import termios

        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))

    def read(self, seconds):
        """Reads what the program prints, for some time at most. It returns whether there was something."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            raise Failed("the editor ended:\n" + self.text())
        self.stream.feed(data)
        # What a program asks its terminal: where the cursor is, and what it can do.
        if b"\x1b[6n" in data:
            os.write(self.fd, b"\x1b[%d;%dR" % (self.screen.cursor.y + 1, self.screen.cursor.x + 1))
        if b"\x1b[c" in data:
            os.write(self.fd, b"\x1b[?6c")
        return True

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip() + "\n"

    def keys(self, *keys):
        """Types keys, each after the program has drawn what the ones before it changed."""
        for k in keys:
            while self.read(0.2):
                pass
            os.write(self.fd, k.encode())

    def expect(self, *parts, absent=()):
        """Waits until the screen has all parts, and stays as it is for a moment."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if not self.read(0.4):
                text = self.text()
                if all(p in text for p in parts) and not any(p in text for p in absent):
                    return
        raise Failed("%r did not appear:\n%s" % (parts, self.text()))

    def step(self, title, *parts, absent=()):
        self.expect(*parts, absent=absent)
        self.steps.append("== " + title + "\n" + self.text())

    def end(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def neovim(t, newer):
    """Neovim's own client. newer says that it is 0.8 or later, whose functions have other parameters."""
    fix_all = '{context = {only = {"source.fixAll.sandlint"}, diagnostics = {}}}'
    if not newer:
        fix_all = '{only = {"source.fixAll.sandlint"}, diagnostics = {}}'
    t.step("findings", "is written", "the rest of the line", "runs this as root")
    t.keys(":4\r")
    t.keys(":lua vim.lsp.buf.code_action()\r")
    t.step("actions", "1: Move the RUN", "Ignore order/", "Explain order/")
    t.keys("1\r")
    t.step("the first one is applied", "runs this as root", absent=["is written"])
    t.keys(":8\r")
    t.keys(":lua vim.lsp.buf.code_action()\r")
    t.expect("1: Remove sudo", "Ignore dockerfile/sudo-in-run")
    t.keys("2\r")
    t.step("ignored, with a reason", "# sandlint: ignore[dockerfile/sudo-in-run] reason", absent=["runs this as root"])
    t.keys(":lua vim.lsp.buf.code_action(" + fix_all + ")\r")
    t.expect("Apply all safe fixes")
    t.keys("1\r")
    t.step("all safe fixes", "ENV COLOR=red")
    t.keys(":1\r", "$", ":lua vim.lsp.buf.rename('tools')\r")
    t.step("renamed", "AS tools", "FROM tools")
    t.keys(":2\r", "0w", ":lua vim.lsp.buf.hover()\r")
    t.step("hover", "1.0", "unless a build argument")
    t.keys("\x1b", ":edit! nix.conf\r")
    t.step("another file", "is unknown to Nix")
    t.keys(":lua vim.lsp.buf." + ("format()" if newer else "formatting()") + "\r")
    t.step("formatted", "cores = 4")


def helix(t, _newer):
    t.step("findings", "●   4", "●   5", "●   8")
    t.keys("]d")
    t.step("the first one", "is written after", "order/nix-config-after-nix-command")
    t.keys(" a")
    t.step("actions", "Move the RUN", "Ignore order/", "Explain order/")
    t.keys("\r")
    t.step("the first one is applied", "    3  RUN echo", absent=["●   3"])
    t.keys("]d", " a")
    t.expect("Write KEY=VALUE", "Ignore dockerfile/legacy-key-value")
    t.keys("\x1b[B", "\r")
    t.step("ignored, with a reason", "# sandlint: ignore[dockerfile/legacy-key-value] reason", absent=["●   6"])
    t.keys("1gg", "gl", " r", "\x15", "tools\r")
    t.step("renamed", "AS tools", "FROM tools")
    t.keys("2ggwl", " k")
    t.step("hover", "VERSION = 1.0 here")
    t.keys("\x1b", ":o nix.conf\r")
    t.step("another file", "is unknown to Nix")
    t.keys("2gg", ":format\r")
    t.step("formatted", "cores = 4")


class Emacs:
    """Emacs without a screen: session.el prints what it shows."""

    def __init__(self, program, env, project, guide):
        done = subprocess.run([program, "--batch", "-f", "package-initialize", "-l", guide, "-l",
                               os.path.join(HERE, "session.el")], env=env, cwd=project, capture_output=True, text=True,
                              timeout=60)
        if done.returncode != 0:
            raise Failed(done.stdout + done.stderr)
        self.steps = [done.stdout]

    def end(self):
        pass


EDITORS = {
    "neovim": (neovim, False),
    "neovim-newer": (neovim, True),
    "helix": (helix, False),
    "emacs": (lambda *_: None, False),
}


def start(editor, program, room):
    """Starts an editor in a copy of the project, with its own empty home."""
    home, project = os.path.join(room, "home"), os.path.join(room, "project")
    shutil.copytree(os.path.join(HERE, "project"), project)
    os.mkdir(os.path.join(project, ".git"))
    config = os.path.join(home, ".config")
    os.makedirs(config)
    env = dict(os.environ, HOME=home, XDG_CONFIG_HOME=config, XDG_DATA_HOME=home, XDG_STATE_HOME=home,
               XDG_CACHE_HOME=home, TERM="xterm-256color", LC_ALL="C.UTF-8", SANDLINT_SHELLCHECK="none",
               PATH=os.path.join(room, "bin") + ":" + os.environ["PATH"])
    env.pop("COLORTERM", None)
    if editor.startswith("neovim"):
        os.makedirs(os.path.join(config, "nvim"))
        version = subprocess.run([program, "--version"], env=env, capture_output=True, text=True, check=True).stdout
        recent = tuple(map(int, re.match(r"NVIM v(\d+)\.(\d+)", version).groups())) >= (0, 11)
        with open(os.path.join(config, "nvim", "init.lua"), "w", encoding="utf-8") as f:
            f.write(snippet("Neovim", 0 if recent else 1))
        argv = [program, "-n", "-i", "NONE", "--cmd", "set noruler noshowcmd laststatus=1 shortmess+=I", "Dockerfile"]
    elif editor == "emacs":
        guide = os.path.join(room, "guide.el")
        with open(guide, "w", encoding="utf-8") as f:
            f.write(snippet("Emacs"))
        return Emacs(program, env, project, guide)
    else:
        os.makedirs(os.path.join(config, "helix"))
        with open(os.path.join(config, "helix", "languages.toml"), "w", encoding="utf-8") as f:
            f.write(snippet("Helix"))
        argv = [program, "Dockerfile"]
    return Terminal(argv, env, project)


def main(argv):
    update = "--update" in argv
    argv = [a for a in argv if a != "--update"]
    editor, file = argv[:2]
    options = dict(a.split("=", 1) for a in argv[2:])
    room = tempfile.mkdtemp()
    try:
        os.mkdir(os.path.join(room, "bin"))
        os.symlink(os.path.abspath(options["sandlint"]), os.path.join(room, "bin", "sandlint"))
        t = start(editor, options["program"], room)
        script, newer = EDITORS[editor]
        try:
            script(t, newer)
        finally:
            t.end()
    except Failed as e:
        print(f"{editor}: {e}")
        return 1
    finally:
        shutil.rmtree(room)
    got = "\n".join(t.steps)
    if file == "-":
        return 0
    path = os.path.join(HERE, file)
    if update:
        with open(path, "w", encoding="utf-8") as f:
            f.write(got)
        return 0
    with open(path, encoding="utf-8") as f:
        want = f.read()
    if got != want:
        print(f"{editor}: the screens differ from {file}")
        import difflib

        sys.stdout.writelines(difflib.unified_diff(want.splitlines(True), got.splitlines(True), file, "seen"))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
