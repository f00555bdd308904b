"""The command `personae` of the pages: it has a warm process run it, and ends as that ends.

Services do not end, so `personae serve`, `api` and `worker` are started, listened to until they
are ready, and left running for the page; they are stopped at its end. `personae serve` as the
page's first reader would type it is the tests' one shared service, which lies in the page's
folder as `data`: what that said when it started is shown again.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

READY_S = 90.0


def main(arguments: list[str]) -> int:
    if arguments[:1] in (["serve"], ["api"], ["worker"]) and "--help" not in arguments:
        return _service(arguments)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.connect(os.environ["DOCS_WARM"])
    environment = {name: value for name, value in os.environ.items() if name[:5] != "DOCS_"}
    job = {"what": "personae", "arguments": arguments, "cwd": os.getcwd(), "env": environment}
    socket.send_fds(line, [json.dumps(job).encode()], [0, 1, 2])
    code = int(line.recv(32) or b"70")
    return code if code >= 0 else 128 - code


def _service(arguments: list[str]) -> int:
    clients = ("PERSONAE_URL", "PERSONAE_API_KEY")
    own = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PERSONAE_") and name not in clients
    }
    checked = [os.environ["DOCS_PYTHON"], "-m", "personae", arguments[0], "--help"]
    subprocess.run(checked, check=True, stdout=subprocess.DEVNULL)
    if arguments[0] == "serve" and own == json.loads(os.environ["DOCS_SHARED"]):
        print(Path(os.environ["DOCS_SAID"]).read_text(), end="")
        return 0
    return _start(arguments)


def _start(arguments: list[str]) -> int:
    """A service of the page's own."""
    given = [*arguments]
    if "--port" in given:
        given[given.index("--port") + 1] = "0"
    elif given[0] != "worker":
        given += ["--port", "0"]
    log = Path(os.environ["DOCS_STARTED"]) / f"{time.monotonic_ns()}.log"
    with log.open("w") as sink:
        process = subprocess.Popen(
            [os.environ["DOCS_PYTHON"], "-m", "personae", *given],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
    log.with_suffix(".pid").write_text(str(process.pid))
    ends = time.monotonic() + READY_S
    while time.monotonic() < ends and process.poll() is None:
        said = log.read_text()
        if "runs at" in said or "worker started" in said:
            print(said, end="")
            return 0
        time.sleep(0.1)
    print(log.read_text(), end="", file=sys.stderr)
    return process.poll() or 70


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
