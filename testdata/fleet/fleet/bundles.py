"""The files of git bundles, as rows.

Of a bundle's commit, the files are taken that sandlint could look at: those whose names the pattern below has, which is
that of sandlint's hooks for pre-commit, and those whose names stand in the text of a file that was taken, since a file
of any name may be copied, included or named as a profile. Large files are left out, and so is .gitignore: what a commit
holds is tracked, and sandlint checks that whatever git ignores.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fleet.records import LINK, Builder, Problem, Record, Row

# The pattern of .pre-commit-hooks.yaml; tests/test_bundles.py compares the two.
CANDIDATE = re.compile(
    r"""(?x)(^|/)(
        [^/.]+|
        [^/]*(?i:dockerfile|containerfile)[^/]*|
        [^/]+\.(?i:json|ya?ml|nix|conf|hcl|sh|bash|envrc)|
        [^/]+\.(mk|just|container|build|kube)|
        \.(?i:envrc|justfile)|
        \.(docker|container)ignore
    )$"""
)
# A name in a text, without its folders.
NAME = re.compile(rb"[^\s\"'`=:,;(){}<>|&$/\\\[\]]+")
MAX_FILE = 2 << 20  # bytes; sandlint reads no larger Dockerfile
MODES = ("100644", "100755", "100664", LINK)
LIMIT = 600.0  # seconds that one command of git may take


class BundleError(Exception):
    """The bundle cannot be read."""


@dataclass(frozen=True)
class Entry:
    """A file of a commit."""

    path: str
    mode: str
    blob: str
    size: int


class Git:
    """A new git repository, and git without the configuration of this machine. Its messages name no path of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_DIR": str(folder),
        }

    def run(self, *arguments: str) -> bytes:
        command = ["git", "-c", f"core.hooksPath={os.devnull}", "-c", "gc.auto=0", *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self.folder.parent,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired as e:
            raise BundleError(f"git {arguments[0]} took more than {LIMIT:g} seconds") from e
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip() or f"status {done.returncode}"
            raise BundleError(f"git {arguments[0]}: {said}")
        return done.stdout

    def contents(self, entries: list[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """The contents of files. git writes while its list is being read, so the list is a file."""
        with tempfile.TemporaryFile() as wanted:
            wanted.write(b"".join(e.blob.encode() + b"\n" for e in entries))
            wanted.seek(0)
            with subprocess.Popen(
                ["git", "cat-file", "--batch"], env=self.environment, stdin=wanted, stdout=subprocess.PIPE
            ) as child:
                assert child.stdout
                for entry in entries:
                    header = child.stdout.readline().split()
                    if len(header) != 3 or header[0].decode() != entry.blob:
                        child.kill()
                        raise BundleError(f"git cat-file has no content for {entry.path!r}")
                    content = child.stdout.read(int(header[2]) + 1)[:-1]
                    yield entry, content


def head_of(heads: bytes) -> str:
    """The reference that a bundle's list names as its state: HEAD, or main or master, or the only branch."""
    names = [line.split(b" ", 1)[1].decode("utf-8", "replace") for line in heads.splitlines() if b" " in line]
    branches = [name for name in names if name.startswith("refs/heads/")]
    for name in ("HEAD", "refs/heads/main", "refs/heads/master"):
        if name in names:
            return name
    if len(branches) == 1:
        return branches[0]
    raise BundleError(f"the bundle has no HEAD, main or master, and {len(branches)} other branches")


def entries_of(listing: bytes) -> list[Entry]:
    """The files and links of "git ls-tree -r -z -l", by path. Submodules and paths that are not UTF-8 are left out."""
    out = []
    for line in listing.split(b"\0"):
        head, tab, path = line.partition(b"\t")
        fields = head.decode("ascii", "replace").split()
        if not tab or len(fields) != 4 or fields[0] not in MODES or not fields[3].isdigit():
            continue
        try:
            out.append(Entry(path.decode("utf-8"), fields[0], fields[2], int(fields[3])))
        except UnicodeDecodeError:
            continue
    return sorted(out, key=lambda e: e.path)


def selected(git: Git, entries: list[Entry], max_bytes: int) -> Iterator[tuple[Entry, bytes]]:
    """The entries that sandlint could look at, with their contents; it ends soon after max_bytes."""
    by_name: dict[bytes, list[Entry]] = {}
    wanted = []
    for entry in entries:
        if entry.size > MAX_FILE:
            continue
        if CANDIDATE.search(entry.path):
            wanted.append(entry)
        else:
            by_name.setdefault(entry.path.rpartition("/")[2].encode("utf-8"), []).append(entry)
    by_name.pop(b".gitignore", None)
    total = 0
    while wanted:
        more: list[Entry] = []
        for entry, content in git.contents(wanted):
            yield entry, content
            total += len(content)
            if total > max_bytes:
                return
            for name in set(NAME.findall(content)):
                more += by_name.pop(name, ())
        wanted = sorted(more, key=lambda e: e.path)


def rows(repository: str, bundle: bytes, max_bytes: int) -> Iterator[Row | Record]:
    """The rows of one bundle; of one that cannot be read, a record that says why."""
    with tempfile.TemporaryDirectory(prefix="bundle-") as folder:
        git = Git(Path(folder, "git"))
        Path(folder, "bundle").write_bytes(bundle)
        del bundle
        commit = None
        taken: list[Row] = []
        try:
            git.run("init", "--quiet", "--bare", "git")
            head = head_of(git.run("bundle", "list-heads", "./bundle"))
            git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "./bundle", f"+{head}:refs/heads/fleet")
            commit = git.run("rev-parse", "--verify", "refs/heads/fleet^{commit}").decode().strip()
            entries = entries_of(git.run("ls-tree", "-r", "-z", "-l", "--full-tree", commit))
            for entry, content in selected(git, entries, max_bytes):
                taken.append(Row(repository, entry.path, content, entry.mode, commit))
        except (BundleError, OSError) as e:
            yield Record(repository, commit, failed=Problem(None, "bundle", str(e)))
            return
        if not taken:
            empty = Builder(repository, max_bytes).build()
            empty.commit = commit
            yield empty
            return
        yield from taken
