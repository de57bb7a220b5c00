"""One long-lived "sandlint check --stream", fed with records and asked for its answers.

The program's three pipes are served by one loop that never blocks on one of them, so neither side can wait for the
other for ever, however large a record or an answer is. What is on its way is bounded by records and by bytes.

A program that dies is started again. The records that it had not answered are sent once more, now one at a time, so
the next death is that of one record. A record that ends the program `tries` times is answered with an error, provided
that the program then answers a small record. What is no record's fault raises ProgramError, which fails the task, and
Spark tries that elsewhere: a program that cannot be started, rejects its arguments, breaks the protocol, or does not
answer the small record either.
"""

import contextlib
import json
import logging
import os
import selectors
import signal
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fleet.records import Problem, Record

log = logging.getLogger("fleet.program")

CHUNK = 1 << 20
KEPT_STDERR = 8 << 10
PROBE = b'{"id": "probe", "files": [{"path": "nix.conf", "content": "cores = 4\\n"}]}'
WRONG_USAGE = 2  # the exit status for arguments and configurations that cannot be used


class ProgramError(RuntimeError):
    """The program cannot do its work here, whatever the record."""


class _Died(Exception):
    """The program ended, or was killed because it gave no answer."""


@dataclass(frozen=True)
class Answer:
    """What the program says of a record: body is its JSON, or failed says why there is none."""

    record: Record
    body: dict[str, Any] | None
    failed: Problem | None
    tries: int


@dataclass(frozen=True)
class Limits:
    """tries: how often a record may end the program. silence: seconds without an answer after which it is killed.
    window, window_bytes: what may be on its way at a time; one record is always."""

    tries: int = 3
    silence: float = 900.0
    window: int = 32
    window_bytes: int = 32 << 20


