"""The program's answers, and what happens when it dies."""

import json
import os
from pathlib import Path

import pytest

from fleet.program import Answer, Limits, Program, ProgramError
from fleet.records import Problem, Record


def record(name: str, size: int = 0) -> Record:
    return Record(name, line=json.dumps({"id": name, "files": [], "x": "z" * size}).encode())


def outcomes(answers: list[Answer]) -> list[tuple[str, str | None]]:
    return [(a.record.repository, a.failed and a.failed.code) for a in answers]


def test_answers_come_in_order_from_one_process(stand_in: list[str], starts: Path) -> None:
    failed = Record("too large", failed=Problem(None, "too_large", "much"))
    given = [*(record(f"r{n}") for n in range(50)), failed, record("error"), record("last")]
    got = outcomes(list(Program(stand_in).answers(given)))
    want = [(f"r{n}", None) for n in range(50)]
    assert got == [*want, ("too large", "too_large"), ("error", "invalid"), ("last", None)]
    assert starts.read_text() == "start\n"


def test_nothing_is_started_for_no_record(starts: Path, stand_in: list[str]) -> None:
    assert list(Program(stand_in).answers([])) == []
    assert not starts.exists()


def test_large_records_and_answers_do_not_block_each_other(stand_in: list[str]) -> None:
    """Each is larger than a pipe holds, and the program answers one while the next is being written."""
    answers = list(Program(stand_in).answers(record(f"large{n}", 3 << 20) for n in range(20)))
    assert [len(a.body["filler"]) for a in answers if a.body] == [len(a.record.line or b"") + 1 for a in answers]


def test_errors_are_read_too(stand_in: list[str]) -> None:
    assert outcomes(list(Program(stand_in).answers([record("noise"), record("next")]))) == [
        ("noise", None),
        ("next", None),
    ]


def test_no_more_is_on_its_way_than_allowed(stand_in: list[str]) -> None:
    program = Program(stand_in, Limits(window=4, window_bytes=3000))
    taken = 0

    def source() -> "list[Record]":
        nonlocal taken
        for n in range(30):
            taken += 1
            yield record(f"r{n}", 900)

    for answered, _ in enumerate(program.answers(source()), 1):
        assert taken - answered <= 4
    assert taken == 30


def test_a_record_that_ends_the_program_costs_itself_alone(stand_in: list[str], starts: Path) -> None:
    names = ["a", "killed1", "killed2", "b", "once", "c", "killed3", "killed4", "killed5", "d"]
    answers = list(Program(stand_in, Limits(tries=2)).answers(map(record, names)))
    assert outcomes(answers) == [(n, "program_died" if n.startswith("killed") else None) for n in names]
    died = answers[1]
    assert died.tries == 2
    assert died.failed
    assert died.failed.message == "the program was ended by signal 9 on this record, 2 times; it wrote: a stand-in"
    assert starts.read_text().count("start") > 10


def test_a_silent_program_is_killed(stand_in: list[str]) -> None:
    answers = list(Program(stand_in, Limits(tries=1, silence=0.2)).answers([record("silent"), record("b")]))
    assert outcomes(answers) == [("silent", "program_died"), ("b", None)]
    assert answers[0].failed
    assert "gave no answer for 0.2 seconds and was killed" in answers[0].failed.message


@pytest.mark.parametrize(
    ("command", "name", "message"),
    [
        (["/nowhere/sandlint"], "a", "starting /nowhere/sandlint: "),
        (["usage"], "a", "ended with status 2; it wrote: a stand-in"),
        (["broken"], "a", "was ended by signal 9 on a record of one line"),
        ([], "wrong", "the answer for 'another' came in place of that for 'wrong'"),
        ([], "text", "the program broke the protocol: "),
    ],
)
def test_what_is_no_fault_of_a_record_fails_the_task(
    stand_in: list[str], command: list[str], name: str, message: str
) -> None:
    program = Program(command if command[:1] == ["/nowhere/sandlint"] else stand_in + command)
    with pytest.raises(ProgramError, match=message):
        list(program.answers([record(name)]))


def test_processes_of_the_program_end_with_it(tmp_path: Path) -> None:
    """The pipe below has an end only when nobody can write to it any more."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    script = f"sleep 1000 <&- >&- 2>&- {write}>&{write} & read line; kill -9 $$"
    command = ["bash", "-c", f"exec {write}>/proc/{os.getpid()}/fd/{write}; {script}"]
    with pytest.raises(ProgramError):
        list(Program(command, Limits(tries=1)).answers([record("a")]))
    os.close(write)
    assert os.read(read, 1) == b""
    os.close(read)


def test_the_program_ends_with_its_reader(stand_in: list[str]) -> None:
    program = Program(stand_in)
    answers = program.answers(record(f"r{n}") for n in range(50))
    next(answers)
    process = program.process
    assert process
    answers.close()
    assert process.child.returncode is not None
