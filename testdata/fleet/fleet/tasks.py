"""What a task does with its partition. Everything here runs on executors."""

import logging
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyspark import SparkFiles

from fleet import bundles, tables
from fleet.program import Limits, Program, command_of
from fleet.records import Record, Row, records

Batches = Iterator[pa.RecordBatch]


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Settings:
    """What the tasks of a run share. program is the name of a file that was shipped with the job, or an installed
    program; arguments are further ones of "sandlint check"."""

    program: str
    arguments: Sequence[str] = ()
    max_record: int = 16 << 20
    limits: Limits = DEFAULT_LIMITS

    def check(self, rows: Iterator[Row | Record]) -> Batches:
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        shipped = SparkFiles.get(self.program)
        program = shipped if Path(shipped).exists() else shutil.which(self.program) or self.program
        answers = Program(command_of(program, self.arguments, self.max_record), self.limits)
        return tables.batches(answers.answers(records(rows, self.max_record)))


def rows_of(batches: Batches) -> Iterator[Row]:
    """The rows of a table with the columns repository, path, content, mode and commit."""
    for batch in batches:
        for repository, path, content, mode, commit in zip(
            *(batch.column(name).to_pylist() for name in ("repository", "path", "content", "mode", "commit")),
            strict=True,
        ):
            yield Row(repository, path, content, mode, commit)


def check_rows(settings: Settings) -> Callable[[Batches], Batches]:
    """The function for mapInArrow over rows that are sorted by repository."""

    def check(batches: Batches) -> Batches:
        return settings.check(rows_of(batches))

    return check


def check_bundles(settings: Settings) -> Callable[[Batches], Batches]:
    """The function for mapInArrow over bundles, with the columns repository and content."""

    def rows(batches: Batches) -> Iterator[Row | Record]:
        for batch in batches:
            for n in range(batch.num_rows):
                repository = batch.column("repository")[n].as_py()
                yield from bundles.rows(repository, batch.column("content")[n].as_py(), settings.max_record)

    def check(batches: Batches) -> Batches:
        return settings.check(rows(batches))

    return check
