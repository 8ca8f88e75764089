"""SPF: whether the host that brought the message may use the sender's domain and the name in its HELO.

header SPF_PASS        eval:check_for_spf_pass()
header SPF_FAIL        eval:check_for_spf_fail()
header SPF_HELO_PASS   eval:check_for_spf_helo_pass()
welcomelist_from_spf   *@example.com
"""

import re
from typing import Final

from ..conf.addresses import AddressList
from ..conf.core_addresses import DEF_WELCOMELIST_AUTH, WELCOMELIST_AUTH
from ..conf.directives import Bool
from ..conf.lists import RemoveWords
from ..scan.plugin import Plugin, Reads, eval_test
from ..scan.scan import Scan
from ..scan.sender_policy import (
    IGNORE_RECEIVED_SPF,
    SPF_TIMEOUT,
    USE_NEWEST_RECEIVED_SPF,
    Identity,
    envelope_sender,
    spf_outcome,
)

# What Received-SPF fields of our own hosts say counts without the network, too.
READS = Reads.HEADER | Reads.NETWORK

WELCOMELIST_FROM_SPF: Final = AddressList("welcomelist_from_spf", aliases=("whitelist_from_spf",))
DEF_WELCOMELIST_FROM_SPF: Final = AddressList("def_welcomelist_from_spf", aliases=("def_whitelist_from_spf",))

NO_EXPLANATION = "Rejected by SPF record"
"""What a report says where the domain itself explains nothing."""
_SPACE = re.compile(r"\s+")


class SPF(Plugin):
    """SpamAssassin's SPF, test for test, under its new and its old names."""

    eval_area = "header"

    directives = (
        WELCOMELIST_FROM_SPF,
        DEF_WELCOMELIST_FROM_SPF,
        RemoveWords(
            "unwelcomelist_from_spf",
            WELCOMELIST_FROM_SPF,
            DEF_WELCOMELIST_FROM_SPF,
            lower_case=True,
            aliases=("unwhitelist_from_spf",),
        ),
        SPF_TIMEOUT,
        IGNORE_RECEIVED_SPF,
        USE_NEWEST_RECEIVED_SPF,
        # Choices between Perl modules; accepted and without effect.
        Bool("do_not_use_mail_spf", default=False, admin_only=True),
        Bool("do_not_use_mail_spf_query", default=True, admin_only=True),
    )
    features = frozenset({"has_check_for_spf_errors", "has_check_spf_skipped_noenvfrom"})

    @staticmethod
    async def _failed(scan: Scan, identity: Identity, rule: str) -> bool:
        outcome = await spf_outcome(scan, identity)
        if outcome.result != "fail":
            return False
        if not outcome.from_header:
            scan.log(rule, f"SPF failed: {_SPACE.sub(' ', outcome.explanation or NO_EXPLANATION)}")
        return True

    # The envelope sender

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_pass(self, scan: Scan) -> bool:
        """The host may use the envelope sender's domain."""
        return (await spf_outcome(scan, "mfrom")).result == "pass"

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_neutral(self, scan: Scan) -> bool:
        """The domain does not say whether the host may use it."""
        return (await spf_outcome(scan, "mfrom")).result == "neutral"

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_none(self, scan: Scan) -> bool:
        """The domain has no SPF record."""
        return (await spf_outcome(scan, "mfrom")).result == "none"

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_fail(self, scan: Scan, *, rule: str) -> bool:
        """The host may not use the domain."""
        return await self._failed(scan, "mfrom", rule)

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_softfail(self, scan: Scan) -> bool:
        """The host may probably not use the domain."""
        return (await spf_outcome(scan, "mfrom")).result == "softfail"

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_permerror(self, scan: Scan) -> bool:
        """The domain's record cannot be used."""
        return (await spf_outcome(scan, "mfrom")).result == "permerror"

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_temperror(self, scan: Scan) -> bool:
        """The DNS was in trouble."""
        return (await spf_outcome(scan, "mfrom")).result == "temperror"

    @eval_test(reads=READS, offline=True)
    async def check_spf_skipped_noenvfrom(self, scan: Scan) -> bool:
        """The envelope sender is not known, so there is nothing to check."""
        return envelope_sender(scan) is None

    # The HELO name

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_helo_pass(self, scan: Scan) -> bool:
        """The host may use the name in its HELO."""
        return (await spf_outcome(scan, "helo")).result == "pass"

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_helo_neutral(self, scan: Scan) -> bool:
        """The HELO name's domain does not say whether the host may use it."""
        return (await spf_outcome(scan, "helo")).result == "neutral"

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_helo_none(self, scan: Scan) -> bool:
        """The HELO name has no SPF record."""
        return (await spf_outcome(scan, "helo")).result == "none"

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_helo_fail(self, scan: Scan, *, rule: str) -> bool:
        """The host may not use the name in its HELO."""
        return await self._failed(scan, "helo", rule)

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_helo_softfail(self, scan: Scan) -> bool:
        """The host may probably not use the name in its HELO."""
        return (await spf_outcome(scan, "helo")).result == "softfail"

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_helo_permerror(self, scan: Scan) -> bool:
        """The HELO name's record cannot be used."""
        return (await spf_outcome(scan, "helo")).result == "permerror"

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_helo_temperror(self, scan: Scan) -> bool:
        """The DNS was in trouble when asked about the HELO name."""
        return (await spf_outcome(scan, "helo")).result == "temperror"

    # Welcome lists

    @staticmethod
    async def _welcome(scan: Scan, *lists: AddressList) -> bool:
        sender = envelope_sender(scan)
        if not sender or not any(listed.of(scan.conf).matches(sender.encode()) for listed in lists):
            return False
        return (await spf_outcome(scan, "mfrom")).result == "pass"

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_welcomelist_from(self, scan: Scan) -> bool:
        """The envelope sender is on `welcomelist_from_spf` or `welcomelist_auth`, and SPF passes."""
        return await self._welcome(scan, WELCOMELIST_FROM_SPF, WELCOMELIST_AUTH)

    @eval_test(reads=READS, offline=True)
    async def check_for_spf_whitelist_from(self, scan: Scan) -> bool:
        """Older name of `check_for_spf_welcomelist_from`."""
        return await self.check_for_spf_welcomelist_from(scan)

    @eval_test(reads=READS, offline=True)
    async def check_for_def_spf_welcomelist_from(self, scan: Scan) -> bool:
        """As `check_for_spf_welcomelist_from`, for the lists that come with the rules."""
        return await self._welcome(scan, DEF_WELCOMELIST_FROM_SPF, DEF_WELCOMELIST_AUTH)

    @eval_test(reads=READS, offline=True)
    async def check_for_def_spf_whitelist_from(self, scan: Scan) -> bool:
        """Older name of `check_for_def_spf_welcomelist_from`."""
        return await self.check_for_def_spf_welcomelist_from(scan)
