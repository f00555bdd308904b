"""Signed S3 URLs: byte for byte those of botocore, since the stand-in checks no signature."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from personae.adapters.blobs import blobs_from_url, s3_links
from personae.adapters.blobs.s3_links import S3Keys
from personae.app.ports import Blobs

ACCESS = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = S3Keys(ACCESS, SECRET)
NAMES = ["a.mp4", "zwei W\u00f6rter & mehr.mp4", 'q"uote/+~*().mp4']


class Dated(S3SigV4QueryAuth):
    """botocore's signer, held to the second at which obstore signed."""

    def __init__(self, stamp: str, ttl_s: int) -> None:
        super().__init__(Credentials(ACCESS, SECRET), "s3", "us-east-1", expires=ttl_s)
        self._stamp = stamp

    def add_auth(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self._stamp
        self._modify_request_before_signing(request)
        text = self.canonical_request(request)
        self._inject_signature_to_request(
            request, self.signature(self.string_to_sign(request, text), request)
        )


def signature(url: str) -> str:
    return parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]


def as_botocore_signs(url: str, method: str, headers: dict[str, str]) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    stamp, ttl_s = query["X-Amz-Date"], int(query["X-Amz-Expires"])
    own = {name: value for name, value in query.items() if not name.startswith("X-Amz-")}
    request = AWSRequest(
        method, f"{parts.scheme}://{parts.netloc}{parts.path}", headers, params=own
    )
    Dated(stamp, ttl_s).add_auth(request)
    return request.url


@pytest.mark.parametrize("name", NAMES)
def test_downloads_are_signed_with_name_and_type(s3_blobs: Blobs, name: str) -> None:
    url = s3_blobs.download_url("t/a.mp4", filename=name, content_type="video/mp4", ttl_s=300)
    assert signature(url) == signature(as_botocore_signs(url, "GET", {}))


def test_uploads_are_signed_with_their_type(s3_blobs: Blobs) -> None:
    url = s3_blobs.upload_url("t/a", content_type="image/png", size_limit=10, ttl_s=300)
    assert parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"] == ["content-type;host"]
    expected = as_botocore_signs(url, "PUT", {"content-type": "image/png"})
    assert signature(url) == signature(expected)
    other = as_botocore_signs(url, "PUT", {"content-type": "text/html"})
    assert signature(url) != signature(other)


def test_a_client_uploads_and_downloads_with_no_key(s3_blobs: Blobs) -> None:
    url = s3_blobs.upload_url("t/a", content_type="image/png", size_limit=10, ttl_s=300)
    put = httpx.put(url, content=b"pixels", headers={"Content-Type": "image/png"})
    assert put.status_code == 200
    assert s3_blobs.get_bytes("t/a") == b"pixels"
    for name in NAMES:
        url = s3_blobs.download_url("t/a", filename=name, content_type="image/webp", ttl_s=300)
        got = httpx.get(url)
        assert got.content == b"pixels"
        assert got.headers["content-type"] == "image/webp"
        assert got.headers["content-disposition"].startswith("attachment; filename=")


def test_keys_of_a_role_leave_the_url_as_it_is() -> None:
    url = (
        "https://b.s3.amazonaws.com/k?X-Amz-Credential=ASIAROLE%2F20300101%2Fus-east-1%2Fs3"
        "%2Faws4_request&X-Amz-Date=20300101T000000Z&X-Amz-Signature=00"
    )
    for keys in (None, KEYS):
        assert s3_links.for_download(url, keys, filename="x", content_type="y/z") == url


def test_azure_signs_its_own_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline: only that the URL names the object and carries a signature."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "acct")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", base64.b64encode(b"k" * 32).decode())
    blobs = blobs_from_url("az://box/pre", base_url="http://x", secret=b"s" * 16)
    url = blobs.download_url("t/a", filename="x", content_type="y/z", ttl_s=60)
    assert urlsplit(url).path == "/box/pre/t/a"
    assert parse_qs(urlsplit(url).query)["sig"]
    # Without it Azure answers 400: https://learn.microsoft.com/rest/api/storageservices/put-blob
    assert blobs.upload_headers("image/png") == {
        "Content-Type": "image/png",
        "x-ms-blob-type": "BlockBlob",
    }


def test_s3_uploads_need_no_header_but_their_type(s3_blobs: Blobs) -> None:
    assert s3_blobs.upload_headers("image/png") == {"Content-Type": "image/png"}


def test_google_signs_its_own_urls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Offline, with a service account made up for the occasion."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    account = tmp_path / "account.json"
    account.write_text(
        json.dumps(
            {
                "type": "service_account",
                "private_key": pem,
                "private_key_id": "1",
                "client_email": "x@y.iam.gserviceaccount.com",
                "disable_oauth": False,
            }
        )
    )
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(account))
    blobs = blobs_from_url("gs://box/pre", base_url="http://x", secret=b"s" * 16)
    url = blobs.upload_url("t/a", content_type="y/z", size_limit=1, ttl_s=60)
    assert urlsplit(url).path.endswith("/box/pre/t/a")
    assert parse_qs(urlsplit(url).query)["X-Goog-Signature"]
