"""Every face of a picture: all detectors, tiles, turned heads, then landmarks to be sure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from personae.engine.canonical import canonical_face
from personae.engine.faces.landmarks import LandmarkModel
from personae.engine.faces.rough import Detection, RoughDetector, iou
from personae.engine.geometry import (
    MOUTH_LEFT,
    MOUTH_RIGHT,
    NOSE_TIP,
    SKIN_POINTS,
    Region,
    fit_similarity_3d,
    pose_of,
    region_from_landmarks,
)
from personae.engine.types import Canvas, Face, Float32, UInt8

WHOLE_PX = 640
"""The longer side of the thumbnail that is searched as a whole."""
TILED_PX = 4096
"""The longer side of the thumbnail that is searched in tiles."""
TILE_PX = 640
"""The side of the smallest tiles; in them the detector sees faces from about 50 pixels on."""
PART_OF_FACE = 0.15
"""No eye or mouth is smaller than this beside its face, side by side."""
MIN_FACE_SCORE = 0.5
SURE_SCORE = 0.9
"""Below this a followed face is looked at again, from where it seems to be."""
MIN_FACE_PX = 12
MAX_WANDER = 0.012
"""How much settled landmarks may move from one pass to the next, relative to the face. Measured
between the second and the third: at most 0.008 on 340 portraits, at least 0.015 on patterns."""
MAX_PASSES = 5
SURE, SURE_IN_TILE, LOST = 0.62, 0.78, 0.04
LEFT_IRIS, RIGHT_IRIS = 468, 473


Tiling = Callable[[int, int], Iterator[tuple[int, int, int]]]
"""Width and height of a thumbnail to x, y and side of its tiles."""


class FaceFinder:
    """Finds faces and follows them; not thread-safe, one per thread.

    Parameters
    ----------
    detectors : one or more
        All look at the whole picture; the last one also looks at its tiles, and is the one that
        sees small faces.
    landmarks : LandmarkModel
        Decides what is a face.
    """

    def __init__(self, detectors: Sequence[RoughDetector], landmarks: LandmarkModel) -> None:
        self._detectors = tuple(detectors)
        self._landmarks = landmarks

    def looking_with(self, detectors: Sequence[RoughDetector]) -> FaceFinder:
        """Another finder with the same landmark model."""
        return FaceFinder(detectors, self._landmarks)

    def find_all(self, canvas: Canvas) -> list[Face]:
        """All faces of a still, by the left edges of their boxes, then by the upper ones.

        The order is deterministic: clients address faces by their number in it.
        """
        rough = self._search_whole(canvas, quarters=(0, 1, 2, 3))
        if max(canvas.size_wh) > WHOLE_PX:
            rough += self._search_tiles(canvas, TILED_PX, _tiles)
        return in_reading_order(self._confirm(canvas, rough))

    def find_quickly(self, canvas: Canvas, known: Iterable[Face] = ()) -> list[Face]:
        """Faces of a video frame that are not among `known`, in the same order.

        A wide or tall frame is also searched in overlapping squares, if in the detector's square
        input it is small. Turned heads are searched only when nothing at all is found upright.
        """
        followed = list(known)
        rough = self._search_whole(canvas, quarters=(0,))
        if self._detectors[-1].input_px < WHOLE_PX:
            rough += self._search_tiles(canvas, WHOLE_PX, _squares)
        if not rough and not followed:
            rough = self._search_whole(canvas, quarters=(1, 2, 3))
        fresh = [one for one in rough if not any(_covers(face, one) for face in followed)]
        found = self._confirm(canvas, fresh)
        return in_reading_order(
            face for face in found if all(iou(_box(face), _box(other)) < 0.3 for other in followed)
        )

    def follow(self, canvas: Canvas, region: Region) -> Face | None:
        """The face in a region that a neighbouring frame suggests; None when it is lost."""
        landmarks, score = self._landmarks.find(canvas, region)
        if MIN_FACE_SCORE <= score < SURE_SCORE:
            # At the edge of its square the model fits a whole face onto the half that it sees.
            landmarks, score = self._landmarks.find(canvas, region_from_landmarks(landmarks))
        return make_face(landmarks, score) if _plausible(landmarks, score) else None

    def _search(self, rgb: UInt8, min_score: float) -> list[Detection]:
        return [d for detector in self._detectors for d in detector.find(rgb, min_score)]

    def _search_whole(self, canvas: Canvas, quarters: tuple[int, ...]) -> list[Detection]:
        thumbnail = canvas.thumbnail_rgb(WHOLE_PX)
        height, width = thumbnail.shape[:2]
        scale = np.array(canvas.size_wh, np.float32) / np.array([width, height], np.float32)
        found: list[Detection] = []
        for quarter in quarters:
            turned = np.ascontiguousarray(np.rot90(thumbnail, quarter))
            # A turned picture must be surer, or every upright face would be found askew as well.
            for one in self._search(turned, 0.5 if quarter == 0 else 0.6):
                upright = _turn_back(one, quarter, (width, height))
                bonus = 1.0 if quarter == 0 else 0.9
                found.append(_scaled(upright, scale, np.zeros(2, np.float32), bonus))
        return found

    def _search_tiles(self, canvas: Canvas, limit_px: int, tiles: Tiling) -> list[Detection]:
        """Overlapping tiles of a thumbnail, so that small faces come near the input size."""
        picture = canvas.thumbnail_rgb(limit_px)
        height, width = picture.shape[:2]
        scale = np.array(canvas.size_wh, np.float32) / np.array([width, height], np.float32)
        found: list[Detection] = []
        for x, y, side in tiles(width, height):
            tile = np.ascontiguousarray(picture[y : y + side, x : x + side])
            found += [
                _scaled(one, scale, np.array([x, y], np.float32), 0.95, in_tile=True)
                for one in self._detectors[-1].find(tile, 0.6)
                if not _cut_by_tile(one, tile.shape, (x, y), (width, height))
            ]
        return found

    def _confirm(self, canvas: Canvas, rough: list[Detection]) -> list[Face]:
        """Let the landmark model decide: one face per place, at the angle it likes best."""
        faces: list[Face] = []
        for group in _groups(rough):
            tries = [self._fit(canvas, one) for one in group[:3]]
            sure = [face for face in tries if face is not None]
            if sure:
                faces.append(max(sure, key=lambda face: face.score))
        # Larger first: what lies inside another face is that face's mouth or eye, turned.
        faces.sort(key=lambda face: -float(np.prod(_box(face)[2:] - _box(face)[:2])))
        kept: list[Face] = []
        for face in faces:
            if not any(_belongs_to(face, other) for other in kept):
                kept.append(face)
        return kept

    def _fit(self, canvas: Canvas, rough: Detection) -> Face | None:
        """Landmarks from a rough box, in passes, each from the region of the one before.

        On a face they settle, at once or, in profile, after a few passes more; on a pattern that
        only looks like one they wander on. What the detector doubts gets no more passes.
        """
        eyes = rough.eyes[1] - rough.eyes[0]
        x, y = (rough.box_xyxy[:2] + rough.box_xyxy[2:]) / 2
        angle = math.atan2(float(eyes[1]), float(eyes[0]))
        region = Region(float(x), float(y), rough.side_px * 1.5, angle)
        landmarks, score = self._landmarks.find(canvas, region)
        if score < 0.3:
            return None
        doubtful = rough.score < (SURE_IN_TILE if rough.in_tile else SURE)
        for number in range(2 if doubtful else MAX_PASSES):
            before = landmarks
            landmarks, score = self._landmarks.find(canvas, region_from_landmarks(before))
            if not _plausible(landmarks, score):
                return None
            wander = _wander(before, landmarks) if number > 0 else 0.0
            if wander > LOST:
                return None
            if number > 0 and wander < MAX_WANDER:
                return make_face(landmarks, score)
        return None


def _wander(before: Float32, after: Float32) -> float:
    """Mean movement of the skin's landmarks, relative to the face's larger side."""
    side = float(np.ptp(after[:SKIN_POINTS, :2], axis=0).max())
    moved = np.linalg.norm(after[:SKIN_POINTS, :2] - before[:SKIN_POINTS, :2], axis=1)
    return float(moved.mean()) / max(side, 1.0)


def make_face(landmarks: Float32, score: float) -> Face:
    """A `Face` from landmarks of float32 (478, 3)."""
    skin = landmarks[:SKIN_POINTS]
    low, high = skin[:, :2].min(0), skin[:, :2].max(0)
    fit = fit_similarity_3d(skin.astype(np.float64), canonical_face()[:SKIN_POINTS, :3])
    picked = landmarks[[LEFT_IRIS, RIGHT_IRIS, NOSE_TIP, MOUTH_LEFT, MOUTH_RIGHT], :2]
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Face(box, score, picked, landmarks, pose_of(fit.rotation))


def in_reading_order(faces: Iterable[Face]) -> list[Face]:
    """Left to right by the left edge of the box, then top to bottom by the upper one.

    By an edge and not by the middle, so that whoever only sees the boxes sees the same order.
    """
    return sorted(faces, key=lambda face: face.box_xyxy[:2])


def _plausible(landmarks: Float32, score: float) -> bool:
    side = float(np.ptp(landmarks[:SKIN_POINTS, :2], axis=0).max())
    return score >= MIN_FACE_SCORE and side >= MIN_FACE_PX and bool(np.isfinite(landmarks).all())


def _box(face: Face) -> Float32:
    return np.array(face.box_xyxy, np.float32)


def _shared(a: Float32, b: Float32) -> float:
    """Intersection over the smaller of two boxes, in [0, 1]."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    smaller = min(float(np.prod(a[2:] - a[:2])), float(np.prod(b[2:] - b[:2])))
    return float(np.prod(np.maximum(sides, 0))) / max(smaller, 1e-6)


