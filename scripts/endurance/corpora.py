"""The messages of the shared corpus, unpacked for a run."""

import os
import tarfile
from pathlib import Path

SHARED = Path(os.environ.get("PYSPAMD_SHARED", Path(__file__).resolve().parents[3] / "shared"))


def _unpacked(name: str, scratch: Path) -> Path:
    with tarfile.open(SHARED / "corpus" / name) as tar:
        tar.extractall(scratch, filter="data")
    return scratch


def corpus(scratch: Path) -> Path:
    """The folder below which the corpus' messages stand now."""
    return _unpacked("messages.tar.xz", scratch / "messages")


def signed(scratch: Path) -> Path:
    """The folder of the signed messages, and of the `zone` with their keys."""
    return _unpacked("signed.tar.xz", scratch / "signatures") / "signed" / "dev"


def messages_below(folder: Path, most: int = 1_000_000) -> list[bytes]:
    """The messages of all files below a folder, up to `most` of them, evenly picked."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    step = max(1, len(files) // most)
    return [path.read_bytes() for path in files[::step][:most]]
