"""Where the parts are put together: which folder, which store."""

from __future__ import annotations

import os
from pathlib import Path

from personae.adapters.model_store import ModelStore

MODELS_DIR_VARIABLE = "PERSONAE_MODELS_DIR"


def models_dir() -> Path:
    """The folder for model files: PERSONAE_MODELS_DIR, else one in the user's data folder."""
    given = os.environ.get(MODELS_DIR_VARIABLE)
    if given:
        return Path(given).expanduser()
    import platformdirs  # Only needed without the variable, and not free to import.

    return Path(platformdirs.user_data_dir("personae")) / "models"


def model_store() -> ModelStore:
    """The store in `models_dir`."""
    return ModelStore(models_dir())
