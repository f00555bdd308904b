"""The capacity simulator obeys what is known of queues, and loses nothing."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from benchmarks.capacity.events import Process, Simulation, Station
from benchmarks.capacity.load import Load, arrivals
from benchmarks.capacity.measured import Costs
from benchmarks.capacity.model import Lines, Model, Piece, Site

CHEAP = Costs(*([1e-6] * 11))
SITE = Site(4, 1, 0.1, 0.2, 8, 1e9, 1e5, 1e5)


def test_one_server_agrees_with_theory() -> None:
    """M/M/1: the mean time in the line is rho / (mu - lambda), Little's law included."""
    rate, service, over = 0.7, 1.0, 200_000.0
    sim, rng = Simulation(), random.Random(7)
    station = Station(sim, 1)

    def customers() -> Process:
        while True:
            yield rng.expovariate(rate)
            sim.start(customer())

    def customer() -> Process:
        yield station.serve(rng.expovariate(1 / service))

    sim.start(customers())
    sim.run(over)
    waited = station.waited_s / station.left
    assert waited == pytest.approx(0.7 / (1 - 0.7), rel=0.05)
    assert station.use(over) == pytest.approx(0.7, rel=0.02)


def test_two_servers_agree_with_theory() -> None:
    """M/M/2 by Erlang's C formula: with rho = 0.75 the mean wait is 1.2857 service times."""
    sim, rng = Simulation(), random.Random(3)
    station = Station(sim, 2)

    def customers() -> Process:
        while True:
            yield rng.expovariate(1.5)
            sim.start(customer())

    def customer() -> Process:
        yield station.serve(rng.expovariate(1.0))

    sim.start(customers())
    sim.run(100_000.0)
    assert station.waited_s / station.left == pytest.approx(1.2857, rel=0.06)


def test_nobody_is_lost() -> None:
    load = Load(tenants=50, tasks_per_s=10.0, video_share=0.2, video_median_s=15.0)
    model = Model(SITE, load, CHEAP)
    outcome = model.run(60.0)
    # All that is asked for comes to its end once nobody asks any more.
    assert outcome.asked > 500
    model.sim.run(3600.0)
    assert outcome.done == outcome.asked


def test_workers_do_what_is_asked_and_no_more() -> None:
    load = Load(tenants=5, tasks_per_s=8.0, video_share=0.0)
    outcome = Model(SITE, load, CHEAP).run(600.0)
    assert outcome.worker_use == pytest.approx(8.0 * SITE.picture_s / SITE.workers, rel=0.05)
    twice = Model(SITE, load, CHEAP).run(600.0)
    assert (twice.asked, twice.picture_waits) == (outcome.asked, outcome.picture_waits)


def test_a_database_that_is_too_slow_is_seen() -> None:
    load = Load(tenants=5, tasks_per_s=20.0, video_share=0.0)
    slow = replace(CHEAP, submit_s=0.05)
    site = replace(SITE, database_cores=1)
    assert Model(site, load, slow).run(60.0).database_use == pytest.approx(1.0, abs=0.02)


def test_large_tenants_do_not_hold_up_small_ones() -> None:
    """One asks for more than there is; the others' pictures wait as if it were not there."""
    load = Load(tenants=100, tasks_per_s=60.0, tail=2.0, video_share=0.0)
    fair = Model(SITE, load, CHEAP).run(120.0)
    queue = Model(SITE, load, CHEAP, fair=False).run(120.0)
    mean = [sum(waits) / len(waits) for waits in (fair.small_waits, queue.small_waits)]
    assert mean[0] < mean[1] / 4


def test_tenants_have_a_heavy_tail() -> None:
    load = Load(tenants=10_000, tasks_per_s=1000.0)
    seen = [one.tenant for one in arrivals(load, 20.0, random.Random(1))]
    assert len(seen) == pytest.approx(20_000, rel=0.05)
    assert 0.08 < seen.count(0) / len(seen) < 0.13
    assert sum(one < 100 for one in seen) / len(seen) == pytest.approx(0.53, abs=0.03)


def test_lines_are_drawn_by_lot_and_each_is_in_order() -> None:
    rng = random.Random(2)
    lines = Lines(rng)
    asked = list(arrivals(Load(tenants=3, tasks_per_s=10.0), 10.0, random.Random(5)))
    for one in asked:
        lines.put(Piece(one, 1.0, 1.0))
    taken = [piece.asked for piece in iter(lines.take, None)]
    assert sorted(taken, key=lambda one: one.at_s) == asked
    for tenant in range(3):
        of = [one.at_s for one in taken if one.tenant == tenant]
        assert of == sorted(of)
    assert lines.count == lines.tenants == 0
