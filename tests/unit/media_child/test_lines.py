"""Nothing but lines reaches the parent, and nothing outlives it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

PROGRAM = """
import os, sys, time
from personae.media_child.lines import Lines

lines = Lines()
print("a library prints")
sys.stdout.flush()
os.write(1, b"a library in C prints\\n")
assert sys.stdin.read() == ""
lines.start()
job = lines.next_job()
while job["op"] != "stop first":
    lines.progress({"n": 1}, always=True)
    lines.progress({"n": 2})
    lines.answer(job)
    job = lines.next_job()
while not lines.should_stop():
    time.sleep(0.01)
lines.fail({"code": "canceled"})
job = lines.next_job()
assert not lines.should_stop()
lines.answer(job)
time.sleep(60)
"""


def talk(*messages: dict[str, Any] | bytes) -> tuple[list[dict[str, Any]], str]:
    """Everything the program says on stdout, as messages, and on stderr."""
    said = b"".join(m if isinstance(m, bytes) else json.dumps(m).encode() + b"\n" for m in messages)
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=said, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_prints_go_to_stderr_and_jobs_are_answered() -> None:
    child = start()
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    with child:
        assert json.loads(child.stdout.readline()) == {"ready": child.pid}
        child.stdin.write(b'{"op": "one"}\n')
        child.stdin.flush()
        lines = [json.loads(child.stdout.readline()) for _ in range(3)]
        # The second progress came a moment after the first, and was left out.
        assert lines == [{"begun": True}, {"progress": {"n": 1}}, {"answer": {"op": "one"}}]
        child.stdin.close()
        assert child.wait(30) == 0
        assert b"a library prints\na library in C prints\n" in child.stderr.read()


def test_a_wish_to_stop_is_about_the_job_before_it() -> None:
    child = start()
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        child.stdout.readline()
        child.stdin.write(b'{"op": "stop first"}\n{"stop": true}\n')
        child.stdin.flush()
        assert json.loads(child.stdout.readline()) == {"begun": True}
        assert json.loads(child.stdout.readline()) == {"error": {"code": "canceled"}}
        child.stdin.write(b'{"stop": true}\n{"op": "next"}\n')
        child.stdin.flush()
        assert json.loads(child.stdout.readline()) == {"begun": True}
        assert json.loads(child.stdout.readline()) == {"answer": {"op": "next"}}
        # It sleeps for a minute now, and ends all the same when we are gone.
        child.stdin.close()
        assert child.wait(30) == 0


def test_nonsense_ends_it() -> None:
    said, _ = talk(b"GET / HTTP/1.1\r\n\r\n")
    assert [list(one) for one in said] == [["ready"]]
