"""What workers need is in the master's memory before they fork: Python's folder may be closed to them."""

import subprocess
import sys
from pathlib import Path

PRELUDE = '''
import sys
from pathlib import Path
from pyspamd.conf.sources import Source
from pyspamd.engine.assemble import Setup, assemble
from pyspamd.spamd.scoring import EngineScorer

RULES = """
body HELLO /hello/
score HELLO 1
meta BOTH HELLO && HELLO
if (1)
score BOTH 1
endif
allow_user_rules 1
"""

def scorer(local):
    setup = Setup(cf=[RULES], local_tests_only=local)
    return EngineScorer(assemble(setup, compiled=Path(sys.argv[1])))

class Closed:
    def find_spec(self, name, *_):
        raise PermissionError(f"{name} is imported in a worker")

'''


def run(script: str, folder: Path) -> str:
    """The output of a script after the prelude, in a process of its own."""
    command = [sys.executable, "-c", PRELUDE + script, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_preferences_are_read_without_an_import(tmp_path: Path) -> None:
    script = '''
judge = scorer(local=True)
sys.meta_path.insert(0, Closed())
text = """
score HELLO 7
if (version > 3)
required_score 9
endif
meta MINE HELLO + BOTH > 1
header E eval:check_x('1')
"""
engine = judge.engine.for_user(text, "preferences")
print(engine.conf.score_of("HELLO", 0), "MINE" in engine.rules)
'''
    # The first start parses all lines, the second knows them.
    assert [run(script, tmp_path) for _ in range(2)] == ["7.0 True\n"] * 2


def test_signatures_are_verified_without_an_import(tmp_path: Path) -> None:
    script = """
import asyncio
from base64 import b64encode
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
RSA = rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
ED = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
before = set(sys.modules)
judge = scorer(local=False)
sys.meta_path.insert(0, Closed())
from pyspamd.auth.keys import read_key
print(read_key(b"p=" + b64encode(RSA)).bits, read_key(b"k=ed25519; p=" + b64encode(ED)).bits)

async def work():
    await judge.open()
    await judge.close()

asyncio.run(work())
"""
    assert run(script, tmp_path) == "2048 256\n"
