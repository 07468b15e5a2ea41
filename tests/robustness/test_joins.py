"""Labels, groups, weights, covariates and blocks in any order and writing of the ids.

Each example is joined by hand too. A call gives what it gives for the rows so joined,
refuses in a sentence, or warns of the ids that make the difference.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from join_tools import (
    STYLES,
    Rows,
    Source,
    in_row_order,
    join_blocks,
    join_column,
    key,
    same,
    sources,
    text_of,
)
from robustness_tools import (
    COUNTS,
    DERANDOMIZED,
    FUZZ,
    N_EXAMPLES,
    names_one_of,
    recorded,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.datasets import unpair
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
    PatternStratifiedKFold,
    audit_shortcuts,
    compare_classifiers,
    paired_learning_curve,
    paired_permutation_test,
    unpaired_gain,
)

WIDTHS = {"gene": 3, "image": 2, "stain": 4}
# The usual more often than the unusual: half of the calls should be answered.
OF_BLOCKS = [""] * 40 + ["some otherwise", "all otherwise", "written again"]
OF_COLUMNS = [*[""] * 16, "lacks some", *OF_BLOCKS[-3:]]
OTHERS = 5  # patients of no block, that are in the other tables


@st.composite
def worlds(draw):
    """Patients, and all that is true of them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    n = draw(st.integers(24, 32))
    numbers = draw(st.sampled_from([range(n + OTHERS), range(1, 999), range(0, 99, 2)]))
    if len(numbers) > n + OTHERS:
        numbers = rng.choice(numbers, n + OTHERS, replace=False)
    numbers = rng.permutation(numbers).tolist()
    style = STYLES[draw(st.sampled_from(list(STYLES)))]
    names = list(WIDTHS)[: draw(st.sampled_from([2, 3]))]
    classes = draw(st.sampled_from([[0, 1], ["no", "yes"], [1.0, 2.0, 3.0]]))
    y = np.array(classes, dtype=object)[rng.permutation(n + OTHERS) % len(classes)]
    if draw(st.booleans()):
        y[rng.random(n + OTHERS) < 0.1] = (
            None if isinstance(classes[0], str) else np.nan
        )
    has = rng.random((n, len(names))) < draw(st.sampled_from([0.6, 0.8]))
    has[np.arange(n), rng.integers(len(names), size=n)] = True
    return SimpleNamespace(
        rng=rng,
        n=n,
        id_of=lambda patient: style(numbers[patient]),
        has={name: np.flatnonzero(has[:, i]).tolist() for i, name in enumerate(names)},
        blocks={name: rng.normal(size=(n, WIDTHS[name])) for name in names},
        y=y.tolist(),
        groups=rng.integers(8, size=n + OTHERS).tolist(),
        cv_groups=rng.integers(6, size=n + OTHERS).tolist(),
        sample_weight=rng.random(n + OTHERS).tolist(),
        metadata=[[f"site {site}"] for site in rng.integers(3, size=n + OTHERS)],
    )


@st.composite
def cohorts(draw, world):
    """Arguments of Cohort, its rows as they are and to the letter of the ids."""
    form = draw(st.sampled_from(["frames", "pairs", "index", "aligned", "numbered"]))
    if form in ("aligned", "numbered"):
        patients = world.rng.permutation(world.n).tolist()
        if form == "numbered":  # rows have no other ids than their numbers
            order = [*patients, *range(world.n, world.n + OTHERS)]
            world.id_of = order.index
        ids = [world.id_of(p) for p in patients]
        blocks = {}
        for name, values in world.blocks.items():
            rows = np.full_like(values, np.nan)
            rows[world.has[name]] = values[world.has[name]]
            blocks[name] = rows[patients]
        rows = Rows(patients, ids, blocks)
        index = ids if form == "aligned" else None
        return {"blocks": blocks, "index": index}, rows, rows, True
    tables = {
        name: draw(sources(world.has[name], world.id_of, values.__getitem__, OF_BLOCKS))
        for name, values in world.blocks.items()
    }
    index = None
    if form == "index":
        index = [(p, world.id_of(p)) for p in world.rng.permutation(world.n).tolist()]
    given = {name: (t.ids, np.array(t.values)) for name, t in tables.items()}
    if form == "frames":
        given = {n: pd.DataFrame(rows, index=ids) for n, (ids, rows) in given.items()}
    return (
        {"blocks": given, "index": index and [patient_id for _, patient_id in index]},
        join_blocks(tables, "patient", index),
        join_blocks(tables, "key", index),
        not any(table.damage for table in tables.values()),
    )


