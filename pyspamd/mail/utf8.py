"""Whether bytes are well-formed UTF-8 (RFC 3629)."""


def is_valid_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 throughout; surrogates and overlong forms are not."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
