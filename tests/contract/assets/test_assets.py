"""The rules of assets, on each database, with files in memory and a media host without pixels."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest

from personae.adapters.blobs import MemoryBlobs
from personae.adapters.database import SqlDatabase
from personae.adapters.fetch import FakeFetcher
from personae.adapters.fetch.fake import FakePage
from personae.adapters.media_host.fake import FakeMediaHost, fake_media
from personae.app.assets import AssetLimits, AssetService
from personae.app.lanes import Lanes
from personae.app.ports import StoredBlob
from personae.domain.media import Asset, MediaFacts
from personae.domain.retention import Retention
from personae.domain.swap import MediaRef
from personae.domain.tenants import Tenant
from personae.errors import (
    AddressRefused,
    Conflict,
    Expired,
    InvalidRequest,
    MediaTooLarge,
    MediaUnreachable,
    MediaUnreadable,
    MediaUnsupported,
    NotFound,
    PersonaeError,
    TaskFailed,
    Unavailable,
)

T = TypeVar("T")
START_S = 1_800_000_000.0
PICTURE = fake_media("image/png", width=64, height=48)
CLIP = fake_media("video/mp4", duration_s=4.0, frames=100)
TTL_S = 1000.0
LIMITS = AssetLimits(
    upload_bytes=5000,
    retention=Retention(uploads=TTL_S, imports=TTL_S),
    reservation_s=100,
    probe_timeout_s=10.0,
)
OURS, THEIRS = "tenant_ours", "tenant_theirs"


class Clock:
    """Moves only when it is told to."""

    def __init__(self) -> None:
        self.now_s = START_S

    def __call__(self) -> float:
        return self.now_s


@dataclass
class World:
    """A service and the parts that it stands on."""

    service: AssetService
    database: SqlDatabase
    blobs: MemoryBlobs
    fetcher: FakeFetcher
    media: FakeMediaHost
    clock: Clock
    work_dir: Path

    def upload(
        self, data: bytes, name: str | None = "a.png", tenant: str = OURS, step: int = 1000
    ) -> Asset:
        return run(
            self.service.upload(tenant, pieces(data, step), filename=name, content_type="text/html")
        )

    def keys(self) -> list[str]:
        return self.blobs.list_keys("", self.clock.now_s + 1e6)

    def assets(self, tenant: str = OURS) -> list[Asset]:
        found = run(self.service.page(tenant, role=None, after=None, limit=100))
        assert found.next_after is None
        return list(found.items)

    def probes(self) -> int:
        return sum(job["op"] == "probe" for job in self.media.jobs)

    def put(self, url: str, data: bytes) -> None:
        """What a client does with a presigned URL."""
        key = urlsplit(url).path.removeprefix("/blobs/")
        assert int(parse_qs(urlsplit(url).query)["max"][0]) > 0
        self.blobs.put_bytes(key, data, "image/png")


@pytest.fixture
def world(database: SqlDatabase, tmp_path: Path) -> World:
    clock = Clock()
    for tenant in (OURS, THEIRS):
        database.write(lambda tx, one=tenant: tx.tenants.insert(Tenant(one, one, clock())))
    blobs, fetcher, media = MemoryBlobs(now=clock), FakeFetcher(), FakeMediaHost()
    service = AssetService(database, blobs, fetcher, media, clock, LIMITS, tmp_path / "work")
    return World(service, database, blobs, fetcher, media, clock, tmp_path / "work")


@pytest.fixture(autouse=True)
def _no_scratch_file_is_left(world: World) -> Any:
    yield
    assert not world.work_dir.exists() or list(world.work_dir.iterdir()) == []


def run(doing: Awaitable[T]) -> T:
    async def wait() -> T:
        return await doing

    return asyncio.run(wait())


async def pieces(data: bytes, step: int = 1000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), step):
        yield data[at : at + step]


# --- uploads -----------------------------------------------------------------------------------


def test_an_upload_becomes_an_asset(world: World) -> None:
    asset = world.upload(PICTURE, "../holiday\u202e/pic\x00ture.png")
    assert asset.state == "ready"
    assert asset.content_type == "image/png"  # Not what the client said.
    assert asset.filename == "picture.png"
    assert asset.size_bytes == len(PICTURE)
    assert asset.sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert asset.facts is not None
    assert (asset.facts.kind, asset.facts.width, asset.facts.height) == ("picture", 64, 48)
    assert asset.expires_at == START_S + TTL_S
    assert world.blobs.get_bytes(asset.blob_key) == PICTURE
    assert asset.blob_key.endswith(".png")
    assert run(world.service.get(OURS, asset.id)) == asset
    assert world.assets() == [asset]


@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_pieces_of_any_size_are_taken(world: World, step: int) -> None:
    assert world.blobs.get_bytes(world.upload(CLIP, step=step).blob_key) == CLIP


def test_the_same_bytes_are_one_asset_that_lives_on(world: World) -> None:
    first = world.upload(PICTURE, "a.png")
    world.clock.now_s += 600
    again = world.upload(PICTURE, "b.png")
    later = START_S + 600
    assert again == replace(first, expires_at=later + TTL_S, renewed_at=later)
    assert run(world.service.get(OURS, first.id)) == again
    assert world.keys() == [first.blob_key]
    assert world.probes() == 1


def test_an_asset_that_never_expires_stays_so(world: World) -> None:
    first = world.upload(PICTURE)
    world.database.write(lambda tx: tx.assets.update(replace(first, expires_at=None)))
    assert world.upload(PICTURE).expires_at is None


def test_an_expired_asset_that_is_still_there_is_revived(world: World) -> None:
    first = world.upload(PICTURE)
    world.clock.now_s += TTL_S + 5
    assert world.upload(PICTURE).id == first.id
    assert run(world.service.get(OURS, first.id)).state == "ready"


def test_tenants_share_nothing(world: World) -> None:
    ours, theirs = world.upload(PICTURE), world.upload(PICTURE, tenant=THEIRS)
    assert ours.id != theirs.id
    assert ours.blob_key != theirs.blob_key
    assert world.assets(THEIRS) == [theirs]
    uses: list[Callable[[], Awaitable[object]]] = [
        lambda: world.service.get(OURS, theirs.id),
        lambda: world.service.delete(OURS, theirs.id),
        lambda: world.service.complete(OURS, theirs.id),
        lambda: world.service.access_url(OURS, theirs.id, 60),
    ]
    for use in uses:
        with pytest.raises(NotFound):
            run(use())
    with pytest.raises(NotFound):
        world.service.materialise(OURS, MediaRef(asset_id=theirs.id), world.work_dir)
    run(world.service.delete(OURS, ours.id))
    assert world.keys() == [theirs.blob_key]


def test_an_output_is_not_handed_out_as_an_upload(world: World) -> None:
    """It would vanish with its task; the bytes are shared, the asset is not."""
    output = an_output(world)
    upload = world.upload(PICTURE)
    assert upload.id != output.id
    assert (upload.role, upload.task_id) == ("upload", None)
    assert upload.blob_key == output.blob_key
    run(world.service.delete(OURS, output.id))
    assert world.blobs.get_bytes(upload.blob_key) == PICTURE
    run(world.service.delete(OURS, upload.id))
    assert world.keys() == []


def an_output(world: World) -> Asset:
    asset = replace(
        world.upload(PICTURE), id="asset_0", role="output", task_id="task_1", expires_at=START_S + 9
    )
    first = world.assets()[0]
    world.database.write(lambda tx: tx.assets.insert(asset))
    world.database.write(lambda tx: tx.assets.remove(OURS, first.id, START_S))
    return asset


# --- refusals ----------------------------------------------------------------------------------

HOSTILE: list[tuple[bytes, type[PersonaeError]]] = [
    (b"<script>alert(1)</script>", MediaUnsupported),
    (b"", MediaUnreadable),
    (b"\x89PNG\r\n\x1a\n" + bytes(5000), MediaTooLarge),
    (fake_media(error={"code": "media_too_large", "message": "Too many pixels."}), MediaTooLarge),
    (fake_media(error={"code": "media_unreadable", "message": "Broken."}), MediaUnreadable),
    (fake_media("video/mp4", crash=True), MediaUnreadable),
]


@pytest.mark.parametrize(("data", "error"), HOSTILE)
def test_a_refused_upload_leaves_its_reason_and_no_bytes(
    world: World, data: bytes, error: type[PersonaeError]
) -> None:
    with pytest.raises((error, MediaUnsupported)) as caught:
        world.upload(data, "evil.png")
    [asset] = world.assets()
    assert asset.state == "refused"
    assert asset.refusal == {"code": caught.value.code, "message": caught.value.message}
    assert asset.filename == "evil.png"
    assert asset.expires_at == START_S + LIMITS.refused_ttl_s
    assert world.keys() == []
    with pytest.raises(type(caught.value), match=r"."):
        run(world.service.access_url(OURS, asset.id, 60))
    with pytest.raises(type(caught.value)):
        world.service.materialise(OURS, MediaRef(asset_id=asset.id), world.work_dir)


def test_a_child_that_dies_once_is_given_a_second_chance(world: World) -> None:
    assert world.upload(fake_media(crash=1)).state == "ready"
    assert world.probes() == 2


def test_a_file_that_hangs_the_probe_is_refused(world: World) -> None:
    limits = replace(LIMITS, probe_timeout_s=0.3)
    service = AssetService(
        world.database, world.blobs, world.fetcher, world.media, world.clock, limits, world.work_dir
    )
    with pytest.raises(MediaUnreadable, match="limits"):
        run(service.upload(OURS, pieces(fake_media(hang=True)), filename=None, content_type=None))
    assert world.keys() == []
    assert world.probes() == 1  # A second look would take a child from others as long again.


def test_a_tenant_whose_file_was_slow_looks_at_one_at_a_time() -> None:
    lanes, inside, most = Lanes(slow_s=0.05), 0, 0

    async def look(tenant_id: str) -> None:
        nonlocal inside, most
        async with lanes.turn(tenant_id):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.1)
            inside -= 1

    async def several(*tenants: str) -> int:
        nonlocal most
        most = 0
        await asyncio.gather(*(look(one) for one in tenants))
        return most

    async def all_of_it() -> None:
        assert await several("a", "a") == 2  # Nobody knew yet.
        assert await several("a", "a", "a") == 1
        assert await several("a", "a", "b", "c") == 3

    run(all_of_it())


def test_an_upload_that_breaks_off_leaves_nothing(world: World) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield PICTURE[:10]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        run(world.service.upload(OURS, breaking(), filename="a", content_type=None))
    assert world.assets() == []
    assert world.keys() == []


def test_a_canceled_upload_stops_the_probe(world: World) -> None:
    async def cancel() -> None:
        data = fake_media(sleep_s=60.0, steps=1000)
        doing = asyncio.ensure_future(
            world.service.upload(OURS, pieces(data), filename="a", content_type=None)
        )
        while not world.media.jobs:
            await asyncio.sleep(0.01)
        doing.cancel()
        await asyncio.wait({doing}, timeout=20)
        assert doing.cancelled()

    run(cancel())
    assert world.assets() == []
    assert world.keys() == []


def test_probing_does_not_block_the_event_loop(world: World) -> None:
    async def both() -> int:
        doing = asyncio.ensure_future(
            world.service.upload(
                OURS, pieces(fake_media(sleep_s=0.5)), filename="a", content_type=None
            )
        )
        turns = 0
        while not doing.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert run(both()) > 10


class Breaking(MemoryBlobs):
    """Blobs that cannot be written."""

    def put_file(self, key: str, path: Path, content_type: str) -> StoredBlob:
        raise Unavailable


def test_a_storage_that_fails_is_no_refusal(world: World) -> None:
    service = AssetService(
        world.database, Breaking(), world.fetcher, world.media, world.clock, LIMITS, world.work_dir
    )
    with pytest.raises(Unavailable):
        run(service.upload(OURS, pieces(PICTURE), filename="a", content_type=None))
    assert world.assets() == []


# --- presigned uploads -------------------------------------------------------------------------


def reserve(world: World, data: bytes = PICTURE, tenant: str = OURS) -> tuple[Asset, str]:
    asset, url, until = run(
        world.service.reserve(
            tenant, filename="a.png", content_type="Image/PNG", size_bytes=len(data)
        )
    )
    assert until == world.clock.now_s + LIMITS.reservation_s
    return asset, url


def test_a_reserved_upload_is_completed(world: World) -> None:
    asset, url = reserve(world)
    assert (asset.state, asset.content_type) == ("awaiting_upload", "image/png")
    world.put(url, PICTURE)
    done = run(world.service.complete(OURS, asset.id))
    assert (done.id, done.state, done.filename) == (asset.id, "ready", "a.png")
    assert done.expires_at == START_S + TTL_S
    assert world.blobs.get_bytes(done.blob_key) == PICTURE
    assert run(world.service.complete(OURS, asset.id)) == done
    assert world.keys() == [done.blob_key]


def test_whoever_keeps_the_url_cannot_change_the_file(world: World) -> None:
    asset, url = reserve(world)
    world.put(url, PICTURE)
    done = run(world.service.complete(OURS, asset.id))
    world.put(url, b"x" * len(PICTURE))
    assert world.blobs.get_bytes(done.blob_key) == PICTURE
    with_it = world.service.materialise(OURS, MediaRef(asset_id=asset.id), fresh(world))
    assert with_it.path.read_bytes() == PICTURE


def test_a_reserved_upload_of_known_bytes_shares_them(world: World) -> None:
    known = world.upload(PICTURE)
    asset, url = reserve(world)
    world.put(url, PICTURE)
    done = run(world.service.complete(OURS, asset.id))
    assert done.id == asset.id
    assert done.blob_key == known.blob_key
    assert world.keys() == [known.blob_key]
    assert world.probes() == 1
    run(world.service.delete(OURS, known.id))
    assert world.keys() == [known.blob_key]


def test_an_incomplete_upload_can_be_repeated(world: World) -> None:
    asset, url = reserve(world)
    with pytest.raises(Conflict, match="PUT"):
        run(world.service.complete(OURS, asset.id))
    world.put(url, PICTURE[:-1])
    with pytest.raises(Conflict, match="announced"):
        run(world.service.complete(OURS, asset.id))
    assert world.keys() == []
    world.put(url, PICTURE)
    assert run(world.service.complete(OURS, asset.id)).state == "ready"


def test_a_hostile_reserved_upload_is_refused_for_good(world: World) -> None:
    asset, url = reserve(world, b"<script>")
    world.put(url, b"<script>")
    for _ in range(2):
        with pytest.raises(MediaUnsupported):
            run(world.service.complete(OURS, asset.id))
    [left] = world.assets()
    assert (left.id, left.state) == (asset.id, "refused")
    assert left.refusal is not None
    assert world.keys() == []


def test_a_reservation_expires(world: World) -> None:
    asset, url = reserve(world)
    world.put(url, PICTURE)
    world.clock.now_s += LIMITS.reservation_s
    with pytest.raises(Expired):
        run(world.service.complete(OURS, asset.id))


def test_an_asset_that_waits_is_not_ready(world: World) -> None:
    asset, _ = reserve(world)
    with pytest.raises(Conflict):
        run(world.service.access_url(OURS, asset.id, 60))
    with pytest.raises(Conflict):
        world.service.materialise(OURS, MediaRef(asset_id=asset.id), world.work_dir)


@pytest.mark.parametrize(
    ("kind", "size", "error"),
    [
        ("image/png", 5001, MediaTooLarge),
        ("image/png", 0, InvalidRequest),
        ("image/png", -1, InvalidRequest),
        ("png", 5, InvalidRequest),
        ("image/png; charset=x", 5, InvalidRequest),
        ("image/png\r\nX: y", 5, InvalidRequest),
        ("", 5, InvalidRequest),
    ],
)
def test_senseless_reservations_are_refused(
    world: World, kind: str, size: int, error: type[PersonaeError]
) -> None:
    with pytest.raises(error):
        run(world.service.reserve(OURS, filename=None, content_type=kind, size_bytes=size))
    assert world.assets() == []


def test_two_completions_at_once_leave_one_file(world: World) -> None:
    asset, url = reserve(world)
    world.put(url, PICTURE)

    async def both() -> list[Asset | BaseException]:
        return await asyncio.gather(
            world.service.complete(OURS, asset.id),
            world.service.complete(OURS, asset.id),
            return_exceptions=True,
        )

    for one in run(both()):
        # The second may find the upload gone; it is told so, and can ask again.
        assert isinstance(one, Conflict) or (isinstance(one, Asset) and one.id == asset.id)
    done = run(world.service.complete(OURS, asset.id))
    assert world.blobs.get_bytes(done.blob_key) == PICTURE


# --- imports -----------------------------------------------------------------------------------

URL = "https://media.example/a/holiday%20pic.png?token=hush"


def test_a_url_is_imported(world: World) -> None:
    world.fetcher.pages[URL] = FakePage(PICTURE)
    asset = run(world.service.import_url(OURS, URL))
    assert (asset.role, asset.state, asset.filename) == ("import", "ready", "holiday pic.png")
    assert world.blobs.get_bytes(asset.blob_key) == PICTURE
    assert world.upload(PICTURE).id == asset.id


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("https://media.example/missing", MediaUnreachable),
        ("http://127.0.0.1/x", AddressRefused),
        ("http://inside.example/x", AddressRefused),
        ("ftp://media.example/x", InvalidRequest),
    ],
)
def test_what_cannot_be_fetched_is_no_asset(
    world: World, url: str, error: type[PersonaeError]
) -> None:
    world.fetcher.hosts["inside.example"] = "10.0.0.1"
    with pytest.raises(error):
        run(world.service.import_url(OURS, url))
    assert world.assets() == []
    assert world.keys() == []


@pytest.mark.parametrize("body", [b"<html>", bytes(6000)])
def test_what_was_fetched_may_be_refused(world: World, body: bytes) -> None:
    world.fetcher.pages[URL] = FakePage(body)
    with pytest.raises((MediaUnsupported, MediaTooLarge)):
        run(world.service.import_url(OURS, URL))
    [asset] = world.assets()
    assert (asset.role, asset.state) == ("import", "refused")
    assert "hush" not in str(asset)
    assert world.keys() == []


# --- access and deletion -----------------------------------------------------------------------


def test_an_access_url_lives_no_longer_than_its_asset(world: World) -> None:
    asset = world.upload(PICTURE, "h\u00f6liday.png")
    url, until = run(world.service.access_url(OURS, asset.id, 60))
    query = parse_qs(urlsplit(url).query)
    assert until == START_S + 60
    assert query["exp"] == [str(int(START_S) + 60)]
    assert query["name"] == ["h\u00f6liday.png"]
    assert query["type"] == ["image/png"]
    assert run(world.service.access_url(OURS, asset.id, 10**9))[1] == START_S + TTL_S
    world.clock.now_s = START_S + TTL_S - 5
    assert run(world.service.access_url(OURS, asset.id, 60))[1] == START_S + TTL_S


def test_a_file_without_a_name_is_given_one(world: World) -> None:
    asset = world.upload(CLIP, None)
    query = parse_qs(urlsplit(run(world.service.access_url(OURS, asset.id, 60))[0]).query)
    assert query["name"] == [f"{asset.id}.mp4"]


def test_a_deleted_asset_is_gone(world: World) -> None:
    asset = world.upload(PICTURE)
    run(world.service.delete(OURS, asset.id))
    assert world.keys() == []
    assert world.assets() == []
    for use in (world.service.get, world.service.delete, world.service.complete):
        with pytest.raises(NotFound):
            run(use(OURS, asset.id))
    again = world.upload(PICTURE)
    assert again.id != asset.id
    assert world.blobs.get_bytes(again.blob_key) == PICTURE


def test_an_expired_asset_says_so_before_and_after_the_sweep(world: World) -> None:
    asset = world.upload(PICTURE)
    world.clock.now_s += TTL_S
    with pytest.raises(Expired):
        run(world.service.get(OURS, asset.id))
    world.database.write(lambda tx: tx.assets.remove(OURS, asset.id, world.clock()))
    with pytest.raises(Expired):
        run(world.service.get(OURS, asset.id))


def test_a_storage_that_fails_keeps_nobody_from_deleting(world: World) -> None:
    class Stuck(MemoryBlobs):
        def delete(self, keys: object) -> None:
            raise Unavailable

    asset = world.upload(PICTURE)
    service = AssetService(
        world.database, Stuck(), world.fetcher, world.media, world.clock, LIMITS, world.work_dir
    )
    run(service.delete(OURS, asset.id))
    with pytest.raises(NotFound):
        run(service.get(OURS, asset.id))


# --- for workers -------------------------------------------------------------------------------


def fresh(world: World) -> Path:
    folder = world.work_dir.parent / f"task{len(list(world.work_dir.parent.iterdir()))}"
    folder.mkdir()
    return folder


def test_an_asset_is_put_at_hand(world: World) -> None:
    asset = world.upload(CLIP)
    media = world.service.materialise(OURS, MediaRef(asset_id=asset.id), fresh(world))
    assert media.path.read_bytes() == CLIP
    assert media.path.suffix == ".mp4"
    assert media.facts == asset.facts
    assert media.blob_key == asset.blob_key
    assert world.probes() == 1


def test_a_url_is_put_at_hand(world: World) -> None:
    world.fetcher.pages[URL] = FakePage(CLIP)
    folder = fresh(world)
    media = world.service.materialise(OURS, MediaRef(url=URL), folder)
    assert media.path.read_bytes() == CLIP
    assert media.facts.kind == "video"
    assert media.blob_key is None
    assert list(folder.iterdir()) == [media.path]
    assert world.assets() == []


def test_bytes_that_changed_behind_our_back_are_not_used(world: World) -> None:
    asset = world.upload(CLIP)
    world.blobs.put_bytes(asset.blob_key, PICTURE, "video/mp4")
    with pytest.raises(TaskFailed):
        world.service.materialise(OURS, MediaRef(asset_id=asset.id), fresh(world))


def test_what_is_gone_is_not_found(world: World) -> None:
    asset = world.upload(CLIP)
    world.blobs.delete([asset.blob_key])
    with pytest.raises(NotFound) as caught:
        world.service.materialise(OURS, MediaRef(asset_id=asset.id), fresh(world))
    assert asset.blob_key not in caught.value.message
    with pytest.raises(MediaUnreachable):
        world.service.materialise(OURS, MediaRef(url="https://media.example/x"), fresh(world))


# --- many at once ------------------------------------------------------------------------------


def test_uploads_of_one_file_at_once_are_one_asset(world: World) -> None:
    async def many() -> list[Asset]:
        return await asyncio.gather(
            *(
                world.service.upload(OURS, pieces(PICTURE), filename=None, content_type=None)
                for _ in range(8)
            )
        )

    made = run(many())
    for asset in made:
        assert world.blobs.get_bytes(run(world.service.get(OURS, asset.id)).blob_key) == PICTURE
    assert world.keys() == sorted({asset.blob_key for asset in world.assets()})


def test_uploading_and_deleting_at_once_never_leaves_an_asset_without_bytes(world: World) -> None:
    """Two threads for a second or so; whatever order they get, ready means readable."""
    failures: list[BaseException] = []
    rounds = 10

    def uploader() -> None:
        for _ in range(rounds):
            try:
                world.upload(PICTURE)
            except NotFound:  # It was deleted between being found and being looked at.
                pass
            except BaseException as error:
                failures.append(error)

    def deleter() -> None:
        for _ in range(rounds):
            for asset in world.assets():
                try:
                    run(world.service.delete(OURS, asset.id))
                except NotFound:
                    pass
                except BaseException as error:
                    failures.append(error)

    threads = [threading.Thread(target=one) for one in (uploader, uploader, deleter)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    for asset in world.assets():
        assert world.blobs.get_bytes(asset.blob_key) == PICTURE


class Pause:
    """Holds a transaction open where it is, until it is told to go on."""

    def __init__(self) -> None:
        self.there = threading.Event()
        self.go_on = threading.Event()

    def wait(self) -> None:
        self.there.set()
        assert self.go_on.wait(60)


def start(work: Callable[[], object]) -> tuple[threading.Thread, list[Any]]:
    """A thread, and the list that its result or its error will be in."""
    result: list[Any] = []

    def body() -> None:
        try:
            result.append(work())
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    return thread, result


def delete(world: World, asset: Asset, pause: Pause | None = None) -> bool:
    """What deleting does to the rows; whether the bytes are to go."""

    def work(tx: Any) -> bool:
        assert tx.assets.remove(OURS, asset.id, START_S)
        if pause is not None:
            pause.wait()
        return not tx.assets.blob_in_use(asset.blob_key)

    return world.database.write(work)


def share(world: World, asset: Asset, pause: Pause | None = None) -> bool:
    """What a second asset with the same bytes does to the rows; whether it found them."""

    def work(tx: Any) -> bool:
        known = tx.assets.by_sha256(OURS, asset.sha256)
        if known is None or not tx.assets.keep(OURS, known.id, START_S):
            return False
        if pause is not None:
            pause.wait()
        tx.assets.insert(replace(asset, id="asset_second"))
        return True

    return world.database.write(work)


def test_bytes_that_are_being_shared_are_not_deleted(world: World) -> None:
    asset, pause = world.upload(PICTURE), Pause()
    sharing, shared = start(lambda: share(world, asset, pause))
    assert pause.there.wait(60)
    deleting, unused = start(lambda: delete(world, asset))
    deleting.join(0.3)
    pause.go_on.set()
    sharing.join(60)
    deleting.join(60)
    assert (shared, unused) == ([True], [False])


def test_bytes_that_are_being_deleted_are_not_shared(world: World) -> None:
    asset, pause = world.upload(PICTURE), Pause()
    deleting, unused = start(lambda: delete(world, asset, pause))
    assert pause.there.wait(60)
    sharing, shared = start(lambda: share(world, asset))
    sharing.join(0.3)
    pause.go_on.set()
    deleting.join(60)
    sharing.join(60)
    assert (shared, unused) == ([False], [True])


# --- the rows ----------------------------------------------------------------------------------


def test_keeping_only_ever_lengthens(world: World) -> None:
    asset = world.upload(PICTURE)
    keep: Callable[[float], bool] = lambda until: world.database.write(  # noqa: E731
        lambda tx: tx.assets.keep(OURS, asset.id, until)
    )
    assert keep(START_S)
    assert run(world.service.get(OURS, asset.id)).expires_at == START_S + TTL_S
    assert keep(START_S + 5000)
    assert run(world.service.get(OURS, asset.id)).expires_at == START_S + 5000
    assert not world.database.write(lambda tx: tx.assets.keep(THEIRS, asset.id, START_S))
    run(world.service.delete(OURS, asset.id))
    assert not keep(START_S + 9000)


def test_removing_what_expired_spares_what_was_kept_meanwhile(world: World) -> None:
    asset = world.upload(PICTURE)
    due = START_S + TTL_S

    def remove(by: float | None) -> bool:
        return world.database.write(
            lambda tx: tx.assets.remove(OURS, asset.id, START_S, expired_by=by)
        )

    assert not remove(due - 1)
    world.database.write(lambda tx: tx.assets.update(replace(asset, expires_at=None)))
    assert not remove(due)
    world.database.write(lambda tx: tx.assets.update(asset))
    assert remove(due)
    assert not remove(None)


def test_facts_survive_the_database(world: World) -> None:
    facts: Mapping[str, Any] = {"duration_s": 2.5, "frames": 60, "fps": 24.0}
    asset = world.upload(fake_media("video/webm", **facts))
    stored = run(world.service.get(OURS, asset.id)).facts
    assert isinstance(stored, MediaFacts)
    assert (stored.duration_s, stored.frames, stored.fps) == (2.5, 60, 24.0)
