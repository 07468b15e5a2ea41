"""What the final model looks at: modalities, places in images, genes."""

from dataclasses import dataclass, field

import numpy as np

from skmultimodal.inspection import (
    GeneAttributionsDisplay,
    ModalityContributionsDisplay,
    gene_attributions,
    modality_contributions,
    saliency_map,
)
from skmultimodal.model_selection._folds import take
from skmultimodal.report._figures import draw, short
from skmultimodal.report._parts import Section, Table, Text, not_given
from skmultimodal.report._words import count, joined, number, signed

__all__ = ["Explanations", "explain", "explanations_section"]

# Patients whose maps are averaged, and genes that are drawn.
N_MAPS = 24
N_GENES = 15
# What a model that cannot be taken apart may raise.
REFUSALS = (TypeError, ValueError, ImportError, NotImplementedError, AttributeError)


@dataclass
class Explanations:
    """What was computed, or why it could not be.

    Parameters
    ----------
    contributions : Bunch or None
        Of ``modality_contributions``, all patients.
    maps : dict of str to Bunch
        Of ``saliency_map`` by modality of images, some patients.
    columns : dict of str to Bunch
        Of ``gene_attributions`` by modality of vectors.
    reasons : dict of str to str
        Why something is lacking, by name of the modality, or "contributions".
    """

    contributions: object = None
    maps: dict = field(default_factory=dict)
    columns: dict = field(default_factory=dict)
    reasons: dict = field(default_factory=dict)


def explain(study, examples):
    """Explain the final model.

    Parameters
    ----------
    study : Study
    examples : list of int
        Rows whose images are wanted in any case.

    Returns
    -------
    explanations : Explanations
    """
    found = Explanations()
    if study.final is None:
        reason = "The model gives no probabilities."
        names = ["contributions", *study.cohort.modalities]
        found.reasons = dict.fromkeys(names, reason)
        return found
    try:
        if len(study.cohort.modalities) < 2:
            raise ValueError("There is one modality, which contributes all.")
        found.contributions = modality_contributions(
            study.estimator,
            study.X,
            study.class_labels,
            positive=study.positive_label,
        )
    except REFUSALS as error:
        found.reasons["contributions"] = _say_error(error)
    for name in study.cohort.modalities:
        n_axes = len(study.cohort.block_shape(name))
        if n_axes not in (2, 4):
            found.reasons[name] = "Its rows are neither images nor vectors."
        elif study.cohort.has(name).any():
            _explain_modality(study, name, n_axes == 4, examples, found)
    return found


def _explain_modality(study, name, is_image, examples, found):
    options = {"modality": name, "positive": study.positive_label}
    try:
        if is_image:
            rows = _rows_to_map(study, name, examples)
            found.maps[name] = saliency_map(
                study.estimator, take(study.X, rows), **options
            )
        else:
            rows = _tested_with(study, name)
            found.columns[name] = gene_attributions(
                study.estimator, take(study.X, rows), **options
            )
    except REFUSALS as error:
        found.reasons[name] = _say_error(error)


def _say_error(error):
    told = " ".join(str(error).split())
    return told or type(error).__name__


def _tested_with(study, name):
    """Rows of tested patients who have a modality; of all, if none was tested."""
    has = study.cohort.has(name)
    tested = study.tested.index.to_numpy()
    tested = tested[has[tested]]
    return tested if len(tested) else np.flatnonzero(has)


def _rows_to_map(study, name, examples):
    """Examples who have the images, and tested patients at equal steps."""
    rows = _tested_with(study, name)
    steps = np.linspace(0, len(rows) - 1, min(N_MAPS, len(rows)))
    chosen = rows[steps.round().astype(int)].tolist()
    has = study.cohort.has(name)
    return list(dict.fromkeys([*(r for r in examples if has[r]), *chosen]))


