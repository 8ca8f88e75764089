"""Sets of networks and addresses in text, held against NetSet and the patterns of the original."""

import json
import re
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.base.ip_text import (
    IP_ADDRESS,
    IPV4_ADDRESS,
    LOCALHOST,
    is_address,
    is_private,
    reverse_address,
)
from pyspamd.base.ipset import BadNetwork, IPSet, address_number, with_loopback

DRIVER = Path(__file__).with_name("original_networks.pl")

# No words among these: the original asks DNS for them.
NETWORKS = [
    *("10.", "10/8", "10.0.0.0/8", "10.0.0.0/255.0.0.0", "192.168", "192.168.", "192.0.2.7", "192.0.2.0/28"),
    *("192.0.2", "010.1.1.1", "10.1.2.3/8", "0/0", "1.2.3.4/0", "::/0", "::1", "[::1]", "::1/128", "::"),
    *("2001:db8::/32", "[2001:DB8::]/48", "2001:db8::1/129", "10.0.0.1/33", "10.0.0.300", "256", "12345"),
    *("::ffff:192.0.2.7", "::ffff:0:0/96", "::192.0.2.7", "fe80::1%eth0", "fe80::/10", ""),
    *("1.2.3.4/24/3", "1.2.3.4/", "10.1.2.3/255.255.0.255", "1.2.3.4/0.0.0.255", "2001:db8:", "::g", "de:ad"),
    *("default", "any", "loopback", "broadcast", "1.2.3.4/0x8", "::1/", "1.2.3.4.5", "1..2", ".1", "/8"),
    *("203.0.113.0/31", "203.0.113.129/25", "203.0.113.128/255.255.255.128", "!0/0", "! 10/8", "10.0.0.0/08"),
]
ADDRESSES = [
    *("10.0.0.1", "10.255.255.255", "11.0.0.0", "192.168.3.4", "192.0.2.7", "192.0.2.8", "192.0.2.16", ""),
    *("::1", "::", "2001:db8::1", "2001:db9::1", "2001:0DB8:0:0:0:0:0:1", "::ffff:192.0.2.7", "::192.0.2.7"),
    *("fe80::1", "127.0.0.1", "203.0.113.1", "203.0.113.130", "01.2.3.4", "1.2.3.4"),
    *("255.255.255.255", "0.0.0.0", "0.0.0.16", "::ffff:102:304", "1.2.3.256", "1.2.3.4.5"),
]


