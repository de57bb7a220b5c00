#!/usr/bin/env python3
"""Follows docs/fleet.md in a fresh clone, and checks what comes of it.

The blocks with the word "spark" are run in order, and so are the blocks in SQL, each of which is followed by its result
(--update rewrites those; of one with the word "example" only the columns are compared, as the findings change with the
rules). In place of sandlint the cluster gets a program that runs it, and that has one process fall
silent in the middle of a partition: the executor that it belongs to is killed then. The rows must be those of a single
process of "sandlint check --stream" and those of "sandlint check" in a folder for each repository.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as ds

from fleet import tables
from fleet.records import Row, records

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "fleet.md"

# Small queries over small tables: what Java compiles slowly does not pay.
SPARK = """\
spark.ui.enabled                false
spark.log.level                 WARN
spark.sql.shuffle.partitions    4
spark.driver.extraJavaOptions   -XX:TieredStopAtLevel=1
spark.executor.extraJavaOptions -XX:TieredStopAtLevel=1
"""

# Answers as sandlint. The third process in ROOM answers one record, says so, and is silent from then on. A record
# whose id begins with "poison" ends it.
WRAPPER = """\
#!{python}
import os, signal, subprocess, sys

room, real = {room!r}, {real!r}
held = False
for n in range(1, 4):
    try:
        os.mkdir(os.path.join(room, str(n)))
    except FileExistsError:
        continue
    held = n == 3
    break
child = subprocess.Popen([real, *sys.argv[1:]], stdin=subprocess.PIPE)
for n, line in enumerate(sys.stdin.buffer):
    if held and n == 1:
        with open(os.path.join(room, "held"), "w") as fifo:
            fifo.write(str(os.getpid()))
    if line.startswith(b'{{"id": "poison'):
        os.kill(os.getpid(), signal.SIGKILL)
    if not held or n == 0:
        child.stdin.write(line)
        child.stdin.flush()
