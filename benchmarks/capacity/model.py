"""The service as far as capacity goes: tenants' lines, workers, GPUs, a database and a store.

What it takes from the code (`personae.adapters.durable`, `personae.app.execute`):

- submit is one transaction; a task is claimed, started, and ended with its credits in others;
- each queue is drawn from tenant by tenant, the tenant drawn by lot among those who wait, and each
  claim lists who waits first;
- a worker looks for work every 25 ms while it has a place free, and not at all while it has none;
- a worker runs `slots` pictures and as many pieces of videos at once, on one GPU in turns;
- a video is a plan, pieces of ten seconds and a join; pieces are analysed one after the other, and
  rendered by whoever is free where there are more places than videos, else in the same go;
- progress is written every half second of a task that runs; every worker beats every two seconds.

What it leaves out: failures, webhooks' receivers, previews, memory, the network between API and
clients, and the API processes themselves, which are many and share nothing but the database.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from benchmarks.capacity.events import Claim, Process, Simulation, Station
from benchmarks.capacity.load import Asked, Load, arrivals
from benchmarks.capacity.measured import Costs

POLL_S = 0.025
CHUNK_S = 10.0
BEAT_S = 2.0
PROGRESS_S = 0.5
_QUANTUM_S = 0.25
"""A GPU is given out in turns of about this long: a picture waits for a turn, not for a piece."""
_ANALYSIS = 0.35
"""Of a piece's work, what is analysis; assumed."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the service runs on.

    Attributes
    ----------
    workers, slots : int
        One worker for each GPU.
    picture_s, video_second_s : float
        A worker's time for a picture and for a second of video, alone on its host.
    database_cores : int
    store_bytes_per_s : float
        What storage moves, in both directions together.
    picture_bytes, video_second_bytes : float
        What moves for a picture, and for a second of video one way.
    reads : float
        Looks of its client's at a task.
    """

    workers: int
    slots: int
    picture_s: float
    video_second_s: float
    database_cores: int
    store_bytes_per_s: float
    picture_bytes: float
    video_second_bytes: float
    reads: float = 4.0


@dataclass
class Outcome:
    """What came of it; times in seconds, by the clock of the simulation."""

    over_s: float
    asked: int = 0
    done: int = 0
    database_use: float = 0.0
    polling_use: float = 0.0
    store_use: float = 0.0
    worker_use: float = 0.0
    transactions_per_s: float = 0.0
    most_waiting: int = 0
    picture_waits: list[float] = field(default_factory=list[float])
    small_waits: list[float] = field(default_factory=list[float])
    large_waits: list[float] = field(default_factory=list[float])
    left_over: int = 0


class Lines:
    """One queue, drawn from tenant by tenant: who is drawn is decided by lot."""

    def __init__(self, rng: random.Random, fair: bool = True) -> None:
        self._rng = rng
        self._fair = fair
        self._of: dict[int, deque[Piece]] = {}
        self._names: list[int] = []
        self._at: dict[int, int] = {}
        self._all: deque[Piece] = deque()
        self.count = 0

    @property
    def tenants(self) -> int:
        """How many tenants wait."""
        return len(self._names) if self._fair else min(1, self.count)

    def put(self, piece: Piece) -> None:
        """To the end of its tenant's line."""
        self.count += 1
        if not self._fair:
            self._all.append(piece)
            return
        line = self._of.setdefault(piece.asked.tenant, deque())
        if not line:
            self._at[piece.asked.tenant] = len(self._names)
            self._names.append(piece.asked.tenant)
        line.append(piece)

    def take(self) -> Piece | None:
        """The first of the line of a tenant drawn by lot."""
        if not self.count:
            return None
        self.count -= 1
        if not self._fair:
            return self._all.popleft()
        tenant = self._names[self._rng.randrange(len(self._names))]
        piece = self._of[tenant].popleft()
        if not self._of[tenant]:
            at, last = self._at.pop(tenant), self._names.pop()
            if last != tenant:
                self._names[at], self._at[last] = last, at
        return piece


@dataclass(slots=True)
class Piece:
    """A picture, or a piece of a video, that waits for a place or has one."""

    asked: Asked
    work_s: float
    bytes: float
    video: Video | None = None
    analysis: bool = False


