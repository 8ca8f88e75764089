"""OLEVBMacro: office documents with macros, embedded objects or links that load by themselves.

olemacro_num_mime 5
body OLE_MACRO         eval:check_olemacro()
body OLE_MACRO_MALICE  eval:check_olemacro_malice()
body OLE_MACRO_ENCRYPTED eval:check_olemacro_encrypted()
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property

from ..conf.conf import Conf
from ..conf.directives import Bool, Build, Custom, Directive, Float, required
from ..conf.rules import EvalCall
from ..mail import office
from ..mail.attachment import attachment_name
from ..mail.zip_members import Budget, ZipArchive, ZipMember, read_zip
from ..perlre.regex import Regex, compile_regex
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan


def _pattern(name: str, default: str) -> Directive[str]:
    def add(_: str, text: str, build: Build) -> str:
        build.check_regex(name, required(text), "")
        return text

    return Custom[str](name, default, add)


MOST_PARTS = Float("olemacro_num_mime", 5.0)
MOST_MEMBERS = Float("olemacro_num_zip", 8.0)
DEEPEST = Float("olemacro_zip_depth", 2.0)
EXTENDED = Bool("olemacro_extended_scan", default=False)
PREFER_DISPOSITION = Bool("olemacro_prefer_contentdisposition", default=True)
LONGEST = Float("olemacro_max_file", 1024000.0)
DOCUMENTS = _pattern(
    "olemacro_exts", r"(?:doc|docx|dot|pot|ppa|pps|ppt|rtf|sldm|xl|xla|xls|xlsx|xlt|xltx|xslb)$"
)
MACRO_DOCUMENTS = _pattern(
    "olemacro_macro_exts",
    r"(?:docm|dotm|ppam|potm|ppst|ppsm|pptm|sldm|xlm|xlam|xlsb|xlsm|xltm|xps)$",
)
HARMLESS = _pattern("olemacro_skip_exts", r"(?:dotx|potx|ppsx|pptx|sldx)$")
HARMLESS_TYPES = _pattern("olemacro_skip_ctypes", r"^(?:text\/)")
ZIPS = _pattern("olemacro_zips", r"(?:zip)$")
DOWNLOADS = _pattern("olemacro_download_marker", r"(?:cmd(?:\.exe)? \/c ms\^h\^ta ht\^tps?:\/\^\/)")

_ANY = re.compile(".")
_CSV = re.compile(rb"\.csv\n?\Z", re.IGNORECASE)
_DOWNLOADER = b"URLDownloadToFileA"
_CONTENT_TYPES = b"[Content_Types].xml"
MOST_MHTML = 5
MOST_REDIRECTS = 10


@dataclass(slots=True)
class _Findings:
    """What the attachments of one message hold."""

    macro: bool = False
    object: bool = False
    rtf_object: bool = False
    csv: bool = False
    malice: bool = False
    renamed: bool = False
    encrypted: bool = False
    zip_password: bool = False
    download: bool = False
    redirects: dict[bytes, None] = field(default_factory=dict)
    mhtml: dict[bytes, None] = field(default_factory=dict)


class _Examiner:
    """Goes through the attachments of one message."""

    def __init__(self, plugin: "OLEVBMacro", scan: Scan) -> None:
        self.plugin = plugin
        self.scan = scan
        self.found = _Findings()
        self.budget = Budget()

    def examine(self) -> _Findings:
        conf, patterns = self.scan.conf, self.plugin.patterns
        limit = int(LONGEST.of(conf))
        examined = 0
        for part in self.scan.message.find_parts(_ANY, only_leaves=True):
            if patterns.harmless_types.matches(part.type.encode("latin-1")):
                continue
            name = attachment_name(part, prefer_disposition=PREFER_DISPOSITION.of(conf))
            if not name or patterns.harmless.matches(name):
                continue
            data = part.decode(limit) if limit else b""
            if data and self._file(name, lambda data=data: data, depth=0):  # type: ignore[misc]
                examined += 1
                if examined >= MOST_PARTS.of(conf):
                    break
        return self.found

    def _file(self, name: bytes, content: Callable[[], bytes | None], depth: int) -> bool:
        """Examine a file; false where its name says that there is nothing to look for."""
        patterns = self.plugin.patterns
        if self.plugin.wants("check_olemacro_csv") and _CSV.search(name):
            self.found.csv = self.found.csv or office.runs_command(content() or b"")
        if patterns.zips.matches(name):
            self._zip(name, content(), depth)
        elif patterns.macro_documents.matches(name):
            self.found.macro = True
            self._document(name, content(), old=False)
        elif patterns.documents.matches(name):
            self._document(name, content(), old=True)
        elif EXTENDED.of(self.scan.conf):
            self._disguised(name, content(), depth)
        else:
            return False
        return True

    def _document(self, name: bytes, data: bytes | None, *, old: bool) -> None:
        if not data:
            return
        self._encrypted(data)
        if old:
            self._old_document(data)
        self._package(name, data)
        self._downloads(data)

    def _disguised(self, name: bytes, data: bytes | None, depth: int) -> None:
        """Look at a file whose name is no office document's."""
        if not data:
            return
        signs = [
            office.is_compound_file(data),
            self._encrypted(data),
            self._old_document(data),
            self._package(name, data),
        ]
        if any(signs):
            self.found.renamed = True
            self._downloads(data)
        self._zip(name, data, depth)

    def _encrypted(self, data: bytes) -> bool:
        encrypted = office.is_encrypted(data)
        self.found.encrypted = self.found.encrypted or encrypted
        return encrypted

    def _old_document(self, data: bytes) -> bool:
        if not office.has_old_macro(data):
            return False
        self.found.macro = True
        self.found.malice = self.found.malice or office.opens_by_itself(data)
        return True

    def _downloads(self, data: bytes) -> None:
        if not self.plugin.wants("check_olemacro_download_exe"):
            return
        patterns = self.plugin.patterns
        if (
            not data.startswith(_DOWNLOADER) and office.links_to_program(data, self.budget)
        ) or patterns.downloads.matches(data):
            self.found.download = True

    def _zip(self, name: bytes, data: bytes | None, depth: int) -> None:
        conf, patterns, found = self.scan.conf, self.plugin.patterns, self.found
        if (
            not MOST_MEMBERS.of(conf)
            or depth >= DEEPEST.of(conf)
            or not data
            or not office.is_zip(name, data)
        ):
            return
        archive = read_zip(data, self.budget)
        examined = 0
        for member in archive.members if archive else ():
            assert archive
            if patterns.harmless.matches(member.name):
                continue
            if member.is_encrypted:
                found.macro = found.macro or patterns.macro_documents.matches(member.name)
                found.zip_password = True
                continue
            if self._file(member.name, _content(archive, member), depth + 1):
                examined += 1
                if examined >= MOST_MEMBERS.of(conf):
                    break

    def _package(self, name: bytes, data: bytes) -> bool:
        """Look into an office document that is a ZIP archive; whether it is one."""
        archive = read_zip(data, self.budget) if office.is_zip(name, data) else None
        if archive is None:
            return False
        found = self.found
        is_document = has_macro = False
        for member in archive.members:
            low = member.name.lower()
            if low in office.MACRO_MEMBERS:
                is_document = has_macro = found.macro = True
            if low.startswith(b"xl/embeddings/"):
                is_document = found.object = True
            if office.is_embedded_rtf(low):
                is_document = found.rtf_object = True
        types = archive.named(_CONTENT_TYPES)
        if types is not None:
            is_document = True
            if not found.macro and office.names_macro_types(archive.content(types) or b""):
                found.macro = True
        for member in archive.members:
            if b".rels" in member.name:
                relations = archive.content(member)
                if relations:
                    is_document = True
                    self._relations(relations)
        if has_macro and office.any_bin_opens_by_itself(archive):
            found.malice = True
        return is_document

    def _relations(self, data: bytes) -> None:
        found = self.found
        for target in office.external_targets(data, self.budget):
            if office.is_mhtml(target) and len(found.mhtml) < MOST_MHTML:
                found.mhtml[target] = None
            address = office.web_address(target)
            if (
                address is not None
                and address not in found.redirects
                and len(found.redirects) < MOST_REDIRECTS
            ):
                self.scan.add_uri(address.decode("latin-1"))
                found.redirects[address] = None


