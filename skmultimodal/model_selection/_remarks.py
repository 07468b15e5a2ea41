"""What to know before the means of a comparison are read."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier

from skmultimodal.utils._labels import class_name

__all__ = ["MIN_TESTED", "find_remarks", "heading_of"]

MIN_TESTED = 10  # patients of a class


def heading_of(comparison: Any, about: Any = "") -> list[str]:
    """Lines above the means: what they are of, and what the intervals are given."""
    n_repeats = len({fold.repeat for fold in comparison.folds})
    repeats = f" ({n_repeats} repeats)" if n_repeats > 1 else ""
    lines = [
        f"Comparison of {_count(len(comparison.models), 'model')} on "
        f"{_count(len(comparison.folds), 'fold')}{repeats}{about}",
        f"Mean of the folds [{100 * comparison.confidence_level:.3g} % interval]",
    ]
    if not comparison.n_unpaired:
        return lines
    unpaired = _count(comparison.n_unpaired, "unpaired row")
    n_draws = comparison.draws()["draw"].nunique()
    if n_draws:
        return [
            *lines,
            "Intervals hold for other unpaired rows and random seeds as well, by "
            f"{n_draws} draws from {unpaired}",
        ]
    n_seeds = comparison.seeds()["seed"].nunique()
    return [
        *lines,
        f"Intervals are given {unpaired} that train, and "
        f"{_count(n_seeds, 'random seed')} of training",
    ]


def _count(n: int, thing: Any) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"


def find_remarks(comparison: Any, models: list[str]) -> list[str]:
    """Sentences on few patients, intervals without width and classes never predicted.

    Parameters
    ----------
    comparison : Comparison
    models : list of str
        Those that the sentences are about. What guesses by design is left out.

    Returns
    -------
    remarks : list of str
    """
    models = [name for name in models if not _guesses(comparison, name)]
    return [
        *_few_tested(comparison),
        *_without_width(comparison, models),
        *_never_predicted(comparison, models),
    ]


def _guesses(comparison: Any, name: str) -> bool:
    estimator: Any = (comparison.estimators or {}).get(name)
    while hasattr(estimator, "estimator"):
        estimator = estimator.estimator
    return isinstance(estimator, DummyClassifier)


def _few_tested(comparison: Any) -> Iterator[str]:
    tested = comparison.predictions(models=comparison.models[:1])
    labels = tested.drop_duplicates("row")["y_true"].to_numpy()
    few = {
        class_name(label): int(np.sum(labels == label))
        for label in comparison.classes.tolist()
        if np.sum(labels == label) < MIN_TESTED
    }
    if few:
        rarest = min(few, key=few.__getitem__)
        others = f", and of {len(few) - 1} other classes fewer than {MIN_TESTED}"
        yield (
            f"Only {few[rarest]} tested patients are of class {rarest}"
            f"{others if len(few) > 1 else ''}: no score means much, and an accuracy "
            f"may be that of naming one class. {_what_few_cannot_show(few[rarest])} "
            "Test more of them: PatternStratifiedKFold tests patients with one "
            "modality as well (user guide, 'Rare outcomes and thresholds')."
        )


def _what_few_cannot_show(n_patients: int) -> str:
    moved = "With none, there is no sensitivity"
    if n_patients:
        moved = f"One of them moves a sensitivity by {1 / n_patients:.2f}"
    return f"{moved}, and neither calibration nor a threshold can be judged."


def _without_width(comparison: Any, models: Any) -> Iterator[str]:
    if not models:
        return
    summary = comparison.summary(models=models)
    narrow = summary[summary["low"] == summary["high"]]
    if len(narrow):
        first = narrow.iloc[0]
        others = f", one of {len(narrow)} such intervals" if len(narrow) > 1 else ""
        yield (
            f"The interval of {first['metric']} of {first['model']!r}, at "
            f"{first['mean']:.3g}, has no width{others}: every fold has the same "
            "score, which is no certainty."
        )


def _never_predicted(comparison: Any, models: Any) -> Iterator[str]:
    for model in models:
        predicted = set(comparison.predictions(models=[model])["y_pred"])
        never = [c for c in comparison.classes.tolist() if c not in predicted]
        if never:
            names = ", ".join(map(class_name, never))
            yield (
                f"{model!r} never predicts class {names}: its accuracy is that of "
                "naming the others. The probability of a rare class is seldom the "
                "largest. Look at scores that need no threshold, such as roc_auc, and "
                "choose a threshold by what errors cost (user guide, 'Rare outcomes "
                "and thresholds')."
            )
