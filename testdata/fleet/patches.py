#!/usr/bin/env python3
"""Writes the patches of a run as files, one for each repository: FOLDER/OWNER/NAME.patch.

    python patches.py OUTPUT/run=ID FOLDER [--repository NAME…]

It prints a line for each, with its repository and commit, if that is known, between tabs: what a bot needs to apply it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import pyarrow.dataset as ds


def name_of(repository: str) -> str:
    """A relative path for a repository, whatever its name: it leads nowhere else, and no two names share one."""
    parts = [quote(part, safe=" +@~") for part in repository.split("/")]
    return "/".join("%2E" + p[1:] if p.startswith(".") else p or "%" for p in parts) + ".patch"


def main(argv: Sequence[str]) -> None:
    p = argparse.ArgumentParser(description="Write the patches of a run as files.")
    p.add_argument("run", type=Path, help="the folder of the run")
    p.add_argument("folder", type=Path, help="where the patches are written")
    p.add_argument("--repository", action="append", metavar="NAME", help="only this one; may be repeated")
    args = p.parse_args(argv)
    chosen = None if args.repository is None else ds.field("repository").isin(args.repository)
    table = ds.dataset(args.run / "patches", format="parquet", exclude_invalid_files=True)
    for batch in table.to_batches(filter=chosen):
        for row in batch.to_pylist():
            target = args.folder / name_of(row["repository"])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(row["patch"])
            print(target, row["repository"], row["commit"] or "", sep="\t")


if __name__ == "__main__":
    main(sys.argv[1:])
