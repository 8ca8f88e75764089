"""Judges for mutants: the stock rules as they are, and with every plugin there is over a DNS that lies."""

import asyncio
import hashlib
import logging
import os
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspamd.base.clock import Deadline
from pyspamd.engine.assemble import Setup, assemble
from pyspamd.engine.engine import Engine
from pyspamd.engine.markup import without_markup
from pyspamd.engine.rewrite import report, rewritten
from pyspamd.net.resolver import Answer, Record, failure, plain_name
from pyspamd.net.zone import ZoneResolver, pieces

EVERYTHING = """
dns_available yes
use_bayes 0
dkim_timeout 1
olemacro_num_mime 20
extracttext_external none /bin/true {}
url_shortener .example
url_shortener_check 0
loadplugin Mail::SpamAssassin::Plugin::ASN
asn_lookup asn.example _ASN_ _CIDR_
loadplugin Mail::SpamAssassin::Plugin::AuthRes
authres_trusted_authserv all
loadplugin Mail::SpamAssassin::Plugin::DomainKeys
loadplugin Mail::SpamAssassin::Plugin::FromNameSpoof
header FIRE_SPOOF eval:check_fromname_spoof()
header FIRE_EQUALS eval:check_fromname_equals_to()
loadplugin Mail::SpamAssassin::Plugin::OLEVBMacro
body FIRE_MACRO eval:check_olemacro()
body FIRE_OBJECT eval:check_oleobject()
body FIRE_RTF eval:check_olertfobject()
body FIRE_CSV eval:check_olemacro_csv()
body FIRE_MALICE eval:check_olemacro_malice()
body FIRE_RENAMED eval:check_olemacro_renamed()
body FIRE_ENCRYPTED eval:check_olemacro_encrypted()
body FIRE_PASSWORD eval:check_olemacro_zip_password()
body FIRE_DOWNLOAD eval:check_olemacro_download_exe()
body FIRE_REDIRECT eval:check_olemacro_redirect_uri()
loadplugin Mail::SpamAssassin::Plugin::PDFInfo
body FIRE_PDF eval:pdf_count(1)
body FIRE_PDF_PIXELS eval:pdf_pixel_coverage(10,100000)
body FIRE_PDF_RATIO eval:pdf_image_to_text_ratio(0.0,9.0)
body FIRE_PDF_CODED eval:pdf_is_encrypted()
body FIRE_PDF_NAMED eval:pdf_named('x.pdf')
body FIRE_PDF_DETAILS eval:pdf_match_details('author','/a/')
loadplugin Mail::SpamAssassin::Plugin::PhishTag
loadplugin Mail::SpamAssassin::Plugin::Shortcircuit
loadplugin Mail::SpamAssassin::Plugin::TextCat
ok_languages en
body FIRE_LANGUAGE eval:check_language()
header FIRE_ASN X-ASN =~ /./
rawbody FIRE_RAW /<[^>]{0,50}>/
full FIRE_FULL /\\n\\n/
add_header all Everything _RELAYCOUNTRY_ _ASN_ _DCCB_ _LANGUAGES_ _DKIMDOMAIN_ _TOKENSUMMARY_ _RELAYSTRUSTED_
"""
"""What the stock configuration leaves out."""
_FOREIGN = ("extracttext_", "url_shortener", "dkim_timeout", "olemacro_")
RULES = "\n".join(line for line in EVERYTHING.splitlines() if not line.startswith(_FOREIGN))
PATIENCE = 60.0


