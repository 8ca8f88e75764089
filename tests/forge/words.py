"""Words and sentences of ham, spam and phish, all made up, in several scripts."""

import string

from .dice import Dice
from .lists import filled, items

FOREIGN = ("latin", "cyrillic", "chinese", "taiwan", "japanese", "korean", "other", "symbols")
MOODS = ("ham", "spam", "phish", "foreign")
_GAPS = (" ", ".", "_", "-", "*", "\u200b", "\u00ad")
_BLANKS = ("  ", "\t", "_", "\u00a0", " \n")


def garbled(dice: Dice, text: str) -> str:
    """`text` as spammers write past filters: lookalike letters, gaps, doubled letters, hidden characters."""
    lookalikes = {entry[0]: entry[1:] for entry in items("lookalikes")}
    style = dice.randrange(4)
    out = []
    for letter in text:
        out.append(dice.one(lookalikes[letter]) if letter in lookalikes and dice.chance(0.35) else letter)
        if style == 1 and letter.isalpha() and dice.chance(0.4):
            out.append(dice.one(_GAPS))
        elif style == 2 and dice.chance(0.1):
            out.append(letter)
    return "".join(out)


def sentence(dice: Dice, mood: str) -> str:
    """One sentence in the mood ham, spam, phish or foreign."""
    text = dice.of(dice.one(FOREIGN) if mood == "foreign" else mood)
    match dice.randrange(12):
        case 0:
            return garbled(dice, text)
        case 1:
            return text.upper()
        case 2:
            return text + dice.one(("!!!", "???", "...", " $$$", "!", "?", " :-)"))
        case 3:
            parts = text.split(" ")
            return " ".join(dice.sample(parts, len(parts)))
        case 4:
            return text.replace(" ", dice.one(_BLANKS))
        case 5:
            return text.title()
    return text


def gibberish(dice: Dice) -> str:
    """Random words, as hash busters and poison are."""
    letters = dice.one(
        (
            string.ascii_lowercase,
            string.ascii_letters,
            string.ascii_letters + string.digits,
            "bcdfgh",
            string.digits,
            string.printable,
        )
    )
    return " ".join(dice.few(lambda: dice.token(letters, 1, 14), 3, 40))


def long_word(dice: Dice) -> str:
    """A word without blanks, up to thousands of bytes long."""
    letters = dice.one((string.ascii_letters, "A", "x-", "=_", string.hexdigits, string.digits))
    return dice.token(letters, 60, dice.one((100, 400, 3000)))


def money(dice: Dice) -> str:
    """An amount, in one of the ways letters about fortunes write it."""
    return filled(
        dice.of("money"),
        {"amount": lambda: dice.of("amounts"), "unit": lambda: dice.of("units")},
    )


def greeting(dice: Dice) -> str:
    """The start of a letter."""
    hello = dice.one(("Dear", "Hello", "Hi", "Attn:", "Good day", "Greetings"))
    return f"{hello} {dice.of('names')}{dice.one((',', '!', '', ':'))}"


def telephone(dice: Dice) -> str:
    """Telephone numbers."""
    start = dice.one(("+1 (555) 010-", "+44 7700 900", "1-888-555-0", "0800 "))
    return f"tel: {start}{dice.randint(100, 999)} fax {dice.randint(1000, 9999)}"


def paragraph(dice: Dice, mood: str) -> str:
    """Some sentences in that mood."""
    odd = (gibberish, long_word, greeting, money, telephone)
    kind = dice.randrange(20)
    if kind < len(odd):
        return odd[kind](dice)
    return dice.one((" ", ". ", "\n", ".  ")).join(dice.few(lambda: sentence(dice, mood), 1, 5))


def text(dice: Dice, mood: str, least: int = 1, most: int = 8) -> str:
    """Paragraphs in that mood, now and then with one of another mood among them."""
    moods = (mood, mood, mood, mood, dice.one(MOODS))
    gap = dice.one(("\n\n", "\n", "\n\n\n\n", "\n \n", "\n\t\n"))
    return gap.join(dice.few(lambda: paragraph(dice, dice.one(moods)), least, most)) + dice.one(
        ("\n", "", "\n\n")
    )
