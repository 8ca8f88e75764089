"""Recipients of a message taken together: who they are, whether they are sorted, how alike they look.

Source: Mail::SpamAssassin::Plugin::HeaderEval, `sorted_recipients` and `similar_recipients`.
"""

from collections.abc import Callable, Sequence
from itertools import combinations

SORTED_COUNT = 7
SIMILAR_COUNT = 5
SIMILAR_LENGTH = 2
MOST = 256


def distinct_recipients(values: Callable[[str], Sequence[bytes]]) -> list[bytes]:
    """The addresses of To and Cc, and of Bcc where these are few; one that repeats its forerunner is dropped."""
    found = list(values("ToCc:addr"))
    if len(found) < SIMILAR_COUNT:
        found += values("Bcc:addr")
    distinct: list[bytes] = []
    previous = b""
    for address in found:
        if not address or len(distinct) == MOST:
            break
        if address.lower() != previous.lower():
            distinct.append(address)
            previous = address
    return distinct


def are_sorted(addresses: Sequence[bytes]) -> bool:
    """Whether there are enough addresses to tell, and they stand in byte order."""
    return len(addresses) >= SORTED_COUNT and list(addresses) == sorted(addresses)


def similarity(addresses: Sequence[bytes]) -> float:
    """Of all pairs, the share that begin alike, plus the share whose different hosts begin alike; 0 for few."""
    if len(addresses) < SIMILAR_COUNT:
        return 0.0
    hosts = [address.partition(b"@")[2] for address in addresses]
    pairs = list(zip([a[:SIMILAR_LENGTH] for a in addresses], hosts, strict=True))
    hits = total = 0
    for (user, host), (other_user, other_host) in combinations(pairs, 2):
        hits += user == other_user
        hits += host[:SIMILAR_LENGTH] == other_host[:SIMILAR_LENGTH] and host != other_host
        total += 1
    return hits / total
