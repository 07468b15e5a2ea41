"""Which code a result of a peer depends on."""

import hashlib
from functools import cache
from pathlib import Path

from benchmarks.paper.cells import key_of_code

__all__ = ["key_of_peer"]

ROOT = Path(__file__).parents[2]
# Besides its adapter.
FILES = ["worker.py", "tasks.py"]


@cache
def key_of_peer(peer):
    """Names the code that a result depends on."""
    # In how many draws it is fitted changes no result.
    code = hashlib.sha256(repr(peer._replace(slow=False)).encode())
    module = peer.where.split(":")[0].replace(".", "/") + ".py"
    files = [ROOT / module, *(Path(__file__).parent / n for n in FILES)]
    if peer.environment:
        files.append(Path(__file__).parent / f"environments/{peer.environment}.txt")
    for path in files:
        code.update(path.read_bytes())
    # What this library does is in the results of its own models only.
    own = (
        key_of_code() if peer.where.startswith("benchmarks.peers.adapters.ours") else ""
    )
    return hashlib.sha256((code.hexdigest() + own).encode()).hexdigest()[:12]
