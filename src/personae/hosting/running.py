"""Running the service's processes until they are told to stop."""

from __future__ import annotations

import errno
import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog
import uvicorn

from personae.app import accounts
from personae.app.ports import Database, Transaction
from personae.domain.engine_menu import EngineMenu
from personae.errors import InvalidRequest
from personae.hosting import wiring
from personae.hosting.bounded_http import BoundedHttp, most_connections
from personae.hosting.engines import engine_menu
from personae.hosting.environment import warn_of_mistakes
from personae.hosting.first_key import FirstKey
from personae.hosting.logs import configure_logs
from personae.hosting.settings import Settings
from personae.hosting.supervisor import Supervised, watch_parent, worker_command

log = structlog.get_logger("personae.hosting")

Say = Callable[[str], None]
FIRST_TENANT = "default"
FIRST_CREDITS = 1000
URL_FILE = "url"
"""In the data folder while the API runs: where it is, for scripts that let it choose a port."""
_BACKLOG = 2048
_GC_YOUNG = 20_000


def serve(settings: Settings, *, say: Say) -> None:
    """Run the API in this process and a worker beside it, until SIGINT or SIGTERM."""
    configure_logs(settings, role="serve")
    warn_of_mistakes(settings)
    sock = listen(settings)
    settings = _with_port(settings, sock)
    engines = engine_menu(settings, installed=True)
    key = _prepare(settings)
    worker = Supervised("worker", worker_command(), _environment(settings), settings.grace_s + 10)
    worker.start()
    try:
        say(f"Personae runs at {settings.public_url}")
        say(f"Documentation: {settings.public_url}/docs")
        first = None
        if key is not None:
            say(f"API key (shown once): {key}")
            first = FirstKey(key, time.time) if settings.studio else None
        else:
            say("API keys: as before; `personae keys create` makes another.")
        if settings.studio:
            welcome = f"#welcome={first.code}" if first is not None else ""
            say(f"Studio: {settings.public_url}/{welcome}")
        _run_app(settings, sock, engines, first)
    finally:
        worker.stop()


def run_api(settings: Settings, *, say: Say) -> None:
    """Run the API alone, until SIGINT or SIGTERM."""
    configure_logs(settings, role="api")
    warn_of_mistakes(settings)
    sock = listen(settings)
    settings = _with_port(settings, sock)
    # Only workers need the models themselves.
    engines = engine_menu(settings, installed=False)
    wiring.open_service(settings).close()  # Migrates.
    say(f"The API runs at {settings.public_url}")
    _run_app(settings, sock, engines)


def run_worker(settings: Settings, *, supervised: bool, say: Say) -> None:
    """Run a worker until SIGINT or SIGTERM (or, supervised, until standard input ends).

    Work in hand may finish within the grace period; what does not is handed back to the queue.
    """
    configure_logs(settings, role="worker")
    if not supervised:  # Else whoever started it has the same variables, and has warned.
        warn_of_mistakes(settings)
    stop = threading.Event()

    def end(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    if supervised:
        watch_parent(stop)
    engine_menu(settings, installed=True)
    wiring.open_service(settings).close()  # Migrates.
    if not supervised:
        say("The worker runs.")
    from personae.hosting import working

    working.run_worker(settings, stop)


def listen(settings: Settings) -> socket.socket:
    """A socket on the host and port; port 0 takes a free one.

    Raises
    ------
    InvalidRequest
        If the address is taken or does not exist.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named, because asyncio sends small answers at once (TCP_NODELAY) only then.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((settings.host, settings.port))
        sock.listen(_BACKLOG)
    except (OSError, TypeError, ValueError) as error:  # The latter: a name that no host has.
        sock.close()
        raise _no_address(settings, error) from error
    sock.set_inheritable(False)
    return sock


def _no_address(settings: Settings, error: Exception) -> InvalidRequest:
    """Why the service cannot be where it should, and which of the two settings to change."""
    taken = isinstance(error, OSError) and error.errno in (errno.EADDRINUSE, errno.EACCES)
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return InvalidRequest(
        f"The service cannot listen on {host}:{settings.port}: {why}. "
        f"Choose another {'--port' if taken else '--host'}."
    )


def _with_port(settings: Settings, sock: socket.socket) -> Settings:
    """The settings with the port that was really taken."""
    return settings.model_copy(update={"port": sock.getsockname()[1]})


def _prepare(settings: Settings) -> str | None:
    """Bring the database up to date; the first key, if this is the first start."""
    with wiring.open_service(settings) as opened:
        wiring.storage(settings)  # It is known now whether it can be used, not after the key.
        return first_key(opened.database)


def first_key(database: Database) -> str | None:
    """Make the first tenant with some credits and a key, unless there are tenants already."""

    def work(tx: Transaction) -> str | None:
        if tx.tenants.all():
            return None
        now = time.time()
        tenant = accounts.create_tenant(tx, FIRST_TENANT, now)
        key = f"grant:first:{tenant.id}"
        accounts.grant(tx, tenant.id, FIRST_CREDITS, key=key, note="first start", now=now)
        return accounts.issue_key(tx, tenant.id, name="first", now=now).key

    return database.write(work)


def _environment(settings: Settings) -> dict[str, str]:
    """This process's variables, and those that tell the worker where everything is."""
    told = {
        "PERSONAE_DATA_DIR": str(settings.data_dir.resolve()),
        "PERSONAE_DATABASE_URL": settings.database,
        "PERSONAE_STORAGE_URL": settings.storage,
        "PERSONAE_BASE_URL": settings.public_url,
        "PERSONAE_FETCH_ALLOW": ",".join(settings.fetch_allow),
    }
    return {**os.environ, **told}


def _run_app(
    settings: Settings, sock: socket.socket, engines: EngineMenu, first: FirstKey | None = None
) -> None:
    from personae.hosting import api  # Only here: a worker alone has no use for it.

    app, close = api.build_api(settings, engines, first)
    BoundedHttp.most = most_connections()
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=30,
        lifespan="on",
    )
    file = settings.data_dir / URL_FILE
    # When it has ended well, uvicorn raises the signal that told it to once more, which would end
    # this process before it has cleaned up.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _note_signal)
    try:
        write_aside(file, settings.public_url)
        # What is there now stays: collections that walk over all of it would hold up requests for
        # a tenth of a second each.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_GC_YOUNG, 20, 50)
        uvicorn.Server(config).run(sockets=[sock])
    finally:
        forget(file, settings.public_url)
        close()


def _note_signal(number: int, _frame: object) -> None:
    log.info("told to stop", action="stop", signal=signal.Signals(number).name)


def forget(file: Path, text: str) -> None:
    """Remove a file, unless another process has written its own in the meantime."""
    with suppress(OSError):
        if file.read_text().strip() == text:
            file.unlink()


def write_aside(file: Path, text: str) -> None:
    """Write a small file that nobody ever sees half of."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_text(text + "\n")
    part.replace(file)
