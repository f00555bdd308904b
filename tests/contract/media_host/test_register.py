"""Whoever is protected is not swapped, by both media hosts; everybody else is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clips import write_clip
from database_samples import add_tenant
from faces import Placed, compose, headshot, nodding, turned
from personae.adapters.media_host.fake import FakeMediaHost, fake_media
from personae.app.ports import MediaHost
from personae.errors import FaceNotFound, InvalidRequest, PolicyRefused, SeveralFaces
from register_lab import RegisterLab

LONG_S = 120.0
FRAMES = 30


@dataclass(frozen=True)
class Stage:
    """A host, files that it understands, and a register."""

    host: MediaHost
    folder: Path
    register: RegisterLab

    def run(self, job: dict[str, Any], tenant_id: str = "tenant_a") -> dict[str, Any]:
        with self.register.job(job, tenant_id) as told:
            return self.host.run(told, timeout_s=LONG_S)

    def swap(
        self,
        scene: str,
        *donors: str,
        op: str = "swap",
        tenant_id: str = "tenant_a",
        **mapping: Any,
    ) -> dict[str, Any]:
        suffix = Path(scene).suffix if op == "swap" else ".jpg"
        job = {
            "op": op,
            "scene": str(self.folder / scene),
            "output": str(self.folder / f"output{suffix}"),
            "mappings": [
                {
                    "donors": [str(self.folder / one) for one in donors],
                    "face": "largest",
                    **mapping,
                }
            ],
            "options": {"preset": "ultrafast"} if op == "swap" and suffix == ".mp4" else {},
        }
        return self.run(job, tenant_id)

    def output(self) -> list[Path]:
        return list(self.folder.glob("output.*"))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of real files and of played ones."""
    real, played = tmp_path_factory.mktemp("real"), tmp_path_factory.mktemp("played")
    hopper, collins = headshot("hopper"), headshot("collins")
    both = compose([Placed("hopper", 85, 120, 90), Placed("collins", 235, 120, 110)])
    other = turned(np.ascontiguousarray(hopper[:, ::-1]), 6)
    for name, rgb in (
        ("hopper.png", hopper),
        ("again.jpg", np.clip(other * 0.8, 0, 255).astype(np.uint8)),
        ("collins.png", collins),
        ("both.png", both),
        ("nobody.png", np.full((200, 200, 3), 90, np.uint8)),
    ):
        Image.fromarray(rgb).save(real / name, quality=60)
    for name in ("hopper", "collins"):
        frames = list(nodding(name, FRAMES, (320, 240)))
        options = {"crf": "18", "preset": "ultrafast", "g": "10"}
        write_clip(
            real / f"{name}.mp4",
            pictures=frames,
            frames=FRAMES,
            size_wh=(320, 240),
            options=options,
        )
    for name, script in (
        ("hopper.png", {"person": "hopper"}),
        ("again.jpg", {"person": "hopper"}),
        ("collins.png", {"person": "collins"}),
        ("both.png", {"person": "collins", "faces": 2}),
        ("nobody.png", {"faces": 0}),
    ):
        kind = "image/jpeg" if name.endswith("jpg") else "image/png"
        (played / name).write_bytes(fake_media(kind, filler=name.encode(), **script))
    for name in ("hopper", "collins"):
        (played / f"{name}.mp4").write_bytes(fake_media("video/mp4", frames=FRAMES, person=name))
    return {"children": real, "fake": played}


@pytest.fixture
def stage(kind: str, host: MediaHost, pictures: dict[str, Path], tmp_path: Path) -> Iterator[Stage]:
    for path in pictures[kind].iterdir():
        (tmp_path / path.name).symlink_to(path)
    lab = RegisterLab(tmp_path, host)
    yield Stage(host, tmp_path, lab)
    lab.database.close()


def refused(stage: Stage, role: str, person: str, *arguments: str, **more: Any) -> None:
    with pytest.raises(PolicyRefused) as caught:
        stage.swap(*arguments, **more)
    told = caught.value
    assert (told.role, told.reason) == (role, "register")
    assert told.facts["person"] == person
    assert 0 <= float(told.facts["distance"]) <= 0.035
    assert person not in told.message
    assert str(stage.folder) not in told.message
    assert stage.output() == []


def test_a_protected_person_is_no_donor(stage: Stage) -> None:
    person = stage.register.add(stage.folder / "hopper.png", "donor")
    refused(stage, "donor", person, "collins.png", "again.jpg")
    refused(stage, "donor", person, "collins.png", "collins.png", "again.jpg")
    refused(stage, "donor", person, "collins.png", "again.jpg", op="preview")
    assert stage.swap("hopper.png", "collins.png")["faces_swapped"] == 1
    stage.register.remove(person)
    assert stage.swap("collins.png", "again.jpg")["faces_swapped"] == 1


def test_a_protected_persons_face_is_not_replaced(stage: Stage) -> None:
    person = stage.register.add(stage.folder / "hopper.png", "scene")
    refused(stage, "scene", person, "again.jpg", "collins.png")
    refused(stage, "scene", person, "again.jpg", "collins.png", op="preview")
    assert stage.swap("collins.png", "hopper.png")["faces_swapped"] == 1


