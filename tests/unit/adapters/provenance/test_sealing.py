"""Sealing real files: what is said of them holds, and nothing else about them changes."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageCms

from clips import write_clip
from personae.adapters.provenance import toolkit, xmp
from personae.adapters.provenance.keeper import Keeper, SigningConfig
from personae.adapters.provenance.reading import read_manifest
from personae.adapters.provenance.sealing import Seal, Sealed, sidecar_of
from personae.adapters.provenance.statement import SOURCE_TYPE, Statement, donor_id
from personae.errors import MediaUnreachable

SIZE_WH = (96, 64)
DONORS = ((b"1" * 32,), (b"2" * 32, b"3" * 32))
MARK = 0xAB_CDEF_0123
STILLS = ("a.jpg", "a.png", "a.webp", "alpha.webp", "lossless.webp", "a.gif", "a.tif", "a.avif")
ANIMATIONS = ("moving.gif", "moving.webp", "moving.png")
CLIPS = ("clip.mp4", "clip.mov", "pieces.mp4")
BESIDE = ("a.bmp", "clip.mkv", "clip.webm")
WITH_FIELDS = (*(one for one in STILLS if one != "a.avif"), *ANIMATIONS, *CLIPS)


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Keeper:
    return Keeper(SigningConfig(tmp_path_factory.mktemp("signing")), time.time)


@pytest.fixture(scope="module")
def seal(keeper: Keeper) -> Seal:
    return Seal(keeper.signer.credential, keeper.sign)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of every kind, of noise."""
    folder = tmp_path_factory.mktemp("media")
    rng = np.random.default_rng(5)
    frames = [Image.fromarray(rng.integers(0, 255, (64, 96, 3), np.uint8)) for _ in range(3)]
    one = frames[0]
    exif = Image.Exif()
    exif[0x010E] = "a description"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name in ("a.jpg", "a.png", "a.webp"):
        one.save(folder / name, exif=exif, icc_profile=icc)
    for name in ("a.gif", "a.tif", "a.avif", "a.bmp"):
        one.save(folder / name)
    one.convert("RGBA").save(folder / "alpha.webp")
    one.save(folder / "lossless.webp", lossless=True)
    one.convert("CMYK").save(folder / "cmyk.jpg")
    for name in ANIMATIONS:
        one.save(folder / name, save_all=True, append_images=frames[1:], duration=80)
    for name in ("clip.mp4", "clip.mov", "clip.mkv", "clip.webm", "pieces.mp4"):
        options = {"g": "5"}
        if name == "pieces.mp4":
            options["movflags"] = "frag_keyframe+empty_moov"
        codec = "libvpx-vp9" if name == "clip.webm" else "libx264"
        write_clip(folder / name, frames=12, size_wh=SIZE_WH, options=options, codec=codec)
    return folder


def put_on(seal: Seal, media: Path, name: str, folder: Path, scene: str | None = None) -> Sealed:
    (folder / name).write_bytes((media / name).read_bytes())
    told = Statement(time.time(), DONORS, MARK)
    return seal.put_on(folder / name, media / (scene or "a.jpg"), told)


def pixels(path: Path) -> list[tuple[Any, ...]]:
    """Everything that a viewer shows of a picture or an animation."""
    shown: list[tuple[Any, ...]] = []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            info = {k: image.info.get(k) for k in ("duration", "loop", "icc_profile", "exif")}
            shown.append((image.mode, image.size, image.tobytes(), info))
    return shown


def packets(path: Path) -> list[tuple[Any, ...]]:
    """Everything that a player gets of a clip."""
    with av.open(str(path)) as container:
        found = [
            (one.stream_index, one.pts, one.dts, one.duration, one.is_keyframe, bytes(one))
            for one in container.demux()
        ]
        return [*found, (dict(container.metadata),)]


@pytest.mark.parametrize("name", [*STILLS, *ANIMATIONS])
def test_pictures_carry_it_and_show_the_same(
    seal: Seal, keeper: Keeper, media: Path, tmp_path: Path, name: str
) -> None:
    done = put_on(seal, media, name, tmp_path)
    assert done.how == "embedded"
    assert pixels(tmp_path / name) == pixels(media / name)
    facts = read_manifest(tmp_path / name, keeper.anchors)
    assert (facts.present, facts.place, facts.valid, facts.trust) == (
        *(True, "embedded", True, "local"),
    )
    assert facts.problems == ()
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", CLIPS)
def test_clips_carry_it_and_play_the_same(
    seal: Seal, keeper: Keeper, media: Path, tmp_path: Path, name: str
) -> None:
    assert put_on(seal, media, name, tmp_path, name).how == "embedded"
    assert packets(tmp_path / name) == packets(media / name)
    facts = read_manifest(tmp_path / name, keeper.anchors)
    assert (facts.valid, facts.trust, facts.problems) == (True, "local", ())


