"""One HTML page with the tables and the worst and best pictures, which needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from personae.evaluating.parts import told_of_parts
from personae.evaluating.rows import Row
from personae.evaluating.run import Evaluation
from personae.evaluating.shots import Shown
from personae.evaluating.table import (
    CLIP_COLUMNS,
    PICTURE_COLUMNS,
    Column,
    Summary,
    is_better,
    shown,
    was_used,
)

Earlier = tuple[str, Mapping[str, Summary], Mapping[str, Summary]]
"""An earlier run: its name, and its lines for pictures and for clips by engine."""

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --good: #18794e; --bad: #c2410c; }
@media (prefers-color-scheme: dark) { :root { --good: #4ade80; --bad: #fb923c; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .45rem; border-bottom: 1px solid var(--line); text-align: right }
td { vertical-align: top }
th:first-child, td:first-child { text-align: left } th { font-weight: 600; vertical-align: bottom }
.unit { display: block; font-weight: 400; opacity: .7 }
small { display: block; opacity: .75 } .good, .bad { opacity: 1 }
.good { color: var(--good) } .bad { color: var(--bad) }
.rows { display: grid; gap: 1rem }
.rows { grid-template-columns: repeat(auto-fill, minmax(min(34rem, 100%), 1fr)) }
.row { border: 1px solid var(--line); border-radius: .4rem; padding: .6rem }
.row, figcaption { overflow-wrap: anywhere }
.shots { display: grid; grid-template-columns: repeat(3, 1fr); gap: .3rem }
figure { margin: 0 } img { width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: .25rem }
figcaption { font-size: .8rem; opacity: .75 } .row p { margin: .4rem 0 0; font-size: .85rem }
.none { aspect-ratio: 1; display: grid; place-items: center; border: 1px dashed var(--line) }
"""
_HEAD: Final = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta name="robots" content="noindex">'
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
)


def page(
    evaluation: Evaluation, in_short: str, before: Earlier | None = None, warning: str | None = None
) -> str:
    """The whole page.

    Parameters
    ----------
    evaluation : Evaluation
    in_short : str
        What was measured.
    before : Earlier, optional
        Whose differences stand beside each number.
    warning : str, optional
        Why the differences have to be taken with care.
    """
    title = f"Evaluation over {evaluation.people.name}"
    parts = [
        f"<!doctype html><html lang=en><head>{_HEAD}<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        f"<p>{escape(in_short)}</p>",
        *(f"<p>{escape(told)}</p>" for told in told_of_parts(evaluation.results)),
        "<p>Outputs on this page are synthetic: faces that were swapped to measure an engine.</p>",
    ]
    if before is not None:
        parts.append(f"<p>In brackets: the difference to {escape(before[0])}.</p>")
    if warning is not None:
        parts.append(f"<p class=bad>{escape(warning)}</p>")
    pictures = [(one.engine, one.pictures) for one in evaluation.results]
    clips = [(one.engine, one.clips) for one in evaluation.results]
    for name, columns, lines, at in (
        ("Pictures", PICTURE_COLUMNS, pictures, 1),
        ("Clips", CLIP_COLUMNS, clips, 2),
    ):
        if any(was_used(line) for _, line in lines):
            earlier = None if before is None else (before[1] if at == 1 else before[2])
            parts += [f"<h2>{name}</h2>", _table(columns, lines, earlier)]
    for result in evaluation.results:
        for name, rows in (("Worst", result.showcase.worst), ("Best", result.showcase.best)):
            if rows:
                parts.append(f"<h2>{name} rows of {escape(result.engine)}</h2>")
                parts.append(f"<div class=rows>{''.join(map(_row, rows))}</div>")
    parts.append(_meanings())
    if evaluation.problems:
        parts.append("<h2>Files that could not be used</h2><ul>")
        parts += [f"<li>{escape(one.message)}</li>" for one in evaluation.problems]
        parts.append("</ul>")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _table(
    columns: Sequence[Column],
    lines: Sequence[tuple[str, Summary]],
    before: Mapping[str, Summary] | None,
) -> str:
    heads = "".join(
        f'<th title="{escape(c.meaning)}">{escape(c.heading)}'
        f"<span class=unit>{escape(c.unit)}</span>"
        for c in columns
    )
    out = [f"<div class=scroll><table><thead><tr><th>engine{heads}</thead><tbody>"]
    for name, summary in lines:
        earlier = (before or {}).get(name, {})
        cells = "".join(_cell(c, summary, earlier) for c in columns)
        out.append(f"<tr><td>{escape(name)}{cells}")
    return "\n".join([*out, "</tbody></table></div>"])


def _cell(column: Column, summary: Summary, earlier: Summary) -> str:
    value, old = summary.get(column.key), earlier.get(column.key)
    text = shown(column, value)
    if value is None or old is None:
        return f"<td>{escape(text)}"
    better = is_better(column, value, old)
    name = "" if better is None else " class=good" if better else " class=bad"
    change = shown(column, value, old)[len(text) :]
    return f"<td>{escape(text)}<small{name}>{escape(change)}</small>"


def _row(one: Shown) -> str:
    row, shots = one.row, one.shots
    figures = "".join(
        _figure(name, data, what)
        for name, data, what in (
            ("donor", shots.donor, row.donor),
            ("scene", shots.scene, row.scene),
            ("output", shots.output, ""),
        )
    )
    return f"<div class=row><div class=shots>{figures}</div><p>{escape(told(row))}</p></div>"


def _figure(name: str, data: bytes, what: str) -> str:
    caption = f"<figcaption>{name} {escape(what)}</figcaption></figure>"
    if not data:
        return f"<figure><div class=none>none</div>{caption}"
    address = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    return f'<figure><img alt="{name}" src="{address}">{caption}'


def told(row: Row) -> str:
    """A row in one line for a person."""
    if row.outcome != "swapped":
        return row.message or row.outcome.replace("_", " ")
    parts: list[str] = []
    if row.similarity is not None and row.unswapped is not None:
        who = "" if row.retrieved else f", looks more like {row.nearest}"
        parts.append(f"identity {row.similarity:.3f} (unswapped {row.unswapped:.3f}{who})")
    for text, value, unit in (
        ("pose", row.pose_deg, "°"),
        ("expression", row.expression, " %"),
        ("colour ΔE", row.colour, ""),
        ("jitter", row.jitter, " times the scene's"),
        ("flicker", row.flicker, " times the scene's"),
    ):
        if value is not None:
            parts.append(f"{text} {value:.1f}{unit}")
    if row.outside:
        parts.append(f"outside the mask {row.outside}")
    return ", ".join(parts)


def _meanings() -> str:
    unique = {c.key: c for c in (*PICTURE_COLUMNS, *CLIP_COLUMNS)}
    items = "".join(
        f"<li><b>{escape(c.heading)}</b>: {escape(c.meaning)}</li>" for c in unique.values()
    )
    return f"<h2>What the columns mean</h2><ul>{items}</ul>"