def test_a_clip_of_a_protected_person_is_refused(stage: Stage) -> None:
    person = stage.register.add(stage.folder / "hopper.png", "scene")
    refused(stage, "scene", person, "hopper.mp4", "collins.png")
    refused(stage, "scene", person, "hopper.mp4", "collins.png", face="all")
    assert stage.swap("collins.mp4", "hopper.png")["frames"] == FRAMES


def test_a_protected_bystander_hinders_nobody(stage: Stage) -> None:
    stage.register.add(stage.folder / "hopper.png")
    assert stage.swap("both.png", "collins.png", face="largest")["faces_swapped"] == 1


def test_a_face_may_be_swapped_by_likeness_to_a_protected_one_but_not_itself(stage: Stage) -> None:
    stage.register.add(stage.folder / "hopper.png", "donor")
    answer = stage.swap("hopper.png", "collins.png", like=str(stage.folder / "again.jpg"))
    assert answer["faces_swapped"] == 1


def test_an_entry_of_a_tenants_own_holds_for_its_tasks(stage: Stage) -> None:
    owner = add_tenant(stage.register.database)
    person = stage.register.add(stage.folder / "hopper.png", tenant_id=owner)
    refused(stage, "donor", person, "collins.png", "again.jpg", tenant_id=owner)
    assert stage.swap("collins.png", "again.jpg")["faces_swapped"] == 1


def test_photos_of_a_protected_person_are_not_kept_as_a_donor(stage: Stage) -> None:
    stage.register.add(stage.folder / "hopper.png", "donor")
    job = {"op": "check_donor", "donors": [str(stage.folder / "again.jpg")]}
    with pytest.raises(PolicyRefused):
        stage.run(job)
    job["donors"] = [str(stage.folder / "collins.png")]
    assert stage.run(job) == {"photos": 1}


@pytest.mark.parametrize("render", [True, False])
def test_chunks_refuse_the_same(stage: Stage, render: bool) -> None:
    person = stage.register.add(stage.folder / "hopper.png", "scene")
    scene, mappings = stage.folder / "hopper.mp4", [str(stage.folder / "collins.png")]
    plan = stage.run({"op": "plan_chunks", "scene": str(scene), "target_s": 0.4})
    job = {
        "op": "analyse_chunk",
        "scene": str(scene),
        "mappings": [{"donors": mappings, "face": "largest"}],
        "options": {"preset": "ultrafast"},
        "chunk": plan["chunks"][0],
        "state_in": None,
        "state_out": str(stage.folder / "state"),
        "plans_out": str(stage.folder / "plans"),
        "output": str(stage.folder / "output.mp4") if render else None,
    }
    with pytest.raises(PolicyRefused) as caught:
        stage.run(job)
    assert caught.value.facts["person"] == person
    stage.register.remove(person)
    assert stage.run(job)["faces_swapped"] > 0
    # An entry that comes while a task runs is noticed at its next chunk.
    stage.register.add(stage.folder / "hopper.png", "scene")
    job |= {
        "chunk": plan["chunks"][1],
        "state_in": str(stage.folder / "state"),
        "state_out": str(stage.folder / "state1"),
        "plans_out": str(stage.folder / "plans1"),
        "output": None,
    }
    with pytest.raises(PolicyRefused):
        stage.run(job)


def test_a_register_of_others_changes_nothing(stage: Stage) -> None:
    output = stage.folder / "output.mp4"
    stage.swap("collins.mp4", "collins.png", face="all")
    plain = output.read_bytes()
    stage.register.add(stage.folder / "hopper.png")
    stage.swap("collins.mp4", "collins.png", face="all")
    assert output.read_bytes() == plain


def test_an_entry_needs_one_face_in_each_photo(stage: Stage) -> None:
    with pytest.raises(FaceNotFound):
        stage.register.add(stage.folder / "nobody.png")
    with pytest.raises(SeveralFaces):
        stage.register.add(stage.folder / "both.png")
    with pytest.raises(InvalidRequest):
        stage.register.add(stage.folder / "hopper.png", "target")  # pyright: ignore[reportArgumentType]
    assert stage.register.database.read(lambda tx: tx.register.version()) == 0


def test_the_nearest_entries_are_told(stage: Stage) -> None:
    hopper = stage.register.add(stage.folder / "hopper.png")
    collins = stage.register.add(stage.folder / "collins.png")
    found, _ = stage.register.service.look_up(stage.folder / "again.jpg")
    assert [one.person.id for one in found] == [hopper, collins]
    assert [one.refused for one in found] == [True, False]
    stage.register.remove(hopper)
    stage.register.remove(collins)
    assert stage.register.service.look_up(stage.folder / "again.jpg")[0] == []


def test_a_second_photo_of_somebody_else_is_warned_of(stage: Stage) -> None:
    if isinstance(stage.host, FakeMediaHost):
        pytest.skip("The fake warns of nothing.")
    photos = [stage.folder / "hopper.png", stage.folder / "collins.png"]
    from personae.app.register_entries import Entry

    person, warnings = stage.register.service.add(Entry(), photos, added_by="test")
    assert person.faces == 2
    assert any("another person" in text for text in warnings)
    assert not any(str(stage.folder) in text for text in warnings)
