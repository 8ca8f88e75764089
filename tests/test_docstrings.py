"""Examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import pyspamd

MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(pyspamd.__path__, "pyspamd.")
    if not name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_what_an_example_gives_is_what_it_says(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert not failed
