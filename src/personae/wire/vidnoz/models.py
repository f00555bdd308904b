"""Bodies of Vidnoz's calls, key for key; what a request has beyond them is ignored."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

T = TypeVar("T")
_KEY = "temporary/20240816/3620/1723807527474-01915b3a-b92b-4339-8bee-76365268665a.jpg"
_MADE = "133902/asset/202408/1724032662728-01915b3a-1475-4b96-8685-ee2095cac850"
_LINK = "https://swap.example.com/media/asset_01hx…/1724032662728-01915b3a.png?exp=…&sig=…"


def _number(value: Any) -> Any:
    """A whole number that may come as text."""
    if isinstance(value, str) and value.isascii() and value.strip().isdigit():
        return int(value)
    return value


Key = Annotated[str, Field(min_length=1, max_length=1024, examples=[_KEY])]
Number = Annotated[int, BeforeValidator(_number), Field(ge=0, lt=1 << 63, examples=[105267189])]
IsHd = Annotated[
    Literal[1, 2],
    BeforeValidator(_number),
    Field(description="1: restore the new face; 2: do not.", examples=[2]),
]
MainKey = Annotated[
    Key,
    Field(
        validation_alias=AliasChoices("main_key", "key"),
        description="The file to edit. Also taken as `key`.",
    ),
]


class Asked(BaseModel):
    """What clients send."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class UploadIn(Asked):
    file_name: str = Field(min_length=1, max_length=1024, examples=["demo.jpg"])


class AccessIn(Asked):
    key: Key


class SwapIn(Asked):
    main_key: MainKey
    target_key: Annotated[Key, Field(description="A photo of the new face.")]
    is_hd: IsHd | None = None


class GetFaceIn(Asked):
    main_key: MainKey


class Pair(Asked):
    target_part_key: Annotated[Key, Field(description="A face that get-face found.")]
    avatar_part_key: Annotated[
        Key, Field(description="A photo of the new face; the same key again leaves the face.")
    ]


class MultipleSwapIn(Asked):
    avatar_key: list[Pair] = Field(min_length=1, max_length=100)
    get_face_id: Annotated[Number, Field(description="The get-face task that found the faces.")]
    is_hd: IsHd


class TokenIn(Asked):
    client_id: str = Field(min_length=1, max_length=512, examples=["client_5f0c…"])
    client_secret: str = Field(min_length=1, max_length=512, examples=["…"])


class DetailIn(Asked):
    id: Annotated[Number, Field(description="The task.")]


class Told(BaseModel):
    """What is answered."""

    model_config = ConfigDict(frozen=True)


class Answer(Told, Generic[T]):
    """Around every answer."""

    code: Literal[200] = 200
    message: str = Field(default="ok", examples=["ok"])
    data: T


class Nothing(Told):
    """An empty object."""


class Refusal(Told):
    """An error; see the codes."""

    code: int = Field(ge=400, examples=[702])
    message: str = Field(examples=["There is no file of that key."])
    data: Nothing


class Token(Told):
    access_token: str = Field(examples=["eyJ…"])
    expires_in: int = Field(description="Seconds.", examples=[5909])


class Upload(Told):
    upload_url: str = Field(description="PUT the file there.", examples=["https://…"])
    key: Key


class Access(Told):
    url: str = Field(examples=[_LINK])


class TaskId(Told):
    task_id: int = Field(examples=[106927142])


class ImageData(Told):
    """What came of a swap in a picture."""

    size: int = Field(description="Bytes.", examples=[678609])
    width: int = Field(examples=[512])
    height: int = Field(examples=[768])
    merge_key: str = Field(examples=[f"{_MADE}.png"])
    merge_url: str = Field(examples=[_LINK])
    thumbnail_key: str = Field(examples=[f"{_MADE}.png"])
    thumbnail_url: str = Field(examples=[_LINK])
    thumbnail_width: int = Field(examples=[1080])
    thumbnail_height: int = Field(examples=[540])


class VideoData(Told):
    """What came of a swap in a video."""

    size: int = Field(description="Bytes.", examples=[7614239])
    duration: float = Field(description="Seconds.", examples=[12.746067])
    cover_key: str = Field(examples=[f"{_MADE}.png"])
    cover_url: str = Field(examples=[_LINK])
    merge_key: str = Field(examples=[f"{_MADE}.mp4"])
    merge_url: str = Field(examples=[_LINK])
    cover_width: int = Field(examples=[1080])
    merge_width: int = Field(examples=[1080])
    cover_height: int = Field(examples=[554])
    merge_height: int = Field(examples=[554])
    thumbnail_width: int = Field(examples=[1080])
    thumbnail_height: int = Field(examples=[540])
    cover_thumbnail_key: str = Field(examples=[f"{_MADE}.png"])
    cover_thumbnail_url: str = Field(examples=[_LINK])


class Point(Told):
    x: int
    y: int


class FaceData(Told):
    """A face that get-face found."""

    kps: dict[str, Point] = Field(
        description="Pixels of the crop: eyes, tip of the nose, corners of the mouth, each from "
        "left to right.",
        examples=[{str(number): {"x": 27 + number, "y": 45 + number} for number in range(1, 6)}],
    )
    size: int = Field(description="Bytes of the crop.", examples=[17913])
    width: int = Field(examples=[87])
    height: int = Field(examples=[121])
    avatar_part_key: str = Field(examples=[_KEY])
    avatar_part_url: str = Field(examples=[_LINK])


class Detail(Told):
    """A task as it is."""

    id: int = Field(examples=[106927142])
    message: str = Field(description="Why it failed.", examples=[""])
    status: int = Field(
        description="1: waiting, 2: processing, 0: done; 601 and above: it failed.", examples=[0]
    )
    additional_data: ImageData | VideoData | list[FaceData] | Nothing = Field(
        description="What came of it; empty until then."
    )
