"""Header dates: the usual ones, which one pattern reads, come to what any date comes to."""

from hypothesis import given
from hypothesis import strategies as st

from pyspamd.mail import dates


@given(
    st.tuples(
        st.sampled_from([b"Mon, ", b"", b" ", b"May, ", b"mon,", b"Mon "]),
        st.sampled_from([b"1", b"31", b"30", b"0", b"00", b"12", b"99", b"7"]),
        st.sampled_from([b"Jan", b"feb", b"APR", b"Dec", b"Foo"]),
        st.sampled_from([b"2024", b"1969", b"2040", b"0000", b"9999", b"24"]),
        st.sampled_from([b"10:11:12", b"24:60:61", b"1:02", b"10:11", b""]),
        st.sampled_from(
            [b"+0100", b"-0800", b"+9999", b"GMT", b"-0530 (EST)", b"+0200 (CEST)", b"+0100 (a b)"]
        ),
        st.sampled_from([b"", b"\n", b" \n", b" " * 1000]),
    )
)
def test_usual_dates_are_read_as_any_other(parts: tuple[bytes, ...]) -> None:
    before, day, month, year, clock, zone, behind = parts
    text = before + b" ".join((day, month, year, clock, zone)) + behind
    assert dates.parse_date(text) == dates._parse_any(text)


def test_a_usual_date() -> None:
    """RFC 5322 section A.1.1."""
    assert dates.parse_date(b"Fri, 21 Nov 1997 09:55:06 -0600") == 880_127_706