@dataclass(slots=True)
class Video:
    """A video under way."""

    asked: Asked
    left: int
    to_render: int
    started_s: float = -1.0


class Model:
    """One run; `run` it once.

    Parameters
    ----------
    trace : sequence of Asked, optional
        What is asked for, instead of what `load` makes up.
    fair : bool
        Whether tenants are drawn by lot; else there is one line for everybody.
    full_workers_look : bool
        Whether workers without a free place list who waits all the same.
    """

    def __init__(
        self,
        site: Site,
        load: Load,
        costs: Costs,
        *,
        seed: int = 1,
        fair: bool = True,
        full_workers_look: bool = False,
        trace: Sequence[Asked] | None = None,
    ) -> None:
        self._trace = trace
        self._site, self._load, self._costs = site, load, costs
        self._rng = random.Random(seed)
        self._full_workers_look = full_workers_look
        self.sim = Simulation()
        self._database = Station(self.sim, site.database_cores)
        self._store = Station(self.sim, 16)
        self._gpus = [Station(self.sim, 1) for _ in range(site.workers)]
        self._pictures = Lines(self._rng, fair)
        self._chunks = Lines(self._rng, fair)
        self._free_pictures = [n for n in range(site.workers) for _ in range(site.slots)]
        self._free_chunks = list(self._free_pictures)
        self._videos = 0
        self._transactions = 0
        self._listing_s = 0.0

    def run(self, over_s: float) -> Outcome:
        """Let tasks come for so long; nothing is drained afterwards."""
        outcome = Outcome(over_s)
        self.sim.start(self._clients(over_s, outcome))
        self.sim.start(self._background())
        self.sim.start(self._watch(outcome))
        self.sim.run(over_s)
        busy = sum(gpu.busy_s for gpu in self._gpus)
        outcome.worker_use = busy / (self._site.workers * over_s)
        outcome.database_use = self._database.use(over_s)
        outcome.polling_use = self._listing_s / (self._site.database_cores * over_s)
        outcome.store_use = self._store.use(over_s)
        outcome.transactions_per_s = self._transactions / over_s
        outcome.left_over = self._pictures.count + self._chunks.count
        return outcome

    def _clients(self, until_s: float, outcome: Outcome) -> Process:
        made_up = arrivals(self._load, until_s, self._rng)
        for asked in made_up if self._trace is None else self._trace:
            yield asked.at_s - self.sim.now
            outcome.asked += 1
            self.sim.start(self._task(asked, outcome))

    def _query(self, seconds: float, transactions: int = 1) -> Claim:
        self._transactions += transactions
        return self._database.serve(seconds)

    def _task(self, asked: Asked, outcome: Outcome) -> Process:
        yield self._query(self._costs.submit_s)
        yield self._query(self._costs.read_s * self._site.reads, int(self._site.reads))
        if not asked.video_s:
            self._pictures.put(Piece(asked, self._site.picture_s, self._site.picture_bytes))
            self._hand_out(outcome)
            return
        count = max(1, round(asked.video_s / CHUNK_S))
        video = Video(asked, count, 0)
        self._videos += 1
        self._next_analysis(video)
        self._hand_out(outcome)

    def _next_analysis(self, video: Video) -> None:
        seconds = min(CHUNK_S, video.asked.video_s)
        piece_bytes = seconds * self._site.video_second_bytes
        # Every piece reads its scene's bytes once, at most, and writes its own.
        work_s = seconds * self._site.video_second_s
        self._chunks.put(Piece(video.asked, work_s, 2 * piece_bytes, video, analysis=True))

    def _hand_out(self, outcome: Outcome) -> None:
        """Workers with a free place find what waits, within a look's time."""
        for lines, free in (
            (self._pictures, self._free_pictures),
            (self._chunks, self._free_chunks),
        ):
            taking = min(lines.count, len(free))
            for _ in range(taking):
                at = self._rng.randrange(len(free))
                free[at], free[-1] = free[-1], free[at]
                worker = free.pop()
                self.sim.start(self._claim(lines, free, worker, outcome))

    def _claim(self, lines: Lines, free: list[int], worker: int, outcome: Outcome) -> Process:
        # Of several that look, the first one finds it.
        yield self._rng.uniform(0.0, POLL_S) / (len(free) + 1)
        listing = self._costs.list_s + self._costs.list_each_s * lines.tenants
        self._listing_s += listing
        yield self._query(listing)
        piece = lines.take()
        if piece is None:
            free.append(worker)
            return
        yield from self._do(piece, worker, outcome)
        free.append(worker)
        self._hand_out(outcome)

    def _do(self, piece: Piece, worker: int, outcome: Outcome) -> Process:
        video = piece.video
        if video is None or video.started_s < 0:
            self._note_wait(piece, outcome)
            if video is not None:
                video.started_s = self.sim.now
        yield self._query(self._costs.task_s / 2 if video is None else self._costs.piece_s / 2, 3)
        yield self._store.serve(piece.bytes / 2 / (self._site.store_bytes_per_s / 16))
        work_s = piece.work_s
        apart = video is not None and piece.analysis and self._spare_hands()
        if apart:
            work_s *= _ANALYSIS
        yield from self._compute(worker, work_s)
        yield self._store.serve(piece.bytes / 2 / (self._site.store_bytes_per_s / 16))
        yield self._query(self._costs.task_s / 2 if video is None else self._costs.piece_s / 2, 3)
        if video is None:
            outcome.done += 1
            return
        yield from self._after_piece(piece, video, apart, outcome)

    def _after_piece(
        self, piece: Piece, video: Video, apart: bool, outcome: Outcome
    ) -> Generator[float | Claim, None, None]:
        if piece.analysis:
            video.left -= 1
            if apart:
                video.to_render += 1
                rest = piece.work_s * (1 - _ANALYSIS)
                self._chunks.put(Piece(piece.asked, rest, piece.bytes, video))
            if video.left:
                self._next_analysis(video)
        else:
            video.to_render -= 1
        if not video.left and not video.to_render:
            # The join reads and writes the whole output, and ends the task.
            moved = 2 * video.asked.video_s * self._site.video_second_bytes
            yield self._store.serve(moved / (self._site.store_bytes_per_s / 16))
            yield self._query(self._costs.task_s, 6)
            self._videos -= 1
            outcome.done += 1

    def _compute(self, worker: int, work_s: float) -> Generator[float | Claim, None, None]:
        since = 0.0
        while work_s > 1e-9:
            turn = min(_QUANTUM_S, work_s)
            yield self._gpus[worker].serve(turn)
            work_s -= turn
            since += turn
            if since >= PROGRESS_S:
                since = 0.0
                yield self._query(self._costs.progress_s)

    def _spare_hands(self) -> bool:
        return self._videos < self._site.workers * self._site.slots

    def _note_wait(self, piece: Piece, outcome: Outcome) -> None:
        waited = self.sim.now - piece.asked.at_s
        if piece.video is None:
            outcome.picture_waits.append(waited)
            # The largest hundredth of the tenants, and all others.
            large = piece.asked.tenant < max(1, self._load.tenants // 100)
            (outcome.large_waits if large else outcome.small_waits).append(waited)

    def _background(self) -> Process:
        """Beats and looks of all workers, once a second."""
        while True:
            beats = self._site.workers / BEAT_S * self._costs.beat_s
            idle = len({*self._free_pictures, *self._free_chunks})
            looks = idle * self._costs.idle_s
            if self._full_workers_look:
                full = self._site.workers * self._site.slots - len(self._free_pictures)
                each = self._costs.list_s + self._costs.list_each_s * self._pictures.tenants
                looks += full / self._site.slots / POLL_S * each
            self._listing_s += looks
            self._transactions += int(idle * self._costs.idle_queries)
            # In parts, as it really comes: one long query would hold everybody up.
            total = beats + looks
            parts = max(1, int(total / 0.005))
            for _ in range(parts):
                self.sim.start(iter_once(self._database.serve(total / parts)))
            yield 1.0

    def _watch(self, outcome: Outcome) -> Process:
        while True:
            outcome.most_waiting = max(outcome.most_waiting, self._pictures.tenants)
            yield 0.5


def iter_once(claim: Claim) -> Process:
    """A process that wants one thing."""
    yield claim