def explanations_section(study, explanations, examples):
    """Contributions, maps and genes, and what cannot be had."""
    said, blocks = [], []
    for make in (_contributions, _maps, _columns):
        sentence, parts = make(study, explanations, examples)
        said += [sentence] * bool(sentence)
        blocks += parts
    final = (
        "Explained is the final model, which was fitted to all patients, the tested "
        "ones among them. The scores above are of models fitted to fewer. An "
        "explanation says what the model uses, not what causes the outcome."
    )
    if not said:
        said = ["It cannot be said: the model could not be explained."]
    return Section(
        "explanations",
        "What does it look at?",
        " ".join(said),
        [Text(final), *blocks],
        (15, 22),
        short=" ".join(said[:2]),
    )


def _contributions(study, explanations, examples):
    result = explanations.contributions
    if result is None:
        reason = explanations.reasons["contributions"]
        return "", [not_given("Contribution of each modality", reason)]
    spread = result.contributions.groupby(result.patterns).std(ddof=0)
    pattern = "+".join(study.cohort.modalities)
    sentence = ""
    if pattern in spread.index:
        told = joined(f"{name} {number(v)}" for name, v in spread.loc[pattern].items())
        sentence = (
            "How much the modalities tell patients with all of them apart (standard "
            f"deviation of their contributions to the probability): {told}."
        )
    blocks = _contribution_blocks(study, result, spread)
    if len(examples):
        blocks.append(_ways(study, result, examples))
    return sentence, blocks


def _contribution_blocks(study, result, spread):
    positive = study.positive_name
    rows = [
        (f"{p}: {name}", f"{row['n_rows']:.0f}", signed(row["mean"]),
         number(spread.loc[p, name]), number(row["mean_absolute"]))
        for (p, name), row in result.summary.iterrows()
    ]  # fmt: skip
    told = "; ".join(f"{row[0]} {row[4]}" for row in rows)
    return [
        draw(
            lambda: ModalityContributionsDisplay.from_contributions(
                {**result, "positive": positive}
            ),
            alt=f"Mean absolute contribution of each modality by pattern: {told}.",
            caption="How far each modality moves the probability of class "
            f"{positive} away from its frequency in training "
            f"({number(result.prior)}, of the final estimator), up or down, on average "
            "(Shapley values over what the patient has).",
        ),
        Table(
            ["Patients with: modality", "Patients", "Mean", "Spread", "Mean absolute"],
            rows,
            f"Contributions to the probability of class {positive}. A mean that all "
            "share tells nobody apart: it comes of parts that were trained where the "
            "class has another frequency. The spread is the standard deviation.",
        ),
    ]


def _ways(study, result, examples):
    named = {**result, "positive": study.positive_name}
    ids = [study.ids[row] for row in examples]
    return draw(
        lambda: ModalityContributionsDisplay.from_contributions(
            named, kind="patients", patients=ids
        ),
        alt="Contributions of the modalities for the example patients; they are in the "
        "list of patients in numbers.",
        caption="From the frequency in training to the final model's probability, "
        "modality by modality, of the example patients. It has learned from the "
        "labelled of them: what is said below of right and wrong is of probabilities "
        "out of fold.",
    )


def _maps(study, explanations, examples):
    said, blocks = [], []
    for name in study.cohort.modalities:
        if len(study.cohort.block_shape(name)) != 4:
            continue
        if name in explanations.reasons:
            reason = explanations.reasons[name]
            blocks.append(not_given(f"Where in {name} it looks", reason))
        elif name in explanations.maps:
            sentence, table = _shares(study, name, explanations.maps[name])
            said.append(sentence)
            blocks.append(table)
    if not said and not blocks:
        blocks.append(Text("No modality is an image, so there are no saliency maps."))
    return " ".join(said), blocks


