#!/usr/bin/env python3
"""Makes a table of repositories to try the job on: the scenes of testdata/projects, and one repository of all of them.

python generate.py FOLDER [--repositories N] [--scenes N] [--apps N] [--day 2]

On day 2, team-01/service has changed: one finding is fixed, one suppressed, one new, and all lines of one file have
moved. team-03/moved cannot be checked on day 1, and two other repositories are there on one day alone.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TESTDATA = Path(__file__).resolve().parent.parent
ROWS = pa.schema([("repository", pa.string()), ("path", pa.string()), ("content", pa.binary())])
PER_FILE = 2000  # rows

Files = dict[str, bytes]

DAYS: dict[int, dict[str, Files]] = {
    1: {
        "team-01/service": {
            "Dockerfile": b"FROM nixos/nix:2.24.1\nCOPY nix.conf /etc/nix/nix.conf\nRUN nix build nixpkgs#hello\n",
            "nix.conf": b"cores=4\nsandbox = true\n",
            "images/base/Dockerfile": b"FROM debian:12\nADD http://example.org/tool.tar.gz /opt/\nRUN cd /opt\n",
            "images/old/Dockerfile": b"# caf\xe9\nFROM debian:12\nMAINTAINER somebody\nENV a b\n",
        },
        "team-02/empty": {},
        "team-03/moved": {"../nix.conf": b"cores=4\n"},
        "team-04/removed": {"nix.conf": b"cores=4\n"},
    },
    2: {
        "team-01/service": {
            "Dockerfile": b"FROM nixos/nix:2.24.1\nCOPY nix.conf /etc/nix/nix.conf\nRUN nix build nixpkgs#hello\n",
            "nix.conf": b"cores = 4\nsandbox = true\n",
            "images/base/Dockerfile": b"# The base of all images.\n\nFROM debian:12\n"
            b"# sandlint: ignore[dockerfile/add-url-without-checksum] ours\n"
            b"ADD http://example.org/tool.tar.gz /opt/\nRUN cd /opt\n",
            "images/old/Dockerfile": b"# caf\xe9\nFROM debian:12\nMAINTAINER somebody\nENV a b\nRUNN true\n",
        },
        "team-02/empty": {},
        "team-03/moved": {"nix.conf": b"cores=4\n"},
        "team-05/added": {"nix.conf": b"sanbox = true\n"},
    },
}


def folder(path: Path) -> Files:
    return {str(f.relative_to(path)): f.read_bytes() for f in sorted(path.rglob("*")) if f.is_file()}


def scenes() -> list[Files]:
    """The folders of testdata/projects, each with files of one repository."""
    found = [p.with_suffix("") for p in sorted(TESTDATA.glob("projects/*/*.txt")) if p.with_suffix("").is_dir()]
    return [folder(TESTDATA / "example"), *map(folder, found)]


def repositories(number: int, each: int, apps: int, day: int) -> Iterator[tuple[str, Files]]:
    """So many repositories, by name: monorepo with so many apps, and most others with a few scenes each."""
    every = scenes()

    def several(first: int, count: int) -> Files:
        chosen = ((n, every[(first + n) % len(every)]) for n in range(count))
        return {f"apps/{n:05d}/{path}": content for n, files in chosen for path, content in files.items()}

    yield "team-00/monorepo", several(0, apps)
    yield from DAYS[day].items()
    for n in range(1 + len(DAYS[day]), number):
        yield f"team-{n % 100:02d}/{n:05d}", every[n % len(every)] if each == 1 else several(n, each)


def write(target: Path, found: Iterator[tuple[str, Files]]) -> None:
    """Writes the rows of repositories as Parquet. A repository without files has one, so it is in the table at all."""
    target.mkdir(parents=True)
    rows: list[dict[str, object]] = []
    part = 0
    for repository, files in found:
        for path, content in (files or {"README.md": b"Nothing for sandlint.\n"}).items():
            rows.append({"repository": repository, "path": path, "content": content})
            if len(rows) == PER_FILE:
                pq.write_table(pa.Table.from_pylist(rows, schema=ROWS), target / f"part-{part:05d}.parquet")
                rows, part = [], part + 1
    pq.write_table(pa.Table.from_pylist(rows, schema=ROWS), target / f"part-{part:05d}.parquet")


def main(argv: Sequence[str]) -> None:
    p = argparse.ArgumentParser(description="Make a table of repositories to try the job on.")
    p.add_argument("folder", type=Path)
    p.add_argument("--repositories", type=int, default=60, metavar="N")
    p.add_argument("--scenes", type=int, default=1, metavar="N", help="projects in each of the others")
    p.add_argument("--apps", type=int, default=25, metavar="N", help="projects in the one large repository")
    p.add_argument("--day", type=int, choices=DAYS, default=1)
    args = p.parse_args(argv)
    write(args.folder, repositories(args.repositories, args.scenes, args.apps, args.day))


if __name__ == "__main__":
    main(sys.argv[1:])