class _Process:
    """A started program. Its pipes do not block."""

    def __init__(self, command: Sequence[str]) -> None:
        try:
            self.child = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as e:
            raise ProgramError(f"starting {command[0]}: {e}") from e
        assert self.child.stdin and self.child.stdout and self.child.stderr
        self.stdin, self.stdout, self.stderr = self.child.stdin, self.child.stdout, self.child.stderr
        self.selector = selectors.DefaultSelector()
        self.outgoing: deque[memoryview] = deque()
        self.received = bytearray()
        self.scanned = 0
        self.errors = b""
        for pipe in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(pipe.fileno(), False)
        self.selector.register(self.stdout, selectors.EVENT_READ)
        self.selector.register(self.stderr, selectors.EVENT_READ)

    def send(self, line: bytes) -> None:
        if self.stdin.closed:
            return
        if not self.outgoing:
            self.selector.register(self.stdin, selectors.EVENT_WRITE)
        self.outgoing += (memoryview(line), memoryview(b"\n"))

    def line(self, silence: float) -> bytes:
        """The next line of output, without its end."""
        while True:
            end = self.received.find(b"\n", self.scanned)
            if end >= 0:
                line = bytes(self.received[:end])
                del self.received[: end + 1]
                self.scanned = 0
                return line
            self.scanned = len(self.received)
            ready = self.selector.select(silence)
            if not ready:
                raise _Died(f"gave no answer for {silence:g} seconds and was killed")
            for key, _ in ready:
                if key.fileobj is self.stdin:
                    self._write()
                elif key.fileobj is self.stderr:
                    self._read_errors()
                elif data := os.read(self.stdout.fileno(), CHUNK):
                    self.received += data
                else:
                    raise _Died(self._end())

    def _write(self) -> None:
        try:
            while self.outgoing:
                part = self.outgoing[0]
                n = os.write(self.stdin.fileno(), part[:CHUNK])
                if n < len(part):
                    self.outgoing[0] = part[n:]
                    return
                self.outgoing.popleft()
        except BlockingIOError:
            return
        except BrokenPipeError:  # its output says what happened
            self.outgoing.clear()
            self.selector.unregister(self.stdin)
            self.stdin.close()
            return
        self.selector.unregister(self.stdin)

    def _read_errors(self) -> None:
        try:
            data = os.read(self.stderr.fileno(), CHUNK)
        except BlockingIOError:
            return
        if data:
            self.errors = (self.errors + data)[-KEPT_STDERR:]
        elif self.stderr in self.selector.get_map():
            self.selector.unregister(self.stderr)

    def _end(self) -> str:
        """Waits for the end, and says how it came."""
        try:
            status = self.child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            return "closed its output and was killed"
        self._kill()
        return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"

    def _kill(self) -> None:
        """Ends the program with the processes that it has started, which are its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)

    def close(self) -> str:
        """Ends the program, if it still runs, and returns what it last wrote to standard error."""
        if self.child.poll() is None:
            self._kill()
        self.child.wait()
        self._read_errors()
        self.selector.close()
        for pipe in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return self.errors.decode("utf-8", "replace").strip()

    def finish(self) -> None:
        """Ends the program after its last answer."""
        if not self.stdin.closed:
            self.stdin.close()
        try:
            self.line(60)
        except _Died:
            return
        raise ProgramError("the program wrote a line that is no answer")


class Program:
    """Answers records, in their order."""

    def __init__(self, command: Sequence[str], limits: Limits | None = None) -> None:
        self.command = command
        self.limits = limits or Limits()
        self.pending: deque[Record] = deque()  # sent, and not answered
        self.resend: deque[Record] = deque()  # were sent to a program that died
        self.tries: dict[int, int] = {}  # by id() of a record that is kept in one of the two
        self.process: _Process | None = None

    def answers(self, records: Iterable[Record]) -> Iterator[Answer]:
        """One answer for each record. Records that are not for the program are answered with their error."""
        source = iter(records)
        waiting: Record | None = None
        more = True
        try:
            while True:
                # Records that failed before keep their place, so they wait until all that was sent is answered.
                while more and not self.resend and waiting is None and self._room():
                    waiting = next(source, None)
                    more = waiting is not None
                    if waiting is not None and waiting.line is not None:
                        self._send(waiting)
                        waiting = None
                if self.resend and not self.pending:
                    self._send(self.resend.popleft())
                if self.pending:
                    if answer := self._answer():
                        yield answer
                elif waiting is not None:
                    yield Answer(waiting, None, waiting.failed, 0)
                    waiting = None
                elif not more:
                    break
            if self.process is not None:
                self.process.finish()
        finally:
            self._close()

    def _room(self) -> bool:
        sent = sum(len(r.line or b"") for r in self.pending)
        return not self.pending or (len(self.pending) < self.limits.window and sent < self.limits.window_bytes)

    def _send(self, record: Record) -> None:
        if self.process is None:
            self.process = _Process(self.command)
        self.pending.append(record)
        self.process.send(record.line or b"")

    def _answer(self) -> Answer | None:
        """The answer for the first record that has none; None where the program died and the record has tries left."""
        assert self.process is not None
        try:
            line = self.process.line(self.limits.silence)
        except _Died as death:
            return self._died(str(death))
        record = self.pending[0]
        try:
            body = json.loads(line)
            if body["id"] != record.repository:
                raise ValueError(f"the answer for {body['id']!r} came in place of that for {record.repository!r}")
        except (ValueError, KeyError, TypeError) as e:
            raise ProgramError(f"{self._last_words()}the program broke the protocol: {e}") from e
        self.pending.popleft()
        tries = self.tries.pop(id(record), 0) + 1
        if error := body.get("error"):
            return Answer(record, None, Problem(None, error["code"], error["message"]), tries)
        return Answer(record, body, None, tries)

    def _died(self, how: str) -> Answer | None:
        assert self.process is not None
        status = self.process.child.poll()
        stderr = self._close()
        said = f"; it wrote: {stderr}" if stderr else ""
        if status == WRONG_USAGE:
            raise ProgramError(f"{self.command[0]} {how}{said}")
        log.warning(
            "the program %s, with %d records unanswered, first %r%s",
            how,
            len(self.pending),
            self.pending[0].repository,
            said,
        )
        alone = len(self.pending) == 1
        self.resend.extendleft(reversed(self.pending))
        self.pending.clear()
        if not alone:
            return None
        record = self.resend[0]
        tries = self.tries[id(record)] = self.tries.get(id(record), 0) + 1
        if tries < self.limits.tries:
            return None
        self.resend.popleft()
        del self.tries[id(record)]
        self._probe()
        message = f"the program {how} on this record, {tries} times{said}"
        return Answer(record, None, Problem(None, "program_died", message), tries)

    def _probe(self) -> None:
        """Starts the program and has it answer a small record."""
        self.process = _Process(self.command)
        self.process.send(PROBE)
        try:
            self.process.line(self.limits.silence)
        except _Died as death:
            raise ProgramError(f"{self._last_words()}{self.command[0]} {death} on a record of one line") from death

    def _last_words(self) -> str:
        stderr = self._close()
        return f"{stderr}\n" if stderr else ""

    def _close(self) -> str:
        if self.process is None:
            return ""
        process, self.process = self.process, None
        return process.close()


def command_of(program: str, arguments: Sequence[str], max_record: int) -> list[str]:
    """The command line of the program. One record at a time: Spark's tasks are what runs side by side."""
    return [
        program,
        "check",
        "--stream",
        "--jobs=1",
        "--diff",
        "--no-shellcheck",
        f"--max-record={max_record}",
        *arguments,
    ]
