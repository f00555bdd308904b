"""The whole story with real faces: from signing in, by dropping files, to taking it down again."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

import personae
from faces import Name
from studio.browsing import DESKTOP, PHONE, Studio
from studio.conftest import Opener, Shooter
from studio.media import CLIP_FRAMES, Media
from studio.running import Running

SLOW_MS = 90_000
PREVIEW = "Preview: the scene with the new faces"


def drop_file(target: Locator, path: Path, kind: str) -> None:
    """Drop a file on something, as from a folder's window."""
    target.evaluate(
        """(node, [name, type, data]) => {
          const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
          const held = new DataTransfer();
          held.items.add(new File([bytes], name, { type }));
          for (const kind of ["dragenter", "dragover", "drop"]) {
            const how = { dataTransfer: held, bubbles: true, cancelable: true };
            node.dispatchEvent(new DragEvent(kind, how));
          }
        }""",
        [path.name, kind, b64encode(path.read_bytes()).decode()],
    )


def drag(window: Studio, start: Locator, end: Locator) -> None:
    """Carry one thing onto another with the mouse."""
    start.scroll_into_view_if_needed()
    one, other = start.bounding_box(), end.bounding_box()
    assert one is not None
    assert other is not None
    mouse = window.page.mouse
    mouse.move(one["x"] + one["width"] / 2, one["y"] + one["height"] / 2)
    mouse.down()
    mouse.move(one["x"] + one["width"] / 2 - 30, one["y"] + one["height"] / 2, steps=3)
    mouse.move(other["x"] + other["width"] / 2, other["y"] + other["height"] / 2, steps=8)
    mouse.up()


def choice_of(window: Studio, person: str) -> Locator:
    return window.page.get_by_role("combobox", name=re.compile(f"{person} becomes$"))


def nearer(rgb: np.ndarray, media: Media, donor: Name, was: Name, at: int = 0) -> bool:
    """Whether a face, counted from the left, is nearer to the donor than to what it was."""
    faces = sorted(personae.detect(rgb), key=lambda one: one.box_xyxy[0])
    seen = personae.embed(rgb, faces[at])
    to_donor, to_scene = (
        personae.distance(seen, personae.embed(media.photo(one))) for one in (donor, was)
    )
    return to_donor < to_scene


def submit(window: Studio, name: str) -> str:
    """Say how it is called and that people agree, look at the price, and go; the task's id."""
    page = window.page
    page.get_by_label("Name (optional)").fill(name)
    page.get_by_label("Name (optional)").press("Tab")
    page.get_by_role("checkbox", name=re.compile("agree")).check()
    expect(page.get_by_text(re.compile(r"^\d+ credits? of [\d,]+ that you have"))).to_be_visible()
    expect(window.button("Swap")).to_be_enabled()
    window.button("Swap").click()
    page.wait_for_url(re.compile(r"#/swaps/task_"))
    return page.url.rsplit("/", 1)[1]


def test_a_picture_at_a_desk(
    opened: Opener, service: Running, media: Media, shoot: Shooter, tmp_path: Path
) -> None:
    window = opened(key=None)
    page = window.page
    page.goto(service.welcome)
    shoot(window, "sign-in")
    window.expect("401")
    page.get_by_label("API key").fill("pk_wrong")
    window.button("Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This key was not taken")
    window.button("Use the first key").click()
    expect(page.get_by_label("Your key")).to_have_text(service.key)
    expect(page.get_by_role("alert")).to_have_count(0)
    window.button("Copy the key").click()
    page.reload()  # It was kept as soon as it was given.
    expect(window.heading("New swap")).to_be_visible()

    drop_file(page.get_by_text("Drop a picture or a video here"), media.pair, "image/jpeg")
    drop_file(page.get_by_text("Drop photos of the people"), media.photo("collins"), "image/png")
    expect(page.get_by_text("2 people were found.")).to_be_visible(timeout=SLOW_MS)
    left = page.get_by_role("button", name=re.compile("left stays as they are$"))
    drag(window, window.button("Put Donor 1 on a person"), left)
    expect(choice_of(window, "left").locator("option:checked")).to_have_text("Donor 1")
    expect(page.get_by_alt_text(PREVIEW)).to_be_visible(timeout=SLOW_MS)

    page.reload()  # Nothing that was chosen is lost.
    expect(choice_of(window, "left").locator("option:checked")).to_have_text("Donor 1")
    expect(page.get_by_alt_text(PREVIEW)).to_be_visible(timeout=SLOW_MS)
    shoot(window, "new-swap")

    task = submit(window, "A portrait for the wall")
    slider = page.get_by_role("slider", name="Before and after")
    expect(slider).to_be_visible(timeout=SLOW_MS)
    slider.fill("30")
    shoot(window, "result")
    with page.expect_download() as download:
        window.button("Download").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    made = np.asarray(Image.open(path).convert("RGB"))
    assert made.shape == (400, 600, 3)
    assert nearer(made, media, "collins", was="hopper")
    panel = page.get_by_role("region", name="Made here, from …")
    expect(panel).to_contain_text("said with the request")
    expect(panel.get_by_role("img", name=re.compile("^Scene: pair.jpg"))).to_be_visible()

    page.get_by_role("link", name="History").click()
    expect(window.heading("History")).to_be_visible()
    page.get_by_role("searchbox", name="Search").fill("PORTRAIT wall")
    links = page.get_by_role("list", name="Swaps").get_by_role("link")
    expect(links).to_have_text(["A portrait for the wall"])
    page.get_by_role("searchbox", name="Search").fill("nobody called it that")
    expect(page.get_by_text("No swap is like that.")).to_be_visible()
    page.get_by_role("searchbox", name="Search").fill(task)
    expect(links).to_have_text(["A portrait for the wall"])
    links.first.press("Enter")

    expect(window.heading("A portrait for the wall")).to_be_visible()
    page.get_by_text("Delete it, or take it down").click()
    page.get_by_label("Reason").fill("The person shown asked for it.")
    page.get_by_label("I understand").check()
    window.button("Take it down").click()
    expect(page.get_by_text("This swap was taken down.")).to_be_visible()
    page.get_by_role("link", name="History").click()
    expect(window.heading("History")).to_be_visible()
    expect(page.get_by_text("Nothing has been swapped yet.").or_(links.first)).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("A portrait for the wall")


