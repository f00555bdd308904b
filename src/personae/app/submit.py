"""Taking work on: check, hold the credits, write the task and enqueue it, all at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from personae.app import audit, consents, detections, pricing
from personae.app.consents import Asserting
from personae.app.filenames import filename_of_url
from personae.app.outcomes import check_output
from personae.app.policy import check_file
from personae.app.ports import Transaction
from personae.domain.consent import claim_of
from personae.domain.credits import hold_key
from personae.domain.engine_menu import EngineMenu
from personae.domain.engines import EngineChoice
from personae.domain.ids import new_id
from personae.domain.labels import check_drawable
from personae.domain.marks import new_mark
from personae.domain.media import Asset, MediaFacts
from personae.domain.swap import Media, MediaRef, SwapRequest
from personae.domain.tasks import Priority, Task, TaskKind, TaskProgress
from personae.errors import (
    Conflict,
    Expired,
    FeatureDisabled,
    InvalidRequest,
    NotFound,
    RateLimited,
    Role,
)

MAX_UNFINISHED = 10_000
"""Tasks a tenant may have waiting or running."""
FEATURES = ("image_swap", "video_swap", "multi_swap", "detection", "preview")
"""What an operator can switch off."""


def need(disabled: Collection[str], *features: str) -> None:
    """Go on only if features are switched on.

    Raises
    ------
    FeatureDisabled
    """
    for feature in features:
        if feature in disabled:
            said = feature.replace("_", " ")
            raise FeatureDisabled(f"The operator has switched {said}s off.")


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks for work, how, and what is to happen afterwards.

    Attributes
    ----------
    request_hash : str
        Of what an idempotency key stands for; the same key with another hash is a conflict.
    callback : dict, optional
        Where a dialect's client wants to be told.
    disabled : frozenset of str
        Those of `FEATURES` that are switched off.
    refused_files : frozenset of str
        SHA-256 hashes of files that nobody may use.
    echo : dict, optional
        What the client said in its dialect's words, for dialects that repeat it; it is kept in
        ``Task.request["echo"]`` and read by nobody else.
    asserting : Asserting
        What is said of the consent of the people shown.
    any_letters : bool
        Whether labels are drawn with a font of the operator's, which may have any letters.
    retry_of : str, optional
        The task that is tried again.
    engines : EngineMenu
        What tasks may use.
    """

    tenant_id: str
    now: float
    request_id: str | None = None
    idempotency_key: str | None = None
    request_hash: str | None = None
    dialect: str = "native"
    dialect_id: str | None = None
    callback: dict[str, Any] | None = None
    label: str | None = None
    priority: Priority = "normal"
    disabled: frozenset[str] = frozenset()
    refused_files: frozenset[str] = frozenset()
    echo: dict[str, Any] | None = None
    asserting: Asserting = Asserting()  # noqa: RUF009 - it cannot be changed
    any_letters: bool = False
    retry_of: str | None = None
    engines: EngineMenu = EngineMenu()  # noqa: RUF009 - it cannot be changed

    def need(self, *features: str) -> None:
        """Go on only if these are switched on.

        Raises
        ------
        FeatureDisabled
        """
        need(self.disabled, *features)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a swap would cost, and whether the account can pay for it."""

    credits: int
    available: int
    affordable: bool
    assumed: bool
    seconds: float | None
    breakdown: dict[str, float]


def estimate(tx: Transaction, ctx: Context, request: SwapRequest) -> Estimate:
    """Price a swap without doing it.

    Raises
    ------
    NotFound, Expired, Conflict, InvalidRequest
        As `submit_swap`.
    """
    request = with_engine(request, ctx.engines)
    facts = _facts(_check_swap(tx, ctx, request))
    told = pricing.quote(request, facts, pricing.price_table(ctx.dialect))
    available = tx.credits.balance(ctx.tenant_id).available
    return Estimate(
        told.credits,
        available,
        told.credits <= available,
        told.assumed,
        told.seconds,
        told.breakdown,
    )


def submit_swap(tx: Transaction, ctx: Context, request: SwapRequest) -> tuple[Task, bool]:
    """Take a swap on; the task, and whether it is new (or an idempotency key's first one).

    Raises
    ------
    NotFound
        If an asset, a saved face or a detection is not the tenant's.
    Expired, Conflict, InvalidRequest, ConsentRequired, InsufficientCredits, RateLimited
    """
    known = _repeated(tx, ctx)
    if known is not None:
        return known, False
    request = with_engine(request, ctx.engines)
    scene = _check_swap(tx, ctx, request)
    facts = _facts(scene)
    credits = pricing.quote(request, facts, pricing.price_table(ctx.dialect)).credits
    # What nobody has looked at yet goes where both can be done.
    moving = request.media != "image" if facts is None else facts.kind != "picture"
    if facts is None and request.media == "any" and "video_swap" in ctx.disabled:
        ctx.need("image_swap")  # The worker sees which it is, and asks again.
    elif facts is not None or request.media != "any":
        ctx.need("video_swap" if moving else "image_swap")
    if len(request.mappings) > 1:
        ctx.need("multi_swap")
    kind: TaskKind = "swap_video" if moving else "swap_image"
    name = _name_of(request.scene, scene)
    return _take(tx, ctx, kind, request.to_json(), credits, scene_name=name), True


def submit_preview(
    tx: Transaction, ctx: Context, request: SwapRequest, time_s: float | None
) -> tuple[Task, bool]:
    """Take on one frame of a swap, for nothing, before everything else.

    Raises
    ------
    As `submit_swap`, without credits.
    """
    known = _repeated(tx, ctx)
    if known is not None:
        return known, False
    ctx.need("preview")
    request = with_engine(request, ctx.engines)
    scene = _check_swap(tx, ctx, request)
    facts, name = _facts(scene), _name_of(request.scene, scene)
    length = None if facts is None else facts.duration_s
    if time_s is not None and (time_s < 0 or (length is not None and time_s > length)):
        raise InvalidRequest(f"The scene has no frame at {time_s:g} s.")
    wanted = {**request.to_json(), "time_s": time_s}
    return _take(tx, ctx, "preview", wanted, 0, priority="high", scene_name=name), True


def submit_detection(
    tx: Transaction, ctx: Context, media: Media, scene: MediaRef, tariff: str | None = None
) -> tuple[Task, bool]:
    """Take on a search for people in a scene.

    Free of charge, unless the dialect's price table has a row called `tariff`.

    Raises
    ------
    NotFound, InvalidRequest, Conflict, RateLimited, InsufficientCredits
    """
    known = _repeated(tx, ctx)
    if known is not None:
        return known, False
    ctx.need("detection")
    facts = _facts(_check_scene(tx, ctx, scene, media))
    moving = media != "image" if facts is None else facts.kind != "picture"
    kind: TaskKind = "detect_video" if moving else "detect_image"
    wanted: dict[str, Any] = {
        "media": media,
        "scene": {"asset_id": scene.asset_id, "url": scene.url},
    }
    if tariff is not None:
        wanted["tariff"] = tariff
    credits = pricing.detection_price(tariff, pricing.price_table(ctx.dialect))
    return _take(tx, ctx, kind, wanted, credits), True


def again(tx: Transaction, ctx: Context, task: Task) -> Task:
    """A new task that asks for the same as a finished one, at today's price."""
    # Whose prices are its prices.
    ctx = replace(ctx, dialect=task.dialect, retry_of=task.id)
    claim = claim_of(task.consent)
    if claim is not None and task.consent is not None:
        # It asks for the very same, so what was said of it then still holds.
        said = task.consent.get("asserted_at")
        told = replace(ctx.asserting, claim=claim, retry_of=task.id, first_said=said)
        ctx = replace(ctx, asserting=told)
    if task.kind in ("detect_image", "detect_video"):
        scene = MediaRef(**task.request["scene"])
        tariff = task.request.get("tariff")
        return submit_detection(tx, ctx, task.request["media"], scene, tariff)[0]
    if task.kind == "preview":
        raise InvalidRequest("A preview is not retried; ask for another.")
    return submit_swap(tx, ctx, SwapRequest.from_json(task.request))[0]


def with_engine(request: SwapRequest, offered: EngineMenu) -> SwapRequest:
    """A request that says by name what it will be done with.

    Raises
    ------
    InvalidRequest
        If it asks for what is not offered.
    """
    choice = offered.choose(
        request.engine, request.quality, request.engine_options, request.restore
    )
    return replace(request, setup=None if choice == EngineChoice() else choice)


def _repeated(tx: Transaction, ctx: Context) -> Task | None:
    """The task that this idempotency key stands for, if it has been used."""
    if ctx.idempotency_key is None:
        return None
    seen = tx.idempotency.find(ctx.tenant_id, ctx.idempotency_key)
    if seen is None:
        return None
    if seen.request_hash != ctx.request_hash:
        raise Conflict("This Idempotency-Key was used for another request; take a fresh one.")
    task = tx.tasks.get(ctx.tenant_id, seen.resource_id)
    if task is None:
        raise Conflict("The task of this Idempotency-Key has been deleted; take a fresh one.")
    return task


def _take(
    tx: Transaction,
    ctx: Context,
    kind: TaskKind,
    request: dict[str, Any],
    credits: int,
    priority: Priority | None = None,
    scene_name: str | None = None,
) -> Task:
    """Write hold, task, idempotency row and queue entry."""
    if tx.tasks.count(ctx.tenant_id, statuses=("queued", "running")) >= MAX_UNFINISHED:
        raise RateLimited(
            f"{MAX_UNFINISHED} tasks are waiting already; let some of them finish.", 30.0
        )
    consent = consents.record(
        tx, ctx.tenant_id, ctx.dialect, ctx.asserting, ctx.now, _saved_faces(request)
    )
    task = Task(
        id=new_id("task", ctx.now),
        tenant_id=ctx.tenant_id,
        kind=kind,
        status="queued",
        request=request if ctx.echo is None else {**request, "echo": ctx.echo},
        priority=priority or ctx.priority,
        credits_held=credits,
        credits_charged=0,
        progress=TaskProgress(),
        result=None,
        error=None,
        dialect=ctx.dialect,
        dialect_id=ctx.dialect_id,
        callback=ctx.callback,
        label=ctx.label,
        request_id=ctx.request_id,
        attempt=0,
        created_at=ctx.now,
        mark=None if kind in ("detect_image", "detect_video") else new_mark(),
        consent=consent,
        scene_name=scene_name,
    )
    if credits:
        tx.credits.transfer(
            ctx.tenant_id, "hold", credits, hold_key(task.id), task_id=task.id, at=ctx.now
        )
    tx.tasks.insert(task)
    if ctx.idempotency_key is not None:
        tx.idempotency.remember(
            ctx.tenant_id, ctx.idempotency_key, ctx.request_hash or "", task.id, ctx.now
        )
    tx.queue.put_task(task)
    audit.task_submitted(tx, task, retry_of=ctx.retry_of)
    return task


def _saved_faces(request: dict[str, Any]) -> list[str]:
    mappings: list[dict[str, Any]] = request.get("mappings", [])
    return [one["face_id"] for one in mappings if one.get("face_id")]


def _check_swap(tx: Transaction, ctx: Context, request: SwapRequest) -> Asset | None:
    """Everything that can be refused before any pixel is looked at; the scene, if it is stored."""
    scene = _check_scene(tx, ctx, request.scene, request.media)
    check_output(request.output, _facts(scene) or request.media)
    if request.output.label is not None and not ctx.any_letters:
        check_drawable(request.output.label.text)
    for mapping in request.mappings:
        for donor in mapping.donors:
            _check_picture(tx, ctx, donor, "donor")
        if mapping.face_id is not None:
            face = tx.faces.get(ctx.tenant_id, mapping.face_id)
            if face is None:
                raise NotFound(f"There is no face {mapping.face_id}.")
            for asset_id in face.asset_ids:
                _check_picture(tx, ctx, MediaRef(asset_id=asset_id), "donor", "saved donor")
        if mapping.scene_face.reference is not None:
            _check_picture(tx, ctx, mapping.scene_face.reference, "reference")
        detections.check_reference(tx, ctx.tenant_id, mapping.scene_face, request.scene, ctx.now)
    return scene


def _facts(scene: Asset | None) -> MediaFacts | None:
    return None if scene is None else scene.facts


def _name_of(scene: MediaRef, stored: Asset | None) -> str | None:
    """What the client calls the scene's file."""
    if stored is not None:
        return stored.filename
    return filename_of_url(scene.url) if scene.url else None


def _check_scene(tx: Transaction, ctx: Context, scene: MediaRef, media: Media) -> Asset | None:
    """The scene, if it is stored; None for one that will be fetched."""
    asset = _asset(tx, ctx, scene, "scene")
    if asset is None or asset.facts is None:
        return asset
    kind = asset.facts.kind
    if kind == "sound":
        raise InvalidRequest(f"{asset.id} has sound but no picture.")
    if media == "image" and kind == "video":
        raise InvalidRequest(f"{asset.id} is a video, and this call takes pictures.")
    if media == "video" and kind == "picture":
        raise InvalidRequest(f"{asset.id} is a picture, and this call takes videos.")
    return asset


def _check_picture(
    tx: Transaction, ctx: Context, ref: MediaRef, role: Role, called: str = ""
) -> None:
    asset = _asset(tx, ctx, ref, role)
    if asset is not None and asset.facts is not None and asset.facts.kind != "picture":
        raise InvalidRequest(f"{asset.id} is not a picture; the {called or role} must be one.")


def _asset(tx: Transaction, ctx: Context, ref: MediaRef, role: Role) -> Asset | None:
    if ref.asset_id is None:
        return None
    asset = tx.assets.get(ctx.tenant_id, ref.asset_id)
    if asset is None or asset.state in ("deleted", "refused"):
        raise NotFound(f"There is no asset {ref.asset_id}.")
    if asset.state == "awaiting_upload":
        raise Conflict(f"The upload of {asset.id} is not complete.")
    if asset.expires_at is not None and asset.expires_at <= ctx.now:
        raise Expired(f"The asset {asset.id} has expired; upload the file again.")
    check_file(tx, asset.sha256, role, ctx.refused_files)
    return asset
