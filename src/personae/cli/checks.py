"""What `personae doctor` looks at: each check is a function that returns findings."""

from __future__ import annotations

import datetime
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from personae.cli.compute_checks import accelerators, running
from personae.cli.exit_codes import ExitCode
from personae.cli.findings import Finding
from personae.errors import ModelError, PersonaeError
from personae.version import __version__

_PACKAGES = (
    ("numpy", "numpy"),
    ("opencv-python-headless", "cv2"),
    ("pillow", "PIL.Image"),
    ("av", "av"),
    ("ai-edge-litert", "ai_edge_litert.interpreter"),
    ("onnxruntime", "onnxruntime"),
    ("onnx", "onnx"),
    ("c2pa-python", "c2pa"),
)


def version() -> str:
    """Personae's version."""
    return __version__


def machine() -> Iterator[Finding]:
    """Python, processor and memory."""
    ok = sys.version_info >= (3, 11)
    yield Finding("system", "personae", version())
    yield Finding("system", "python", f"{platform.python_version()} ({sys.executable})", ok, True)
    yield Finding("system", "platform", platform.platform())
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    usable = len(affinity(0)) if affinity else os.cpu_count() or 1
    yield Finding("system", "cores", f"{usable} usable of {os.cpu_count()}")
    memory = _memory_bytes()
    if memory is not None:
        enough = memory >= 2**30
        yield Finding("system", "memory", f"{memory / 2**30:.1f} GiB", enough, False)


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf.
        return None


def packages() -> Iterator[Finding]:
    """The libraries underneath, by really importing them."""
    for distribution, module in _PACKAGES:
        try:
            importlib.import_module(module)
            found = importlib.metadata.version(distribution)
        except Exception as error:  # A broken native library may raise anything.
            detail = f"does not load: {error}; run `pip install --force-reinstall {distribution}`"
            yield Finding("libraries", distribution, detail, False, True)
        else:
            yield Finding("libraries", distribution, found, True, True)


def encoders() -> Iterator[Finding]:
    """FFmpeg inside PyAV, and what it can compress to."""
    try:
        import av

        from personae.video.codecs import CODECS
    except ImportError:
        return  # Already said by `packages`.
    for library, numbers in sorted(av.library_versions.items()):
        if library in ("libavcodec", "libavformat"):
            yield Finding("video", library, ".".join(map(str, numbers)))
    for codec in CODECS.values():
        there = codec.available
        detail = codec.encoder if there else f"this FFmpeg has no {codec.encoder}"
        yield Finding("video", f"--codec {codec.name}", detail, there, codec.name == "h264")


def models() -> Iterator[Finding]:
    """The model files that a swap needs, read from disk and compared with their hashes.

    Of further models that are installed, whether they could be loaded.
    """
    from personae import wiring

    try:
        store, shelf = wiring.model_store(), wiring.shelf()
    except PersonaeError as error:
        yield Finding("models", "settings", error.message, False, True, ExitCode.USAGE)
        return
    yield Finding("models", "folder", str(store.folder))
    for problem in shelf.problems.values():
        yield Finding("models", "cards", problem, False)
    for card in shelf.cards:
        state = store.status(card)
        if card.default:
            try:
                store.verify(card)
            except ModelError as error:
                yield Finding("models", card.name, error.message, False, True, ExitCode.MODEL)
            else:
                yield Finding("models", card.name, "intact", True, True, ExitCode.MODEL)
        elif state != "missing":
            licence = store.licences.state(card)
            detail = f"{state}, {card.licence.name} ({licence})"
            yield Finding("models", card.name, detail, store.usable(card))


def signing() -> Iterator[Finding]:
    """Who would sign outputs; a local certificate that is missing is not made here."""
    from personae.adapters.provenance.keeper import load_signer
    from personae.adapters.provenance.local_authority import SIGNER
    from personae.signing import now, signing_config, trust_anchors

    config = signing_config()
    if not config.cert and not config.key and not (config.folder / SIGNER).exists():
        detail = "a local certificate, untrusted elsewhere, is made by the first swap"
        yield Finding("signing", "certificate", detail)
        return
    try:
        credential = load_signer(config, now()).credential
        trust_anchors()
    except PersonaeError as error:
        yield Finding("signing", "certificate", error.message, False, True)
        return
    ends = datetime.datetime.fromtimestamp(credential.expires_at, datetime.UTC)
    own = credential.origin == "operator"
    kind = "yours" if own else "local, untrusted elsewhere"
    detail = f"{credential.subject} ({credential.algorithm}, {kind}), until {ends:%Y-%m-%d}"
    yield Finding("signing", "certificate", detail, True)


def self_test() -> Iterator[Finding]:
    """Look for a face with everything that a swap uses; nothing is fetched."""
    from personae import wiring
    from personae.engine.cards import cards

    store = wiring.model_store()
    if any(store.status(card) != "ready" for card in cards()):
        yield Finding("self-test", "detect a face", "left out: the models are not complete")
        return
    try:
        yield _look_for_a_face()
    except Exception as error:
        yield Finding("self-test", "detect a face", f"failed: {error}", False, True)


def _look_for_a_face() -> Finding:
    import numpy as np

    from personae import library

    portrait = _portrait()
    if portrait is None:
        empty = np.full((256, 256, 3), 128, np.uint8)
        found = len(library.detect(empty))
        detail = f"the models run; {found} faces in an empty picture"
        return Finding("self-test", "detect a face", detail, found == 0, True)
    faces = library.detect(portrait)
    detail = f"found {len(faces)} in matplotlib's portrait"
    return Finding("self-test", "detect a face", detail, len(faces) == 1, True)


def _portrait() -> Path | None:
    """The public-domain portrait inside matplotlib, where that is installed."""
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    return path if path.is_file() else None


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    machine,
    packages,
    encoders,
    accelerators,
    running,
    models,
    signing,
    self_test,
)
