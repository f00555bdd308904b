"""Sound, subtitles, chapters, tags and attachments go along unchanged."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

import clips
from passes import LOSSLESS, packets, pass_through, times
from personae.errors import MediaUnsupported
from personae.video.probe import probe_video
from personae.video.subtitles import convert_text


def cover() -> bytes:
    file = io.BytesIO()
    Image.fromarray(clips.pattern(3)).save(file, "JPEG")
    return file.getvalue()


def clip_with_attachments(path: Path) -> Path:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=25)
        stream.width, stream.height = 160, 120
        output.add_attachment("cover.jpg", "image/jpeg", cover())
        output.add_attachment("font.ttf", "application/x-truetype-font", b"\0\1\0\0font" * 9)
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(clips.pattern(number)).reformat(format="yuv420p")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def cover_of(path: Path) -> bytes | None:
    with av.open(str(path)) as container:
        for stream in container.streams.video:
            if stream.disposition & av.stream.Disposition.attached_pic:
                return bytes(next(iter(container.demux(stream))))
    return None


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_every_track_is_copied_packet_by_packet(tmp_path: Path, ending: str) -> None:
    scene = clips.rich_clip(tmp_path / f"scene{ending}")
    output = tmp_path / f"output{ending}"
    report = pass_through(scene, output)
    assert report.notes == ()
    for which in (0, 1):
        assert len(packets(scene, "audio", which)) > 90
        assert packets(output, "audio", which) == packets(scene, "audio", which)
    assert packets(scene, "audio", 0) != packets(scene, "audio", 1)
    assert packets(output, "subtitles") == packets(scene, "subtitles")
    assert len(packets(scene, "subtitles")) == 2


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_languages_chapters_and_tags_go_along(tmp_path: Path, ending: str) -> None:
    scene = clips.rich_clip(tmp_path / "scene.mkv")
    output = tmp_path / f"output{ending}"
    pass_through(scene, output)
    before, after = probe_video(scene), probe_video(output)
    assert [a.language for a in after.audio] == ["eng", "fra"]
    assert [s.language for s in after.subtitles] == ["ger" if ending == ".mov" else "deu"]
    assert after.chapters == before.chapters
    assert len(after.chapters) == 2
    tags = {k.lower(): v for k, v in after.metadata.items()}
    assert (tags["title"], tags["artist"], tags["comment"]) == (
        "A clip",
        "Nobody",
        "made for tests",
    )


def test_which_tracks_are_played_first_is_kept(tmp_path: Path) -> None:
    scene = clips.rich_clip(tmp_path / "scene.mp4")
    pass_through(scene, tmp_path / "output.mp4")
    with av.open(str(scene)) as before, av.open(str(tmp_path / "output.mp4")) as after:
        assert [s.disposition for s in after.streams] == [s.disposition for s in before.streams]


def test_a_silent_clip_stays_silent(tmp_path: Path) -> None:
    scene = clips.write_clip(tmp_path / "scene.mp4")
    pass_through(scene, tmp_path / "output.mp4")
    assert probe_video(tmp_path / "output.mp4").audio == ()


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_a_range_cuts_sound_text_and_chapters_like_the_picture(tmp_path: Path, ending: str) -> None:
    scene = clips.rich_clip(tmp_path / f"scene{ending}")
    output = tmp_path / f"output{ending}"
    pass_through(scene, output, start_s=0.4, end_s=1.4)
    assert times(output) == [Fraction(i, 25) for i in range(25)]
    for which in (0, 1):
        before = [p for p in packets(scene, "audio", which) if 0.4 <= p[0] < 1.4]
        after = packets(output, "audio", which)
        assert [data for _, data in after] == [data for _, data in before]
        for (a, _), (b, _) in zip(before, after, strict=True):
            assert abs((a - b) - Fraction(2, 5)) <= Fraction(1, 1000)
    texts = packets(output, "subtitles")
    # The first line began at 0.1 s and lasts until 0.6 s: it is still shown at the start.
    assert [round(float(t), 3) for t, _ in texts] == [0.0, 0.5]
    chapters = probe_video(output).chapters
    assert [(c.start_s, c.end_s) for c in chapters] == [
        (0.0, pytest.approx(0.4)),
        (pytest.approx(0.4), pytest.approx(1.0)),
    ]


def test_text_is_converted_where_the_container_needs_it(tmp_path: Path) -> None:
    scene = clips.rich_clip(tmp_path / "scene.mkv")
    report = pass_through(scene, tmp_path / "output.mp4")
    assert "converted" in report.notes[0]
    assert [data[2:] for _, data in packets(tmp_path / "output.mp4", "subtitles")] == [
        b"First line",
        b"Second line",
    ]
    report = pass_through(tmp_path / "output.mp4", tmp_path / "back.mkv")
    assert [data for _, data in packets(tmp_path / "back.mkv", "subtitles")] == [
        b"First line",
        b"Second line",
    ]


@pytest.mark.parametrize(
    ("payload", "codec", "text"),
    [
        (b"<i>Hi</i> there", "subrip", b"Hi there"),
        (b"0,0,Default,,0,0,0,,{\\i1}Hi,{\\i0}\\Nthere", "ass", b"Hi,\nthere"),
        (b"\0\2Hi\0\0\0\x0cstyl", "mov_text", b"Hi"),
        ("Grüß".encode(), "webvtt", "Grüß".encode()),
    ],
)
def test_text_loses_its_styling_and_nothing_else(payload: bytes, codec: str, text: bytes) -> None:
    assert convert_text(payload, codec, "subrip") == text
    assert convert_text(payload, codec, "mov_text") == len(text).to_bytes(2, "big") + text


def test_sound_that_does_not_fit_is_an_error_not_silence(tmp_path: Path) -> None:
    scene = clips.rich_clip(tmp_path / "scene.mp4")
    with pytest.raises(MediaUnsupported, match=r"sound.*\(aac\).*write to \.mkv"):
        pass_through(scene, tmp_path / "output.webm", LOSSLESS.__class__())
    assert not (tmp_path / "output.webm").exists()
    # What the message says is what helps.
    pass_through(scene, tmp_path / "output.mkv")
    assert [track.codec for track in probe_video(tmp_path / "output.mkv").audio] == ["aac", "aac"]


@pytest.mark.parametrize("name", ["output.mkv", "output.mp4"])
def test_sound_of_an_unknown_kind_is_not_sent_to_another_container(
    name: str, tmp_path: Path
) -> None:
    scene = clips.write_clip(tmp_path / "scene.mkv", audio=(clips.Track(),))
    scene.write_bytes(scene.read_bytes().replace(b"A_AAC", b"A_ZZZ"))
    with pytest.raises(MediaUnsupported, match="not known here; convert it") as caught:
        pass_through(scene, tmp_path / name)
    assert ".mkv," not in caught.value.message


@pytest.mark.parametrize("codec", ["pcm_s16le", "flac", "libmp3lame", "libopus"])
def test_other_kinds_of_sound_are_carried(tmp_path: Path, codec: str) -> None:
    track = clips.Track("eng", 440.0, codec)
    scene = clips.write_clip(tmp_path / "scene.mkv", audio=(track,))
    pass_through(scene, tmp_path / "output.mkv")
    assert packets(tmp_path / "output.mkv", "audio") == packets(scene, "audio")
    pass_through(scene, tmp_path / "output.mp4")
    assert [d for _, d in packets(tmp_path / "output.mp4", "audio")] == [
        d for _, d in packets(scene, "audio")
    ]


def test_attachments_and_cover_go_where_they_fit(tmp_path: Path) -> None:
    scene = clip_with_attachments(tmp_path / "scene.mkv")
    assert pass_through(scene, tmp_path / "a.mkv").notes == ()
    assert cover_of(tmp_path / "a.mkv") == cover()
    with av.open(str(tmp_path / "a.mkv")) as container:
        fonts = [s for s in container.streams if s.type == "attachment"]
        assert [(s.name, s.data) for s in fonts] == [("font.ttf", b"\0\1\0\0font" * 9)]
    notes = pass_through(scene, tmp_path / "b.mp4").notes
    assert len(notes) == 1
    assert "font.ttf" in notes[0]
    assert cover_of(tmp_path / "b.mp4") == cover()
    assert pass_through(tmp_path / "b.mp4", tmp_path / "c.mkv").notes == ()
    assert cover_of(tmp_path / "c.mkv") == cover()


def test_tags_that_only_phones_write_are_kept(tmp_path: Path) -> None:
    tags = {"com.android.version": "14", "title": "Holiday"}
    free = {"movflags": "use_metadata_tags"}
    scene = clips.write_clip(tmp_path / "scene.mp4", metadata=tags, container_options=free)
    pass_through(scene, tmp_path / "output.mp4")
    after = probe_video(tmp_path / "output.mp4").metadata
    assert tags.items() <= after.items()


def test_the_recording_time_and_time_code_are_kept(tmp_path: Path) -> None:
    tags = {"creation_time": "2024-05-01T10:00:00.000000Z", "timecode": "01:02:03:04"}
    scene = clips.write_clip(tmp_path / "scene.mov", metadata=tags)
    report = pass_through(scene, tmp_path / "output.mov")
    assert report.notes == ()
    after = probe_video(tmp_path / "output.mov").metadata
    assert after["creation_time"] == tags["creation_time"]
    with av.open(str(tmp_path / "output.mov")) as container:
        assert container.streams.video[0].metadata["timecode"] == tags["timecode"]


def test_sound_longer_than_the_picture_is_kept_to_its_end(tmp_path: Path) -> None:
    short = clips.write_clip(tmp_path / "short.mkv", frames=5)
    long = clips.rich_clip(tmp_path / "long.mkv")
    with (
        av.open(str(short)) as picture,
        av.open(str(long)) as sound,
        av.open(str(tmp_path / "scene.mkv"), "w") as output,
    ):
        video = output.add_stream_from_template(picture.streams.video[0], opaque=True)
        audio = output.add_stream_from_template(sound.streams.audio[0])
        for source, made in ((picture, video), (sound, audio)):
            for packet in source.demux(**{made.type: 0}):
                if packet.size:
                    packet.stream = made
                    output.mux(packet)
    pass_through(tmp_path / "scene.mkv", tmp_path / "output.mkv")
    assert packets(tmp_path / "output.mkv", "audio") == packets(tmp_path / "scene.mkv", "audio")
