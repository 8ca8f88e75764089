"""spamass-milter, which has spamc ask pyspamd while Postfix still listens to the client."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from .programs import need, running


@contextlib.contextmanager
def running_spamass_milter(folder: Path) -> Iterator[Path]:
    """spamass-milter, up; the path of its socket. Spam of 15 points and more is refused."""
    program = need("spamass-milter")
    need("spamc")
    folder.mkdir()
    path = folder / "socket"
    command = [program, "-p", str(path), "-u", "nobody", "-r", "15", "--", "-d", "127.0.0.1"]
    with running(command, folder, folder / "output", (), path):
        path.chmod(0o666)
        yield path
