"""Display of the participant flow: patients found, dropped, kept, and trained on."""

import textwrap
from typing import Any, Self

import pandas as pd

from skmultimodal.cohort import as_cohort
from skmultimodal.inspection._boxes import Chart
from skmultimodal.inspection._cohort import ALL_ROWS, UNLABELLED, count_by_class
from skmultimodal.inspection._flow_counts import (
    COLUMNS,
    OTHERS,
    PAIRED,
    PATIENTS,
    check_flow,
    count_cohort,
    count_flow,
)
from skmultimodal.inspection._style import in_style, make_axes
from skmultimodal.utils._alignment import join_rows

__all__ = ["ParticipantFlowDisplay"]

# Longer reasons are cut.
MAX_CHARACTERS = 140


class ParticipantFlowDisplay:
    """Participant flow: patients found, dropped (with reasons), kept, and trained on.

    Use `from_flow` or `from_cohort` to make one. It is the flow diagram at the
    beginning of reports by TRIPOD or CONSORT.

    Parameters
    ----------
    counts : DataFrame
        Columns ``stage``, ``part``, ``detail`` and ``n``. Stages, in order:

        - ``"found"``: ``"patients"``, and those with each modality.
        - ``"dropped"``: patients who lost a modality, by reason.
        - ``"besides"``: further files or samples of patients who kept it, by reason.
        - ``"kept"``: patients with each modality that was read; ``"remark"``: those
          with a remark, by remark.
        - ``"left out"``: patients who are not in the cohort, by reason; ``"hidden"``:
          patients in it who have lost a modality since.
        - ``"noted"``: anything else in the flow table.
        - ``"cohort"``: ``"patients"``, those with each modality, and ``"rows"`` if a
          patient has several.
        - ``"trains"``: rows of each class, unpaired ones by modality, and ``"paired"``.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    AvailabilityDisplay : Who has which modalities.

    Notes
    -----
    The last row is for `TwinTowerClassifier` as it is by default. With
    ``tower_rows="unpaired"``, or the paper's head, paired rows train no tower. Rows
    with two of three modalities train the default final estimator too.

    References
    ----------
    Collins et al. (2024), TRIPOD+AI statement: updated guidance for reporting clinical
    prediction models, BMJ 385. :doi:`10.1136/bmj-2023-078378`

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skmultimodal.datasets import make_glioma_cohort
    >>> from skmultimodal.inspection import ParticipantFlowDisplay
    >>> X, y = make_glioma_cohort(
    ...     30, 40, 20, n_genes=50, image_size=16, random_state=0, return_X_y=True
    ... )
    >>> display = ParticipantFlowDisplay.from_cohort(X, y)
    >>> display.counts.query("stage == 'cohort'")
        stage      part detail   n
    0  cohort  patients         90
    1  cohort     image         50
    2  cohort      gene         60
    >>> plt.close()
    """

    def __init__(self, *, counts: pd.DataFrame) -> None:
        self.counts = counts

    @classmethod
    def from_flow(
        cls, flow: pd.DataFrame, *, max_reasons: int = 4, ax: Any = None
    ) -> Self:
        """Count a flow table and draw it.

        Parameters
        ----------
        flow : DataFrame
            Of `load_cohort` or `load_tcga_glioma`: columns ``patient``, ``item``,
            ``status`` and ``reason``.
        max_reasons, ax : see `plot`

        Returns
        -------
        display : ParticipantFlowDisplay

        Raises
        ------
        ValueError
            If a column is missing, or no modality was kept.
        """
        flow = check_flow(flow)
        kept = flow[flow["status"] == "kept"]
        names = [i for i in dict.fromkeys(flow["item"]) if i not in OTHERS]
        ids = pd.Index(kept.loc[kept["item"].isin(names), "patient"].unique())
        if not len(ids):
            raise ValueError("the flow table has no patient whose modality was kept.")
        has = pd.DataFrame(
            {n: ids.isin(kept.loc[kept["item"] == n, "patient"]) for n in names}, ids
        )
        clinical = kept[kept["item"] == "clinical"]
        with_label = clinical[~clinical["reason"].str.startswith(UNLABELLED)]
        labelled = ids.isin(with_label["patient"])
        by_class = pd.DataFrame(
            {"labelled": labelled, UNLABELLED: ~labelled}, dtype=int
        )
        counts = [*count_flow(flow, names, has), *count_cohort(has, by_class)]
        return cls(counts=pd.DataFrame(counts, columns=COLUMNS)).plot(
            ax, max_reasons=max_reasons
        )

    @classmethod
    def from_cohort(
        cls,
        X: Any,
        y: Any = None,
        *,
        flow: pd.DataFrame | None = None,
        class_names: Any = None,
        max_reasons: int = 4,
        ax: Any = None,
    ) -> Self:
        """Count a cohort, and the flow into it if that is given, and draw it.

        Parameters
        ----------
        X : Cohort, dict of aligned arrays, DataFrame or array
        y : array-like of shape (n_rows,), default=None
            Class labels; NaN or None marks an unlabelled row.
        flow : DataFrame, default=None
            As of `from_flow`. None begins with the cohort.
        class_names : dict of label to str, default=None
        max_reasons, ax : see `plot`

        Returns
        -------
        display : ParticipantFlowDisplay

        Raises
        ------
        ValueError
            If there are no rows, `y` has another length, or `flow` lacks a column.
        """
        cohort = as_cohort(X)
        if not len(cohort):
            raise ValueError("X has no rows: there is nothing to draw.")
        (y,) = join_rows(X, cohort, y=y)
        by_class = count_by_class(cohort, y, class_names)
        ids = cohort.index
        if cohort.metadata is not None and "patient" in cohort.metadata:
            ids = pd.Index(cohort.metadata["patient"])
        has = cohort.available.set_axis(ids, axis=0)
        counts = []
        if flow is not None:
            flow = check_flow(flow)
            items = [i for i in dict.fromkeys(flow["item"]) if i not in OTHERS]
            names = list(dict.fromkeys([*cohort.modalities, *items]))
            counts += count_flow(flow, names, has)
        counts += count_cohort(has, by_class)
        return cls(counts=pd.DataFrame(counts, columns=COLUMNS)).plot(
            ax, max_reasons=max_reasons
        )

    @in_style
    def plot(self, ax: Any = None, *, max_reasons: int = 4) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure of the size that the text needs. On axes that are too
            small, the text is smaller.
        max_reasons : int, default=4
            Reasons listed in a box, the most frequent ones; the others are counted
            together.

        Returns
        -------
        display : ParticipantFlowDisplay
            Itself.
        """
        if max_reasons < 1:
            raise ValueError(f"max_reasons must be at least 1, got {max_reasons}.")
        chart = self._make_chart(max_reasons)
        self.ax_, self.figure_ = make_axes(ax, figsize=chart.best_size())
        chart.draw(self.ax_)
        return self

    def _make_chart(self, max_reasons: int) -> Any:
        names = list(self._part("kept")["part"].unique())
        trains = list(self._part("trains")["part"].unique())
        chart = Chart(max(len(names), len(trains)))
        if names:
            chart.add_centre([self._title("Patients found", "found", PATIENTS)])
            chart.add_row([[self._title(f"With {n}", "found", n)] for n in names])
            chart.add_below(
                [self._dropped(name, max_reasons) for name in names],
                [self._kept(name, max_reasons) for name in names],
            )
            chart.add_side(self._aside(max_reasons))
            chart.add_centre(self._cohort())
        else:
            chart.add_centre(self._cohort())
            chart.add_side(self._aside(max_reasons))
        chart.add_row([self._trains(part, len(trains) == 1) for part in trains])
        return chart

    def _part(self, stage: Any, part: Any = None) -> pd.DataFrame:
        rows = self.counts[self.counts["stage"] == stage]
        return rows if part is None else rows[rows["part"] == part]

    def _title(self, text: str, stage: Any, part: Any) -> tuple[Any, Any]:
        return _numbered(text, self._part(stage, part)["n"].sum()), True

    def _reasons(self, text: str, stage: Any, part: Any, max_reasons: int) -> list[Any]:
        if not len(self._part(stage, part)):
            return []
        reasons = _list_reasons(self._part(stage, part), max_reasons)
        return [self._title(text, stage, part), *reasons]

    def _dropped(self, name: str, most: Any) -> list[Any]:
        lines = self._reasons("Dropped", "dropped", name, most)
        title = "More files or samples of those kept"
        return [*lines, *self._reasons(title, "besides", name, most)]

    def _kept(self, name: str, most: Any) -> list[Any]:
        remarks = _list_reasons(self._part("remark", name), most)
        return [self._title("Kept", "kept", name), *remarks]

    def _aside(self, most: Any) -> list[Any]:
        lines = self._reasons("Left out", "left out", PATIENTS, most)
        for name in self._part("hidden")["part"]:
            lines.append(self._title(f"{name}: hidden after loading", "hidden", name))
        for part in self._part("noted")["part"].unique():
            lines += self._reasons(part, "noted", part, most)
        return lines

    def _cohort(self) -> list[Any]:
        rows = self._part("cohort")
        lines = [self._title("Patients in the cohort", "cohort", PATIENTS)]
        for part, n in zip(rows["part"], rows["n"], strict=True):
            if part != PATIENTS:
                text = part if part == ALL_ROWS else f"with {part}"
                lines.append((_numbered(text, n), False))
        return lines

    def _trains(self, part: Any, alone: bool) -> list[Any]:
        rows = self._part("trains", part)
        kind = " rows" if ALL_ROWS in set(self._part("cohort")["part"]) else ""
        if alone:
            title, use = (
                f"With {part}{kind and ','}{kind}",
                "for tower and final estimator",
            )
        elif part == PAIRED:
            title, use = f"Paired{kind}", "for towers and final estimator"
        else:
            title, use = f"Unpaired{kind} with {part}", "for its tower"
        lines = [self._title(title, "trains", part), (use, False)]
        for label, n in zip(rows["detail"], rows["n"], strict=True):
            if label == UNLABELLED and n:
                lines.append((_numbered(UNLABELLED, n), False))
            elif label not in (UNLABELLED, ALL_ROWS):
                named = any(map(str.isalpha, label))
                lines.append(
                    (_numbered(label if named else f"class {label}", n), False)
                )
        return lines


def _numbered(text: str, n: Any) -> str:
    # The spaces do not break.
    return f"{text} (n\u00a0=\u00a0{n})"


def _list_reasons(rows: Any, max_reasons: int) -> list[Any]:
    rows = rows[rows["detail"] != ""]
    shown, rest = rows.iloc[:max_reasons], rows.iloc[max_reasons:]
    if len(rest) == 1:
        shown, rest = rows, rest.iloc[:0]
    lines = [
        (
            _numbered(textwrap.shorten(detail, MAX_CHARACTERS, placeholder=" ..."), n),
            False,
        )
        for detail, n in zip(shown["detail"], shown["n"], strict=True)
    ]
    if len(rest):
        lines.append(
            (_numbered(f"and {len(rest)} other reasons", rest["n"].sum()), False)
        )
    return lines
