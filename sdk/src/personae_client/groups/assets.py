"""Stored files: send, look, list, fetch, delete."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from typing import Literal

from personae_client.core import transfers
from personae_client.core.calling import Request, call_of, fresh_key
from personae_client.core.effects import Call, Steps
from personae_client.core.side import M_co, Side, name_in_path, operation, stream
from personae_client.core.sources import File, OnUpload
from personae_client.core.transfers import OnDownload, Wanted
from personae_client.errors import Forbidden
from personae_client.models import Asset, SignedUrl

Role = Literal["upload", "import", "output", "crop", "cover", "thumbnail", "manifest"]


class Assets(Side[M_co]):
    """Stored files: uploads, imports, outputs, crops."""

    @operation
    def upload(
        self,
        file: File,
        *,
        filename: str | None = None,
        on_upload: OnUpload | None = None,
        direct: bool = True,
    ) -> Steps[Asset]:
        """Store a file.

        Parameters
        ----------
        file : path, bytes, or something with `read`
            An open file is read from where it is. What cannot be read twice is copied first.
        on_upload : callable, optional
            Called with an `UploadProgress` as the bytes go out.
        direct : bool
            Send it straight to storage, where that is offered and can be reached. With False it
            goes through the service, which knows bytes again: they are the same asset then.

        Raises
        ------
        MediaTooLarge, MediaUnreadable, MediaUnsupported
            If the service does not take the file.
        ConfigurationError, TransferFailed
        """
        return transfers.upload(self.config, file, filename, on_upload, direct=direct)

    @operation
    def import_url(self, url: str) -> Steps[Asset]:
        """Have the service fetch a file; the answer comes when it is there."""
        return self.ask(
            Asset, Request("POST", "/assets/imports", body={"url": url}, once=fresh_key())
        )

    @operation
    def get(self, asset_id: str) -> Steps[Asset]:
        """What is known of a file."""
        return self.ask(Asset, Request("GET", _path(asset_id)))

    @stream(Asset)
    def list(self, *, role: Role | None = None, page_size: int = 50) -> Steps[None]:
        """All stored files, newest first."""
        return self.pages(Asset, "/assets", {"role": role, "limit": page_size})

    @operation
    def url(self, asset_id: str, *, ttl_s: int | None = None) -> Steps[SignedUrl]:
        """Where anybody can fetch the file for a while; an hour unless told."""
        return self.ask(
            SignedUrl, Request("GET", f"{_path(asset_id)}/url", params={"ttl_s": ttl_s})
        )

    @operation
    def download(
        self,
        asset_id: str,
        path: str | os.PathLike[str],
        *,
        on_download: OnDownload | None = None,
        direct: bool = True,
    ) -> Steps[Path]:
        """Fetch a file to a path, or into a folder.

        It comes straight from storage where that can be reached, and goes on where a broken
        connection left off. The path has the whole file, with the right SHA-256, or what it had.

        Parameters
        ----------
        on_download : callable, optional
            Called with the bytes that are here, and how many there will be.
        direct : bool
            Fetch it from storage, where that can be reached; with False it comes by the service.

        Returns
        -------
        pathlib.Path
            Of the file.

        Raises
        ------
        TransferFailed, NotFound, Expired
        """
        return fetch(self, asset_id, path, on_download, direct=direct)

    @operation
    def delete(self, asset_id: str) -> Steps[None]:
        """Delete a file."""
        return self.tell(Request("DELETE", _path(asset_id)))


def fetch(
    side: Side[M_co],
    asset_id: str,
    path: str | os.PathLike[str],
    on_download: OnDownload | None,
    link: str | None = None,
    *,
    direct: bool = True,
) -> Steps[Path]:
    """Download an asset; `link` is where it can be had by those who may not ask about it."""
    there = Path(path)
    try:
        asset = yield from side.ask(Asset, Request("GET", _path(asset_id)))
        calls = [call_of(side.config, Request("GET", f"{_path(asset_id)}/content"))]
        if direct:
            signed = yield from side.ask(SignedUrl, Request("GET", f"{_path(asset_id)}/url"))
            calls.insert(0, Call("GET", signed.url))
    except Forbidden:
        if link is None:
            raise
        wanted = Wanted((Call("GET", link),), None, None)
        return (yield from transfers.download(side.config, wanted, there, on_download))
    if there.is_dir():
        there /= _plain(asset.filename) or f"{asset.id}{_suffix(asset.content_type)}"
    wanted = Wanted(tuple(calls), asset.size_bytes, asset.sha256)
    return (yield from transfers.download(side.config, wanted, there, on_download))


def _path(asset_id: str) -> str:
    return f"/assets/{name_in_path(asset_id)}"


def _plain(filename: str | None) -> str:
    """The last part of a name that somebody else chose; nothing that leads out of a folder."""
    name = Path((filename or "").replace("\\", "/")).name
    return "" if name in (".", "..") or "\0" in name else name


def _suffix(content_type: str) -> str:
    return mimetypes.guess_extension(content_type) or ""
