import pytest

from pyspamd.base.remembered import remembered


def test_the_latest_answers_about_short_texts_are_remembered() -> None:
    asked: list[str] = []

    @remembered(most=2, longest=3)
    def upper(text: str) -> str:
        """In capitals."""
        asked.append(text)
        return text.upper()

    assert [
        upper(text) for text in ("abc", "abc", "b", "abc", "c", "abc", "b")
    ] == "ABC ABC B ABC C ABC B".split()
    assert asked == ["abc", "b", "c", "b"]
    assert (upper.__name__, upper.__doc__) == ("upper", "In capitals.")


def test_long_texts_are_asked_about_again() -> None:
    asked: list[bytes] = []

    @remembered(most=2, longest=3)
    def size(text: bytes) -> int:
        asked.append(text)
        return len(text)

    assert [size(b"abcd"), size(b"abcd"), size(b"abc"), size(b"abc")] == [4, 4, 3, 3]
    assert asked == [b"abcd", b"abcd", b"abc"]


def test_an_exception_is_no_answer() -> None:
    failures = iter([True, False])

    @remembered(most=2, longest=3)
    def read(text: str) -> str:
        if next(failures):
            raise ValueError(text)
        return text

    with pytest.raises(ValueError, match="a"):
        read("a")
    assert read("a") == read("a") == "a"