def _shares(study, name, result):
    """How much of the maps lies within the segmentation, and in which channel."""
    size = np.abs(result.attributions)
    total = size.sum(axis=(1, 2, 3))
    told = size.sum(axis=(2, 3)) / np.where(total > 0, total, 1)[:, None]
    channels = told[total > 0].mean(axis=0) if (total > 0).any() else told.mean(axis=0)
    rows = [
        (study.say_channel(name, i), number(share)) for i, share in enumerate(channels)
    ]
    has = int(study.cohort.has(name).sum())
    who = f"{len(size)} of the {count(has, 'patient')} who have it, the examples and "
    who += f"tested ones at equal steps; {_say_method(result.method)}"
    sentence = ""
    mask = result.segmentation
    usable = total > 0
    if mask is not None:
        usable &= (mask > 0).any(axis=(1, 2))
    if mask is not None and usable.any():
        inside = (size.sum(axis=1) * (mask > 0)).sum(axis=(1, 2)) / total.clip(1e-30)
        area = (mask > 0).mean(axis=(1, 2))
        shares, areas = inside[usable].mean(), area[usable].mean()
        rows.append(("within the segmentation", number(shares)))
        rows.append(("area of the segmentation", number(areas)))
        n_outside = int((inside[usable] < 0.5).sum())
        rows.append(
            ("patients with most of it outside", f"{n_outside} of {usable.sum()}")
        )
        sentence = (
            f"Of what counts in {name}, {shares:.0%} lies within the segmented region, "
            f"which is {areas:.0%} of the picture{_verdict(shares, areas)}."
        )
    else:
        sentence = f"Its maps of {name} stand beside the example patients."
    caption = (
        f"Share of the attribution (absolute, summed over pixels) in {name}: mean of "
        f"{who}. Thumbnails stand beside the example patients."
    )
    return sentence, Table(["Part", "Share"], rows, caption)


def _verdict(share, area):
    if share < 1.5 * area:
        return ": about what its area would give, so no sign that it looks there"
    return ", so it looks there rather than elsewhere" if share > 0.5 else ""


def _say_method(method):
    return method.replace("_", " ")


def _columns(study, explanations, examples):
    said, blocks = [], []
    for name in study.cohort.modalities:
        if len(study.cohort.block_shape(name)) != 2:
            continue
        if name in explanations.reasons:
            reason = explanations.reasons[name]
            blocks.append(not_given(f"Which columns of {name} count", reason))
        elif name in explanations.columns:
            result = explanations.columns[name]
            first = [str(gene) for gene in result.ranking.index[:5]]
            importance = result.ranking["importance"]
            share = importance.iloc[:5].sum() / max(importance.sum(), 1e-30)
            n_columns = f"{len(importance):,}"
            said.append(
                f"In {name}, {joined(first)} count most of {n_columns} columns: they "
                f"hold {share:.1%} of the attribution."
            )
            blocks.append(_column_figure(study, name, result))
    if not said and not blocks:
        blocks.append(Text("No modality is a vector, so no genes are ranked."))
    if said:
        blocks.insert(
            0,
            Text(
                "Columns that go together share what any of them could tell, and a "
                "model fitted with another seed may rank others first: that was not "
                "tried here (gene_attributions takes several models)."
            ),
        )
    return " ".join(said), blocks


def _column_figure(study, name, result):
    shown = result.ranking.head(N_GENES)
    told = joined(
        f"{gene} {number(row['importance'])}" for gene, row in shown.iterrows()
    )

    def make():
        names = [short(str(gene)) for gene in shown.index]
        display = GeneAttributionsDisplay(
            shown.set_axis(names), positive=study.positive_name
        ).plot(n_genes=N_GENES)
        if name != "gene":
            display.ax_.set_ylabel(name)
        return display

    return draw(
        make,
        alt=f"The most important columns of {name}: {told}.",
        caption=f"The {len(shown)} columns of {name} that move the log-odds of class "
        f"{study.positive_name} most in {count(len(result.attributions), 'patient')} "
        "(integrated gradients), and in which direction.",
    )
