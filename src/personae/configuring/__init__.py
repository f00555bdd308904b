"""Files that settings come from; knows nothing of the settings themselves."""