@pytest.mark.parametrize("name", BESIDE)
def test_what_has_no_place_for_it_gets_a_sidecar(
    seal: Seal, keeper: Keeper, media: Path, tmp_path: Path, name: str
) -> None:
    assert put_on(seal, media, name, tmp_path).how == "sidecar"
    assert (tmp_path / name).read_bytes() == (media / name).read_bytes()
    assert sidecar_of(tmp_path / name).name == f"{name}.c2pa"
    facts = read_manifest(tmp_path / name, keeper.anchors)
    assert (facts.place, facts.valid, facts.mark_id) == ("sidecar", True, MARK)
    with (tmp_path / name).open("r+b") as file:
        file.seek(-20, os.SEEK_END)
        file.write(b"changed")
    changed = read_manifest(tmp_path / name, keeper.anchors)
    assert not changed.valid
    assert changed.problems == ("assertion.dataHash.mismatch",)


def test_what_it_says(seal: Seal, keeper: Keeper, media: Path, tmp_path: Path) -> None:
    before = hashlib.sha256((media / "a.png").read_bytes()).hexdigest()
    assert put_on(seal, media, "a.png", tmp_path).content_sha256 == before
    facts = read_manifest(tmp_path / "a.png", keeper.anchors)
    assert facts.made_by_personae
    assert (facts.digital_source_type, facts.mark_id) == (SOURCE_TYPE, MARK)
    assert [one.action for one in facts.actions] == [
        *("c2pa.opened", "c2pa.edited", "c2pa.watermarked.bound"),
    ]
    assert facts.actions[1].software is not None
    assert facts.actions[1].software.startswith("Personae mesh ")
    assert facts.signed_at == facts.actions[1].when
    assert {(one.title, one.relationship) for one in facts.ingredients} == {
        ("Scene", "parentOf"),
        ("Donor 1", "inputTo"),
        ("Donor 2, photo 1", "inputTo"),
        ("Donor 2, photo 2", "inputTo"),
    }


def test_nobody_learns_names_of_files_or_hashes_of_photos(
    seal: Seal, media: Path, tmp_path: Path
) -> None:
    put_on(seal, media, "a.png", tmp_path, "cmyk.jpg")
    data = (tmp_path / "a.png").read_bytes()
    for secret in (b"cmyk", b"a.png", str(tmp_path).encode(), DONORS[0][0].hex().encode()):
        assert secret not in data
    with (tmp_path / "a.png").open("rb") as file:
        told = toolkit.reader("image/png", file, toolkit.context()).json()
    ids = [one for one in told.split('"') if one.startswith("personae:donor:")]
    assert len(ids) == 3
    salt = bytes.fromhex(ids[0].split(":")[2])
    assert ids[0] in {donor_id(one, salt) for photos in DONORS for one in photos}
    assert len({one.split(":")[2] for one in ids}) == 3


@pytest.mark.parametrize("name", WITH_FIELDS)
def test_iptcs_fields_are_there(seal: Seal, media: Path, tmp_path: Path, name: str) -> None:
    put_on(seal, media, name, tmp_path)
    told = xmp.packet("mesh")
    assert f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"'.encode() in told
    assert b'Iptc4xmpExt:AISystemUsed="Personae mesh"' in told
    assert told in (tmp_path / name).read_bytes()
    # Pillow looks for it before the first image of a GIF only, and not in clips.
    if name in (*STILLS, *ANIMATIONS) and not name.endswith(".gif"):
        with Image.open(tmp_path / name) as image:
            image.load()
            found = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp", "").encode()
        assert found.strip(b"\0") == told


@pytest.mark.parametrize("name", ["a.jpg", "clip.mp4", "clip.mov", "a.webp"])
def test_a_swap_of_a_swap_shows_both(
    seal: Seal, keeper: Keeper, media: Path, tmp_path: Path, name: str
) -> None:
    put_on(seal, media, name, tmp_path)
    (tmp_path / f"first {name}").write_bytes((tmp_path / name).read_bytes())
    again = Statement(time.time(), DONORS[:1], MARK + 1)
    (tmp_path / name).write_bytes((media / name).read_bytes())
    assert seal.put_on(tmp_path / name, tmp_path / f"first {name}", again).scene_manifest == "kept"
    facts = read_manifest(tmp_path / name, keeper.anchors)
    assert (facts.valid, facts.mark_id) == (True, MARK + 1)
    [scene] = [one for one in facts.ingredients if one.relationship == "parentOf"]
    assert scene.made_by is not None
    assert scene.made_by.startswith("Personae ")
    assert (scene.valid, len(scene.ingredients)) == (True, 4)


