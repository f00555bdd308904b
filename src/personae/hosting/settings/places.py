"""Where the service is, and where it keeps what it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from personae.configuring.files import default_data_dir
from personae.hosting.settings.kinds import Words, starting


class PlaceSettings(BaseModel):
    """Folders, URLs, the address to listen on, and where logs go."""

    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Database, files and secrets of a service on one machine; scratch space "
        "otherwise.",
    )
    database_url: str = Field(
        "",
        description="`sqlite:///FILE` or `postgresql://…`; empty: SQLite in the data folder.",
    )
    storage_url: str = Field(
        "",
        description="`file:///…`, `s3://bucket/prefix`, `gs://…` or `az://…`; empty: `blobs` in "
        "the data folder.",
    )
    host: str = Field("127.0.0.1", description="The address that the API listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Its port; 0 takes a free one.")
    base_url: str = Field(
        "",
        description="How clients reach the service; links begin with it. Empty: host and port.",
    )
    studio: bool = Field(True, description="Serve the studio at `/`.")
    cors_origins: Words = Field([], description="Web pages of other hosts that may call the API.")
    secret: str = Field(
        "",
        repr=False,
        description="Signs links and tokens; the same on every machine. Empty: made once, in the "
        "data folder.",
    )
    metrics_token: str = Field(
        "", repr=False, description="Bearer token of `/metrics`; empty: open to anybody."
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="Lines for programs, or for people."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is worth a line."
    )

    @field_validator("data_dir")
    @classmethod
    def _from_the_root(cls, value: Path) -> Path:
        """Absolute, so that messages can be cleared of it, whatever they were told."""
        return value.absolute()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        return starting(value, "sqlite:///", "postgres://", "postgresql://")

    @field_validator("storage_url")
    @classmethod
    def _known_storage(cls, value: str) -> str:
        return starting(value, "file://", "s3://", "gs://", "az://")

    @field_validator("base_url")
    @classmethod
    def _plain_base(cls, value: str) -> str:
        return starting(value, "http://", "https://").rstrip("/")
