"""Rows out of bundles that git makes."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fleet import bundles
from fleet.records import Record, Row

ROOT = Path(__file__).resolve().parents[3]
Git = Callable[..., None]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    path.mkdir()
    return path


@pytest.fixture
def git(repository: Path) -> Git:
    who = ("-c", "user.name=ci", "-c", "user.email=ci@example.org", "-c", "init.defaultBranch=main")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def run(*arguments: str) -> None:
        subprocess.run(["git", *who, *arguments], cwd=repository, env=environment, check=True, capture_output=True)

    run("init", "--quiet")
    return run


def bundle(git: Git, repository: Path, *references: str) -> bytes:
    git("bundle", "create", "../b", *(references or ("HEAD", "main")))
    return (repository.parent / "b").read_bytes()


def commit(git: Git, repository: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    git("add", "--all", "--force")
    git("commit", "--quiet", "-m", "files")


def test_the_files_that_sandlint_could_look_at(git: Git, repository: Path) -> None:
    files = {
        "Dockerfile": b"FROM debian:12\nCOPY etc/settings.txt /etc/nix/nix.conf\nCOPY run.py /\n",
        "etc/settings.txt": b"include more.inc\n# caf\xe9\n",
        "etc/more.inc": b"cores = 4\n",
        "run.py": b"print()\n",
        "src/main.go": b"package main\n",
        "src/binary.dat": b"\0\1\2",
        ".gitignore": b"*.conf\n.gitignore\n",
        "conf/nix.conf": b"cores=4\n",
        "big/nix.conf": b"#" * (bundles.MAX_FILE + 1),
        "entry": b"#!/bin/sh\n",
    }
    (repository / "link.conf").symlink_to("conf/nix.conf")
    commit(git, repository, files)
    (repository / "entry").chmod(0o755)
    git("add", "--all")
    git("commit", "--quiet", "--amend", "-m", "modes")
    rows = list(bundles.rows("r", bundle(git, repository), 1 << 30))
    assert all(isinstance(r, Row) for r in rows)
    got = {r.path: (r.content, r.mode) for r in rows if isinstance(r, Row)}
    assert got == {
        **{
            n: (files[n], "100644")
            for n in ("Dockerfile", "conf/nix.conf", "etc/settings.txt", "etc/more.inc", "run.py")
        },
        "entry": (files["entry"], "100755"),
        "link.conf": (b"conf/nix.conf", "120000"),
    }
    assert len({r.commit for r in rows}) == 1
    assert re.fullmatch(r"[0-9a-f]{40}", rows[0].commit or "")


def test_the_pattern_is_that_of_the_hooks() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text()
    block = re.search(r"files: &files \|\n((?: {4}.*\n)+)", hooks)
    assert block
    assert bundles.CANDIDATE.pattern.split() == block[1].split()


def test_a_repository_without_such_files_is_an_empty_record(git: Git, repository: Path) -> None:
    commit(git, repository, {"main.go": b"package main\n"})
    (record,) = bundles.rows("r", bundle(git, repository), 1 << 30)
    assert isinstance(record, Record)
    assert record.line == b'{"id": "r", "files": []}'
    assert record.commit


def test_reading_ends_soon_after_the_bound(git: Git, repository: Path) -> None:
    commit(git, repository, {f"f{n:03d}.json": b"x" * 1000 + b"%d" % n for n in range(100)})
    assert len(list(bundles.rows("r", bundle(git, repository), 5000))) == 5


def test_which_commit(git: Git, repository: Path) -> None:
    assert bundles.head_of(b"1 refs/heads/a\n2 HEAD\n") == "HEAD"
    assert bundles.head_of(b"1 refs/heads/dev\n2 refs/heads/master\n") == "refs/heads/master"
    assert bundles.head_of(b"1 refs/heads/dev\n2 refs/tags/v1\n") == "refs/heads/dev"
    with pytest.raises(bundles.BundleError, match="and 2 other branches"):
        bundles.head_of(b"1 refs/heads/a\n2 refs/heads/b\n")


def test_a_bundle_that_cannot_be_read_is_a_record_with_an_error(git: Git, repository: Path) -> None:
    commit(git, repository, {"nix.conf": b"cores = 4\n"})
    whole = bundle(git, repository)
    commit(git, repository, {"nix.conf": b"cores = 8\n"})
    later = bundle(git, repository, "HEAD^..HEAD", "HEAD")
    for data, message in [(b"", "git bundle: "), (whole[:-30], "git fetch: "), (later, "prerequisite commit")]:
        (record,) = bundles.rows("r", data, 1 << 30)
        assert isinstance(record, Record)
        assert record.failed
        assert record.failed.code == "bundle"
        assert message in record.failed.message
        assert "/bundle-" not in record.failed.message
