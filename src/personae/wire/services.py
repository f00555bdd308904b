"""What the HTTP side is given to work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from personae.app.assets import AssetService
from personae.app.figures import WorkFigures
from personae.app.inspecting import Inspector
from personae.app.links import Links
from personae.app.ports import Blobs, Clock, Database, Fetcher, WorkloadView
from personae.app.register import RegisterService
from personae.app.takedown_service import Enroll
from personae.app.tokens import Tokens
from personae.domain.consent import Rules
from personae.domain.engine_menu import EngineMenu
from personae.domain.retention import USUAL, Retention

Ends = tuple[tuple[str, int], tuple[str, int | None]]
_MIB = 1 << 20
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class WireSettings:
    """Settings of the HTTP side.

    Attributes
    ----------
    base_url : str
        How clients reach the service, without a slash at the end.
    json_limit_bytes, upload_limit_bytes : int
        The longest body of a JSON call and of an upload.
    inline_limit_bytes : int
        The longest body of a vendor's call that may hold media as base64; it is held in memory.
    body_idle_s : float, seconds
        How long a client may pause in the middle of a body.
    rate_per_s, rate_burst : float, int
        Requests that one key gets back each second, and how many it can save up, in each process.
    wrong_keys_per_s, wrong_keys_burst : float, int
        As those, of wrong keys from one address; see `personae.wire.guesses`.
    auth_cache_s : float, seconds
        For how long a key that was right is not looked up again; a revoked key works on for that
        long in other processes (in this one it stops at once). 0 looks up every time.
    url_ttl_s : int, seconds
        How long signed URLs live.
    preview_wait_s : float, seconds
        How long a preview's client waits before it is told to come back.
    stream_s : float, seconds
        How long one stream of events lasts; clients reconnect by themselves.
    heartbeat_s : float, seconds
        The longest silence in a stream of events.
    metrics_token : str
        What ``/metrics`` asks for as a bearer token; nothing when empty.
    figures_s, totals_s : float, seconds
        How old its numbers of the whole service may be, and its totals of finished tasks.
    hosts : mapping
        Host names that speak a dialect at their root, and its name.
    maintenance : bool
        Refuse everything but reading.
    disabled : frozenset of str
        Features that are switched off; see `personae.app.submit.FEATURES`.
    refused_files : frozenset of str
        SHA-256 hashes of files that nobody may use.
    consent : Rules
        What has to be said of the consent of the people shown.
    any_letters : bool
        Whether labels are drawn with a font of the operator's.
    inspect_per_minute : int
        Files that one network address may have inspected by one process.
    retention : Retention
        How long things are kept, of tenants for whom nothing else was said.
    engines : EngineMenu
        What tasks may use.
    studio : bool
        Whether the studio is at ``/``.
    """

    base_url: str = "http://127.0.0.1:8000"
    json_limit_bytes: int = _MIB
    upload_limit_bytes: int = 2 * _GIB
    inline_limit_bytes: int = 64 * _MIB
    body_idle_s: float = 60.0
    rate_per_s: float = 20.0
    rate_burst: int = 200
    wrong_keys_per_s: float = 0.5
    wrong_keys_burst: int = 50
    auth_cache_s: float = 1.0
    url_ttl_s: int = 3600
    preview_wait_s: float = 20.0
    stream_s: float = 3600.0
    heartbeat_s: float = 15.0
    cors_origins: tuple[str, ...] = ()
    metrics_token: str = field(default="", repr=False)
    figures_s: float = 5.0
    totals_s: float = 60.0
    hosts: Mapping[str, str] = field(default_factory=dict[str, str])
    maintenance: bool = False
    disabled: frozenset[str] = frozenset()
    refused_files: frozenset[str] = frozenset()
    consent: Rules = Rules()  # noqa: RUF009 - it cannot be changed
    any_letters: bool = False
    inspect_per_minute: int = 10
    retention: Retention = USUAL
    engines: EngineMenu = EngineMenu()  # noqa: RUF009 - it cannot be changed
    studio: bool = True
    version: str = "0"


class Permit(Protocol):
    """What a signed URL of a local file allows.

    Attributes
    ----------
    size_limit : int, bytes
        Of an upload.
    content_type : str
        Which an upload must declare, and which a download is answered with.
    filename : str
        Under which a browser saves a download; may be empty.
    """

    @property
    def key(self) -> str: ...
    @property
    def size_limit(self) -> int: ...
    @property
    def content_type(self) -> str: ...
    @property
    def filename(self) -> str: ...


class CheckUrl(Protocol):
    """Tells whether a URL of ``/blobs`` was signed here and has not expired."""

    def __call__(
        self, key: str, query: Mapping[str, str], *, op: Literal["get", "put"], now: float
    ) -> Permit:
        """What the URL allows.

        Raises
        ------
        Forbidden, Expired
        """
        ...


class OfferedKey(Protocol):
    """A key that is given out once (see `personae.hosting.first_key`).

    `ends` are the addresses and ports of a connection, the client's first; the names of `headers`
    are in small letters.
    """

    def open_to(self, ends: Ends, headers: Mapping[str, str]) -> bool:
        """Whether that connection gets it without the code."""
        ...

    def take(self, ends: Ends, headers: Mapping[str, str], code: str | None) -> str | None:
        """The key, for the first that may have it."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that the HTTP side calls.

    Attributes
    ----------
    links, tokens
        What this service signs for its clients.
    cancel_workflow : async (task name) -> None
        Tells the queue, after the cancel is committed, that nobody waits for that work any more.
    check_url : `CheckUrl`, optional
        Only where this process serves the files itself; ``/blobs`` answers 404 without it.
    inspector : Inspector, optional
        Looks at files for everybody who asks; without it nobody may.
    register : RegisterService, optional
        People who may not be swapped; without it nobody can be added by HTTP.
    workload : `WorkloadView`, optional
        What operators look at queues and workers with.
    enroll : `Enroll`, optional
        What puts the people of a takedown into the register.
    first_key : `OfferedKey`, optional
        What the studio may offer once, at the service's first start.
    look_at_work : () -> WorkFigures, optional
        Counts queues and workers; it blocks. Without it ``/metrics`` tells of tasks alone.
    """

    database: Database
    blobs: Blobs
    assets: AssetService
    fetcher: Fetcher
    clock: Clock
    settings: WireSettings
    links: Links
    tokens: Tokens
    cancel_workflow: Callable[[str], Awaitable[None]]
    check_url: CheckUrl | None = None
    inspector: Inspector | None = None
    register: RegisterService | None = None
    enroll: Enroll | None = None
    first_key: OfferedKey | None = None
    look_at_work: Callable[[], WorkFigures] | None = None
    workload: WorkloadView | None = None
