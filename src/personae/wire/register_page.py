"""The operators' page of the do-not-swap register: plain HTML, no script, nothing from afar."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from personae.app.register import Near
from personae.domain.register import MAX_PHOTOS, ProtectedPerson
from personae.wire.replies import at

PATH = "/admin/register"
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
fieldset { border: 1px solid var(--line); border-radius: 6px; margin: 1.5rem 0; padding: 1rem; }
form.add { display: grid; grid-template-columns: 9rem 1fr; gap: .5rem 1rem; align-items: center; }
form.add button { grid-column: 2; justify-self: start; }
form.add p { grid-column: 2; margin: 0; }
input, select, button { font: inherit; padding: .2rem .4rem; }
input[type=text], input[type=search] { width: 100%; box-sizing: border-box; }
form.search { display: flex; gap: .5rem; }
code { font: 13px ui-monospace, monospace; }
.told { background: var(--soft); padding: .75rem 1rem; border-radius: 6px; }
.refused { font-weight: bold; }
"""


def page_of(
    people: Sequence[ProtectedPerson],
    *,
    words: str = "",
    cursor: str | None = None,
    told: Sequence[str] = (),
    found: Sequence[Near] | None = None,
) -> str:
    """The whole page.

    Parameters
    ----------
    cursor : str or None
        Of the next page of entries.
    told : sequence of str
        What came of the last form, one paragraph each.
    found : sequence of Near, optional
        Whom a photo was compared with.
    """
    said = "".join(f"<p>{escape(text)}</p>" for text in told)
    said = f"<div class=told role=status>{said}</div>" if told else ""
    return _document(
        f"<h1>Do-not-swap register</h1>{said}"
        f"{_found(found)}{_search(words)}{_table(people)}{_next(words, cursor)}{_ADD}{_LOOK_UP}"
    )


def refusal_page(text: str) -> str:
    """A page that says only why there is nothing else."""
    return _document(f"<h1>Do-not-swap register</h1><p>{escape(text)}</p>")


def _document(body: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Do-not-swap register</title><style>{_STYLE}</style>{body}</html>"
    )


def _search(words: str) -> str:
    return (
        f'<form class=search method=get action="{PATH}"><input type=search name=q maxlength=200 '
        f'aria-label="Search" placeholder="Name, reason or origin" value="{escape(words)}">'
        "<button>Search</button></form>"
    )


def _table(people: Sequence[ProtectedPerson]) -> str:
    if not people:
        return "<p>Nobody is protected.</p>"
    heads = ("Name", "Applies to", "Reason", "Origin", "For", "Faces", "Since", "Until", "")
    head = "".join(f"<th>{one}</th>" for one in heads)
    return f"<table><thead><tr>{head}</tr></thead>{''.join(map(_row, people))}</table>"


def _row(person: ProtectedPerson) -> str:
    cells = (
        f"{escape(person.name or '(no name)')}<br><code>{escape(person.id)}</code>",
        escape(person.applies_to),
        escape(person.reason),
        escape(person.origin),
        escape(person.tenant_id or "everybody"),
        str(person.faces),
        (at(person.created_at) or "")[:10],
        "removed" if person.expires_at is None else (at(person.expires_at) or "")[:10],
        f'<form method=post enctype="multipart/form-data" '
        f'action="{PATH}/{escape(person.id)}/remove">'
        "<button>Remove</button></form>",
    )
    return f"<tr>{''.join(f'<td>{one}</td>' for one in cells)}</tr>"


def _next(words: str, cursor: str | None) -> str:
    if cursor is None:
        return ""
    query = urlencode([*([("q", words)] if words else []), ("cursor", cursor)])
    return f'<p><a rel=next href="{PATH}?{escape(query)}">Older entries</a></p>'


def _found(found: Sequence[Near] | None) -> str:
    if found is None:
        return ""
    if not found:
        return "<p class=told>Nobody is protected, so nobody was compared.</p>"
    rows = "".join(
        f"<tr{' class=refused' if one.refused else ''}><td>{one.distance:.4f}</td>"
        f"<td>{'refused' if one.refused else 'allowed'}</td>"
        f"<td>{escape(one.person.name or '(no name)')} <code>{escape(one.person.id)}</code></td>"
        f"<td>{escape(one.person.applies_to)}</td></tr>"
        for one in found
    )
    return (
        "<h2>Nearest entries</h2><table><thead><tr><th>Distance</th><th>A swap is</th>"
        f"<th>Entry</th><th>Applies to</th></tr></thead>{rows}</table>"
    )


_ADD = f"""<fieldset><legend>Add somebody</legend>
<form class=add method=post enctype="multipart/form-data" action="{PATH}">
<label for=photo>Photos</label>
<input id=photo type=file name=photo accept="image/*" multiple required>
<p>1 to {MAX_PHOTOS}, each of this person alone. They are not kept.</p>
<label for=name>Name</label><input id=name type=text name=name maxlength=200>
<label for=applies_to>May not be</label><select id=applies_to name=applies_to>
<option value=either>donor or scene</option><option value=donor>donor</option>
<option value=scene>scene</option></select>
<label for=reason>Reason</label><input id=reason type=text name=reason maxlength=500>
<label for=origin>Origin</label><input id=origin type=text name=origin maxlength=200
 placeholder="public figure list, court order, opt-out, takedown">
<label for=expires_at>Until</label><input id=expires_at type=date name=expires_at>
<button>Add</button></form></fieldset>"""
_LOOK_UP = f"""<fieldset><legend>Whom would a photo be taken for?</legend>
<form class=add method=post enctype="multipart/form-data" action="{PATH}/look-up">
<label for=one>Photo</label><input id=one type=file name=photo accept="image/*" required>
<button>Look up</button></form></fieldset>"""
