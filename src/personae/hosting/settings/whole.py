"""All settings in one, and what follows from them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from personae.adapters.provenance.keeper import SigningConfig
from personae.configuring.files import config_file
from personae.domain.engines import MESH
from personae.domain.gate import GatePolicy
from personae.domain.retention import Retention
from personae.hosting.settings.files import ServiceTable
from personae.hosting.settings.limits import LimitSettings
from personae.hosting.settings.offers import DialectSettings, EngineSettings
from personae.hosting.settings.origin import OriginSettings
from personae.hosting.settings.places import PlaceSettings
from personae.hosting.settings.safety import SafetySettings
from personae.hosting.settings.secrets import kept_secret
from personae.hosting.settings.work import WorkSettings

EVERYWHERE: Final = ("0.0.0.0", "::", "")
"""Hosts that stand for every address of the machine."""
GROUPS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("Places", PlaceSettings),
    ("Work", WorkSettings),
    ("Limits", LimitSettings),
    ("Engines", EngineSettings),
    ("Safety", SafetySettings),
    ("Where outputs come from", OriginSettings),
    ("Dialects", DialectSettings),
)
"""Every setting, in the order in which people read of them."""


class Settings(  # pyright: ignore[reportIncompatibleVariableOverride] - merged
    DialectSettings,
    OriginSettings,
    SafetySettings,
    EngineSettings,
    LimitSettings,
    WorkSettings,
    PlaceSettings,
    BaseSettings,
):
    """All settings of the API and the workers; each field's description says what it is for.

    The caller wins over the environment, and that over the file of settings.
    """

    model_config = SettingsConfigDict(
        env_prefix="PERSONAE_",
        env_nested_delimiter="__",
        extra="forbid",
        validate_default=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the caller gives wins over the environment, and that over the file."""
        file = config_file(init_settings().get("data_dir"))
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        return sources if file is None else (*sources, ServiceTable(settings_cls, file))

    @property
    def kept(self) -> Retention:
        """How long things are kept, filled in."""
        return self.retention.times(self.asset_ttl_s, self.output_ttl_s)

    @property
    def engine(self) -> str:
        """`default_engine`, filled in."""
        return self.default_engine or (MESH if MESH in self.engines else self.engines[0])

    @property
    def gate(self) -> GatePolicy:
        """The content gate's policy for tenants whose settings say nothing else."""
        return GatePolicy(
            self.content_gate,
            self.gate_donor,
            self.gate_scene,
            self.gate_output,
            self.gate_every_s,
            self.allow_unsafe,
        )

    @property
    def database(self) -> str:
        """The database's URL, filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'personae.db'}"

    @property
    def storage(self) -> str:
        """The storage's URL, filled in."""
        return self.storage_url or (self.data_dir.resolve() / "blobs").as_uri()

    @property
    def public_url(self) -> str:
        """`base_url`, filled in."""
        if self.base_url:
            return self.base_url
        host = "127.0.0.1" if self.host in EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def work_dir(self) -> Path:
        """Scratch space for files on their way."""
        return self.data_dir / "work"

    @property
    def signing(self) -> SigningConfig:
        """Who signs outputs."""
        return SigningConfig(
            self.signing_dir or self.data_dir / "signing",
            self.signing_cert,
            self.signing_key,
            self.signing_alg,
            self.timestamp_url,
            self.trust_anchors,
        )

    def signing_secret(self) -> bytes:
        """What local URLs are signed with: the setting, or one made once in `data_dir`.

        Raises
        ------
        InvalidRequest
            If the folder cannot be written.
        """
        return self.secret.encode() if self.secret else kept_secret(self.data_dir)