@st.composite
def columns(draw, world, rows, name):
    """Labels, groups, weights or covariates of rows, in any form."""
    values = getattr(world, name)
    table = name == "metadata"
    form = draw(st.sampled_from(["by id"] * 4 + ["others"] * 2 + ["rows", "numbered"]))
    if form == "rows" and table:
        form = "numbered"
    if form in ("rows", "numbered"):
        found = [values[patient] for patient in rows.patients]
        if form == "rows":
            return in_row_order(found, draw(st.sampled_from([list, _array]))(found))
        source = Source(rows.patients, list(range(len(found))), found)
        numbered = _series(source, table, range(len(found)))
        column = join_column(name, source, rows, numbered)
        # A patient may have two rows, under ids that differ in writing: each has one.
        return column if column.truth is not None else replace(column, truth=found)
    known = sorted(set(rows.patients))
    if form == "others":
        known = [*known, *range(world.n, world.n + OTHERS)]
    source = draw(sources(known, world.id_of, values.__getitem__, OF_COLUMNS))
    missing = [None] if table else None
    return join_column(name, source, rows, _series(source, table), missing)


def _array(values):
    words = any(isinstance(value, str) for value in values)
    return np.array(values, dtype=object if words else float)


def _series(source, table, index=None):
    index = source.ids if index is None else pd.RangeIndex(len(index))
    if table:
        return pd.DataFrame(source.values, index=index, columns=["site"])
    return pd.Series(source.values, index=index)


def towers(X):
    steps = StandardScaler(), LogisticRegression()
    names = X.modalities if isinstance(X, Cohort) else X
    return [(name, make_pipeline(*steps)) for name in names]


def fit(X, y, sample_weight=None, groups=None):
    model = TwinTowerClassifier(
        towers(X), LogisticRegression(), tower_cv=2, random_state=0
    )
    found = [model.fit(X, y, groups).predict_proba(X), model.classes_]
    known = not pd.isna(np.asarray(y, dtype=object)).any()
    return [*found, model.score(X, y, sample_weight)] if known else found


def unimodal(X, y, sample_weight=None):
    model = UnimodalClassifier("gene", towers(X)[0][1]).fit(X, y)
    known = not pd.isna(np.asarray(y, dtype=object)).any()
    score = [model.score(X, y, sample_weight)] if known else []
    return [model.predict_proba(X), model.classes_, *score]


def compare(X, y, groups=None):
    cv = PairedStratifiedKFold(2, random_state=0)
    models = {"gene": UnimodalClassifier("gene", towers(X)[0][1])}
    found = compare_classifiers(models, X, y, cv=cv, groups=groups)
    scores, cells = found.scores(), found.predictions()
    told = [cells[name] for name in ("row", "y_true", "pattern")]
    return [scores["score"], found.proba("gene"), *told]


def split(X, y, groups=None):
    by_class = PairedStratifiedKFold(2, random_state=0)
    hold_out = PairedStratifiedShuffleSplit(2, random_state=0)
    by_pattern = PatternStratifiedKFold(3, random_state=0)
    parts = [
        *by_class.split(X, y, groups),
        *hold_out.split(X, y),
        *by_pattern.split(X, y, groups),
    ]
    return [rows for pair in parts for rows in pair]


def hide(X, y):
    found, labels = unpair(X, y, 4, random_state=0)
    return [labels, found.patterns]