def foreign(keeper: Keeper, media: Path, to: Path, name: str = "a.jpg") -> Path:
    """A scene with another program's manifest, which shows the scene in small."""
    how = toolkit.context()
    settings: dict[str, Any] = {"version": 1, "builder": {"thumbnail": {"enabled": True}}}
    how = toolkit.c2pa.Context.from_dict(settings)
    created = {
        "action": "c2pa.created",
        "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty",
    }
    wanted = {
        "claim_generator_info": [{"name": "Camera", "version": "7"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}],
    }
    made = io.BytesIO()
    with (media / name).open("rb") as file, toolkit.builder(wanted, how) as builder:
        signer = toolkit.signer(keeper.signer.credential, keeper.sign)
        builder.sign(signer, toolkit.media_type(media / name), file, made)
    to.write_bytes(made.getvalue())
    return to


def test_small_pictures_of_the_scene_are_taken_out_of_its_manifest(
    seal: Seal, keeper: Keeper, media: Path, tmp_path: Path
) -> None:
    scene = foreign(keeper, media, tmp_path / "scene.jpg")
    assert b"c2pa.thumbnail" in scene.read_bytes()
    out = tmp_path / "out.png"
    out.write_bytes((media / "a.png").read_bytes())
    assert seal.put_on(out, scene, Statement(time.time())).scene_manifest == "kept"
    facts = read_manifest(out, keeper.anchors)
    assert (facts.valid, facts.problems) == (True, ())
    [parent] = [one for one in facts.ingredients if one.relationship == "parentOf"]
    assert (parent.made_by, parent.valid) == ("Camera 7", True)
    assert "c2pa.redacted" in [one.action for one in facts.actions]
    assert len(out.read_bytes()) < len((media / "a.png").read_bytes()) + 60_000


def test_a_scene_that_was_changed_since_is_said_to_be(
    seal: Seal, keeper: Keeper, media: Path, tmp_path: Path
) -> None:
    scene = foreign(keeper, media, tmp_path / "scene.jpg")
    data = bytearray(scene.read_bytes())
    data[-40] ^= 0x55
    scene.write_bytes(data)
    out = tmp_path / "out.png"
    out.write_bytes((media / "a.png").read_bytes())
    seal.put_on(out, scene, Statement(time.time()))
    facts = read_manifest(out, keeper.anchors)
    [parent] = [one for one in facts.ingredients if one.relationship == "parentOf"]
    assert facts.valid
    assert (parent.valid, parent.problems) == (False, ("assertion.dataHash.mismatch",))


@pytest.mark.parametrize("seed", range(12))
def test_a_scene_whose_manifest_is_broken_costs_no_more_than_that(
    seal: Seal, keeper: Keeper, media: Path, tmp_path: Path, seed: int
) -> None:
    scene = foreign(keeper, media, tmp_path / "scene.jpg")
    data, rng = bytearray(scene.read_bytes()), np.random.default_rng(seed)
    begin = data.find(b"jumb")
    for at in rng.integers(begin, begin + 4000, 20):
        data[at] = int(rng.integers(256))
    scene.write_bytes(data)
    out = tmp_path / "out.png"
    out.write_bytes((media / "a.png").read_bytes())
    seal.put_on(out, scene, Statement(time.time(), DONORS))
    facts = read_manifest(out, keeper.anchors)
    assert facts.valid
    assert "parentOf" in {one.relationship for one in facts.ingredients}