def ask(perl: str, *calls: list[Any]) -> list[Any]:
    """The original's answers to `calls`, in their order."""
    lines = "".join(json.dumps(call) + "\n" for call in calls)
    done = subprocess.run(
        [perl, str(DRIVER)], input=lines, capture_output=True, encoding="latin-1", check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def built(networks: list[str]) -> tuple[IPSet, list[int]]:
    """A set with what can be read of `networks`, and for each whether it was added."""
    made, added = IPSet(), []
    for network in networks:
        try:
            added.append(int(made.add(network)))
        except BadNetwork:
            added.append(0)
    return made, added


@pytest.mark.oracle
def test_single_networks_are_read_as_the_original_reads_them(oracle: str) -> None:
    networks = [*NETWORKS, *("!" + network for network in NETWORKS)]
    answers = ask(oracle, *(["set", [network], ADDRESSES] for network in networks))
    for network, answer in zip(networks, answers, strict=True):
        made, added = built([network])
        assert added == answer["added"], network
        assert [int(made.contains(ip)) for ip in ADDRESSES] == answer["contains"], network


@pytest.mark.oracle
def test_the_first_network_that_covers_an_address_decides(oracle: str) -> None:
    parts = ["10/8", "!10.0/16", "10.0.0.1", "!0/0", "::/0", "!2001:db8::/32", "2001:db8::1", "192.0.2.7"]
    lists = [list(choice) for choice in product(parts, repeat=3)]
    for networks, answer in zip(lists, ask(oracle, *(["set", n, ADDRESSES] for n in lists)), strict=True):
        made, added = built(networks)
        assert added == answer["added"], networks
        assert [int(made.contains(ip)) for ip in ADDRESSES] == answer["contains"], networks


TEXTS = [
    *("192.0.2.1", "x192.0.2.1", "192.0.2.1x", "1192.0.2.1", "192.0.2.256", "a 192.0.2.1.5"),
    *(":192.0.2.1", "::ffff:192.0.2.1", "0:0:0:0:0:ffff:10.1.2.3", "::10.1.2.3", "2001:db8::"),
    *("2001:db8::1", "1::2::3", "IPv6:2001:db8::1", "ipv6:::1", "::", "::1", "0:0:0:0:0:0:0:1"),
    *("0::1", "0:0::0:1", "fe80::1", "fec0::1", "127.0.0.1", "localhost"),
    *("localhost.localdomain", "LOCALHOST", "10.1.2.3", "100.64.1.1", "100.128.1.1"),
    *("172.15.1.1", "172.16.1.1", "172.31.1.1", "172.32.1.1", "169.254.1.1", "192.168.1.1"),
    *("10.", "10.x", "0:0:0:0:ffff:10.1.2.3", "::0:ffff:10.1.2.3", "0:0:0::ffff:10.1.2.3"),
    *("0::0:ffff:192.168.1.1", "12:34:56", "a:b:c:d:e:f:1:2", "a:b:c:d:e:f:1:2:3"),
    *("a::b:c:d:e:f:1", "1:2:3:4:5:6::", "999.1.1.1", "1.2.3"),
    *("999.999.999.999", "2001:db8::1%eth0", "01.02.03.04", "[192.0.2.1]", "192.0.2.1\n"),
    *("\xe9::1"),
]


@pytest.mark.oracle
def test_addresses_in_text_are_found_as_the_original_finds_them(oracle: str) -> None:
    def found(pattern: bytes, text: bytes) -> str | None:
        match = re.search(pattern, text)
        return match[0].decode("latin-1") if match else None

    for text, answer in zip(TEXTS, ask(oracle, *(["text", text] for text in TEXTS)), strict=True):
        octets = text.encode("latin-1")
        turned = reverse_address(octets)
        assert found(IP_ADDRESS, octets) == answer["address"], text
        assert found(IPV4_ADDRESS, octets) == answer["v4"], text
        assert found(LOCALHOST, octets) == answer["localhost"], text
        assert int(is_private(octets)) == answer["private"], text
        assert (turned.decode() if turned else None) == answer["reverse"], text


def test_ranges_become_networks() -> None:
    made = IPSet(["!192.0.2.9-192.0.2.10", "192.0.2.5-192.0.2.20"])
    inside = [last for last in range(256) if made.contains(f"192.0.2.{last}")]
    assert inside == [5, 6, 7, 8, *range(11, 21)]
    with pytest.raises(BadNetwork):
        made.add("192.0.2.9-192.0.2.1")
    with pytest.raises(BadNetwork):
        made.add("192.0.2.9-2001:db8::1")


def test_bytes_are_addresses_too() -> None:
    assert with_loopback().contains(b"127.1.2.3")
    assert b"::1" in with_loopback()
    assert not any(IPSet(["::/0"]).contains(word) for word in (b"\xff\x00", "host", "!", "", "1.2.3.4!"))
    assert is_address(b"192.0.2.1") and not is_address(b"192.0.2.1 ")


def test_a_copy_goes_its_own_way() -> None:
    first = with_loopback()
    second = first.copy()
    assert first == second and hash(first) == hash(second)
    assert not second.contains("192.0.2.1")
    assert second.add("192.0.2.1")
    assert second.contains("192.0.2.1") and not first.contains("192.0.2.1")
    assert first != second


def test_networks_outside_another_set() -> None:
    trusted = IPSet(["!10.1/16", "10/8", "::/0"])
    internal = IPSet(["10.2/16", "10.1.1.1", "!192.0.2.1", "11/8"])
    outside = internal.outside(trusted)
    assert [network.text for network in outside] == ["10.1.1.1"]
    assert [network.text for network in internal.without(outside).networks] == [
        "10.2/16",
        "!192.0.2.1",
        "11/8",
    ]


@given(st.lists(st.text(max_size=30) | st.ip_addresses().map(str), max_size=5), st.text() | st.binary())
def test_nothing_but_bad_networks_is_raised(networks: list[str], ip: str | bytes) -> None:
    made, _ = built(networks)
    assert made.contains(ip) in (True, False)


@given(st.ip_addresses(), st.integers(0, 32))
def test_an_address_is_in_its_own_network(ip: Any, length: int) -> None:
    assert IPSet([f"{ip}/{length}"]).contains(str(ip))
    number = address_number(str(ip))
    assert number is not None and number & 0xFFFFFFFF == int(ip) & 0xFFFFFFFF
