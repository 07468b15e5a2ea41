"""A grammar of model files, and what loading and using thousands of them does.

``python tests/helpers/model_fuzzer.py 10000`` prints a table. Files come from a grammar
over the nodes of skops, with types that are trusted and types that must not be, and
from whole models of which nodes, values, numbers or arrays were changed. Each file is
loaded in a child process with little memory; what loads is used: shown, cloned, and
asked for predictions.
"""

import io
import json
import os
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from model_files import (
    all_nodes,
    array,
    kind,
    listed,
    made,
    matrix,
    named,
    node,
    npy,
    read_members,
    tupled,
    use,
    value,
    watched,
    write_model,
)

HARM = ["code or places", "another error", "crash", "hang", "slow refusal", "memory"]
BATCH = 40
MEMORY = 3 * 2**30
PER_FILE = 20  # seconds of the processor after which a file hangs
REFUSAL = 2  # seconds of the processor

TRUSTED = [
    ("sklearn.linear_model._logistic", "LogisticRegression"),
    ("sklearn.pipeline", "Pipeline"),
    ("sklearn.svm._classes", "SVC"),
    ("sklearn.neighbors._classification", "KNeighborsClassifier"),
    ("sklearn.cluster._kmeans", "KMeans"),
    ("sklearn.preprocessing._data", "StandardScaler"),
    ("sklearn.preprocessing._encoders", "OneHotEncoder"),
    ("sklearn.preprocessing._function_transformer", "FunctionTransformer"),
    ("sklearn.model_selection._search", "GridSearchCV"),
    ("sklearn.ensemble._gb", "GradientBoostingClassifier"),
    ("sklearn.ensemble._hist_gradient_boosting.binning", "_BinMapper"),
    ("sklearn.feature_extraction.text", "HashingVectorizer"),
    ("sklearn.frozen._frozen", "FrozenEstimator"),
    ("skmultimodal.fusion._head", "FusionHeadClassifier"),
    ("skmultimodal.fusion._unimodal", "UnimodalClassifier"),
    ("skmultimodal.fusion._classifier", "TwinTowerClassifier"),
    ("skmultimodal.towers._image", "ImageTowerClassifier"),
    ("skmultimodal.towers._gene", "GeneAutoencoderTransformer"),
    ("skmultimodal.towers._ensemble", "CrossFittedEnsembleClassifier"),
    ("skmultimodal.preprocessing._preparation", "ImagePreparation"),
]
SMUGGLED = [
    ("os", "system"),
    ("posix", "system"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "open"),
    ("builtins", "getattr"),
    ("builtins", "__import__"),
    ("pickle", "loads"),
    ("numpy", "load"),
    ("numpy", "fromfile"),
    ("joblib", "load"),
    ("torch", "load"),
    ("pathlib", "Path"),
    ("shutil", "rmtree"),
    ("antigravity", "geohash"),
    ("this", "s"),
    ("functools", "partial"),
    ("operator", "attrgetter"),
    ("importlib", "import_module"),
    ("skmultimodal.__main__", "main"),
    ("skmultimodal.persistence", "save_model"),
    ("skmultimodal.utils._files", "whole_file"),
    ("sklearn.datasets", "fetch_openml"),
    ("sklearn.tree._tree", "Tree"),
    ("numpy.random", "seed"),
]
NAMES = [
    "memory",
    "n_jobs",
    "estimator",
    "steps",
    "classes_",
    "coef_",
    "intercept_",
    "n_features_in_",
    "weights_",
    "net_params_",
    "_fit_X",
    "_y",
    "support_",
    "_n_support",
    "cluster_centers_",
    "func",
    "towers",
    "towers_",
    "_keys",
    "history_",
    "device",
    "encoder",
    "_doc_link_template",
    "predict",
    "__class__",
    "__dict__",
    "get_params",
    "random_state",
    "categories_",
    "_n_features_outs",
]
VALUES = [
    None,
    True,
    0,
    1,
    -1,
    2,
    10**6,
    10**12,
    -(10**9),
    1e308,
    float("nan"),
    "",
    "cache",
    "/tmp/skmultimodal-fuzz",
    "cuda:99",
    "é" * 50,
    "<script>alert(1)</script>",
    "{0.__class__}",
    [1, 2, 3],
    {"a": [1]},
    [[[[[]]]]],
]


