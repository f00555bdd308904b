"""Every card that is known here: those that come with Personae, and an operator's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

from personae.adapters.conversions import is_known
from personae.adapters.models.records import MADE
from personae.engine.card import Card, parse_card
from personae.engine.card_roles import ConverterContract, SwapperContract
from personae.engine.cards import all_cards, no_such_card
from personae.errors import ModelError

RESERVED_NAMES: Final = frozenset({"cards"})
"""Names that no card may have: folders of the models folder's own."""
_LONGEST: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Shelf:
    """The cards that are known, and what is wrong with files that should be cards.

    Attributes
    ----------
    cards : tuple of Card
        By name.
    own : mapping of str to path
        The files of those that do not come with Personae, by their names.
    problems : mapping of path to str
        One sentence for each file that cannot be used.
    """

    cards: tuple[Card, ...]
    own: Mapping[str, Path]
    problems: Mapping[Path, str]

    def card(self, name: str) -> Card:
        """The card called `name`.

        Raises
        ------
        InvalidRequest
            If there is none.
        ModelError
            If there is a file of that name that cannot be used.
        """
        for each in self.cards:
            if each.name == name:
                return each
        for path, problem in self.problems.items():
            if path.stem == name:
                raise ModelError(problem)
        raise no_such_card(name, [each.name for each in self.cards])

    def choose(self, names: Iterable[str] = ()) -> tuple[Card, ...]:
        """The cards called `names`; without any, those that are installed by default."""
        chosen = tuple(dict.fromkeys(self.card(name) for name in names))
        return chosen or tuple(each for each in self.cards if each.default)

    def needs(self, card: Card) -> tuple[Card, ...]:
        """The other models without which a model is of no use, such as a swapper's embedder.

        Raises
        ------
        InvalidRequest
            If one of them has no card.
        """
        names: list[str] = []
        if isinstance(card.contract, SwapperContract):
            names = [card.contract.conditioning.embedder, card.contract.conditioning.converter]
        elif isinstance(card.contract, ConverterContract):
            names = [card.contract.embedder]
        return tuple(self.card(name) for name in names if name)

    def text(self, card: Card) -> str:
        """A card as its file has it.

        Raises
        ------
        OSError
            If a file of the operator's is gone.
        """
        if card.name in self.own:
            return self.own[card.name].read_text("utf-8")
        return (resources.files("personae.engine.cards") / f"{card.name}.toml").read_text("utf-8")


def read_shelf(folders: Sequence[Path]) -> Shelf:
    """Read the cards in an operator's folders, and set them beside those of Personae.

    A folder that is not there is empty. A file that makes no sense costs only itself.
    """
    shipped = all_cards()
    taken = {each.name: "Personae's own" for each in shipped}
    found: dict[str, Card] = {}
    own: dict[str, Path] = {}
    problems: dict[Path, str] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.toml"))):
        try:
            made = read_own_card(_text(path), path.name)
            if made.name in taken:
                raise ModelError(
                    f"The model card {path.name} has the name {made.name!r} of {taken[made.name]}; "
                    "give it another one."
                )
        except ModelError as error:
            problems[path] = error.message
            continue
        taken[made.name] = path.name
        found[made.name], own[made.name] = made, path
    cards = sorted((*shipped, *found.values()), key=lambda each: each.name)
    return Shelf(tuple(cards), MappingProxyType(own), MappingProxyType(problems))


def read_own_card(text: str, origin: str) -> Card:
    """Read an operator's card, which may ask for less than one of Personae's.

    Raises
    ------
    ModelError
        If it makes no sense; the message names the file and the field.
    """
    made = parse_card(text, origin)
    if made.name in RESERVED_NAMES:
        raise ModelError(
            f"The model card {origin} has the reserved value {made.name!r} for 'name'."
        )
    if made.default:
        raise ModelError(
            f"The model card {origin} has the value true for 'default', which only Personae's may."
        )
    if not is_known(made.conversion):
        raise ModelError(f"The model card {origin} has an unknown value for 'conversion'.")
    if any(part.file == MADE for part in made.parts):
        raise ModelError(f"The model card {origin} has the reserved value {MADE!r} for 'file'.")
    if len({part.file for part in made.parts}) < len(made.parts):
        raise ModelError(f"The model card {origin} has the same value twice for 'file'.")
    _check_template(made, origin)
    return made


def _check_template(card: Card, origin: str) -> None:
    from personae.engine.neural.aligning import templates

    conditioning = getattr(card.contract, "conditioning", None)
    for owner in (card.contract, conditioning):
        picture = getattr(owner, "picture", None)
        name: str = getattr(picture, "template", "") or getattr(owner, "template", "")
        if name and name not in templates():
            known = ", ".join(sorted(templates()))
            raise ModelError(
                f"The model card {origin} has {name!r} instead of one of {known} for 'template'."
            )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
        if len(data) > _LONGEST:
            raise ModelError(f"The model card {path.name} is larger than {_LONGEST} bytes.")
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(f"The model card {path.name} is no UTF-8 text.") from error
    except OSError as error:
        raise ModelError(
            f"The model card {path.name} cannot be read ({error.strerror or error})."
        ) from error
