"""OpenDKIM, which signs our domain's mail as a milter of Postfix."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from .keys import SigningKey
from .programs import need, running

SETTINGS = """\
Mode s
Domain {key.domain}
Selector {key.selector}
KeyFile {folder}/key.pem
RequireSafeKeys no
Socket inet:{port}@127.0.0.1
UserID opendkim
Background no
Canonicalization relaxed/simple
OversignHeaders From
Syslog no
"""


@contextlib.contextmanager
def running_opendkim(folder: Path, port: int, key: SigningKey) -> Iterator[None]:
    """OpenDKIM, up on `port`."""
    program = need("opendkim")
    folder.mkdir()
    (folder / "key.pem").write_bytes(key.pem)
    (folder / "key.pem").chmod(0o600)
    shutil.chown(folder / "key.pem", "opendkim")
    (folder / "opendkim.conf").write_text(SETTINGS.format(key=key, folder=folder, port=port))
    with running([program, "-x", str(folder / "opendkim.conf")], folder, folder / "output", [port]):
        yield