def _belongs_to(face: Face, larger: Face) -> bool:
    """Whether a face is the same as a larger one, or its eye or mouth."""
    box, other = _box(face), _box(larger)
    if _shared(box, other) < 0.6:
        return False
    # A small face in front of what only looks like a large one must not be lost to it.
    beside = float((box[2:] - box[:2]).max() / (other[2:] - other[:2]).max())
    return beside > PART_OF_FACE or face.score <= larger.score


def _covers(face: Face, rough: Detection) -> bool:
    """Whether a rough box is the face that is already followed."""
    x, y = (rough.box_xyxy[:2] + rough.box_xyxy[2:]) / 2
    x0, y0, x1, y1 = face.box_xyxy
    near_middle = x0 < x < x1 and y0 < y < y1
    return near_middle and 0.4 < rough.side_px / max(1.0, max(x1 - x0, y1 - y0)) < 2.5


def _scaled(
    one: Detection, scale: Float32, offset: Float32, bonus: float, *, in_tile: bool = False
) -> Detection:
    corners = (one.box_xyxy.reshape(2, 2) + offset) * scale
    eyes = (one.eyes + offset) * scale
    return Detection(corners.ravel(), eyes, one.score * bonus, in_tile)


def _turn_back(one: Detection, quarter: int, size_wh: tuple[int, int]) -> Detection:
    """Undo ``np.rot90(picture, quarter)`` for the points of a detection."""
    points = np.concatenate([one.box_xyxy.reshape(2, 2), one.eyes])
    width, height = size_wh
    x, y = points[:, 0].copy(), points[:, 1].copy()
    if quarter == 1:
        x, y = width - 1 - y, x
    elif quarter == 2:
        x, y = width - 1 - x, height - 1 - y
    elif quarter == 3:
        x, y = y, height - 1 - x
    corners = np.stack([x[:2], y[:2]], 1)
    box = np.concatenate([corners.min(0), corners.max(0)])
    return Detection(box.astype(np.float32), np.stack([x[2:], y[2:]], 1), one.score)


