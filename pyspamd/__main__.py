"""`python -m pyspamd` is the `pyspamd` command."""

from .cli.main import command

command()
