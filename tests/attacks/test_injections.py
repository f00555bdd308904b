"""Names that are paths, headers or log lines in disguise."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog

from personae.adapters.blobs import blobs_from_url
from personae.adapters.blobs.memory import MemoryBlobs
from personae.adapters.media_host.fake import fake_media
from personae.errors import PersonaeError
from personae.hosting.logs import configure_logs
from personae.wire.files import disposition
from wire.service import BASE, SECRET, Service

NAMES = [
    "../../etc/passwd",
    "..\\..\\windows\\system32\\config",
    "/etc/passwd",
    "C:\\autoexec.bat",
    "\\\\host\\share\\a.png",
    "a\0b.png",
    "a\r\nSet-Cookie: a=b\r\n\r\n<script>",
    "a\nb.png",
    'a".png; filename="b.exe',
    "a.png\u202egnp.exe",
    "\u2028\u2029",
    "..",
    ".",
    "~root",
    "con",
    "a" * 5000,
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%c0%af..%c0%afetc",
    "\uff0e\uff0e/\uff0e\uff0e/etc",
    "$(reboot)",
    "`id`.png",
    "-rf",
    "<img src=x onerror=alert(1)>.png",
    "\x1b[2J\x1b]0;owned\x07",
    "{jndi}",
    "%s%n{0.__class__}",
    "\ud800",
]
"""What attackers call files."""
PICTURE = fake_media(width=64, height=64)


def upload(service: Service, name: str, number: int) -> Any:
    """A form with a file of that name."""
    data = PICTURE + b"%d" % number
    raw = name.encode("utf-8", "surrogatepass").replace(b'"', b"%22")
    raw = raw.replace(b"\r", b"%0D").replace(b"\n", b"%0A")
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + raw
    body += b'"\r\n\r\n' + data + b"\r\n--x--\r\n"
    headers = service.headers(**{"Content-Type": "multipart/form-data; boundary=x"})
    return service.client.request("POST", "/native/v1/assets", content=body, headers=headers)


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_a_files_name_is_a_name_and_nothing_else(service: Service, number: int) -> None:
    answer = upload(service, NAMES[number], number)
    assert answer.status_code in (201, 400, 422), answer.text
    if answer.status_code != 201:
        return
    told = answer.json()
    shown = told["filename"] or ""
    assert not set(shown) & set("/\\\0\r\n\x1b"), shown
    assert shown not in ("..", ".")
    assert len(shown) <= 255
    asset = service.database.read(lambda tx: tx.assets.get(None, told["id"]))
    assert asset is not None
    assert NAMES[number].strip(".") == "" or NAMES[number] not in asset.blob_key
    assert ".." not in asset.blob_key
    url = service.call("GET", f"/assets/{told['id']}/url").json()["url"]
    got = service.client.get(url)
    assert got.status_code == 200
    lines = got.headers["content-disposition"]
    assert lines.startswith("attachment")
    assert lines.isascii()
    assert lines.isprintable()
    assert "set-cookie" not in got.headers


@pytest.mark.parametrize("name", NAMES)
def test_a_disposition_has_one_name_in_it(name: str) -> None:
    value = disposition(name)
    assert value.startswith("attachment")
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') in (0, 2)
    assert value.count("filename=") <= 1


@pytest.mark.parametrize("name", [one for one in NAMES if one.isprintable() or one.isascii()])
def test_a_signed_name_in_a_url_is_a_name_too(service: Service, name: str) -> None:
    service.blobs.put_bytes("outputs/one.png", b"x", "image/png")
    url = service.blobs.download_url(
        "outputs/one.png", filename=name, content_type="image/png", ttl_s=60
    )
    answer = service.client.get(url)
    assert answer.status_code in (200, 400, 403)
    assert answer.headers.get("content-disposition", "").isprintable()


@pytest.mark.parametrize("name", [one for one in NAMES if "/" in one or "\\" in one or one == ".."])
def test_a_blobs_key_leaves_its_folder_nowhere(tmp_path: Any, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "blobs"
    local = blobs_from_url(folder.as_uri(), base_url=BASE, secret=SECRET, spool_folder=folder)
    for blobs in (local, MemoryBlobs(BASE, SECRET, lambda: 0.0)):
        for key in (name, f"a/{name}", f"a/../../outside/{name}"):
            try:
                blobs.put_bytes(key, b"x", "image/png")
            except (PersonaeError, ValueError):
                continue
            assert not list(outside.iterdir()), key
    assert {one.name for one in tmp_path.iterdir()} <= {"outside", "blobs"}


@pytest.mark.parametrize(
    "path",
    [
        "/blobs/../../etc/passwd",
        "/blobs/%2e%2e/%2e%2e/etc/passwd",
        "/blobs//etc/passwd",
        "/blobs/..%5c..%5cetc",
        "/blobs/a%00b",
        "/media/../blobs/x",
        "/media/asset_01ks3v8mq2b7d4x9r5w6t0hnce/..%2f..%2fx",
        "/native/v1/assets/..%2f..%2faccount",
        "/native/v1/swaps/%0d%0aSet-Cookie:a=b",
        "/a2e/api/v1/userFaceSwapTask/..%2f..",
        "/problems/..%2f..%2fetc",
    ],
)
def test_paths_lead_nowhere_else(service: Service, path: str) -> None:
    answer = service.client.get(path, headers=service.headers())
    assert answer.status_code in (400, 403, 404, 405, 422), answer.text
    assert "set-cookie" not in answer.headers
    assert "root:" not in answer.text


# --- Logs


@pytest.fixture(params=["json", "console"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a process writes to its log, in either format."""
    import sys

    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure_logs(
        cast("Any", SimpleNamespace(log_format=request.param, log_level="info")), role="api"
    )
    yield written
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


EVIL = 'x\n{"event": "forged", "level": "critical"}\r\n\x1b[31m\x07\x9b2J\u2028forged'


def test_what_is_logged_stays_on_its_line(log: io.StringIO) -> None:
    structlog.get_logger("personae.wire").info(
        "request", path=EVIL, tenant_id=EVIL, nested={"a": [EVIL]}, odd=EVIL.encode()
    )
    structlog.get_logger("personae.media").info("media child", line=EVIL)
    logging.getLogger("uvicorn.error").warning("Invalid request: %s", EVIL)
    logging.getLogger("other").warning(EVIL)
    lines = log.getvalue().splitlines()
    assert len(log.getvalue().rstrip("\n").split("\n")) == 4, lines
    for text in log.getvalue().rstrip("\n").split("\n"):
        assert not any(ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0 for one in text), repr(text)
        assert not text.startswith("{") or json.loads(text)["role"] == "api"


def test_requests_cannot_write_lines(service: Service, log: io.StringIO) -> None:
    service.client.get(
        "/native/v1/%0a%7b%22event%22%3a%22forged%22%7d%1b%5b2J",
        headers={"X-Request-Id": "a\tb", "User-Agent": "x\t\x1b[2J"},
    )
    upload(service, EVIL, 1)
    text = log.getvalue()
    assert text
    for line in text.rstrip("\n").split("\n"):
        assert not line.startswith('{"event": "forged"')
        assert not any(ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0 for one in line), repr(line)