def _content(archive: ZipArchive, member: ZipMember) -> Callable[[], bytes | None]:
    """How to unpack a member, which is done once."""
    return cache(lambda: archive.content(member))


class _Patterns:
    """The configured patterns, compiled; they mind case, as the original's do."""

    def __init__(self, conf: Conf) -> None:
        def compiled(directive: Directive[str]) -> Regex:
            return compile_regex(directive.of(conf))

        self.documents = compiled(DOCUMENTS)
        self.macro_documents = compiled(MACRO_DOCUMENTS)
        self.harmless = compiled(HARMLESS)
        self.harmless_types = compiled(HARMLESS_TYPES)
        self.zips = compiled(ZIPS)
        self.downloads = compiled(DOWNLOADS)


class OLEVBMacro(Plugin):
    """SpamAssassin's OLEVBMacro, test for test."""

    eval_area = "body"

    directives = (
        MOST_PARTS,
        MOST_MEMBERS,
        DEEPEST,
        EXTENDED,
        PREFER_DISPOSITION,
        LONGEST,
        DOCUMENTS,
        MACRO_DOCUMENTS,
        HARMLESS,
        HARMLESS_TYPES,
        ZIPS,
        DOWNLOADS,
    )
    features = frozenset({"has_olemacro_redirect_uri", "has_olemacro_mhtml_uri", "has_olertfobject"})
    hook_priority = {"parsed_metadata": -1}

    @cached_property
    def patterns(self) -> _Patterns:
        """The configured patterns."""
        return _Patterns(self.conf)

    @cached_property
    def _asked(self) -> frozenset[str]:
        return frozenset(
            rule.test.function for rule in self.conf.rules.values() if isinstance(rule.test, EvalCall)
        )

    def wants(self, test: str) -> bool:
        """Whether any rule asks an eval test."""
        return test in self._asked

    def parsed_metadata(self, scan: Scan) -> None:
        self._findings(scan)

    def _findings(self, scan: Scan) -> _Findings:
        return scan.once("office documents", lambda: _Examiner(self, scan).examine())

    @eval_test(reads=Reads.BODY)
    def check_olemacro(self, scan: Scan) -> bool:
        """A document has macros."""
        return self._findings(scan).macro

    @eval_test(reads=Reads.BODY)
    def check_oleobject(self, scan: Scan) -> bool:
        """A spreadsheet embeds objects."""
        return self._findings(scan).object

    @eval_test(reads=Reads.BODY)
    def check_olertfobject(self, scan: Scan) -> bool:
        """A text document embeds an RTF document."""
        return self._findings(scan).rtf_object

    @eval_test(reads=Reads.BODY)
    def check_olemacro_csv(self, scan: Scan) -> bool:
        """A table of comma separated values runs a command."""
        return self._findings(scan).csv

    @eval_test(reads=Reads.BODY)
    def check_olemacro_malice(self, scan: Scan) -> bool:
        """A macro runs as soon as its document is opened."""
        return self._findings(scan).malice

    @eval_test(reads=Reads.BODY)
    def check_olemacro_renamed(self, scan: Scan) -> bool:
        """A document goes by another kind of name (with `olemacro_extended_scan`)."""
        return self._findings(scan).renamed

    @eval_test(reads=Reads.BODY)
    def check_olemacro_encrypted(self, scan: Scan) -> bool:
        """A document is encrypted."""
        return self._findings(scan).encrypted

    @eval_test(reads=Reads.BODY)
    def check_olemacro_zip_password(self, scan: Scan) -> bool:
        """An archive needs a password."""
        return self._findings(scan).zip_password

    @eval_test(reads=Reads.BODY)
    def check_olemacro_download_exe(self, scan: Scan) -> bool:
        """A document downloads a program."""
        return self._findings(scan).download

    @eval_test(reads=Reads.BODY)
    def check_olemacro_redirect_uri(self, scan: Scan, *, rule: str) -> bool:
        """A document loads something from the web."""
        return self._log(scan, rule, self._findings(scan).redirects)

    @eval_test(reads=Reads.BODY)
    def check_olemacro_mhtml_uri(self, scan: Scan, *, rule: str) -> bool:
        """A document loads a web archive."""
        return self._log(scan, rule, self._findings(scan).mhtml)

    @staticmethod
    def _log(scan: Scan, rule: str, targets: dict[bytes, None]) -> bool:
        for target in targets:
            scan.log(rule, target.decode("latin-1"))
        return bool(targets)