def _tiles(width: int, height: int) -> Iterator[tuple[int, int, int]]:
    """x, y and side of all tiles of a still, smallest first.

    Each round doubles the tiles, so that a face too large for the overlap of one round lies whole
    in a tile of the next.
    """
    side = TILE_PX
    while side < max(width, height):
        for y in _tile_starts(height, side):
            for x in _tile_starts(width, side):
                yield x, y, side
        side *= 2


def _squares(width: int, height: int) -> Iterator[tuple[int, int, int]]:
    """x, y and side of the squares along a frame's longer side; none if it is nearly square."""
    side = min(width, height)
    if max(width, height) < 1.25 * side:
        return
    for y in _tile_starts(height, side):
        for x in _tile_starts(width, side):
            yield x, y, side


def _tile_starts(length: int, side: int) -> list[int]:
    """Starts of tiles of `side` that overlap by at least a quarter and cover `length`."""
    if length <= side:
        return [0]
    count = math.ceil((length - side) / (side * 0.75)) + 1
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def _cut_by_tile(
    one: Detection, shape: tuple[int, ...], start_xy: tuple[int, int], size_wh: tuple[int, int]
) -> bool:
    """Whether a box touches a side of its tile that is not the picture's own edge."""
    x0, y0, x1, y1 = one.box_xyxy
    height, width = shape[:2]
    return bool(
        (x0 < 2 and start_xy[0] > 0)
        or (y0 < 2 and start_xy[1] > 0)
        or (x1 > width - 2 and start_xy[0] + width < size_wh[0])
        or (y1 > height - 2 and start_xy[1] + height < size_wh[1])
    )


def _groups(rough: list[Detection]) -> list[list[Detection]]:
    """Detections of one place together, best first; in each group one per quarter turn."""
    left = sorted(rough, key=lambda one: -one.score)
    groups: list[list[Detection]] = []
    while left:
        head = left[0]
        same = [one for one in left if iou(one.box_xyxy, head.box_xyxy) > 0.25]
        by_angle: dict[int, Detection] = {}
        for one in same:
            across = one.eyes[1] - one.eyes[0]
            angle = math.degrees(math.atan2(float(across[1]), float(across[0])))
            by_angle.setdefault(round(angle / 60) % 6, one)
        groups.append(list(by_angle.values()))
        taken = {id(one) for one in same} | {id(head)}
        left = [one for one in left if id(one) not in taken]
    return groups
