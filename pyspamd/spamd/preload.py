"""What Python and its libraries would otherwise read from disk in the middle of a scan, read beforehand.

Workers share what is there when they fork. And they may not be able to read it later: they run as another
user, to whom the folder that Python is installed in may be closed.
"""

import contextlib
import ctypes
import encodings
import importlib
import pkgutil

from ..mail.charset_decoders import find_decoder
from ..mail.received_products import compile_all

RECORD_TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SPF", "TXT")


def import_codecs() -> None:
    """Import every codec, and have the tables of charsets read."""
    for module in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(ImportError):  # Windows' own
            importlib.import_module(f"encodings.{module.name}")
    find_decoder("gb2312")


def compile_patterns() -> None:
    """Compile what would otherwise be compiled by the first message that needs it."""
    compile_all()


def return_memory() -> None:
    """Give back what reading the configuration took and needs no longer, so that no worker takes copies of it."""
    with contextlib.suppress(OSError, AttributeError):  # another C library than GNU's
        ctypes.CDLL(None).malloc_trim(0)


def import_record_types() -> None:
    """Import dnspython's readers of the records that are asked for."""
    for name in RECORD_TYPES:
        importlib.import_module(f"dns.rdtypes.{'IN' if name in ('A', 'AAAA') else 'ANY'}.{name}")
