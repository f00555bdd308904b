"""What the site has besides the pages below `docs/`: the project's own pages at its root.

In the repository they are linked as files (`../CONTRIBUTING.md`); in the site they are pages like
any other. And a folder may stand in the navigation for all its pages. MkDocs calls these functions,
as `mkdocs.yml` says.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT_PAGES = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "sdk/README.md": "client.md",
}
"""Files of the repository outside `docs/`, and what they are called in the site."""

_LINK = re.compile(r"\]\((?P<address>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Let folders in the navigation stand for their pages."""
    config.nav = spread(config.nav, Path(config.docs_dir))
    return config


def spread(nav: Any, docs: Path) -> Any:
    """A navigation in which every entry `folder/` is its pages, README.md first."""
    if isinstance(nav, dict):
        return {title: spread(below, docs) for title, below in nav.items()}
    if not isinstance(nav, list):
        return nav
    entries: list[Any] = []
    for entry in nav:
        if isinstance(entry, str) and entry.endswith("/"):
            pages = sorted(
                (docs / entry).glob("*.md"), key=lambda p: (p.name != "README.md", p.name)
            )
            entries += [page.relative_to(docs).as_posix() for page in pages]
        else:
            entries.append(spread(entry, docs))
    return entries


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages of the root."""
    root = Path(config.docs_dir).parent
    for name, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(root / name)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Let links between the two places lead to pages of the site."""
    here = str(page.file.src_uri)

    def inside(link: re.Match[str]) -> str:
        address = site_address(here, link["address"])
        return f"]({address}{link['anchor'] or ''})"

    return _LINK.sub(inside, markdown)


def site_address(page: str, address: str) -> str:
    """Where a link leads in the site, as seen from the page that has it.

    Parameters
    ----------
    page : str
        The page's name in the site, such as `dialects/a2e.md`.
    address : str
        The link as it stands in the file, without its anchor.
    """
    if page in ROOT_PAGES.values():
        return address.removeprefix("docs/")
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), address))
    if path in ROOT_PAGES:
        return posixpath.relpath(ROOT_PAGES[path], posixpath.dirname(page) or ".")
    return address