def test_a_picture_on_a_phone_by_a_key(
    opened: Opener, service: Running, media: Media, shoot: Shooter, tmp_path: Path
) -> None:
    window = opened(PHONE, key=None, theme="dark")
    page = window.page
    page.goto(window.url)
    page.get_by_label("API key").fill(service.key)
    window.button("Sign in").tap()
    expect(window.heading("New swap")).to_be_visible()
    page.get_by_label("Choose a scene", exact=True).set_input_files(media.photo("hopper"))
    page.get_by_label("Choose photos", exact=True).set_input_files(media.photo("collins"))
    # One person and one donor: nothing is left to be chosen.
    expect(page.get_by_text("One person was found.")).to_be_visible(timeout=SLOW_MS)
    expect(choice_of(window, "Person 1").locator("option:checked")).to_have_text("Donor 1")
    expect(page.get_by_alt_text(PREVIEW)).to_be_visible(timeout=SLOW_MS)
    shoot(window, "phone-new-swap")
    submit(window, "On the phone")
    expect(page.get_by_role("slider", name="Before and after")).to_be_visible(timeout=SLOW_MS)
    shoot(window, "phone-result")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    with page.expect_download() as download:
        window.button("Download").tap()
    path = tmp_path / "made"
    download.value.save_as(path)
    assert nearer(np.asarray(Image.open(path).convert("RGB")), media, "collins", was="hopper")


def test_by_keyboard_alone(opened: Opener, media: Media) -> None:
    window = opened()
    page = window.page
    window.go("/", "New swap")
    page.get_by_label("Choose a scene", exact=True).set_input_files(media.pair)
    page.get_by_label("Choose photos", exact=True).set_input_files(media.photo("hopper"))
    expect(page.get_by_text("2 people were found.")).to_be_visible(timeout=SLOW_MS)
    walk_to(window, "Put Donor 1 on a person")
    page.keyboard.press("Enter")
    expect(window.button("Put Donor 1 on a person")).to_have_attribute("aria-pressed", "true")
    walk_to(window, "right stays as they are", back=True)
    page.keyboard.press("Enter")
    expect(choice_of(window, "right").locator("option:checked")).to_have_text("Donor 1")
    walk_to(window, "button Swap", exact=True)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"#/swaps/task_"))
    expect(page.get_by_role("slider", name="Before and after")).to_be_visible(timeout=SLOW_MS)
    walk_to(window, "input Before and after")
    page.keyboard.press("End")
    assert page.locator(".layer.after").evaluate("(one) => getComputedStyle(one).clipPath") == (
        "inset(0px 0px 0px 100%)"
    )


_FOCUSED = """() => {
  const one = document.activeElement;
  const name = one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? one.textContent;
  return `${one.tagName.toLowerCase()} ${name?.trim() ?? ""}`;
}"""


def walk_to(window: Studio, name: str, *, back: bool = False, exact: bool = False) -> None:
    """Press the tab key until the focus is on something of that name."""
    for _ in range(80):
        window.page.keyboard.press("Shift+Tab" if back else "Tab")
        now = str(window.page.evaluate(_FOCUSED)).strip()
        if now == name if exact else name in now:
            return
    raise AssertionError(f"the keyboard does not come to {name}")