class Grammar:
    """Random schemas and their members."""

    def __init__(self, rng):
        self.rng = rng
        self.members = {}

    def choose(self, options):
        return options[self.rng.integers(len(options))]

    def type(self):
        return self.choose(TRUSTED if self.rng.random() < 0.8 else SMUGGLED)

    def file(self, suffix):
        if self.members and self.rng.random() < 0.15:
            return self.choose(list(self.members))
        name = f"{len(self.members)}.{suffix}"
        shape = tuple(self.rng.integers(0, 5, size=self.rng.integers(0, 4)).tolist())
        dtype = self.choose(["f8", "f4", "i8", "i4", "u1", "?", "U3", "S2", "c16"])
        values = np.zeros(shape, dtype)
        changes = {}
        if self.rng.random() < 0.3:
            wrong = self.choose([(10**9,), (-1,), (2, 3), (0, 10**12), (), "x"])
            changes = {"shape": wrong}
        if self.rng.random() < 0.1:
            changes["descr"] = self.choose(["|O", "<f8", "|V0", "<U0", "zz"])
        content = npy(values, **changes)
        if self.rng.random() < 0.1:
            content = content[: self.rng.integers(len(content))]
        self.members[name] = content
        return name

    def node(self, depth=0):
        leaves = [self.value, self.array, self.function, self.kind, self.slice]
        inner = [self.list, self.tuple, self.dict, self.object, self.matrix, self.odd]
        few = depth > 5 or self.rng.random() < 0.4
        made = self.choose(leaves if few else inner)(depth + 1)
        if self.rng.random() < 0.2:
            made["__id__"] = int(self.rng.integers(1, 9))
        if self.rng.random() < 0.02:
            made.pop(self.choose(list(made)), None)
        return made

    def nodes(self, depth):
        return [self.node(depth) for _ in range(self.rng.integers(0, 4))]

    def value(self, depth):
        made = value(self.choose(VALUES))
        if self.rng.random() < 0.05:
            made["content"] = self.choose(["[" * 3000, "{", "1e999", "9" * 6000, 5])
        return made

    def array(self, depth):
        made = array(self.file("npy"))
        if self.rng.random() < 0.2:
            made = node("NdArrayNode", "numpy", "ndarray", type="json")
            made |= {"content": self.nodes(depth), "shape": tupled([value(3)])}
        return made

    def matrix(self, depth):
        return matrix(self.file("npz"))

    def function(self, depth):
        module, name = self.choose([("numpy", "log"), ("numpy", "add"), *SMUGGLED])
        return node("FunctionNode", module, name)

    def kind(self, depth):
        module, name = self.choose(
            [("builtins", "int"), ("builtins", "map"), *TRUSTED, *SMUGGLED]
        )
        return kind(name, module)

    def slice(self, depth):
        content = {k: self.choose([None, 1, "a"]) for k in ("start", "stop", "step")}
        return node("SliceNode", "builtins", "slice", content=content)

    def list(self, depth):
        made = listed(self.nodes(depth))
        if self.rng.random() < 0.1:
            made["__module__"], made["__class__"] = self.type()
        return made

    def tuple(self, depth):
        return tupled(self.nodes(depth))

    def dict(self, depth):
        names = {self.choose(NAMES) for _ in range(self.rng.integers(0, 5))}
        made = named({name: self.node(depth) for name in sorted(names)})
        if self.rng.random() < 0.1:
            made["key_types"] = listed([self.node(depth) for _ in names])
        return made

    def object(self, depth):
        made_of = {self.choose(NAMES): self.node(depth) for _ in range(6)}
        return made(*self.type(), **made_of)

    def odd(self, depth):
        module, name = self.type()
        inner = self.node(depth)
        return self.choose(
            [
                node("CachedNode", module, name, __id__=1),
                node("PartialNode", "functools", "partial")
                | {
                    "content": dict.fromkeys(
                        ("func", "args", "kwds", "namespace"), inner
                    )
                },
                node("MethodNode", module, name, content={"func": "fit", "obj": inner}),
                node("OperatorFuncNode", "operator", "methodcaller", attrs=inner),
                node("ConstructorFromReduceNode", module, name, content=inner),
                node("ReduceNode", module, name, content=inner),
                node("TreeNode", module, name, __reduce__={"args": inner})
                | {"content": inner},
                node("LossNode", module, name, __reduce__={"args": inner})
                | {"content": inner},
                node("SetNode", "builtins", "set", content=[inner]),
                node("RandomStateNode", "numpy.random.mtrand", "RandomState")
                | {"content": inner},
                node("BytesNode", "builtins", "bytes", file=self.file("bin")),
                node("DTypeNode", "numpy", "dtype", content=inner),
                node("NoSuchNode", module, name, content=inner),
            ]
        )


