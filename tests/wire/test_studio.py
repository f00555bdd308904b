"""The studio's files, and the first key that it offers."""

from __future__ import annotations

import gzip
import posixpath
import re

import httpx
import pytest

from personae.wire.studio import policy, studio_files
from wire.service import Service

FIRST_LOAD_BYTES = 150_000


def test_the_page_forbids_everything_from_elsewhere(service: Service) -> None:
    answer = service.client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    told = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert told["default-src"] == "'none'"
    assert told["script-src"] == told["style-src"] == "'self'"
    assert told["frame-ancestors"] == "'none'"


def test_storage_elsewhere_is_allowed_by_its_origin_alone() -> None:
    own = "https://api.example.com"
    elsewhere = policy("https://files.example.com:9000/bucket/x?sig=1", own)
    assert elsewhere.count("https://files.example.com:9000") == 3
    assert "bucket" not in elsewhere
    assert "https://" not in policy("https://api.example.com/blobs/x", own)


def test_every_file_is_sent_whole_packed_or_not_at_all(service: Service) -> None:
    for path, file in studio_files().items():
        if path == "index.html":
            continue
        plain = service.client.get(f"/studio/{path}", headers={"Accept-Encoding": "identity"})
        assert plain.content == file.body
        assert plain.headers["content-type"] == file.content_type
        packed = service.client.get(f"/studio/{path}", headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == file.body
        assert gzip.decompress(file.packed) == file.body
        same = service.client.get(f"/studio/{path}", headers={"If-None-Match": file.etag})
        assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize("path", ["", "index.html", "nothing.js", "lib", "../errors.py", "%2e%2e/"])
def test_nothing_else_is_there(service: Service, path: str) -> None:
    assert service.client.get(f"/studio/{path}").status_code == 404


def test_the_files_ask_for_nothing_from_elsewhere() -> None:
    for path, file in studio_files().items():
        text = file.body.decode()
        found = set(re.findall(r"""["'(=]\s*((?:https?:)?//[^\s"')]+)""", text))
        assert found <= {"http://www.w3.org/2000/svg"}, path
        assert not re.search(r"\son\w+\s*=\s*[\"']|\sstyle\s*=\s*[\"']|<script>", text), path


def test_every_module_imports_files_that_are_there() -> None:
    files = studio_files()
    for path, file in files.items():
        text = file.body.decode()
        folder = path.rpartition("/")[0]
        for name in re.findall(r"""(?:from|import\()\s*["'](\.{1,2}/[^"'$]+)["']""", text):
            wanted = posixpath.normpath(posixpath.join(folder, name))
            assert wanted in files, f"{path} imports {name}"
        for name in re.findall(r"""at\("[^"]+", "([\w-]+)"\)""", text):
            assert f"views/{name}.js" in files, f"{path} leads to {name}"


def test_all_of_it_is_small() -> None:
    # More than any first load: views come when they are first gone to.
    assert sum(len(file.packed) for file in studio_files().values()) <= FIRST_LOAD_BYTES


def test_a_service_without_a_first_key_offers_none(service: Service) -> None:
    assert service.client.get("/studio/first-key").json() == {"offered": False}
    answer = service.client.request("POST", "/studio/first-key", json={"code": None})
    assert answer.status_code == 410
    assert "personae keys create" in answer.json()["detail"]


def test_another_site_gets_no_first_key(service: Service) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer: httpx.Response = service.client.request(
        "POST", "/studio/first-key", json={}, headers=headers
    )
    assert answer.status_code == 403
