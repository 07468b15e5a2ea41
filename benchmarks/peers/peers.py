"""The peers: where their few lines are, which Python runs them, and what they read."""

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

__all__ = ["NOT_RUN", "OURS", "PEERS", "SURVIVAL_PEERS", "Peer", "count_lines"]

ADAPTERS = "benchmarks.peers.adapters"
SIMPLE = "benchmarks.accuracy.simple_models"
OURS = "twin tower"


class Peer(NamedTuple):
    """One model of the table.

    Parameters
    ----------
    where : str
        Module and function of its adapter.
    environment : str or None
        Of `environments`; None is this library's.
    images : bool
        Whether it reads images as they are, or as flat tables of means of squares.
    slow : bool
        Fitted in the first draws only.
    """

    where: str
    environment: str | None = None
    images: bool = False
    slow: bool = False


PEERS = {
    OURS: Peer(f"{ADAPTERS}.ours:twin_tower", images=True),
    "stack on every row (PCA + logistic)": Peer(f"{SIMPLE}:stack_on_every_row"),
    "mean of PCA + logistic": Peer(f"{SIMPLE}:mean_of_logistics"),
    "StackingClassifier": Peer(f"{ADAPTERS}.scikit_learn:stacking_classifier"),
    "complete cases (PCA + logistic)": Peer(f"{SIMPLE}:early_fusion"),
    "mean imputation + forest": Peer(f"{SIMPLE}:imputed_forest"),
    "HistGradientBoosting on NaN": Peer(f"{SIMPLE}:boosting", slow=True),
    "two towers in torch": Peer(f"{ADAPTERS}.torch_towers:towers", images=True),
    "GeneICL": Peer(f"{ADAPTERS}.geneicl:classifier", "small", slow=True),
    "iMML, M3Care": Peer(f"{ADAPTERS}.imml:m3care", "imml", slow=True),
    "AutoGluon tabular": Peer(f"{ADAPTERS}.autogluon:tabular", "autogluon", slow=True),
    "TabPFN": Peer(f"{ADAPTERS}.in_context:tabpfn", "small", slow=True),
    "TabICL": Peer(f"{ADAPTERS}.in_context:tabicl", "small", slow=True),
}
SURVIVAL_PEERS = {
    OURS: Peer(f"{ADAPTERS}.ours:twin_tower_survival", images=True),
    "scikit-survival, Cox": Peer(f"{ADAPTERS}.survival:cox"),
    "scikit-survival, forest": Peer(f"{ADAPTERS}.survival:forest"),
    "hazardous": Peer(f"{ADAPTERS}.hazardous:survival_boost", "small", slow=True),
    "GeneICL": Peer(f"{ADAPTERS}.geneicl:survival", "small", slow=True),
}
# Read from the sources of the version named.
NOT_RUN = {
    "avail-omics 1.0.17": "predicts no new patient: its functions return leave-one-out "
    "probabilities of the patients of a folder, and keep no fitted model",
    "omicau 0.4.0": "predicts no new patient: it reports cross-validated scores of the "
    "patients of a folder, and keeps no fitted model",
}


def count_lines(where):
    """Lines of code of an adapter: its function, and those of its module that it uses.

    Without blank lines, comments, docstrings and imports.
    """
    module, name = where.split(":")
    source = Path(find_spec(module).origin).read_text(encoding="utf-8")
    kinds = ast.FunctionDef | ast.ClassDef
    own = {n.name: n for n in ast.parse(source).body if isinstance(n, kinds)}
    todo, found = [name], set()
    while todo:
        current = todo.pop()
        found.add(current)
        names = {n.id for n in ast.walk(own[current]) if isinstance(n, ast.Name)}
        todo += [n for n in names if n in own and n not in found and n not in todo]
    return sum(_n_lines(own[n], source.splitlines()) for n in found)


def _n_lines(node, lines):
    kept = set(range(node.lineno, node.end_lineno + 1))
    for part in ast.walk(node):
        if isinstance(part, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(part):
            first = part.body[0]
            kept -= set(range(first.lineno, first.end_lineno + 1))
    texts = [lines[number - 1].strip() for number in kept]
    return sum(bool(text) and not text.startswith("#") for text in texts)
