"""`personae models export` and `import`: models in one file, for machines without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from personae import wiring
from personae.adapters.models.bundles import write_bundle
from personae.adapters.models.taking_in import take_in
from personae.cli.fetching import download_bars
from personae.cli.models.preparing import prepare_networks
from personae.cli.models.pulling import settle_licences, user
from personae.cli.models.shared import AcceptLicence, AsJson, Names, known
from personae.cli.output import Talk
from personae.errors import InvalidRequest, MediaUnreachable

WithLicences = Annotated[
    bool, typer.Option("--with-licences", help="Also which licences were accepted.")
]


def export_models(
    names: Names = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The bundle to write.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Everything that is installed.")
    ] = False,
    with_licences: WithLicences = False,
    as_json: AsJson = False,
) -> None:
    """Write installed models into one file, for `personae models import` elsewhere.

    Every file is read and checked first. Accepted licences stay here unless they are asked for.
    """
    with Talk(as_json=as_json) as talk:
        if output is None:
            raise InvalidRequest("Say with -o which file is to be written.")
        if names and everything:
            raise InvalidRequest("Give names or --all, not both.")
        store, shelf = wiring.model_store(), known(talk)
        chosen = shelf.choose(names or ())
        if everything:
            chosen = tuple(each for each in shelf.cards if store.status(each) == "ready")
        try:
            with download_bars() as report:
                write_bundle(store, shelf, chosen, output, licences=with_licences, progress=report)
        except OSError as error:
            raise MediaUnreachable(
                f"{output} cannot be written ({error.strerror or error}); choose another place."
            ) from error
        written = [each.name for each in chosen]
        text = f"In {output}: {', '.join(written)}."
        talk.result(text, {"bundle": str(output), "models": written})


def import_models(
    file: Annotated[Path, typer.Argument(help="A bundle, or with --as a model's own file.")],
    card: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="The model whose file this is.")
    ] = None,
    accept_licence: AcceptLicence = None,
    with_licences: WithLicences = False,
    repin: Annotated[
        bool, typer.Option("--repin", help="Trust other bytes than those that came first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Install models from a bundle, or one from a file of your own.

    A file of your own is compared with what the card knows of it, and trusted when it comes first.
    """
    with Talk(as_json=as_json) as talk:
        store, shelf = wiring.model_store(), known(talk)
        accepted = accept_licence or []
        if card is not None:
            chosen = shelf.card(card)
            settle_licences(talk, store, [chosen], accepted)
            store.adopt(chosen, file, repin)
            taken = [chosen]
        else:
            with download_bars() as report:
                taken = take_in(
                    store,
                    shelf,
                    file,
                    wiring.own_cards_dir(),
                    accept=accepted,
                    by=user(),
                    licences=with_licences,
                    repin=repin,
                    progress=report,
                )
            for each in taken:
                talk.note(f"{each.name}: {each.licence.name}. {each.licence.statement}")
        names = [each.name for each in taken]
        left = prepare_networks(talk, taken)
        data = {"folder": str(store.folder), "installed": names, "not_prepared": left}
        talk.result(f"In {store.folder}: {', '.join(names)}.", data)
