"""Whole mails: a mood, a header block and a body, more or less well made."""

from . import headings, trees
from .dice import Dice
from .faults import damaged
from .words import MOODS

_VERSIONS = (b"1.0 (produced by x)", b"1", b"2.0", b"")


def mail(dice: Dice) -> bytes:
    """A forged mail."""
    mood = dice.one(MOODS)
    hostile = dice.one((0.0, 0.0, 0.02, 0.15))
    fields, body = trees.entity(dice, mood)
    block = headings.heading(dice, mood)
    if fields and dice.chance(0.93):
        block.append((b"MIME-Version", dice.one(_VERSIONS) if dice.chance(0.15) else b"1.0"))
    block += fields
    if dice.chance(0.1):
        dice.shuffle(block)
    whole = headings.written(dice, block, hostile=hostile) + b"\n\n" + body
    return damaged(dice, whole) if dice.chance(0.12) else whole
