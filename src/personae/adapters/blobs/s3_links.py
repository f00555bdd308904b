"""S3 URLs that also fix the type and the file name, which obstore's signing leaves open.

obstore signs a method and a path. To make a browser save a download under its name, S3 wants
``response-content-disposition`` inside the signed query; to hold an uploader to a content type,
it wants that header among the signed ones. So obstore says where the object is, and the
signature is made again here.

Source: *Authenticating Requests: Using Query Parameters (AWS Signature Version 4)*, Amazon S3
API Reference.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit, urlunsplit

from personae.adapters.blobs.disposition import content_disposition


@dataclass(frozen=True, slots=True)
class S3Keys:
    """The static access key that obstore signs with as well."""

    access_key: str
    secret_key: str

    def __repr__(self) -> str:
        return "S3Keys(hidden)"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> S3Keys | None:
        """The usual variables; None where credentials come from elsewhere, such as a role."""
        access_key = environment.get("AWS_ACCESS_KEY_ID")
        secret_key = environment.get("AWS_SECRET_ACCESS_KEY")
        return cls(access_key, secret_key) if access_key and secret_key else None


def for_download(url: str, keys: S3Keys | None, *, filename: str, content_type: str) -> str:
    """A presigned GET that is answered with this type and saved under this name."""
    extra = {"response-content-type": content_type}
    if filename:
        extra["response-content-disposition"] = content_disposition(filename)
    return sign_again(url, keys, "GET", query=extra)


def for_upload(url: str, keys: S3Keys | None, *, content_type: str) -> str:
    """A presigned PUT that is refused unless it declares this content type."""
    return sign_again(url, keys, "PUT", headers={"content-type": content_type})


def sign_again(
    url: str,
    keys: S3Keys | None,
    method: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> str:
    """A presigned URL with more of the request under its signature.

    Parameters
    ----------
    url : str
        As obstore signed it.
    keys : S3Keys or None
        If these are not the ones it was signed with (a role's key is not ours to see), the URL
        is returned as it is: it works, but fixes neither type nor name.
    query, headers : mappings
        What to add; header names in lower case.
    """
    parts = urlsplit(url)
    fields = dict(parse_qsl(parts.query, keep_blank_values=True))
    scope = fields.get("X-Amz-Credential", "").split("/")
    if keys is None or len(scope) != 5 or scope[0] != keys.access_key:
        return url
    fields.pop("X-Amz-Signature", None)
    signed_headers = {"host": parts.netloc, **(headers or {})}
    fields.update(query or {})
    fields["X-Amz-SignedHeaders"] = ";".join(sorted(signed_headers))
    canonical = _canonical(method, parts, fields, signed_headers)
    to_sign = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            fields["X-Amz-Date"],
            "/".join(scope[1:]),
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    signature = hmac.digest(_key(keys.secret_key, scope[1:]), to_sign.encode(), "sha256").hex()
    signed = f"{_encode(fields)}&X-Amz-Signature={signature}"
    return urlunsplit((parts.scheme, parts.netloc, parts.path, signed, ""))


def _canonical(
    method: str, parts: SplitResult, fields: Mapping[str, str], headers: Mapping[str, str]
) -> str:
    """The request as both sides write it down before hashing it."""
    names = sorted(headers)
    lines = [f"{name}:{headers[name].strip()}" for name in names]
    return "\n".join(
        [method, parts.path, _encode(fields), *lines, "", ";".join(names), "UNSIGNED-PAYLOAD"]
    )


def _encode(fields: Mapping[str, str]) -> str:
    pairs = sorted((quote(name, safe="-_.~"), quote(fields[name], safe="-_.~")) for name in fields)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _key(secret_key: str, scope: list[str]) -> bytes:
    """The key of one day, region and service."""
    key = f"AWS4{secret_key}".encode()
    for step in scope:
        key = hmac.digest(key, step.encode(), "sha256")
    return key