def whole_models(folder):
    """Files of small fitted models, which are changed in places."""
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.svm import SVC

    from skmultimodal import (
        FusionHeadClassifier,
        GeneAutoencoderTransformer,
        ImageTowerClassifier,
        LogOpinionPoolClassifier,
        TwinTowerClassifier,
    )
    from skmultimodal.persistence import save_model

    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = rng.normal(size=(40, 3)) + y[:, None]
    few = {"max_epochs": 1, "random_state": 0}
    cohort = {"image": np.where(np.arange(40)[:, None] < 30, X, np.nan), "gene": X}
    towers = [
        ("image", LogisticRegression()),
        ("gene", GeneAutoencoderTransformer((3, 2), (3,), **few)),
    ]
    models = [
        (Pipeline([("a", StandardScaler()), ("b", LogisticRegression())]), X),
        (SVC(), X),
        (KNeighborsClassifier(algorithm="brute"), X),
        (KMeans(2, n_init=1), X),
        (OneHotEncoder(sparse_output=False), np.round(X)),
        (FusionHeadClassifier("moe", (4,), **few), X),
        (ImageTowerClassifier((2,), (3,), **few), X.reshape(40, 1, 1, 3)),
        (LogOpinionPoolClassifier(), X),
        (TwinTowerClassifier(towers, tower_cv=2, random_state=0), cohort),
    ]
    files = []
    for number, (model, rows) in enumerate(models):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(rows, y)
        path = Path(folder) / f"whole{number}.skops"
        save_model(model, path)
        files.append(read_members(path))
    return files, [X, np.round(X), X.reshape(40, 1, 1, 3), cohort]


def change(schema, members, rng):
    """A whole model with some of its parts changed."""
    grammar = Grammar(rng)
    schema, members = json.loads(json.dumps(schema)), dict(members)
    for _ in range(rng.integers(1, 4)):
        nodes = all_nodes(schema)
        if len(nodes) < 2:  # the change before left no other
            break
        one = nodes[rng.integers(1, len(nodes))]
        how = rng.integers(6)
        if how == 0:
            new = grammar.node(3)
            one.clear()
            one.update(new)
        elif how == 1:
            one.clear()
            one.update(json.loads(json.dumps(nodes[rng.integers(1, len(nodes))])))
        elif how == 2 and one["__loader__"] == "JsonNode":
            one["content"] = value(grammar.choose(VALUES))["content"]
        elif how == 3:
            other = nodes[rng.integers(len(nodes))]
            one["__id__"] = other.get("__id__", 1)
        elif how == 4:
            one["__module__"], one["__class__"] = grammar.type()
        else:
            files = [n for n in members if n.endswith(".npy")]
            if files:
                members[grammar.choose(files)] = _other_array(members, files, rng)
    return schema, {**grammar.members, **members}


