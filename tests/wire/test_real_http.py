"""What only a real server shows: answers that come bit by bit, and clients that leave."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvicorn

from wire.checks import submitted
from wire.service import Service


@pytest.fixture
def server(service: Service) -> Iterator[str]:
    """The service behind a port of this machine; its URL."""
    config = uvicorn.Config(service.app, port=0, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not happen in time."
        time.sleep(0.01)


def test_events_come_while_the_task_goes_on(server: str, service: Service) -> None:
    task_id = submitted(service)
    path = f"{server}/native/v1/swaps/{task_id}/events"
    with httpx.stream("GET", path, headers=service.headers(), timeout=30) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: status"
        service.succeed(task_id)  # Only now: the first event was here before the end.
        rest = "\n".join(lines)
    assert '"status":"succeeded"' in rest


def test_a_watcher_that_leaves_is_not_waited_for(server: str, service: Service) -> None:
    path = f"{server}/native/v1/swaps/{submitted(service)}/events"
    with httpx.stream("GET", path, headers=service.headers(), timeout=30) as answer:
        next(answer.iter_lines())

    def requests() -> str:
        return httpx.get(f"{server}/metrics").text

    # A request is counted when it is over.
    wait_for(lambda: 'route="/native/v1/swaps/{task_id}/events",status="200"' in requests())


def test_an_upload_that_breaks_off_leaves_nothing(server: str, service: Service) -> None:
    async def break_off() -> None:
        host, port = server.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        head = (
            "POST /native/v1/assets HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n"
            f"X-API-Key: {service.key()}\r\n\r\n"
        )
        writer.write(head.encode() + b"x" * 10_000)
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.close()
        await writer.wait_closed()

    asyncio.run(break_off())
    left = 'personae_http_requests_total{method="POST",route="/native/v1/assets",status="499"} 1.0'
    wait_for(lambda: left in httpx.get(f"{server}/metrics").text)
    assert service.call("GET", "/assets").json()["items"] == []
