"""What the configuration tests share: a catalog of plugins by description, and SpamAssassin's own reading."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from pyspamd.conf.addresses import AddressList, AddressPairs
from pyspamd.conf.conf import Conf
from pyspamd.conf.directives import Action, BadValue, Bool, Build, Directive, Duration, Float, Int, Str
from pyspamd.conf.lists import KeyValue, Words, WordSet
from pyspamd.conf.loader import load
from pyspamd.conf.plugin_catalog import StaticCatalog, StaticSpec
from pyspamd.conf.rule_directives import RuleDirective, delimited, rule_and_rest
from pyspamd.conf.rules import HeaderTest
from pyspamd.conf.sources import Source

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

MIME_HEADER = re.compile(r"([^:\s]+(?::(?:raw)?)?)\s*([=!]~)\s*(.+?)(?:\s+\[if-unset:\s+(.+)\])?", re.ASCII)


def mime_header(text: str, build: Build) -> tuple[str, object]:
    name, definition = rule_and_rest(text)
    found = MIME_HEADER.fullmatch(definition)
    if found is None:
        raise BadValue("needs a header and a regex")
    regex = delimited(name, found[3], build)
    header = found[1].removesuffix(":")
    return name, HeaderTest(header, regex.pattern, regex.flags, found[2] == "!~", found[4])


def words_after_name(text: str, build: Build) -> tuple[str, object]:
    name, definition = rule_and_rest(text)
    return name, tuple(definition.split())


def nothing(text: str, build: Build) -> None:
    """Takes any line."""


def ignored(*names: str) -> list[Directive[Any]]:
    return [Action(name, nothing) for name in names]


DIRECTIVES: dict[str, list[Directive[Any]]] = {
    "AskDNS": [RuleDirective("askdns", words_after_name)],
    "AutoLearnThreshold": [
        Float("bayes_auto_learn_threshold_nonspam", default=0.1),
        Float("bayes_auto_learn_threshold_spam", default=12.0),
        Bool("bayes_auto_learn_on_error"),
    ],
    "ASN": ignored("asn_lookup", "asn_lookup_ipv6"),
    "Bayes": [
        Int("bayes_max_token_length", default=15),
        Words("bayes_stopword_languages", ("en",)),
        *ignored(
            *(
                f"bayes_stopword_{code}"
                for code in [
                    "de",
                    "dk",
                    "en",
                    "es",
                    "fi",
                    "fr",
                    "gr",
                    "hu",
                    "it",
                    "nl",
                    "no",
                    "pt",
                    "ru",
                    "se",
                    "tr",
                ]
            )
        ),
    ],
    "DecodeShortURLs": ignored("url_shortener", "url_shortener_get"),
    "DKIM": [
        AddressPairs("welcomelist_from_dkim", aliases=("whitelist_from_dkim",), optional=True),
        AddressPairs("def_welcomelist_from_dkim", aliases=("def_whitelist_from_dkim",), optional=True),
        *ignored("adsp_override"),
        Int("dkim_minimum_key_bits", default=1024),
        Duration("dkim_timeout", default=5.0, admin_only=True),
    ],
    "FreeMail": [WordSet("freemail_domains", lower_case=True), WordSet("freemail_whitelist")],
    "FromNameSpoof": ignored("fns_check", "fns_ignore_headers", "fns_ignore_dkim"),
    "MIMEHeader": [RuleDirective("mimeheader", mime_header)],
    "Pyzor": [Bool("use_pyzor", default=True), Float("pyzor_timeout", default=5.0)],
    "Razor2": [Bool("use_razor2", default=True)],
    "ReplaceTags": [
        Str("replace_start", default="<"),
        Str("replace_end", default=">"),
        KeyValue("replace_tag"),
        KeyValue("replace_pre"),
        KeyValue("replace_inter"),
        KeyValue("replace_post"),
        WordSet("replace_rules"),
    ],
    "SPF": [
        AddressList("welcomelist_from_spf", aliases=("whitelist_from_spf",)),
        AddressList("def_welcomelist_from_spf", aliases=("def_whitelist_from_spf",)),
    ],
    "TextCat": ignored("ok_languages"),
    "URIDetail": [RuleDirective("uri_detail", words_after_name)],
    "URIDNSBL": [
        WordSet("uridnsbl_skip_domain", lower_case=True),
        *(
            Action(name, nothing, privileged=True)
            for name in ("uridnsbl", "uridnssub", "urirhsbl", "urirhssub")
        ),
        *(Action(name, nothing, privileged=True) for name in ("urinsrhsbl", "urinsrhssub")),
    ],
    "WelcomeListSubject": ignored("welcomelist_subject", "blocklist_subject"),
}

NAMES = [
    "ASN",
    "AWL",
    "AccessDB",
    "AntiVirus",
    "AskDNS",
    "AuthRes",
    "AutoLearnThreshold",
    "Bayes",
    "BodyEval",
    "Check",
    "DCC",
    "DKIM",
    "DMARC",
    "DNSEval",
    "DecodeShortURLs",
    "ExtractText",
    "FreeMail",
    "FromNameSpoof",
    "HTMLEval",
    "HTTPSMismatch",
    "HashBL",
    "HeaderEval",
    "ImageInfo",
    "MIMEEval",
    "MIMEHeader",
    "OLEVBMacro",
    "PDFInfo",
    "PhishTag",
    "Phishing",
    "Pyzor",
    "Razor2",
    "RelayCountry",
    "RelayEval",
    "ReplaceTags",
    "ResourceLimits",
    "Reuse",
    "Rule2XSBody",
    "SPF",
    "Shortcircuit",
    "SpamCop",
    "TextCat",
    "TxRep",
    "URIDNSBL",
    "URIDetail",
    "URIEval",
    "URILocalBL",
    "VBounce",
    "WLBLEval",
    "WelcomeListSubject",
]

FEATURES = {
    "ASN": {"has_asn_lookup_ipv6", "has_check_asn"},
    "BodyEval": {"has_check_body_length"},
    "DKIM": {"has_arc"},
    "DecodeShortURLs": {"has_get", "has_short_url_redir"},
    "MIMEEval": {"has_check_for_ascii_text_illegal", "has_check_abundant_unicode_ratio"},
    "SPF": {"has_check_for_spf_errors"},
    "URIDNSBL": {"has_tflags_domains_only", "has_uridnsbl_for_a"},
}

CATALOG = StaticCatalog(
    [StaticSpec(name, DIRECTIVES.get(name, ()), (), FEATURES.get(name, ())) for name in NAMES]
)


@pytest.fixture(scope="session")
def catalog() -> StaticCatalog:
    """SpamAssassin's plugins, described as far as its own rules use them."""
    return CATALOG


@pytest.fixture
def read() -> Callable[..., Conf]:
    """Reads configuration text as the file `test.cf`, with no locale set."""

    def reader(text: str, **options: Any) -> Conf:
        return load([Source("test.cf", text)], CATALOG, **{"language": "en_US", **options})

    return reader


@pytest.fixture(scope="session")
def original(oracle: str) -> Callable[..., list[dict[str, Any]]]:
    """Runs SpamAssassin over rules and site files; gives what it made of them, then of the user's."""

    def run(rules: Path, site: Path, user: Path | None = None) -> list[dict[str, Any]]:
        driver = Path(__file__).with_name("dump_configuration.pl")
        command = [oracle, str(driver), str(rules), str(site), *([str(user)] if user else [])]
        environment = {"PATH": os.environ["PATH"], "LANG": "C"}
        answer = subprocess.run(command, capture_output=True, check=True, env=environment)
        return [json.loads(line) for line in answer.stdout.decode("latin-1").split("\n") if line]

    return run
