"""Values of a loaded estimator that code would follow where it must not go.

The types of a model file are harmless; its values are whatever its author wrote.
Compiled code follows arrays unchecked, and a network is as large as its parameters
demand: a file with such values is refused.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from inspect import signature
from math import comb
from numbers import Integral
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from scipy.sparse import issparse
from sklearn import neighbors
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM
from sklearn.tree import BaseDecisionTree
from sklearn.utils.fixes import parse_version

from skmultimodal.utils._parts import ModelPart
from skmultimodal.utils._sklearn import check_params
from skmultimodal.utils._torch_views import torch_view

__all__ = ["UNCHECKED", "check_networks", "check_values", "model_parts", "type_name"]

# What tells a support-vector machine that it predicts probabilities.
NEW_SVM = parse_version(sklearn.__version__) >= parse_version("1.9")
PROBABLE = "_effective_probability" if NEW_SVM else "probability"
# Their compiled code follows state that only they understand.
UNCHECKED = {
    "sklearn.cluster._bisect_k_means.BisectingKMeans",
    "sklearn.ensemble._forest.RandomTreesEmbedding",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.feature_extraction._dict_vectorizer.DictVectorizer",
    "sklearn.feature_extraction._hash.FeatureHasher",
    "sklearn.feature_extraction.text.CountVectorizer",
    "sklearn.feature_extraction.text.HashingVectorizer",
    "sklearn.feature_extraction.text.TfidfVectorizer",
    "sklearn.preprocessing._label.MultiLabelBinarizer",
}
TREE = "sklearn.tree._tree.Tree"
NAMED = type, ModuleType, FunctionType
# Columns of a model, each of which gets a name when it is shown.
MOST_FEATURES = 1 << 22
MOST_DEGREE = 1000
# Of the estimators that a model shows; a search over towers for seven modalities, each
# a pipeline, has 400.
MOST_SHOWN = 1 << 13
SVMS = SVC, NuSVC, SVR, NuSVR, OneClassSVM
NEIGHBORS = (
    neighbors.KNeighborsClassifier,
    neighbors.KNeighborsRegressor,
    neighbors.KNeighborsTransformer,
    neighbors.LocalOutlierFactor,
    neighbors.NearestNeighbors,
    neighbors.RadiusNeighborsClassifier,
    neighbors.RadiusNeighborsRegressor,
    neighbors.RadiusNeighborsTransformer,
)


def type_name(kind: type) -> str:
    """Name that a type is trusted by."""
    return f"{kind.__module__}.{kind.__qualname__}"


def model_parts(thing: Any) -> Iterator[Any]:
    """Every estimator and part of one inside `thing`, itself among them."""
    for value in _everything(thing):
        if isinstance(value, BaseEstimator | ModelPart):
            yield value


def _everything(thing: Any) -> Iterator[Any]:
    """Every value inside `thing`, containers and attributes followed."""
    seen, waiting = {}, [thing]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        yield value
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple | set):
            waiting += value
        elif isinstance(value, np.ndarray) and value.dtype == object:
            waiting += value.ravel().tolist()
        elif hasattr(value, "__dict__") and not isinstance(value, NAMED):
            waiting += vars(value).values()


def check_values(estimator: Any, trusted: Any) -> None:
    """Refuse values that code would follow where it must not go.

    Parameters
    ----------
    estimator : estimator
    trusted : set of str
        Types that the caller vouches for, whose values are not checked.

    Raises
    ------
    ValueError
    """
    _require(
        _cost_to_show(estimator, {}) <= MOST_SHOWN,
        "estimators in it are nested so deep that to show it would take minutes",
    )
    for value in _everything(estimator):
        name = type_name(type(value))
        if isinstance(value, BaseEstimator | ModelPart) and name not in trusted:
            _refuse_overrides(value)
            _check_n_features(value)
            if name.startswith("sklearn."):
                check_params(value)
        if issparse(value) and hasattr(value, "check_format"):
            value.check_format(full_check=True)
        if isinstance(value, np.random.RandomState):
            _check_random_state(value)
        for kinds, check in CHECKS.items():
            if isinstance(value, kinds):
                _check(value, check)


def _check(value: Any, check: Any) -> None:
    try:
        check(value)
    except Exception as error:
        raise ValueError(
            f"the state of {type(value).__name__} is not one that its fit gives "
            f"({error or type(error).__name__})"
        ) from error


def check_networks(estimator: Any) -> None:
    """Refuse weights that are not those of their network, before it takes memory.

    Parameters
    ----------
    estimator : estimator

    Raises
    ------
    ValueError
    """
    for part in model_parts(estimator):
        # Its own: a FrozenEstimator passes on what its estimator has.
        if {"weights_", "net_params_"} <= set(vars(part)):
            try:
                torch_view(part).check_weights()
            except Exception as error:
                reason = str(error).splitlines()[0] if str(error) else "no network"
                raise ValueError(
                    f"the weights of {type(part).__name__} do not fit its network "
                    f"({reason})"
                ) from error


def _refuse_overrides(part: Any) -> None:
    """An attribute of a file never takes the place of one of the class.

    scikit-learn's HTML, for one, has links from such attributes, unescaped.
    """
    kind = type(part)
    own = set(signature(kind).parameters) | set(getattr(kind, "__slots__", ()))
    own |= set(getattr(kind, "__dataclass_fields__", ()))
    for name in vars(part):
        if not isinstance(name, str):
            raise ValueError(f"{kind.__name__} has an attribute that is no name")
        if name not in own and hasattr(kind, name):
            raise ValueError(f"{kind.__name__} has an attribute {name!r} of the class")


def _check_n_features(part: Any) -> None:
    """scikit-learn makes a name for each column when it shows a model."""
    n_features = vars(part).get("n_features_in_", 0)
    if (
        not isinstance(n_features, Integral)
        or not 0 <= int(n_features) <= MOST_FEATURES
    ):
        raise ValueError(
            f"{type(part).__name__} has an n_features_in_ of {n_features!r:.40}, which "
            f"is not from 0 to {MOST_FEATURES:,}"
        )


def _cost_to_show(value: Any, known: Any) -> int:
    """Times that scikit-learn's repr shows an estimator inside `value`.

    Each is shown twice for every estimator around it: once to see whether it fits into
    a line.
    """
    if id(value) in known:
        return known[id(value)]
    known[id(value)] = own = 0
    inside: Iterable[Any] = ()
    if isinstance(value, BaseEstimator) and not isinstance(value, type):
        state, own = vars(value), 1
        inside = [state.get(name) for name in signature(type(value)).parameters]
    elif isinstance(value, dict):
        inside = value.values()
    elif isinstance(value, list | tuple | set):
        inside = value
    elif isinstance(value, np.ndarray) and value.dtype == object:
        inside = value.ravel().tolist()
    cost = own + (1 + own) * sum(_cost_to_show(inner, known) for inner in inside)
    known[id(value)] = cost
    return cost


def _require(condition: Any, what: Any) -> None:
    if not condition:
        raise ValueError(what)


def _check_random_state(generator: Any) -> None:
    state = generator.get_state(legacy=False)
    _require(0 <= state["state"]["pos"] <= 624, "a random state points past its end")


def _check_svm(svm: Any) -> None:
    """libsvm goes as far through its arrays as one of them points."""
    if not hasattr(svm, "support_"):
        return
    _require(not callable(svm.kernel), "a kernel that is a function")
    one_each = not isinstance(svm, SVC | NuSVC)
    n_found, counts = len(svm.support_), np.asarray(svm._n_support)
    n_classes = 2 if one_each else len(svm.classes_)
    n_pairs = n_classes * (n_classes - 1) // 2
    _require(counts.shape == (n_classes,) and (counts >= 0).all(), "_n_support")
    _require((counts[:1] if one_each else counts).sum() == n_found, "_n_support")
    n_columns = svm.shape_fit_[0] if svm.kernel == "precomputed" else svm.n_features_in_
    _require(svm.support_.ndim == 1, "support_")
    places = svm.support_
    _require(n_found and (places >= 0).all(), "support_")
    _require((places < svm.shape_fit_[0]).all(), "support_")
    if svm.kernel == "precomputed":
        _require(svm.shape_fit_[0] == svm.n_features_in_, "shape_fit_")
    else:
        _require(svm.support_vectors_.shape == (n_found, n_columns), "support_vectors_")
    _require(svm._dual_coef_.shape == (n_classes - 1, n_found), "_dual_coef_")
    _require(svm.dual_coef_.shape == (n_classes - 1, n_found), "dual_coef_")
    for stored in svm.support_vectors_, svm._dual_coef_:
        if issparse(stored):
            _require(stored.format == "csr" and svm.kernel != "precomputed", "_sparse")
    if issparse(svm._dual_coef_):  # read as if each had a value
        _require(len(svm._dual_coef_.data) == (n_classes - 1) * n_found, "_dual_coef_")
    _require(np.shape(svm._intercept_) == (n_pairs,), "_intercept_")
    n_scaled = {len(svm._probA), len(svm._probB)}
    _require(n_scaled in ({0}, {n_pairs}), "_probA")
    probable = getattr(svm, PROBABLE)
    _require(bool(probable) <= (n_scaled == {n_pairs}), "_probA")


def _check_neighbors(model: Any) -> None:
    if not hasattr(model, "_fit_X"):
        return
    rows = model._fit_X
    n_rows = rows.shape[0]
    _require(rows.ndim == 2 and model.n_samples_fit_ == n_rows, "n_samples_fit_")
    _require(rows.shape[1] == model.n_features_in_, "n_features_in_")
    _require(rows.dtype.kind in "fiub", "the type of the rows")
    if hasattr(model, "_y"):
        _require(len(model._y) == n_rows, "as many labels as rows")
    if hasattr(model, "classes_"):
        several = isinstance(model.classes_, list)
        codes = np.asarray(model._y).reshape(n_rows, -1)
        classes = model.classes_ if several else [model.classes_]
        _require(codes.dtype.kind == "i" and codes.shape[1] == len(classes), "_y")
        sizes = [len(labels) for labels in classes]
        _require((codes >= 0).all() and (codes < sizes).all(), "numbers of classes")


def _check_k_means(model: Any) -> None:
    if not hasattr(model, "cluster_centers_"):
        return
    centres = model.cluster_centers_
    _require(centres.dtype in (np.float32, np.float64), "the type of cluster_centers_")
    _require(centres.ndim == 2 and len(centres), "cluster_centers_")
    _require(centres.shape[1] == model.n_features_in_, "n_features_in_")
    _require(model._n_threads >= 1, "_n_threads")


def _check_boosting(model: Any) -> None:
    """Compiled code takes what is in the place of a tree for one."""
    for tree in np.ravel(getattr(model, "estimators_", [])):
        _require(isinstance(tree, BaseDecisionTree), "a member that is no tree")
        _require(type_name(type(tree.tree_)) == TREE, "a tree_ that is none")


def _check_encoder(encoder: Any) -> None:
    """Columns that it would set, for every category, are columns of its matrix."""
    if not hasattr(encoder, "categories_"):
        return
    known, sizes = encoder.categories_, encoder._n_features_outs
    _require(isinstance(sizes, list) and len(sizes) == len(known), "_n_features_outs")
    for labels, size in zip(known, sizes, strict=True):
        _require(type(size) is int and 0 <= size <= len(labels), "_n_features_outs")
    for columns in _of_similar_length(known):
        _check_columns(encoder, columns)


def _check_polynomials(model: Any) -> None:
    """A product of columns is made for each way to reach the degree, one by one."""
    if not hasattr(model, "n_output_features_"):
        return
    n, low, high = model.n_features_in_, max(model._min_degree, 1), model._max_degree
    _require(low <= max(high, 1) <= MOST_DEGREE, "_max_degree")
    if model.interaction_only:
        n_products = sum(comb(n, degree) for degree in range(low, min(high, n) + 1))
    else:
        n_products = comb(n + high, high) - comb(n + low - 1, low - 1)
    _require(n_products <= MOST_FEATURES, "_max_degree")
    n_columns = n_products + bool(model.include_bias)
    _require(model.n_output_features_ == n_columns, "n_output_features_")


# What an encoder holds for each of its columns.
OF_COLUMNS = {
    "categories_",
    "_n_features_outs",
    "_drop_idx_after_grouping",
    "_default_to_infrequent_mappings",
    "_infrequent_indices",
}


def _of_similar_length(known: Any) -> Any:
    """Columns whose categories take little more than their place in one table."""
    groups = defaultdict(list)
    for column, labels in enumerate(known):
        groups[len(labels).bit_length()].append(column)
    return groups.values()


def _check_columns(encoder: Any, columns: Any) -> None:
    state = {**vars(encoder), "sparse_output": True, "n_features_in_": len(columns)}
    for name in ("feature_names_in_", "_sklearn_output_config"):
        state.pop(name, None)
    for name in OF_COLUMNS & state.keys():
        value = state[name]
        if value is not None:
            _require(isinstance(value, list | np.ndarray), name)
            _require(len(value) == len(encoder.categories_), name)
            kept = [value[column] for column in columns]
            state[name] = value[columns] if isinstance(value, np.ndarray) else kept
    known = state["categories_"]
    # An unknown category is encoded as the first of the rare ones.
    groups = state.get("_infrequent_indices") or [None] * len(known)
    for labels, rare in zip(known, groups, strict=True):
        places = np.asarray([] if rare is None else rare)
        inside = (places >= 0) & (places < len(labels))
        _require(inside.all(), "_infrequent_indices")
    n_rows = max(map(len, known))
    rows = {n: np.resize(labels, n_rows) for n, labels in enumerate(known)}
    probe = OneHotEncoder()
    vars(probe).update(state)
    if n_rows:
        probe.transform(pd.DataFrame(rows)).check_format(full_check=True)


CHECKS = {
    SVMS: _check_svm,
    NEIGHBORS: _check_neighbors,
    (KMeans, MiniBatchKMeans): _check_k_means,
    (GradientBoostingClassifier, GradientBoostingRegressor): _check_boosting,
    (OneHotEncoder,): _check_encoder,
    (PolynomialFeatures,): _check_polynomials,
}
