"""What Python and its libraries would otherwise read from disk in the middle of a scan, read beforehand.

Workers share what is there when they fork. And they may not be able to read it later: they run as another
user, to whom the folder that Python is installed in may be closed.
"""

import contextlib
import encodings
import importlib
import pkgutil

from ..conf.conditions import parse_condition
from ..conf.evalcall import parse_eval
from ..conf.grammar import parse_lines
from ..mail.charset_decoders import find_decoder
from ..ruleset.meta_expression import compile_meta

RECORD_TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SPF", "TXT")


def import_codecs() -> None:
    """Import every codec, and have the tables of charsets read."""
    for module in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(ImportError):  # Windows' own
            importlib.import_module(f"encodings.{module.name}")
    find_decoder("gb2312")


def make_parsers() -> None:
    """Make what reads configuration, Lark with it; the master itself needs none of it when all is known already."""
    parse_lines("")
    parse_condition("1")
    parse_eval("any()")
    compile_meta("ANY", "")


def import_network() -> None:
    """Import what asks the DNS and verifies signatures, dnspython's readers of the records asked for among it."""
    from ..auth import asymmetric  # noqa: F401
    from ..engine import resolving  # noqa: F401

    for name in RECORD_TYPES:
        importlib.import_module(f"dns.rdtypes.{'IN' if name in ('A', 'AAAA') else 'ANY'}.{name}")
