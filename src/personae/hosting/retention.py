"""How long things are kept, as operators write it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from personae.domain.retention import KINDS, Retention, seconds
from personae.errors import InvalidRequest


def _reader(kind: str) -> BeforeValidator:
    def read(value: Any) -> Any:
        if value is None:
            return None
        try:
            return seconds(value, kind)
        except InvalidRequest as error:
            raise ValueError(error.message) from error

    return BeforeValidator(read)


class RetentionSettings(BaseModel):
    """Times by kind: seconds, or 30m, 12h, 7d, 2w; ``never`` for faces.

    What is not given is as `Retention` has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    uploads: Annotated[float | None, _reader("uploads")] = None
    imports: Annotated[float | None, _reader("imports")] = None
    outputs: Annotated[float | None, _reader("outputs")] = None
    previews: Annotated[float | None, _reader("previews")] = None
    stills: Annotated[float | None, _reader("stills")] = None
    crops: Annotated[float | None, _reader("crops")] = None
    detections: Annotated[float | None, _reader("detections")] = None
    faces: Annotated[float | None, _reader("faces")] = None

    def times(self, inputs: float | None, outputs: float | None) -> Retention:
        """The service's times; the older settings for inputs and outputs say what is not given."""
        older = {"uploads": inputs, "imports": inputs, "outputs": outputs, "stills": outputs}
        given = {name: getattr(self, name) for name in KINDS}
        said = {**_without_none(older), **_without_none(given)}
        return Retention(**said)


def _without_none(values: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}