def test_a_scene_that_is_not_to_be_looked_at(
    seal: Seal, keeper: Keeper, media: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.png"
    out.write_bytes((media / "a.png").read_bytes())
    scene = foreign(keeper, media, tmp_path / "scene.jpg")
    done = seal.put_on(out, scene, Statement(time.time()), look_at_scene=False)
    assert done.scene_manifest == "skipped"
    facts = read_manifest(out, keeper.anchors)
    [parent] = facts.ingredients
    assert facts.valid
    assert "not looked at" in parent.problems[0]


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


@pytest.mark.parametrize("kind", ["huge xmp", "cmyk", "other boxes", "animation", "pieces", "bmp"])
def test_unusual_scenes(seal: Seal, keeper: Keeper, media: Path, tmp_path: Path, kind: str) -> None:
    scene = tmp_path / "scene"
    if kind == "huge xmp":
        packet = b"http://ns.adobe.com/xap/1.0/\0<x>" + b" " * 65_000
        segment = b"\xff\xe1" + struct.pack(">H", 2 + len(packet)) + packet
        data = (media / "a.jpg").read_bytes()
        scene.write_bytes(data[:2] + segment * 100 + data[2:])
    elif kind == "other boxes":
        data = (media / "clip.mov").read_bytes()
        scene.write_bytes(data + box(b"uuid", b"x" * 16 + b"mine" * 1000) + box(b"free", b""))
    else:
        names = {"cmyk": "cmyk.jpg", "animation": "moving.webp", "pieces": "pieces.mp4"}
        scene.write_bytes((media / names.get(kind, "a.bmp")).read_bytes())
    out = tmp_path / "out.mp4"
    out.write_bytes((media / "clip.mp4").read_bytes())
    assert seal.put_on(out, scene, Statement(time.time())).scene_manifest == "none"
    assert read_manifest(out, keeper.anchors).valid


def test_nobody_is_asked_on_the_network(
    seal: Seal, keeper: Keeper, media: Path, tmp_path: Path
) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/manifest.c2pa"
        packet = (
            "http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
            "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
            f"xmlns:dcterms='http://purl.org/dc/terms/' dcterms:provenance='{url}'/></rdf:RDF>"
            "</x:xmpmeta>"
        ).encode()
        data = (media / "a.jpg").read_bytes()
        scene = tmp_path / "scene.jpg"
        segment = b"\xff\xe1" + struct.pack(">H", 2 + len(packet)) + packet
        scene.write_bytes(data[:2] + segment + data[2:])
        out = tmp_path / "out.jpg"
        out.write_bytes(data)
        seal.put_on(out, scene, Statement(time.time()))
        read_manifest(scene, keeper.anchors)
        server.shutdown()
    assert asked == []
    assert read_manifest(out, keeper.anchors).valid


def test_an_mp4_still_begins_to_play_before_it_is_all_there(
    seal: Seal, media: Path, tmp_path: Path
) -> None:
    with av.open(str(tmp_path / "clip.mp4"), "w", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264", rate=25, width=96, height=64, pix_fmt="yuv420p")
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 96, 3), np.uint8), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    seal.put_on(tmp_path / "clip.mp4", media / "clip.mp4", Statement(time.time()))
    data, at, kinds = (tmp_path / "clip.mp4").read_bytes(), 0, list[bytes]()
    while at < len(data):
        kinds.append(data[at + 4 : at + 8])
        at += struct.unpack_from(">I", data, at)[0]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    assert kinds[-1] == b"uuid"


FULL = """
import resource, signal, sys, time
from pathlib import Path
from personae.adapters.provenance.keeper import Keeper, SigningConfig
from personae.adapters.provenance.sealing import Seal
from personae.adapters.provenance.statement import Statement
from personae.errors import MediaUnreachable
keeper = Keeper(SigningConfig(Path(sys.argv[2])), time.time)
seal = Seal(keeper.signer.credential, keeper.sign)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    seal.put_on(Path(sys.argv[1]), Path(sys.argv[1]), Statement(time.time()))
except MediaUnreachable as error:
    print(error.message)
"""


@pytest.mark.parametrize("name", ["clip.mp4", "a.png", "a.bmp"])
def test_a_disk_that_takes_no_more(media: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "media" / name
    path.parent.mkdir()
    path.write_bytes((media / name).read_bytes())
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(tmp_path / "signing"), "4000"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot be written" in run.stdout, run.stderr
    assert path.read_bytes() == (media / name).read_bytes()
    assert [one.name for one in path.parent.iterdir()] == [name]


def test_a_file_that_is_no_longer_wanted(keeper: Keeper, media: Path, tmp_path: Path) -> None:
    class Unwanted(Exception):
        pass

    def beat() -> None:
        raise Unwanted

    (tmp_path / "clip.mp4").write_bytes((media / "clip.mp4").read_bytes())
    seal = Seal(keeper.signer.credential, keeper.sign, beat)
    with pytest.raises(Unwanted):
        seal.put_on(tmp_path / "clip.mp4", None, Statement(time.time()))
    assert [one.name for one in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_folder_that_is_not_there(seal: Seal, tmp_path: Path) -> None:
    with pytest.raises((MediaUnreachable, FileNotFoundError)):
        seal.put_on(tmp_path / "none" / "a.png", None, Statement(time.time()))


@pytest.mark.skipif(sys.platform != "linux", reason="no /proc")
def test_memory_does_not_grow_with_the_file(keeper: Keeper, tmp_path: Path) -> None:
    """A clip of 160 MB; measured in a process of its own, whose memory nobody else uses."""
    path = tmp_path / "large.mp4"
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    with av.open(str(path), "w", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("mjpeg", rate=25, width=1280, height=720, pix_fmt="yuvj420p")
        stream.bit_rate = 500_000_000
        [packet] = stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24"))
        for number in range(160_000_000 // packet.size):
            again = av.Packet(bytes(packet))
            again.stream, again.pts, again.dts = stream, number, number
            again.time_base = packet.time_base
            out.mux(again)
    code = FULL.replace("resource.setrlimit", "0 and resource.setrlimit") + (
        "print([one for one in open('/proc/self/status') if one.startswith('VmHWM')][0])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "signing"), "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert int(run.stdout.split()[1]) < 110 << 10, run.stderr
    assert read_manifest(path).valid