def test_a_range_of_a_video(opened: Opener, media: Media, shoot: Shooter, tmp_path: Path) -> None:
    window = opened(DESKTOP)
    page = window.page
    window.go("/", "New swap")
    page.get_by_label("Choose a scene", exact=True).set_input_files(media.plain)
    page.get_by_label("Choose photos", exact=True).set_input_files(media.photo("collins"))
    expect(page.get_by_text("One person was found.")).to_be_visible(timeout=SLOW_MS)
    timeline = page.get_by_role("group", name="Timeline")
    lane = timeline.get_by_role("button", name=re.compile("^Person 1, seen from 0.0 s"))
    expect(lane).to_be_visible()
    choice_of(window, "Person 1").select_option("")
    drag(window, window.button("Put Donor 1 on a person"), lane)
    expect(lane).to_have_attribute("aria-label", re.compile("becomes Donor 1"))
    timeline.get_by_role("spinbutton", name="End in seconds").fill("0.8")
    timeline.get_by_role("spinbutton", name="End in seconds").press("Tab")
    start = timeline.get_by_role("slider", name="Start of the range")
    start.press("PageUp")
    expect(start).to_have_attribute("aria-valuenow", "0.400")
    expect(page.get_by_alt_text(PREVIEW)).to_be_visible(timeout=SLOW_MS)
    shoot(window, "new-video")
    submit(window, "Nodding in uniform")
    position = page.get_by_role("slider", name="Position in the video")
    expect(position).to_be_visible(timeout=SLOW_MS)
    window.button("Frame on").click()
    page.wait_for_timeout(500)
    shoot(window, "video-result")
    expect(page.get_by_role("region", name="Made here, from …")).to_contain_text("0.4 s to 0.8 s")
    with page.expect_download() as download:
        window.button("Download").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    with av.open(str(path)) as made:
        frames = [one.to_ndarray(format="rgb24") for one in made.decode(video=0)]
        assert made.streams.audio
    assert 10 <= len(frames) < CLIP_FRAMES
    assert nearer(frames[5], media, "collins", was="hopper")


def test_what_cannot_be_paid_is_not_begun(opened: Opener, service: Running, media: Media) -> None:
    poor = service.keys("--tenant", "poor", "--credits", "0")
    window = opened(key=poor)
    page = window.page
    window.go("/", "New swap")
    page.get_by_label("Choose a scene", exact=True).set_input_files(media.photo("hopper"))
    page.get_by_label("Choose photos", exact=True).set_input_files(media.photo("collins"))
    expect(page.get_by_text("That is more than you have.")).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_text("Not enough credits: it takes")).to_be_visible()
    expect(window.button("Swap")).to_be_disabled()
    expect(page.get_by_text("Optional here: without the tick")).to_be_visible()
    me = service.api(poor).call("GET", "/account")["id"]
    grant = {"amount": 500, "reason": "Invoice 9"}
    service.api(service.operator_key()).call("POST", f"/admin/tenants/{me}/credits", json=grant)
    window.button("Look again").click()
    expect(window.button("Swap")).to_be_enabled()


@pytest.fixture(scope="module")
def earlier(service: Running, media: Media) -> None:
    """Swaps to be found."""
    api = service.api()
    donor = api.upload(media.photo("collins"), "image/png")
    poster = api.upload(media.photo("hopper"), "image/png")
    trailer = api.upload(media.plain, "video/mp4")
    tasks = [
        api.swap("image", poster, donor, label="Poster, second draft"),
        api.swap("video", trailer, donor, label="Trailer", end_s=0.3),
    ]
    for task in tasks:
        api.ended(task)


@pytest.mark.parametrize("size_wh", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_history_is_searched_in_the_address(
    opened: Opener, earlier: None, shoot: Shooter, size_wh: tuple[int, int]
) -> None:
    window = opened(size_wh)
    page = window.page
    window.go("/swaps", "History")
    page.get_by_label("Scene", exact=True).select_option("video")
    links = page.get_by_role("list", name="Swaps").get_by_role("link")
    expect(links.filter(has_text="Trailer")).to_have_count(1)
    page.get_by_label("From", exact=True).fill("2020-02-03")
    page.get_by_label("To", exact=True).fill("2020-02-04")
    expect(page.get_by_text("No swap is like that.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Scene", exact=True)).to_have_value("video")
    expect(page.get_by_label("From", exact=True)).to_have_value("2020-02-03")
    window.button("Clear").click()
    expect(links.filter(has_text="Poster, second draft")).to_have_count(1)
    assert "?" not in page.url.split("#")[1]
    shoot(window, "history" if size_wh == DESKTOP else "phone-history")
