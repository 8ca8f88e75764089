"""Where things are kept between runs: verdicts on bodies, and what patterns compile to."""

import os
from pathlib import Path


def cache_folder(name: str | None = None) -> Path | None:
    """The folder that `--cache-dir` names; without it root's or the user's own, `None` where the name is empty."""
    if name == "":
        return None
    if name is not None:
        return Path(name).absolute()
    if os.geteuid() == 0:
        return Path("/var/cache/pyspamd")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "pyspamd")


def compiled_folder(name: str | None = None) -> Path | None:
    """The folder for compiled patterns, beside that of the verdicts: only who compiles needs to write there."""
    folder = cache_folder(name)
    return None if folder is None else folder.with_name(folder.name + "-compiled")
