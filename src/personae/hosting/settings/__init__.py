"""The service's settings: what is given first, then the environment, one TOML file, defaults.

Every setting is an environment variable ``PERSONAE_…`` and a key of the file that
`personae.configuring.files.config_file` finds. A module for each group of them; `Settings` is all.
"""

from __future__ import annotations

from personae.configuring.files import CONFIG_VARIABLE, config_file, default_data_dir
from personae.hosting.settings.loading import load_settings
from personae.hosting.settings.offers import DIALECTS
from personae.hosting.settings.whole import EVERYWHERE, GROUPS, Settings

__all__ = [
    "CONFIG_VARIABLE",
    "DIALECTS",
    "EVERYWHERE",
    "GROUPS",
    "Settings",
    "config_file",
    "default_data_dir",
    "load_settings",
]
