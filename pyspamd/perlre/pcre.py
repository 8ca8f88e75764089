"""The only door to the private, fast calls of the `pcre2` package, pinned to one version for that reason.

Everything here speaks bytes. `match(code, subject, end, start, CONTEXT, options)` is PCRE2's own call: it
returns a tuple whose first item is the match data or `None`, and raises `MatchFault` for what is neither a
match nor the absence of one (a limit reached, say).
"""

from typing import Any, Final

from pcre2 import _cy

Code = Any
MatchData = Any

match: Final = _cy.match
span: Final = _cy.match_substring_span_bynumber
text: Final = _cy.match_substring_bynumber
MatchFault: Final[type[Exception]] = _cy.LibraryError
CompileFault: Final[type[Exception]] = _cy.PatternError
CONTEXT: Final = _cy.create_match_context()

# Numbers of pcre2.h that the package does not name.
ALT_BSUX: Final = 0x00000002
DUPNAMES: Final = 0x00000040
NOTEMPTY_ATSTART: Final = 0x00000008
NO_JIT: Final = 0x00002000
TOO_LARGE: Final = frozenset({120, 123, 152, 161, 186, 187, 201})
JIT_STACK_LIMIT: Final = -46
NO_MEMORY: Final = -48

MATCH_LIMIT: Final = 2_000_000
_LIMITS: Final = f"(*LIMIT_MATCH={MATCH_LIMIT})(*LIMIT_HEAP=262144)".encode()


def compile_code(pattern: bytes) -> Code:
    """Compile and JIT `pattern` (PCRE2 syntax, leading verbs allowed); raises `CompileFault`.

    The package's JavaScript escapes are taken out again: with them `\\x{e2}` means something else. Duplicate
    group names are allowed, as in Perl. The limits make a runaway match stop after some milliseconds.
    """
    code = _cy.compile(_LIMITS + pattern, DUPNAMES, ALT_BSUX)
    try:
        _cy.jit_compile(code)
    except MatchFault:
        return code  # without a JIT for it the same code still matches, more slowly
    return code
