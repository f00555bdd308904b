"""Tasks: create, look at, estimate; and the models that they can name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Query, Request
from starlette.responses import Response

from personae.app import submit
from personae.errors import NotFound
from personae.wire.crun import answers, models
from personae.wire.crun.answers import Answer
from personae.wire.crun.ids import new_task_id
from personae.wire.crun.routing import group, settings_of, success
from personae.wire.crun.views import Views
from personae.wire.crun.wanted import MODELS, Model, echo_of, request_of
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.vendor import (
    SWAPS,
    callback_to,
    context,
    files_of,
    find_task,
    submit_swap,
)

router = group("job", "job")
Wanted = Annotated[models.AnySwap, Body()]
_WORK = ("maintenance", "feature_disabled")


@router.post(
    "/CreateTask",
    response_model=Answer[answers.Created],
    operation_id="crunCreateTask",
    summary="Swap faces",
)
@access("swaps:write", "json", refuses=(*_WORK, "insufficient_credits"))
async def create_task(request: Request, wanted: Wanted) -> Response:
    """Hold the credits and queue the work; ask for it by TaskInfo, or be told by the callback."""
    call = call_of(request)
    callback = callback_to(call, wanted.callback_url)
    who = context(call, new_task_id(), callback=callback, echo=echo_of(wanted))
    who.need(*MODELS[wanted.model].features)
    task = await submit_swap(call, await request_of(call, wanted), who)
    return success(answers.Created(task_id=task.dialect_id or ""))


@router.get(
    "/TaskInfo",
    response_model=Answer[answers.TaskInfo],
    operation_id="crunTaskInfo",
    summary="Look at a task",
)
@access("swaps:read", refuses=("not_found",))
async def task_info(request: Request, task_id: Annotated[str, Query()]) -> Response:
    """How far it is, and what came of it; a failed one is answered with `code` 200 too."""
    call = call_of(request)
    task = await find_task(call, task_id.strip(), SWAPS)
    files = (await files_of(call, [task])).get(task.id, {})
    return success(Views(settings_of(call), call.services.links).task(task, files))


@router.post(
    "/EstimateTask",
    response_model=Answer[answers.Estimate],
    operation_id="crunEstimateTask",
    summary="Ask what a task would cost",
)
@access("swaps:read", "json", refuses=("feature_disabled",), reads=True)
async def estimate_task(request: Request, wanted: Wanted) -> Response:
    """Nothing is held, and nothing is done; the input has to be one that CreateTask would take."""
    call = call_of(request)
    who = context(call, None)
    who.need(*MODELS[wanted.model].features)
    asked = await request_of(call, wanted)
    told = await call.services.database.aread(lambda tx: submit.estimate(tx, who, asked))
    return success(
        answers.Estimate(
            estimated_credits=told.credits, balance=told.available, affordable=told.affordable
        )
    )


@router.get(
    "/Models",
    response_model=Answer[list[answers.ModelInfo]],
    operation_id="crunModels",
    summary="List the models",
)
@access("swaps:read")
async def list_models(
    request: Request,
    modality: Annotated[str | None, Query(description="image or video.")] = None,
    operation: Annotated[str | None, Query(description="face-swap or face-swap-multi.")] = None,
) -> Response:
    """Those that the operator has not switched off, each with the schema of its input."""
    call = call_of(request)
    disabled = call.services.settings.disabled
    return success(
        [
            _model_info(call, name, one)
            for name, one in MODELS.items()
            if not disabled.intersection(one.features)
            and (not modality or modality.lower() == one.media)
            and (not operation or operation.lower() == one.operation)
        ]
    )


@router.get(
    "/Models/{model}",
    response_model=Answer[answers.ModelInfo],
    operation_id="crunModel",
    summary="Look at a model",
)
@access("swaps:read", refuses=("feature_disabled",))
async def get_model(request: Request, model: str) -> Response:
    """With the schema of its input; 505 if the operator has switched it off."""
    call = call_of(request)
    found = MODELS.get(model)
    if found is None:
        raise NotFound(f"There is no model {model[:64]}; there is {', '.join(MODELS)}.")
    context(call, None).need(*found.features)
    return success(_model_info(call, model, found))


def _model_info(call: Call, name: str, model: Model) -> answers.ModelInfo:
    return answers.ModelInfo(
        model=name,
        name=model.title,
        description=model.about,
        provider=settings_of(call).provider,
        modality=model.media,
        operation=model.operation,
        input_schema=models.INPUTS[name].model_json_schema(),
    )
