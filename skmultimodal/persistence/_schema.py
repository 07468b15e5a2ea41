"""The schema of a model file, checked before skops makes a tree of it.

skops audits types. It does not bound what a schema of trusted types costs: lists that
refer to each other twice, one array read by a thousand nodes, an archive inside the
archive. What `save_model` writes has none of these, so a file that has is refused.
"""

import json
import zipfile
from collections import defaultdict
from io import BytesIO
from typing import Any

from skmultimodal.persistence._archive import (
    MAX_EXPANSION,
    MIN_BOMB,
    SCHEMA,
    ArrayHeader,
)

__all__ = ["check_schema"]

# Models of this library have 40 bytes of schema per bracket and comma, 18 of them per
# packed byte, and 25 levels.
MAX_SCHEMA = 2**26
MIN_BYTES_PER_TOKEN = 16
MAX_SCHEMA_EXPANSION = 50
FREE = 2**20
MAX_DEPTH = 200
MAX_VALUE_DEPTH = 50
TOKENS = (b"{", b"[", b",", b"\\u")
# What save_model writes; others of skops rebuild a value from parts that its audit
# does not bound.
REFUSED = {"CachedNode", "BytearrayNode", "DefaultDictNode"}
MAX_POOL = 64


def check_schema(archive: Any) -> Any:
    """Refuse a schema that skops could not read in the time and memory of its model.

    Parameters
    ----------
    archive : zipfile.ZipFile
        Of which `check_archive` found the members within bounds.

    Returns
    -------
    types : dict of str to set of str
        Loaders of the nodes of each type in it, by its name.

    Raises
    ------
    ValueError
    """
    nodes = _walk(_read(archive))
    _check_repeats(nodes, archive)
    _check_files(nodes, archive)
    types = defaultdict(set)
    for node in nodes:
        types[f"{node['__module__']}.{node['__class__']}"].add(str(node["__loader__"]))
    return dict(types)


def _read(archive: Any) -> Any:
    if SCHEMA not in archive.namelist():
        raise ValueError(f"it has no {SCHEMA}: it was not saved by save_model")
    info = archive.getinfo(SCHEMA)
    most = min(MAX_SCHEMA, FREE + MAX_SCHEMA_EXPANSION * info.compress_size)
    if info.file_size > most:
        raise ValueError(
            f"{SCHEMA} in it has {info.file_size} bytes, more than a model"
        )
    text = archive.read(SCHEMA)
    n_tokens = sum(map(text.count, TOKENS))
    if n_tokens > (len(text) + FREE) // MIN_BYTES_PER_TOKEN:
        raise ValueError(f"{SCHEMA} in it has {n_tokens} values, more than a model")
    schema = json.loads(text)
    if not isinstance(schema, dict) or "__loader__" not in schema:
        raise ValueError(f"{SCHEMA} in it describes no estimator")
    return schema


def _walk(schema: Any) -> list[Any]:
    """Every node, without recursion: list of dict."""
    nodes, waiting = [], [(schema, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"{SCHEMA} in it is nested more than {MAX_DEPTH} deep")
        if isinstance(value, dict):
            if "__loader__" in value:
                _check_node(value)
                nodes.append(value)
            waiting += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list):
            waiting += [(inner, depth + 1) for inner in value]
    return nodes


def _check_node(node: Any) -> None:
    loader = node["__loader__"]
    if not all(isinstance(node.get(k), str) for k in ("__class__", "__module__")):
        raise ValueError(f"{SCHEMA} in it has a {loader} without a type")
    if loader in REFUSED:
        raise ValueError(f"{SCHEMA} in it has a {loader}, which no model has")
    if loader == "RandomGeneratorNode":
        _check_generator(node["content"])
    if loader == "JsonNode":
        _check_value(node.get("content"))
    if loader == "DictNode":
        keys = node.get("key_types")
        n_keys = len(keys["content"]) if isinstance(keys, dict) else -1
        if n_keys != len(node["content"]):
            raise ValueError(f"{SCHEMA} in it has a dict of {n_keys} keys, and others")