child.stdin.close()
sys.exit(child.wait())
"""

Rows = set[tuple[str, str]]  # repository, and the rest as JSON


class Failure(Exception):
    """The guide does not hold."""


def need(holds: bool, message: str) -> None:
    if not holds:
        raise Failure(message)


@dataclass
class Block:
    """A fenced block: the lines from start up to end."""

    info: list[str]
    start: int
    end: int
    text: str

    @property
    def title(self) -> str | None:
        return next((w.removeprefix("title=") for w in self.info if w.startswith("title=")), None)


def blocks(lines: list[str]) -> Iterator[Block]:
    start, info = None, ""
    for n, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start, info = n + 1, line[3:]
        else:
            yield Block(info.split(), start, n, "\n".join(lines[start:n]) + "\n")
            start = None


def columns(result: str) -> list[str]:
    """The names of the columns of a result that is not empty."""
    need(" 0 rows " not in result, f"a query has no result:\n{result}")
    return result.split("\n")[1].replace("\u2502", " ").split()


class Clone:
    """A fresh clone of this repository as it is, with what is not committed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir()
        (self.work / "venv").symlink_to(sys.prefix)  # where requirements.txt is installed already
        self.exports: list[str] = []
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_", "SANDLINT_"))},
            "GIT_CONFIG_GLOBAL": str(folder.parent / "gitconfig"),
            "SPARK_CONF_DIR": str(folder.parent / "conf"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SANDLINT_SHELLCHECK": "none",
        }
        (folder.parent / "conf").mkdir()
        (folder.parent / "conf" / "spark-defaults.conf").write_text(SPARK)
        (folder.parent / "gitconfig").write_text(
            "[user]\nname = ci\nemail = ci@example.org\n[init]\ndefaultBranch = main\n[safe]\ndirectory = *\n"
        )
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True).stdout.split(b"\0"):
            source = ROOT / os.fsdecode(name)
            if not name or not (source.is_symlink() or source.is_file()):
                continue
            target = folder / os.fsdecode(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
        self.git(folder, "init", "--quiet")
        self.git(folder, "add", "--all")
        self.git(folder, "commit", "--quiet", "--message", "now")

    def git(self, folder: Path, *arguments: str, data: bytes | None = None) -> None:
        self.call(["git", *arguments], folder, data)

    def call(
        self, command: Sequence[str], folder: Path, data: bytes | None = None, status: Iterable[int] = (0,)
    ) -> bytes:
        done = subprocess.run(
            list(command), cwd=folder, env=self.environment, input=data, capture_output=True, check=False
        )
        if done.returncode not in status:
            raise Failure(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.decode(errors='replace')}")
        return done.stdout

    def shell(self, text: str) -> str:
        """Runs a block, with the variables that earlier ones have exported, and returns what it prints."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join([*self.exports, text])],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failure(f"{text}ended with {done.returncode}:\n{done.stdout[-20000:]}")
        self.exports += [line for line in text.splitlines() if line.startswith("export ")]
        return done.stdout


class Sandlint:
    """The real program, for comparisons."""

    def __init__(self, clone: Clone, program: Path) -> None:
        self.clone, self.program = clone, program

    def stream(self, lines: list[bytes], *more: str) -> list[Any]:
        command = [str(self.program), "check", "--stream", "--jobs=1", "--no-shellcheck", *more]
        out = self.clone.call(command, self.clone.folder, b"\n".join(lines) + b"\n")
        return [json.loads(line) for line in out.splitlines()]

    def folder(self, folder: Path) -> Any:
        command = [str(self.program), "check", "--no-shellcheck", "--format=json", "--exit-zero"]
        return json.loads(self.clone.call(command, folder, status=(0, 2)))


def found(repository: str, body: Any) -> Rows:

    return {(repository, json.dumps(tables.finding(f), sort_keys=True)) for f in body["findings"]}


def saved(run: Path) -> Rows:
    """The table of findings, without their states. A row that is there twice is a failure."""

    files = f"{run}/findings/*/*.parquet"
    relation = duckdb.sql(f"SELECT * EXCLUDE (run) FROM read_parquet('{files}', hive_partitioning = true)")
    names, rows = relation.columns, relation.fetchall()
    out = []
    for row in rows:
        values = dict(zip(names, row, strict=True))
        repository, _ = values.pop("repository"), values.pop("state")
        out.append((repository, json.dumps(values, sort_keys=True)))
    need(len(out) == len(set(out)), f"{len(out) - len(set(out))} findings of {run} are there twice")
    return set(out)


def same(what: str, got: Rows, want: Rows) -> None:
    need(bool(want), f"{what}: nothing was found")
    lost, more = sorted(want - got), sorted(got - want)
    need(not lost and not more, f"{what}: lost {len(lost)} {lost[:2]}, more {len(more)} {more[:2]}")


def table(run: Path, name: str) -> list[dict[str, Any]]:

    return ds.dataset(run / name, format="parquet").to_table().to_pylist()


class KillOne(threading.Thread):
    """Waits until a program falls silent, and kills the executor that it works for."""

    def __init__(self, room: Path) -> None:
        super().__init__(daemon=True)
        self.fifo = room / "held"
        os.mkfifo(self.fifo)
        self.killed: int | None = None

    def run(self) -> None:
        pid = int(self.fifo.read_text())
        while "CoarseGrainedExecutorBackend" not in Path(f"/proc/{pid}/cmdline").read_text():
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(pid, signal.SIGKILL)
        self.killed = pid


class Walk:
    """The way through the guide."""

    def __init__(self, clone: Clone, update: bool) -> None:
        self.clone, self.update = clone, update
        self.lines = GUIDE.read_text().split("\n")
        self.files: dict[str, dict[str, dict[str, bytes]]] = {}
        self.real = clone.work / "sandlint.real"
        self.sandlint = Sandlint(clone, self.real)
        self.room = clone.folder.parent / "room"
        self.room.mkdir()
        self.runs = clone.work / "runs"

    def walk(self) -> None:
        moved = 0
        every = list(blocks(self.lines))
        for block, after in zip(every, [*every[1:], None], strict=True):
            if block.title:
                (self.clone.work / block.title).write_text(block.text)
            if "spark" in block.info:
                print("==", block.text.strip().splitlines()[-1].strip(), flush=True)
                self.shell(block.text)
            if block.info[:1] == ["sql"]:
                moved += self.asked(block, after if after and after.info[:1] == ["text"] else None, moved)
        if self.update:
            GUIDE.write_text("\n".join(self.lines))

    def asked(self, block: Block, shown: Block | None, moved: int) -> int:
        """Compares the result of a query with the one that the guide shows, or puts it there. It returns by how many
        lines what follows moves."""
        result = self.query(block.text)
        if shown and (result == shown.text or ("example" in shown.info and columns(result) == columns(shown.text))):
            return 0
        need(self.update, f"line {block.start}: the result is not the one in the guide but\n{result}")
        new = result.rstrip("\n").split("\n")
        start, end = (shown.start, shown.end) if shown else (block.end + 1, block.end + 1)
        if not shown:
            new = ["", "```text", *new, "```"]
        self.lines[start + moved : end + moved] = new
        return len(new) - (end - start)

    def query(self, text: str) -> str:

        out = io.StringIO()
        with contextlib.chdir(self.clone.folder), contextlib.redirect_stdout(out):
            duckdb.sql(text).show(max_width=110, max_rows=40)
        return "\n".join(line.rstrip() for line in out.getvalue().rstrip().split("\n")) + "\n"

    def shell(self, text: str) -> None:
        if "--run 2026-11-29" in text:
            self.first(text)
        elif "--run 2026-11-30" in text:
            self.second(text)
        elif "--bundles" in text:
            self.bundled(text)
        elif "patches.py" in text:
            self.patched(self.clone.shell(text))
        else:
            self.clone.shell(text.replace("python3 -m venv work/venv\n", ""))
            if "go build" in text:
                self.built()

    def built(self) -> None:
        """Puts the wrapper in the place of sandlint, and tries the example in Go."""
        program = self.clone.work / "sandlint"
        folder = self.clone.folder.parent / "bin"
        folder.mkdir()
        shutil.copy2(program, folder / "sandlint")
        program.rename(self.real)
        program.write_text(WRAPPER.format(python=sys.executable, room=str(self.room), real=str(self.real)))
        program.chmod(0o755)
        self.clone.environment["PATH"] = f"{folder}:{self.clone.environment['PATH']}"
        out = self.clone.call(["go", "run", "work/lint.go", "testdata/example/nix.conf"], self.clone.folder)
        need(out.startswith(b"testdata/example/nix.conf: nix/"), f"lint.go prints {out!r}")

    def rows(self, source: Path) -> dict[str, dict[str, bytes]]:
        """The files of each repository of a table, in the order of names."""

        out: dict[str, dict[str, bytes]] = {}
        for row in ds.dataset(source, format="parquet").to_table().sort_by("repository").to_pylist():
            out.setdefault(row["repository"], {})[row["path"]] = row["content"]
        return out

    def compare(self, source: Path, run: Path, failed: dict[str, str]) -> None:
        """Compares a run over rows with a single process, and with a run in a folder for each repository but those that
        failed with a code."""

        got = saved(run)
        files = self.rows(source)
        rows = (Row(name, path, content) for name, every in files.items() for path, content in sorted(every.items()))
        answers = self.sandlint.stream([r.line or b"" for r in records(rows, 1 << 30)], "--diff")
        same(f"{run.name} and --stream", got, set().union(*(found(a["id"], a) for a in answers if "error" not in a)))
        patches = {a["id"]: p for a in answers if (p := tables.patch(a))}
        need({p["repository"]: p["patch"] for p in table(run, "patches")} == patches, "the patches are not the same")
        need(sorted(r["repository"] for r in table(run, "repositories")) == sorted(files), "repositories are missing")
        errors = table(run, "errors")
        need({e["repository"]: e["code"] for e in errors} == failed and len(errors) == len(failed), f"errors: {errors}")
        need({a["id"]: a["error"]["code"] for a in answers if "error" in a} == failed, "the errors are not the same")
        alone: Rows = set()
        with tempfile.TemporaryDirectory(dir=self.clone.folder.parent) as folder:
            for n, (name, every) in enumerate(files.items()):
                if name not in failed:
                    alone |= found(name, self.sandlint.folder(self.put(Path(folder, str(n)), every)))
        same(f"{run.name} and folders", got, alone)
        print(f"   {len(got)} findings in {len(files)} repositories, {len(patches)} patches", flush=True)

    def put(self, folder: Path, files: dict[str, bytes]) -> Path:
        (folder / ".git").mkdir(parents=True)
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(0o755)
        return folder

    def first(self, text: str) -> None:
        """A run in which an executor is killed."""
        killer = KillOne(self.room)
        killer.start()
        out = self.clone.shell(text)
        need(killer.killed is not None, f"no executor was killed:\n{out[-5000:]}")
        need("Lost executor" in out, f"Spark did not notice that an executor was killed:\n{out[-5000:]}")
        self.compare(self.clone.work / "day1", self.runs / "run=2026-11-29", {"team-03/moved": "invalid"})
        states = {s["state"] for s in table_of_states(self.runs / "run=2026-11-29")}
        need(states <= {"first", "suppressed"}, f"states of a first run: {states}")

    def second(self, text: str) -> None:
        """The run after it, with what an interrupted one has left, and once more."""
        staging = self.runs / "_staging" / f"2026-11-30@{'0' * 32}"
        left = self.runs / "run=2026-11-30"
        for folder in (staging, left):
            (folder / "findings").mkdir(parents=True)
            (folder / "findings" / "part-0.parquet").write_bytes(b"half")
        self.clone.shell(text)
        need(not staging.exists(), "what an interrupted run has left is still there")
        self.compare(self.clone.work / "day2", left, {})
        states = {(s["repository"], s["rule"], s["state"]) for s in table_of_states(left) if s["state"] != "known"}
        changed = {
            ("team-01/service", "dockerfile/unknown-instruction", "new"),
            ("team-01/service", "dockerfile/add-url-without-checksum", "suppressed"),
            ("team-03/moved", "nix/assignment-spacing", "first"),
            ("team-05/added", "nix/unknown-setting", "first"),
        }
        need(states == changed, f"states: {states}")
        gone = {(f["repository"], f["rule"], f["how"]) for f in table(left, "fixed")}
        changed = {
            ("team-01/service", "nix/assignment-spacing", "gone"),
            ("team-01/service", "dockerfile/add-url-without-checksum", "suppressed"),
        }
        need(gone == changed, f"fixed: {gone}")
        before = {p: p.stat().st_mtime_ns for p in self.runs.rglob("*")}
        out = self.clone.shell(text.partition("\n")[2])
        need("the run 2026-11-30 is there already" in out, out[-2000:])
        need(before == {p: p.stat().st_mtime_ns for p in self.runs.rglob("*")}, "a second job changed the run")

    def patched(self, out: str) -> None:
        """Applies each patch; nothing is left to fix then."""
        files = self.rows(self.clone.work / "day2")
        listed = [line.split("\t") for line in out.splitlines()]
        need(len(listed) == len(table(self.runs / "run=2026-11-30", "patches")) > 1, "patches are missing")
        with tempfile.TemporaryDirectory(dir=self.clone.folder.parent) as folder:
            for n, (patch, repository, _) in enumerate(listed):
                tree = self.put(Path(folder, str(n)), files[repository])
                self.clone.git(tree, "init", "--quiet")
                data = (self.clone.folder / patch).read_bytes()
                self.clone.git(tree, "apply", "--check", data=data)
                self.clone.git(tree, "apply", data=data)
                rest = self.clone.call([str(self.real), "fix", "--quiet"], tree, status=(0, 1))
                need(rest == b"", f"{patch} leaves something to fix:\n{rest.decode(errors='replace')}")

    def bundled(self, text: str) -> None:
        """Bundles, of which one is cut off and one ends the program."""
        folder = self.clone.folder.parent / "repositories"
        places = {"small/one": folder / "one", "a b/%2f+c": folder / "two", "poison": folder / "poison"}
        conf = {
            "images/Dockerfile": b"FROM nixos/nix:2.24.1\nRUN nix build\nCOPY settings.txt /etc/nix/nix.conf\n",
            "images/settings.txt": b"sanbox = true\n",
        }
        script = {"run": b"#!/bin/sh\nnix build --option sandbx false\n", "ci/nix.conf": b"cores=4\n"}
        for place, files in zip(places.values(), (conf, script, {"nix.conf": b"cores=1\n"}), strict=True):
            shutil.rmtree(self.put(place, files) / ".git")
            if files is script:
                (place / "ci" / "link.conf").symlink_to("nix.conf")
            self.clone.git(place, "init", "--quiet")
            self.clone.git(place, "add", "--all")
            self.clone.git(place, "commit", "--quiet", "--message", "files")
        target = self.clone.work / "bundles"
        for name, place in places.items():
            path = target / f"{name}.bundle"
            path.parent.mkdir(parents=True, exist_ok=True)
            self.clone.git(place, "bundle", "create", "--quiet", str(path), "HEAD")
        whole = (target / "small" / "one.bundle").read_bytes()
        (target / "cut.bundle").write_bytes(whole[: len(whole) // 2])
        self.clone.shell(text)
        run = self.clone.work / "bundled" / "run=1"
        errors = {
            e["repository"]: e["code"] for e in table(run, "errors") if e["path"] is None and e["code"] != "warning"
        }
        need(errors == {"poison": "program_died", "cut": "bundle"}, f"errors: {errors}")
        del places["poison"]
        clone = folder / "sandlint"
        self.clone.git(folder, "clone", "--quiet", str(target / "sandlint" / "sandlint.bundle"), str(clone))
        places["sandlint/sandlint"] = clone
        same(
            "bundles and clones",
            saved(run),
            set().union(*(found(n, self.sandlint.folder(p)) for n, p in places.items())),
        )


def table_of_states(run: Path) -> list[dict[str, Any]]:

    files = f"{run}/findings/*/*.parquet"
    query = f"SELECT repository, rule, state FROM read_parquet('{files}', hive_partitioning = true)"
    return [dict(zip(("repository", "rule", "state"), row, strict=True)) for row in duckdb.sql(query).fetchall()]


def main(argv: Sequence[str]) -> int:
    p = argparse.ArgumentParser(description="Follow docs/fleet.md, and check what comes of it.")
    p.add_argument("--update", action="store_true", help="rewrite the results of queries in the guide")
    args = p.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        clone = Path(folder, "clone")
        clone.mkdir()
        try:
            Walk(Clone(clone), args.update).walk()
        except Failure as e:
            print(f"fleet: {e}")
            return 1
    print("fleet: the guide holds")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