class Lies:
    """A resolver that knows a zone and, of all other names, tells something made of the name: mostly nothing."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneResolver(zone)

    async def query(self, name: str, rdtype: str, deadline: Deadline | None = None) -> Answer:
        """What it pleases to say."""
        known = await self._zone.query(name, rdtype)
        self._zone.asked.clear()
        if known.ok:
            return known
        name = plain_name(name)
        seed = hashlib.sha256(f"{rdtype} {name}".encode("utf-8", "surrogatepass")).digest()
        await asyncio.sleep(0)
        match seed[0] % 16:
            case 0:
                return failure(name, rdtype, "servfail")
            case 1:
                return failure(name, rdtype, "timeout")
            case 2:
                return failure(name, rdtype, "nodata")
            case 3 | 4 | 5:
                return Answer(name, rdtype, "ok", tuple(_lies(name, rdtype, seed)), 60.0, "NOERROR")
        return failure(name, rdtype, "nxdomain")


def _lies(name: str, rdtype: str, seed: bytes) -> list[Record]:
    match rdtype:
        case "A":
            return [Record(name, "A", f"127.0.{seed[1] % 3}.{byte}") for byte in seed[2 : 3 + seed[2] % 3]]
        case "AAAA":
            return [Record(name, "AAAA", f"2001:db8::{seed[1]:x}")]
        case "MX":
            return [Record(name, "MX", f"{byte} mx{byte}.{name}") for byte in seed[2 : 3 + seed[1] % 12]]
        case "NS" | "PTR" | "CNAME":
            return [Record(name, rdtype, f"{'x' * (seed[1] % 64)}.{name}")]
        case "TXT" | "SPF":
            texts = (
                b"v=spf1 include:%b a mx ptr exists:%%{i}.%%{d1r-}.x ~all" % name.encode("utf-8", "replace"),
                b"v=spf1 ip4:0.0.0.0/0 redirect=%{s}%{l}%{o}%{h}%{p}",
                b"v=DKIM1; k=rsa; p=" + seed.hex().encode(),
                b"v=DMARC1; p=reject; sp=none; pct=\xff; rua=mailto:x",
                b"v=DKIM1; h=sha1:sha256; g=*; t=y:s; p=",
                b"o=-; t=y; n=" + seed * 4,
                seed,
                b"64500 | 192.0.2.0/24 | XX | x |",
                b"\x00" * 300,
            )
            text = texts[seed[3] % len(texts)]
            return [Record(name, rdtype, text.decode("latin-1"), pieces(text))]
    return []


@dataclass(frozen=True)
class Cost:
    """What judging one message took (seconds), and what went wrong: empty for nothing."""

    cpu: float
    wall: float
    faults: tuple[str, ...]


class Faults(logging.Handler):
    """Keeps what is logged as a fault."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            self.kept.append(logging.Formatter().format(record))

    def taken(self) -> tuple[str, ...]:
        """What was kept since it was last asked for."""
        kept, self.kept = tuple(self.kept), []
        return kept


class Judge:
    """Judges mutants with either engine and does with the verdict all that the doors do."""

    def __init__(self, zone: str, folder: Path) -> None:
        self._faults = Faults()
        logging.getLogger("pyspamd").addHandler(self._faults)
        logging.getLogger("pyspamd").propagate = False
        self._plain = assemble(Setup(stock=True, cf=("use_bayes 0",), local_tests_only=True), compiled=folder)
        self._networked = assemble(Setup(stock=True, cf=(RULES,)), resolver=Lies(zone), compiled=folder)
        self.problems: Sequence[str] = [str(p) for p in self._networked.conf.problems] + [
            str(p) for p in self._networked.problems
        ]
        self._runner = asyncio.Runner()
        self._process = os.getpid()

    def __call__(self, message: bytes, *, networked: bool) -> Cost:
        """What the message cost; never raises."""
        if self._process != os.getpid():  # an event loop must not be carried across a fork
            self._runner, self._process = asyncio.Runner(), os.getpid()
        engine = self._networked if networked else self._plain
        cpu, wall = time.process_time(), time.monotonic()
        try:
            self._runner.run(self._all(engine, message))
            raised: tuple[str, ...] = ()
        except Exception as error:
            raised = ("".join(traceback.format_exception(error)),)
        return Cost(time.process_time() - cpu, time.monotonic() - wall, raised + self._faults.taken())

    @staticmethod
    async def _all(engine: Engine, message: bytes) -> None:
        verdict = await engine.check(message, deadline=Deadline(time.monotonic() + PATIENCE))
        marked = rewritten(verdict)
        report(verdict)
        verdict.facts()
        without_markup(engine.read(marked), engine.conf)
        if verdict.time_limit_exceeded:
            raise TimeoutError("the time limit was exceeded")
