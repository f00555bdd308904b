"""The service's settings: environment first, then one TOML file, then defaults.

Every setting is an environment variable ``PERSONAE_…`` and a key of the TOML file that
``PERSONAE_CONFIG`` names (by default ``personae.toml`` in the data folder, if it is there).
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from personae.adapters.provenance.keeper import SigningConfig
from personae.app.submit import FEATURES
from personae.domain.engines import MESH
from personae.domain.gate import EVERY_ENDS_S, EVERY_S, LIMIT, GatePolicy
from personae.domain.register import DISTANCE
from personae.domain.retention import Retention
from personae.errors import InvalidRequest
from personae.hosting.refused import refused_files
from personae.hosting.retention import RetentionSettings
from personae.wire.a2e.settings import A2eSettings
from personae.wire.aifaceswap.settings import AifaceswapSettings
from personae.wire.crun.settings import CrunSettings
from personae.wire.vidnoz.settings import VidnozSettings

DIALECTS = ("a2e", "crun", "aifaceswap", "vidnoz")
EVERYWHERE = ("0.0.0.0", "::", "")
"""Hosts that stand for every address of the machine."""
CONFIG_VARIABLE = "PERSONAE_CONFIG"
_MIB = 1 << 20
_GIB = 1 << 30


def default_data_dir() -> Path:
    """The folder of a service that was told nothing."""
    import platformdirs  # Only needed without the setting, and not free to import.

    return Path(platformdirs.user_data_dir("personae")) / "service"


class Settings(BaseSettings):
    """All settings of the API and the workers.

    Attributes
    ----------
    data_dir : folder
        Database, files and secrets of a service on one machine; scratch space otherwise.
    database_url : str
        ``sqlite:///…`` or ``postgresql://…``; by default SQLite in `data_dir`.
    storage_url : str
        ``file:///…``, ``s3://bucket/prefix``, ``gs://…`` or ``az://…``; by default in `data_dir`.
    base_url : str
        How clients reach the service; signed URLs start with it. By default host and port.
    fetch_allow : list of str
        Hosts, addresses or networks that URLs may lead to although they are private.
    secret : str
        Signs URLs of local files; by default a random one kept in `data_dir`.
    worker_slots : int
        Jobs that one worker runs at once, each in a child process.
    media_threads : int
        Threads of one job; 0 takes one per core.
    media_memory_bytes : int
        What one child process may hold.
    chunk_s : float, seconds
        Length that pieces of long videos are aimed at.
    retention : RetentionSettings
        How long files, saved faces and what is found of people are kept;
        ``PERSONAE_RETENTION__UPLOADS=1d`` in the environment.
    asset_ttl_s, output_ttl_s : float, seconds, optional
        Older names for ``retention``'s uploads and imports, and outputs and stills, which win.
    task_retention_s : float, seconds
        How long finished tasks whose files are gone, and what was sent about them, are remembered.
    hosts : dict
        Dialect to the host name that speaks it at its root; ``a2e=a2e.example.com,…`` in the
        environment.
    dialects : list of str
        Those of `DIALECTS` that are served.
    a2e, crun, aifaceswap, vidnoz
        What the vendors' pages leave open; ``PERSONAE_A2E__ADD_FACE_REPLY`` in the environment.
    studio : bool
        Serve the studio at ``/``.
    maintenance : bool
        Refuse everything but reading.
    disabled_features : list of str
        Those of `personae.app.submit.FEATURES` that nobody may use.
    inline_limit_bytes : int
        The longest body of a vendor's call that may hold pictures as base64. It is held in memory,
        about twice while it is read.
    refused_files : list of str
        Files that nobody may use: their SHA-256 hashes, or files with such lists; see
        `personae.hosting.refused`.
    register_distance : float
        How near a face has to be to that of somebody in the do-not-swap register, as 1 - cosine, to
        be taken for them.
    content_gate : bool
        Whether donors, scenes and outputs are looked at for nudity and sex.
    gate_donor, gate_scene, gate_output : float, range [0, 1]
        The highest score that passes; 1 refuses nothing.
    gate_every_s : float, 0.1 to 60 seconds
        How far the frames of a clip are apart that the content gate looks at.
    allow_unsafe : bool
        Whether a request that asks to do without the content gate does.
    rate_per_s, rate_burst : float, int
        Requests of one key, counted by each API process for itself.
    consent : "required", "terms" or "off"
        What has to be said of the consent of the people shown; see `personae.domain.consent`.
    terms_version : str
        What records of consent call the terms that tenants work under.
    label_font : file, optional
        A TTF or OTF that labels are drawn with, the same on every worker.
    inspect, inspect_per_minute, inspect_limit_bytes : bool, int, int
        Whether anybody may ask what a file is, how often from one address (counted by each API
        process for itself), and how large it may be.
    permissive_only : bool
        Refuse models whose licence is not permissive, whatever was accepted for them.
    engines : list of str
        What tasks may be swapped with: ``mesh`` and names of swappers.
    engine_steps : list of str
        Which restorers, occluders and parsers they may use.
    default_engine : str
        Of tasks that name neither an engine nor a quality; by default ``mesh``, or the first of
        `engines` if that is not among them.
    default_quality : "draft", "standard" or "best"
        What chooses what a task leaves open.
    marks : bool
        Let new faces carry the number of their task invisibly.
    manifests : bool
        Write into outputs, signed, where they come from.
    signing_cert, signing_key : str
        The chain and the key that sign: PEM files, or their text. Empty for a local certificate,
        made once, which nobody else has a reason to trust.
    signing_alg : str
        es256, es384, es512, ps256 or ed25519; auto takes the key's.
    signing_dir : folder
        Of the local certificate; by default in `data_dir`.
    timestamp_url : str
        An RFC 3161 authority that confirms when outputs were signed; empty for none.
    trust_anchors : str
        Authorities whose manifests are trusted when files are inspected: a PEM file, or its text.
    wrong_keys_per_s, wrong_keys_burst : float, int
        As those, of wrong keys from one address; keys that were right go on working from there.
    """

    model_config = SettingsConfigDict(
        env_prefix="PERSONAE_",
        env_nested_delimiter="__",
        extra="forbid",
        validate_default=True,
    )

    data_dir: Path = Field(default_factory=default_data_dir)
    database_url: str = ""
    storage_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    base_url: str = ""
    fetch_allow: Annotated[list[str], NoDecode] = []
    secret: str = Field(default="", repr=False)
    metrics_token: str = Field(default="", repr=False)

    worker_slots: int = Field(default=1, ge=1, le=64)
    media_threads: int = Field(default=0, ge=0, le=256)
    media_memory_bytes: int = Field(default=6 * _GIB, ge=512 * _MIB)
    probe_slots: int = Field(default=2, ge=1, le=32)
    chunk_s: float = Field(default=10.0, ge=1.0, le=3600.0)
    task_timeout_s: float = Field(default=6 * 3600.0, ge=1.0)
    stall_s: float = Field(default=60.0, ge=1.0)
    grace_s: float = Field(default=20.0, ge=0.0)

    upload_limit_bytes: int = Field(default=2 * _GIB, ge=1)
    json_limit_bytes: int = Field(default=_MIB, ge=1024)
    inline_limit_bytes: int = Field(default=64 * _MIB, ge=1024)
    fetch_timeout_s: float = Field(default=120.0, ge=1.0)
    retention: RetentionSettings = RetentionSettings()
    asset_ttl_s: float | None = Field(default=None, ge=60.0)
    output_ttl_s: float | None = Field(default=None, ge=60.0)
    # Not below a day: until then idempotency keys name tasks.
    task_retention_s: float = Field(default=30 * 86400.0, ge=86400.0)
    url_ttl_s: int = Field(default=3600, ge=10, le=7 * 86400)

    rate_per_s: float = Field(default=20.0, gt=0)
    rate_burst: int = Field(default=200, ge=1)
    inspect: bool = True
    inspect_per_minute: int = Field(default=10, ge=1, le=10_000)
    inspect_limit_bytes: int = Field(default=256 * _MIB, ge=1024)
    wrong_keys_per_s: float = Field(default=0.5, gt=0)
    wrong_keys_burst: int = Field(default=50, ge=1)
    cors_origins: Annotated[list[str], NoDecode] = []
    hosts: Annotated[dict[str, str], NoDecode] = {}
    studio: bool = True
    maintenance: bool = False
    disabled_features: Annotated[list[str], NoDecode] = []
    refused_files: Annotated[list[str], NoDecode] = []
    register_distance: float = Field(default=DISTANCE, gt=0, le=2.0)
    content_gate: bool = True
    gate_donor: float = Field(default=LIMIT, ge=0, le=1, allow_inf_nan=False)
    gate_scene: float = Field(default=LIMIT, ge=0, le=1, allow_inf_nan=False)
    gate_output: float = Field(default=LIMIT, ge=0, le=1, allow_inf_nan=False)
    gate_every_s: float = Field(default=EVERY_S, ge=EVERY_ENDS_S[0], le=EVERY_ENDS_S[1])
    allow_unsafe: bool = False
    dialects: Annotated[list[str], NoDecode] = list(DIALECTS)
    a2e: A2eSettings = A2eSettings()
    crun: CrunSettings = CrunSettings()
    aifaceswap: AifaceswapSettings = AifaceswapSettings()
    vidnoz: VidnozSettings = VidnozSettings()
    manifests: bool = True
    permissive_only: bool = False
    engines: Annotated[list[str], NoDecode] = [MESH]
    engine_steps: Annotated[list[str], NoDecode] = []
    default_engine: str = ""
    default_quality: Literal["draft", "standard", "best"] = "standard"
    marks: bool = True
    signing_cert: str = ""
    signing_key: str = Field(default="", repr=False)
    signing_alg: Literal["auto", "es256", "es384", "es512", "ps256", "ed25519"] = "auto"
    signing_dir: Path | None = None
    timestamp_url: str = ""
    trust_anchors: str = ""
    consent: Literal["required", "terms", "off"] = "terms"
    terms_version: str = Field(default="", max_length=200)
    label_font: Path | None = None
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

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
        given = init_settings()
        file = config_file(given.get("data_dir"))
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        if file is None:
            return sources
        return (*sources, TomlConfigSettingsSource(settings_cls, toml_file=file))

    @field_validator("hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        """Tables are written as name=host with commas in the environment."""
        if isinstance(value, str):
            parts = [part.partition("=") for part in value.split(",") if part.strip()]
            return {name.strip(): host.strip().lower() for name, _, host in parts}
        return value

    @field_validator("dialects")
    @classmethod
    def _known_dialects(cls, value: list[str]) -> list[str]:
        unknown = sorted(set(value) - set(DIALECTS))
        if unknown:
            raise ValueError(f"there is no {unknown[0]}; there is {', '.join(DIALECTS)}")
        return value

    @field_validator("refused_files")
    @classmethod
    def _readable_lists(cls, value: list[str]) -> list[str]:
        try:
            refused_files(value)
        except InvalidRequest as error:
            raise ValueError(error.message) from error
        return value

    @field_validator("disabled_features")
    @classmethod
    def _known_features(cls, value: list[str]) -> list[str]:
        unknown = sorted(set(value) - set(FEATURES))
        if unknown:
            raise ValueError(f"there is no {unknown[0]}; there is {', '.join(FEATURES)}")
        return value

    @field_validator(
        *("fetch_allow", "cors_origins", "disabled_features", "dialects", "refused_files"),
        *("engines", "engine_steps"),
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Lists are written with commas in the environment."""
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("engines", "engine_steps")
    @classmethod
    def _once_each(cls, value: list[str]) -> list[str]:
        return list(dict.fromkeys(value))

    @field_validator("engines")
    @classmethod
    def _some_engine(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError(f"name at least one, such as {MESH}")
        return value

    @model_validator(mode="after")
    def _default_is_offered(self) -> Settings:
        if self.default_engine and self.default_engine not in self.engines:
            raise ValueError(
                f"default_engine is {self.default_engine}, which is none of engines: "
                f"{', '.join(self.engines)}"
            )
        return self

    @field_validator("signing_dir", mode="before")
    @classmethod
    def _none_if_empty(cls, value: Any) -> Any:
        """Not the current folder, which is what an empty path would be."""
        return value or None

    @field_validator("timestamp_url")
    @classmethod
    def _plain_authority(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("must start with http:// or https://")
        return value

    @field_validator("data_dir")
    @classmethod
    def _from_the_root(cls, value: Path) -> Path:
        """Absolute, so that messages can be cleared of it, whatever they were told."""
        return value.absolute()

    @field_validator("label_font")
    @classmethod
    def _font_there(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("there is no such file")
        return None if value is None else value.absolute()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("must start with sqlite:/// or postgresql://")
        return value

    @field_validator("storage_url")
    @classmethod
    def _known_storage(cls, value: str) -> str:
        if value and not value.startswith(("file://", "s3://", "gs://", "az://")):
            raise ValueError("must start with file://, s3://, gs:// or az://")
        return value

    @field_validator("base_url")
    @classmethod
    def _plain_base(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

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
        if self.secret:
            return self.secret.encode()
        path = self.data_dir / "secret"
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read_secret(path)
        except OSError as error:
            raise InvalidRequest(
                f"The data folder {self.data_dir} cannot be written: {error.strerror}."
            ) from error
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        return _read_secret(path)


def _read_secret(path: Path) -> bytes:
    # Another process may have made the file and not yet filled it.
    for _ in range(50):
        try:
            text = path.read_text("ascii").strip()
        except (OSError, ValueError) as error:
            raise InvalidRequest(f"The secret {path} cannot be read: {error}.") from error
        if len(text) == 64:
            return text.encode()
        import time

        time.sleep(0.02)
    raise InvalidRequest(f"{path} holds no secret; delete it and start again.")


def config_file(data_dir: object = None) -> Path | None:
    """The TOML file that applies, if there is one.

    Raises
    ------
    InvalidRequest
        If PERSONAE_CONFIG names a file that is not there.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise InvalidRequest(f"{CONFIG_VARIABLE} names {named}, which is no file.")
        return Path(named)
    folder = data_dir or os.environ.get("PERSONAE_DATA_DIR")
    beside = (Path(str(folder)) if folder else default_data_dir()) / "personae.toml"
    return beside if beside.is_file() else None


def load_settings(**given: Any) -> Settings:
    """Settings from everywhere; `given` wins, where it is not None.

    Raises
    ------
    InvalidRequest
        Naming every setting that is wrong, without its value if it is a secret.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
        )
        raise InvalidRequest(f"The settings are wrong: {wrong}.") from error
    except ValueError as error:  # What tomllib says of a file that is no TOML.
        raise InvalidRequest(f"{config_file(given.get('data_dir'))}: {error}.") from error
