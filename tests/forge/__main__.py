"""Write forged mails into a folder, the same for the same seed.

scripts/forge --count 300 --seed 7 forged          # all kinds of mail, good and bad
scripts/forge --rules --seed 7 forged              # mails that SpamAssassin's stock rules hit
scripts/forge --posts --seed 7 forged          # newsletters, invitations, bounces, files, as they come today
scripts/forge --large --seed 7 forged              # mails that are too large somewhere
scripts/forge --damage Maildir forged             # the mails of a folder, damaged
scripts/forge --splice Maildir forged             # the mails of a folder, made of two each and damaged
"""

import argparse
from pathlib import Path

from .dice import Dice
from .faults import damaged
from .mails import mail
from .posts import post
from .samples import read_samples, sampled_mail
from .sizes import large_mail
from .splices import spliced


def main() -> None:
    """Write the mails that the options ask for, one file each, named by seed and number."""
    parser = argparse.ArgumentParser(
        prog="scripts/forge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where to write; made if absent")
    parser.add_argument("-n", "--count", type=int, default=100, help="how many mails (100)")
    parser.add_argument("-s", "--seed", type=int, default=1, help="other seeds give other mails (1)")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--rules", action="store_true", help="draw texts from the stock rules of this machine")
    kind.add_argument("--large", action="store_true", help="make mails that are too large somewhere")
    kind.add_argument("--posts", action="store_true", help="make the kinds of mail that come today")
    kind.add_argument("--splice", type=Path, metavar="FOLDER", help="splice the *.eml files below FOLDER")
    kind.add_argument("--damage", type=Path, metavar="FOLDER", help="damage the *.eml files below FOLDER")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    samples = read_samples() if options.rules else None
    folder = options.damage or options.splice
    originals = sorted(folder.rglob("*.eml")) if folder else []
    if folder and not originals:
        parser.error(f"no *.eml below {folder}")
    for number in range(options.count):
        dice = Dice(f"{options.seed}:{number}")
        if samples is not None:
            forged = sampled_mail(dice, samples)
        elif options.large:
            forged = large_mail(dice)
        elif options.posts:
            forged = post(dice)
        elif options.splice:
            forged = spliced(dice, dice.one(originals).read_bytes(), dice.one(originals).read_bytes())
            forged = damaged(dice, forged) if dice.chance(0.4) else forged
        elif originals:
            forged = damaged(dice, dice.one(originals).read_bytes())
        else:
            forged = mail(dice)
        (options.folder / f"{options.seed}-{number:05}.eml").write_bytes(forged)


main()
