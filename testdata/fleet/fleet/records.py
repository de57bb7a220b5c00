"""Records: the files of one repository, as one line for "sandlint check --stream"."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAX_ID = 4096  # bytes that the id of a record may have
LINK, EXECUTABLE = "120000", "100755"


@dataclass(frozen=True)
class Row:
    """One file of a repository. content is None where only the path is known. mode is that of git, None where it is not
    known; content is the target of a link."""

    repository: str
    path: str | None
    content: bytes | None
    mode: str | None = None
    commit: str | None = None


@dataclass(frozen=True)
class Problem:
    """Why one file, or with path None the whole record, was not checked."""

    path: str | None
    code: str
    message: str


@dataclass
class Record:
    """A repository. line is what the program reads, without its end. A record that failed has none."""

    repository: str
    commit: str | None = None
    files: int = 0
    size: int = 0  # bytes of the contents
    line: bytes | None = None
    failed: Problem | None = None
    problems: list[Problem] = field(default_factory=list)


def encoded(row: Row) -> str:
    """The file of a row as JSON. Content that is not UTF-8 is written in base64, so no byte changes."""
    assert row.content is not None
    out: dict[str, object] = {"path": row.path}
    if row.mode == LINK:
        out["link"] = row.content.decode("utf-8", "replace")
        return json.dumps(out, ensure_ascii=False)
    try:
        out["content"] = row.content.decode("utf-8")
    except UnicodeDecodeError:
        out["base64"] = base64.b64encode(row.content).decode("ascii")
    if row.mode is not None:
        out["executable"] = row.mode == EXECUTABLE
    return json.dumps(out, ensure_ascii=False)


class Builder:
    """Makes the record of one repository out of its rows, and keeps no more than max_record bytes of them."""

    def __init__(self, repository: str, max_record: int) -> None:
        self.record = Record(repository)
        self.max_record = max_record
        self.parts: list[str] = []
        self.seen: dict[str, int] = {}

    def add(self, row: Row) -> None:
        rec = self.record
        rec.commit = rec.commit or row.commit
        if row.path is None:
            rec.problems.append(Problem(None, "no_path", "a row has no path"))
            return
        if row.content is None:
            rec.problems.append(Problem(row.path, "no_content", "the row has no content"))
            return
        digest = hash((row.content, row.mode))
        if row.path in self.seen:
            if self.seen[row.path] != digest:
                rec.failed = Problem(None, "two_contents", f"two rows give the file {row.path!r} different contents")
            return
        self.seen[row.path] = digest
        rec.files += 1
        rec.size += len(row.content)
        if rec.size > self.max_record:
            self.parts.clear()  # never sent; the rows that follow only count
        else:
            self.parts.append(encoded(row))

    def build(self) -> Record:
        rec = self.record
        if not 0 < len(rec.repository.encode()) <= MAX_ID:
            rec.failed = Problem(None, "invalid", f"the name of the repository must have 1 to {MAX_ID} bytes")
        if rec.failed is None and rec.size > self.max_record:
            rec.failed = Problem(
                None,
                "too_large",
                f"the files have {rec.size} bytes, more than the {self.max_record} that --max-record allows",
            )
        if rec.failed is None:
            head = json.dumps(rec.repository, ensure_ascii=False)
            rec.line = f'{{"id": {head}, "files": [{", ".join(self.parts)}]}}'.encode()
        self.parts.clear()
        self.seen.clear()
        return rec


def records(rows: Iterable[Row | Record], max_record: int) -> Iterator[Record]:
    """The records of rows that are sorted by repository. A Record among them, such as a bundle that cannot be read,
    is passed on."""
    builder: Builder | None = None
    for row in rows:
        if builder is not None and (isinstance(row, Record) or row.repository != builder.record.repository):
            yield builder.build()
            builder = None
        if isinstance(row, Record):
            yield row
            continue
        if builder is None:
            builder = Builder(row.repository, max_record)
        builder.add(row)
    if builder is not None:
        yield builder.build()
