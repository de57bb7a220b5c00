"""The rows that come of an answer, and the schemas of all tables. docs/fleet.md lists them for readers."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from fleet.program import Answer

_EDIT = pa.struct([("path", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("text", pa.string())])
_FIX = pa.struct([("title", pa.string()), ("safety", pa.string()), ("edits", pa.list_(_EDIT))])
_RELATED = pa.struct(
    [
        ("path", pa.string()),
        ("line", pa.int32()),
        ("column", pa.int32()),
        ("message", pa.string()),
    ]
)

FINDING = pa.struct(
    [
        ("rule", pa.string()),
        ("severity", pa.string()),
        ("message", pa.string()),
        ("path", pa.string()),
        ("line", pa.int32()),
        ("column", pa.int32()),
        ("end_line", pa.int32()),
        ("end_column", pa.int32()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("aliases", pa.list_(pa.string())),
        ("help", pa.string()),
        ("related", pa.list_(_RELATED)),
        ("fixes", pa.list_(_FIX)),
        ("suppressed", pa.string()),
        ("reason", pa.string()),
        ("fingerprint", pa.string()),
    ]
)

PROBLEM = pa.struct([("path", pa.string()), ("code", pa.string()), ("message", pa.string())])

# What a task writes: one row for each repository.
ANSWER = pa.schema(
    [
        ("repository", pa.string()),
        ("commit", pa.string()),
        ("files", pa.int32()),
        ("size", pa.int64()),
        ("checked", pa.int32()),
        ("tries", pa.int32()),
        ("version", pa.string()),
        ("error", PROBLEM),
        ("problems", pa.list_(PROBLEM)),
        ("findings", pa.list_(FINDING)),
        ("patch", pa.binary()),
    ]
)


def finding(f: dict[str, Any]) -> dict[str, Any]:
    """A finding of the program's JSON as a value of FINDING."""
    start, end = f["range"]["start"], f["range"]["end"]
    suppressed = f["suppressed"] or {}
    return {
        "rule": f["rule"],
        "severity": f["severity"],
        "message": f["message"],
        "path": f["path"],
        "line": start["line"],
        "column": start["column"],
        "end_line": end["line"],
        "end_column": end["column"],
        "start": start["offset"],
        "end": end["offset"],
        "aliases": f["aliases"],
        "help": f["help"],
        "related": [
            {
                "path": r["path"],
                "line": r["range"]["start"]["line"],
                "column": r["range"]["start"]["column"],
                "message": r["message"],
            }
            for r in f["related"]
        ],
        "fixes": f["fixes"],
        "suppressed": suppressed.get("kind"),
        "reason": suppressed.get("reason"),
        "fingerprint": f["fingerprint"],
    }


def row(answer: Answer) -> dict[str, Any]:
    """An answer as a row of ANSWER."""
    rec, body = answer.record, answer.body or {}
    files = body.get("files", {})
    problems = [(p.path, p.code, p.message) for p in rec.problems]
    problems += [(p["path"], "file", p["message"]) for p in body.get("errors", [])]
    problems += [(p["path"], "skipped", p["reason"]) for p in files.get("skipped", [])]
    problems += [(p["path"], "incomplete", p["reason"]) for p in files.get("incomplete", [])]
    problems += [(None, "warning", text) for text in body.get("warnings", [])]
    failed = answer.failed
    return {
        "repository": rec.repository,
        "commit": rec.commit,
        "files": rec.files,
        "size": rec.size,
        "checked": files.get("checked", 0),
        "tries": answer.tries,
        "version": body["tool"]["version"] if body else None,
        "error": failed and {"path": failed.path, "code": failed.code, "message": failed.message},
        "problems": [dict(zip(("path", "code", "message"), p, strict=True)) for p in problems],
        "findings": [finding(f) for f in body.get("findings", [])],
        "patch": patch(body),
    }


def patch(body: dict[str, Any]) -> bytes | None:
    """The safe fixes of an answer, for "git apply"; None where there are none."""
    if text := body.get("diff"):
        return text.encode("utf-8")
    if text := body.get("diff_base64"):
        return base64.b64decode(text)
    return None


MOST_ROWS = 128
MOST_BYTES = 16 << 20


def batches(answers: Iterable[Answer]) -> Iterator[pa.RecordBatch]:
    """The rows of answers in batches of bounded size."""
    rows: list[dict[str, Any]] = []
    size = 0
    for answer in answers:
        one = row(answer)
        rows.append(one)
        size += 1000 * len(one["findings"]) + len(one["patch"] or b"")
        if len(rows) >= MOST_ROWS or size >= MOST_BYTES:
            yield pa.RecordBatch.from_pylist(rows, schema=ANSWER)
            rows, size = [], 0
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=ANSWER)
