"""What Python and its libraries would otherwise read from disk in the middle of a scan, read beforehand.

Workers share what is there when they fork. And they may not be able to read it later: they run as another
user, to whom the folder that Python is installed in may be closed.
"""

import contextlib
import encodings
import importlib
import pkgutil

from ..mail.charset_decoders import find_decoder

RECORD_TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SPF", "TXT")


def import_codecs() -> None:
    """Import every codec, and have the tables of charsets read."""
    for module in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(ImportError):  # Windows' own
            importlib.import_module(f"encodings.{module.name}")
    find_decoder("gb2312")


def import_network() -> None:
    """Import what asks the DNS and verifies signatures, dnspython's readers of the records asked for among it."""
    for name in ("engine.resolving", "auth.asymmetric"):
        importlib.import_module(f"pyspamd.{name}")
    for name in RECORD_TYPES:
        importlib.import_module(f"dns.rdtypes.{'IN' if name in ('A', 'AAAA') else 'ANY'}.{name}")