def _check_generator(content: Any) -> None:
    """Others than PCG64 hold a place in a buffer, which NumPy does not check."""
    names = content["bit_generator"]["content"], content["seed_seq"]["content"]
    kind, pool = names[0]["bit_generator"]["content"], names[1]["pool_size"]["content"]
    if json.loads(kind) != "PCG64" or not 0 < json.loads(pool) <= MAX_POOL:
        raise ValueError(f"{SCHEMA} in it has a generator that NumPy does not make")


def _check_value(text: str) -> None:
    """Refuse JSON within JSON whose nesting Python could not follow."""
    if not isinstance(text, str):
        raise ValueError(f"{SCHEMA} in it has a value that is no text")
    if text.count("[") + text.count("{") <= MAX_VALUE_DEPTH:
        return
    depth = 0
    for letter in text:
        if letter in "[{":
            depth += 1
        elif letter in "]}":
            depth -= 1
        if depth > MAX_VALUE_DEPTH:
            raise ValueError(f"a value in {SCHEMA} is nested too deep")


def _check_repeats(nodes: Any, archive: Any) -> None:
    """A node that is there twice is written out twice, so all are the same.

    skops takes the second for the first, whatever it holds. Were they to differ, each
    of n nodes could hold the next twice, and the tree have 2^n.
    """
    numbers = [node.get("__id__", 0) for node in nodes]
    if not all(isinstance(number, int) for number in numbers):
        raise ValueError(f"{SCHEMA} in it has a node whose number is no number")
    if len(set(numbers)) == len(numbers):
        return
    contents: dict[Any, int] = {}
    seen: dict[int, int] = {}
    kinds: dict[int, int] = {}
    for node in reversed(nodes):  # those inside a node come after it
        content = kinds[id(node)] = contents.setdefault(
            _as_tuple(node, kinds, archive), len(contents)
        )
        if node.get("__id__") and seen.setdefault(node["__id__"], content) != content:
            raise ValueError(f"{SCHEMA} in it has two nodes of one number")


def _as_tuple(value: Any, kinds: Any, archive: Any) -> Any:
    """A node without its number, nodes inside it by `kinds`, files by their content."""
    if id(value) in kinds:
        return kinds[id(value)]
    if isinstance(value, list):
        return "list", *(_as_tuple(v, kinds, archive) for v in value)
    if isinstance(value, dict):
        named = value.get("__loader__") and value.get("file")
        return "dict", *(
            (key, _content(archive, v) if named and key == "file" else inner)
            for key, v in value.items()
            if key != "__id__"
            for inner in [_as_tuple(v, kinds, archive)]
        )
    return type(value).__name__, value


def _content(archive: Any, name: str) -> tuple[Any, Any]:
    info = archive.getinfo(name)
    return info.CRC, info.file_size


def _check_files(nodes: Any, archive: Any) -> None:
    """Each file is that of one node, and declares what it holds."""
    owner: dict[str, int] = {}
    unpacked = 0
    for node in nodes:
        name = node.get("file")
        if name is None:
            continue
        number = node.get("__id__", id(node))
        if owner.setdefault(name, number) != number:
            raise ValueError(f"two values of it are read from {name}")
        if name not in archive.namelist():
            raise ValueError(f"it lacks {name}")
        if node["__loader__"] == "NdArrayNode":
            ArrayHeader(archive, name)
        elif node["__loader__"] == "SparseMatrixNode":
            unpacked += _check_npz(archive, name)
    packed = sum(member.compress_size for member in archive.infolist())
    if unpacked > max(MAX_EXPANSION * packed, MIN_BOMB):
        raise ValueError(f"its matrices would take {unpacked} bytes when unpacked")


def _check_npz(archive: Any, name: str) -> int:
    """Size of the arrays of a sparse matrix, which is an archive of its own."""
    with zipfile.ZipFile(BytesIO(archive.read(name))) as inner:
        members = inner.infolist()
        if sum(m.file_size for m in members) > MIN_BOMB + MAX_EXPANSION * sum(
            m.compress_size for m in members
        ):
            raise ValueError(f"{name} in it would take too much when unpacked")
        return sum(ArrayHeader(inner, m.filename).n_bytes for m in members)