def audit(X, y, metadata=None, groups=None):
    cv = PairedStratifiedKFold(2, random_state=0)
    table = audit_shortcuts(
        X, y, metadata, cv=cv, site="site", groups=groups, random_state=0
    )
    return [table["source"], table["roc_auc"], table["read_as"]]


def permute(X, y, groups=None, cv_groups=None):
    found = paired_permutation_test(
        UnimodalClassifier("gene", towers(X)[0][1]),
        X,
        y,
        cv=PairedStratifiedKFold(2, random_state=0),
        groups=groups,
        cv_groups=cv_groups,
        n_permutations=3,
        random_state=0,
    )
    return [found.score, found.permutation_scores, found.pvalue]


def grow(X, y, groups=None):
    model = UnimodalClassifier("gene", towers(X)[0][1])
    cv = PairedStratifiedKFold(2, random_state=0)
    found = paired_learning_curve(
        model, X, y, cv=cv, n_pairs=[0.8, 1.0], groups=groups, random_state=0
    )
    return [found.n_pairs, found.scores["score"], found.summary["mean"]]


def gain(X, y, groups=None):
    model = UnimodalClassifier("gene", towers(X)[0][1])
    cv = PairedStratifiedKFold(2, random_state=0)
    found = unpaired_gain(model, X, y, cv=cv, groups=groups)
    scores, cells = found.scores(), found.predictions()
    return [scores["score"], scores["model"], *(cells[n] for n in ("row", "y_true"))]


CALLS = {
    fit: ["y", "groups", "sample_weight"],
    unimodal: ["y", "sample_weight"],
    split: ["y", "groups"],
    hide: ["y"],
    compare: ["y", "groups"],
    audit: ["y", "groups", "metadata"],
    permute: ["y", "groups", "cv_groups"],
    grow: ["y", "groups"],
    gain: ["y", "groups"],
}
MOSTLY = [fit] * 3 + [unimodal] * 3 + [split] * 4 + [hide] * 2
MOSTLY += [compare, audit, permute, grow, gain]


@FUZZ
@given(data=st.data())
def join_and_call(data):
    COUNTS["joins tried"] += 1
    world = data.draw(worlds())
    arguments, truth, letter, sound = data.draw(cohorts(world))
    X, said = recorded(Cohort, **arguments)
    if X is None:
        assert not sound, said
        COUNTS["joins refused"] += 1
        return
    assert letter is not None
    assert [key(i) for i in X.index] == [key(i) for i in letter.ids]
    for name, rows in letter.blocks.items():
        has = ~np.isnan(rows).all(axis=1)
        np.testing.assert_array_equal(X.has(name), has)
        np.testing.assert_array_equal(X.block(name), rows[has])
    if truth != letter:
        COUNTS["joins warned of"] += 1
        assert names_one_of(lost_or_several(arguments, letter), said), said
    if arguments["index"] is None and data.draw(st.booleans()):
        X = arguments["blocks"]
    call_as_by_hand(data, world, X, letter, sound)


def lost_or_several(arguments, letter):
    """Ids, as warnings show them, of rows that no patient has, or of two rows."""
    if arguments["index"] is None:
        return letter.ids_of_several
    known = {key(i) for i in arguments["index"]}
    tables = arguments["blocks"].values()
    ids = [i for t in tables for i in (t[0] if isinstance(t, tuple) else t.index)]
    return [repr(s) for i in ids if key(i) not in known for s in (i, key(i))]


