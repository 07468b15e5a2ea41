"""Some patients, chosen by a rule, and what the model says of them."""

import numpy as np

from skmultimodal.inspection import SaliencyDisplay
from skmultimodal.report._figures import draw
from skmultimodal.report._parts import Patient, Patients, Section, Text, not_given
from skmultimodal.report._words import joined, number, signed

__all__ = ["choose_examples", "patients_section"]

RIGHT, WRONG, UNSURE = "surest and right", "surest and wrong", "least sure"
TYPICAL = "typical of those with"
RULE = (
    "The rule: by out-of-fold probability the surest right one, the surest wrong one "
    "and the least sure one; then, of each pattern of modalities that was not tested, "
    "the largest first, the one whose probability is the median; then the next of the "
    "first three kinds by turns."
)


def choose_examples(study, n_examples):
    """Rows of example patients and why each was chosen: dict of int to str."""
    chosen = {}
    if not n_examples or not study.has_probabilities:
        return chosen
    queues = _queues(study)
    for reason, rows in queues.items():
        _take(chosen, rows, reason)
    for pattern, row in _typical(study).items():
        chosen.setdefault(row, f"{TYPICAL} {joined(pattern.split('+'))} only")
    place = 0
    while len(chosen) < n_examples and any(len(r) > place for r in queues.values()):
        place += 1
        for reason, rows in queues.items():
            _take(chosen, rows, f"next {reason}")
    return dict(list(chosen.items())[:n_examples])


def _take(chosen, rows, reason):
    row = next((row for row in rows if row not in chosen), None)
    if row is not None:
        chosen[row] = reason


def _queues(study):
    """Rows of tested patients, the best example first, by kind."""
    rows = study.tested.index.to_numpy()
    p = study.tested.to_numpy()
    truth = study.codes[rows]
    right = p.argmax(axis=1) == truth
    top = np.sort(p, axis=1)
    order = np.argsort(-top[:, -1], kind="stable")
    margin = np.argsort(top[:, -1] - top[:, -2], kind="stable")
    return {
        RIGHT: rows[order[right[order]]].tolist(),
        WRONG: rows[order[~right[order]]].tolist(),
        UNSURE: rows[margin].tolist(),
    }


def _typical(study):
    """The row of the median final probability, of each pattern that was not tested."""
    if study.final is None:
        return {}
    tested = set(study.patterns[study.tested.index].tolist())
    found = {}
    sizes = study.cohort.summary().sort_values(ascending=False, kind="stable")
    for pattern in sizes.index:
        if pattern not in tested:
            rows = np.flatnonzero(study.patterns == pattern)
            order = np.argsort(study.final[rows, study.positive], kind="stable")
            found[pattern] = int(rows[order[(len(rows) - 1) // 2]])
    return found


def patients_section(study, examples, explanations):
    """The example patients."""
    heading, items = "Some patients", (15, 25)
    if not examples:
        reason = "None was asked for, or the model gives no probabilities."
        block = not_given("Example patients", reason)
        return Section("examples", heading, "No patient is shown.", [block], items)
    told = list(examples.values())
    absent = [kind for kind in (RIGHT, WRONG) if kind not in told]
    answer = f"{study.count(len(examples))}, chosen by a rule and not by hand."
    if absent and len(examples) > 1:
        answer += f" None of the tested was {joined(a.split()[-1] for a in absent)}."
    cards = [
        _describe(study, row, reason, explanations) for row, reason in examples.items()
    ]
    blocks = [Text(RULE), Patients(cards)]
    if explanations.maps:
        blocks.insert(
            1,
            Text(
                "Maps: red speaks for class "
                f"{study.positive_name}, blue against it; yellow outlines the "
                "segmentation. Each map has a scale of its own."
            ),
        )
    return Section("examples", heading, answer, blocks, items)


def _describe(study, row, reason, explanations):
    facts = {"Modalities": joined(str(study.patterns[row]).split("+"))}
    facts["Answered by"] = _route(study, row)
    facts["True class"] = study.say(study.codes[row])
    what = f"Probability of {study.positive_name}"
    if row in study.tested.index:
        told = number(study.tested.loc[row, study.positive])
        if study.n_repeats > 1:
            told += f" (mean of {study.n_repeats} repeats)"
    else:
        told = "not tested"
    facts[f"{what}, out of fold"] = told
    if study.final is not None:
        told = number(study.final[row, study.positive])
        if study.codes[row] < 0:
            seen = "no part that needs labels has learned from this patient"
        else:
            seen = "it has learned from this patient"
        facts[f"{what}, final model"] = f"{told}; {seen}"
    facts["Prediction set"] = _prediction_set(study, row)
    facts["Contributions"] = _contributions(study, row, explanations)
    return Patient(
        str(study.ids[row]),
        reason,
        facts,
        _thumbnail(study, row, explanations),
    )


def _route(study, row):
    if study.routes is None:
        return type(study.estimator).__name__
    route = str(study.routes[row])
    if route == "head":
        return "the final estimator"
    towers = route.split("+")
    return f"the {'tower' if len(towers) == 1 else 'towers'} of {joined(towers)}"


def _prediction_set(study, row):
    sets, patient = study.prediction_sets, study.ids[row]
    if sets is None or patient not in sets.index:
        return "not given"
    held = sets[sets.index == patient].to_numpy()[0]
    return joined(study.say(code) for code in np.flatnonzero(held)) or "no class"


def _contributions(study, row, explanations):
    if explanations.contributions is None:
        return "not given"
    shares = explanations.contributions.contributions.iloc[row].dropna()
    told = joined(f"{name} {signed(share)}" for name, share in shares.items())
    return f"{told}, from {number(explanations.contributions.prior)}"


def _thumbnail(study, row, explanations):
    for name, result in explanations.maps.items():
        places = np.flatnonzero(np.asarray(result.ids) == study.cohort.index[row])
        if not study.cohort.has(name)[row] or not len(places):
            continue
        place = places[:1]
        channel = _first_channel(result, place[0])
        mask = result.segmentation

        def make(result=result, place=place, channel=channel, mask=mask):
            display = SaliencyDisplay(
                result.heatmap[place],
                result.images[place],
                [""],
                segmentation=None if mask is None else mask[place],
                positive=study.positive_name,
            )
            return display.plot(channel=channel)

        score = "" if result.score is None else (
            f", log-odds {number(result.score[place[0]])}"
        )  # fmt: skip
        return draw(
            make,
            alt=f"Saliency map of {study.ids[row]}{score}: {_where(result, place[0])}",
            caption=f"{name}, {study.say_channel(name, channel)}",
            format="png",
        )
    return None


def _first_channel(result, place):
    """The first channel that shows anything, other than the segmentation."""
    image, mask = result.images[place], result.segmentation
    for number_, plane in enumerate(image):
        is_mask = mask is not None and np.array_equal(plane, mask[place])
        if np.ptp(plane) > 0 and not is_mask:
            return number_
    return 0


def _where(result, place):
    heat = np.abs(result.heatmap[place])
    if not heat.any():
        return "nothing in the image counts."
    height, width = heat.shape
    y, x = (axis @ weights / heat.sum() for axis, weights in (
        (np.arange(height) / height, heat.sum(axis=1)),
        (np.arange(width) / width, heat.sum(axis=0)),
    ))  # fmt: skip
    told = f"its centre is {y:.0%} down and {x:.0%} across the picture"
    if result.segmentation is not None and (result.segmentation[place] > 0).any():
        inside = heat[result.segmentation[place] > 0].sum() / heat.sum()
        told += f", {inside:.0%} of it within the segmentation"
    return f"{told}."