def _other_array(members, files, rng):
    old = np.load(io.BytesIO(members[files[rng.integers(len(files))]]))
    if rng.random() < 0.3 or old.dtype.kind not in "iuf":
        return npy(np.resize(old, tuple(rng.integers(1, 5, size=old.ndim or 1))))
    new = np.array(old)
    places = rng.random(new.shape) < 0.5
    new[places] = [10**6, -1, 0, 99][rng.integers(4)] if new.dtype.itemsize > 2 else 1
    return npy(new)


def make_file(path, number, seed, files):
    """File `number` of a seed: of the grammar, or a whole model that was changed."""
    rng = np.random.default_rng([seed, number])
    if number % 2:
        schema, members = change(*files[rng.integers(len(files))], rng)
    else:
        grammar = Grammar(rng)
        schema, members = grammar.object(0), grammar.members
    return write_model(path, schema, members)


def _try(path, rows):
    """What loading and using a file does: dict."""
    from skmultimodal.persistence import load_model

    start = time.process_time()
    with watched() as done, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = load_model(path)
            outcome = "loaded"
        except ValueError as error:
            outcome = "refused" if path.name in str(error) else "another error"
        except MemoryError:
            outcome = "memory"
        except Exception as error:
            outcome = "another error"
            print(type(error).__name__, error, file=sys.stderr)
        took = time.process_time() - start
        if outcome == "loaded":
            use(model, rows)
    if done:
        print(path, done, file=sys.stderr)
        return "code or places"
    return "slow refusal" if outcome == "refused" and took > REFUSAL else outcome


def _run_batch(numbers, seed, files, rows, folder):
    """Outcomes of some files, in a child; one that dies is followed by another."""
    outcomes, numbers = {}, list(numbers)
    while numbers:
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(read)
            resource.setrlimit(resource.RLIMIT_AS, (address_space() + MEMORY,) * 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            for number in numbers:
                signal.setitimer(signal.ITIMER_PROF, PER_FILE)
                signal.alarm(30 * PER_FILE)
                path = make_file(Path(folder) / f"{number}.skops", number, seed, files)
                os.write(write, f"{number} {_try(path, rows)}\n".encode())
                path.unlink()
            os._exit(0)
        os.close(write)
        with open(read) as pipe:
            found = dict(line.rstrip("\n").split(" ", 1) for line in pipe)
        _, status = os.waitpid(pid, 0)
        outcomes |= found
        numbers = numbers[len(found) :]
        if numbers:
            hung = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF
            outcomes[str(numbers.pop(0))] = "hang" if hung else "crash"
            print(f"status {status}", file=sys.stderr)
    return outcomes


def address_space():
    """Bytes of this process's address space."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


def attack(n_files, folder, seed=0):
    """Load and use crafted files.

    Parameters
    ----------
    n_files : int
    folder : str or path
        For the files.
    seed : int, default=0

    Returns
    -------
    table : Counter
        How many files were refused, loaded, or did harm of some kind.
    """
    folder = Path(folder).resolve()
    files, rows = whole_models(folder)
    os.chdir(folder)
    before = set(folder.rglob("*"))
    table = Counter({"files": n_files, "refused": 0, "loaded": 0})
    table.update(dict.fromkeys(HARM, 0))
    for start in range(0, n_files, BATCH):
        numbers = range(start, min(start + BATCH, n_files))
        found = _run_batch(numbers, seed, files, rows, folder)
        table.update(Counter(found.values()))
        for number, outcome in found.items():
            if outcome in HARM:
                print(f"seed {seed}, file {number}: {outcome}", file=sys.stderr)
    left = {p for p in set(folder.rglob("*")) - before if p.suffix != ".skops"}
    table["code or places"] += len(left)
    return table


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with tempfile.TemporaryDirectory() as place:
        for name, count in attack(size, place, seed).items():
            print(f"{name:16} {count:7,}")