def call_as_by_hand(data, world, X, rows, sound):
    call = data.draw(st.sampled_from(MOSTLY))
    if isinstance(X, Cohort) and data.draw(st.booleans()):  # in an order of its own
        places = world.rng.permutation(len(rows.ids))
        X, rows = X[places], rows.take(places)
    passed = {name: data.draw(columns(world, rows, name)) for name in CALLS[call]}
    for name in ("groups", "cv_groups"):
        if name in passed and data.draw(st.booleans()):
            del passed[name]
    if pd.isna(np.asarray(passed["y"].given, dtype=object)).any():
        passed.pop("sample_weight", None)  # nothing is scored
    found, said = recorded(call, X, **{n: column.given for n, column in passed.items()})
    truth = by_hand(call, rows, {n: column.truth for n, column in passed.items()})
    if found is None:
        sound = sound and all(column.sound for column in passed.values())
        assert not sound or truth is None, said
        COUNTS["joins refused"] += 1
        return
    COUNTS["joins fitted and answered"] += 1
    if truth is not None and same(found, truth):
        return
    letter = by_hand(call, rows, {n: column.letter for n, column in passed.items()})
    assert letter is not None
    assert same(found, letter)
    COUNTS["joins warned of"] += 1
    for column in passed.values():
        if column.truth != column.letter:
            assert names_one_of(column.marks, said), said


def by_hand(call, rows, values):
    """What a call gives for aligned arrays; None if it refuses, or a value lacks."""
    if any(found is None for found in values.values()):
        return None
    given = {n: _array(found) for n, found in values.items() if n != "metadata"}
    if "metadata" in values:
        given["metadata"] = pd.DataFrame(values["metadata"], columns=["site"])
    return recorded(call, rows.blocks, **given)[0]


@settings(FUZZ, max_examples=25 if DERANDOMIZED else N_EXAMPLES)
@given(data=st.data())
def join_covariates(data):
    """Covariates of a cohort go with its rows, and are those that the audit reads."""
    COUNTS["covariates tried"] += 1
    world = data.draw(worlds())
    arguments, truth, rows, sound = data.draw(cohorts(world))
    assume(recorded(Cohort, **arguments)[0] is not None and truth == rows)
    column = data.draw(columns(world, rows, "metadata"))
    X, said = recorded(Cohort, **arguments, metadata=column.given)
    if X is None:
        # Row numbers are of no patient where blocks are joined in an order of ours.
        numbered = isinstance(column.given.index, pd.RangeIndex)
        ordered = arguments["index"] is not None or not is_keyed(arguments["blocks"])
        assert not (sound and column.sound) or (numbered and not ordered), said
        COUNTS["covariates refused"] += 1
        return
    COUNTS["covariates joined"] += 1
    found = X.metadata["site"].tolist()
    expected = [value and value[0] for value in column.letter]
    assert [*map(text_of, found)] == [*map(text_of, expected)]
    if column.truth != column.letter:
        COUNTS["joins warned of"] += 1
        assert names_one_of(column.marks, said), said
    places = world.rng.permutation(len(rows.ids))[: len(rows.ids) - 3]
    X, rows = X[places], rows.take(places)
    assert X.metadata.index.tolist() == X.index.tolist()
    taken = [expected[place] for place in places]
    assert [*map(text_of, X.metadata["site"])] == [*map(text_of, taken)]
    if data.draw(st.sampled_from([True, False, False, False])):
        audit_as_by_hand(world, X, rows, taken)


def is_keyed(blocks):
    return isinstance(next(iter(blocks.values())), tuple | pd.DataFrame)


def audit_as_by_hand(world, X, rows, sites):
    y = [world.y[patient] for patient in rows.patients]
    found, said = recorded(audit, X, pd.Series(y, index=X.index)[::-1])
    table = pd.DataFrame({"site": sites})
    truth, _ = recorded(audit, rows.blocks, _array(y), table)
    assert (found is None) == (truth is None), said
    assert found is None or same(found, truth)


def test_covariates_of_a_cohort_as_by_hand_a_warning_or_a_clear_error():
    before = COUNTS.copy()
    join_covariates()
    tried = COUNTS - before
    assert tried["covariates joined"] >= tried["covariates tried"] / 3, tried


def test_a_join_as_by_hand_a_warning_or_a_clear_error():
    before = COUNTS.copy()
    join_and_call()
    tried = COUNTS - before
    assert tried["joins fitted and answered"] >= tried["joins tried"] / 2, tried
