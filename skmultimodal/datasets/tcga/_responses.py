"""One response per case from clinical tables of several sources."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from skmultimodal.io._labels import RESPONSE_SCHEMES, response_codes

__all__ = ["collect_responses"]

# Source of a response -> the columns it may be in, best first.
RESPONSE_COLUMNS = (
    "treatment_outcome_first_course",
    "primary_therapy_outcome_success",
    "treatments.treatment_outcome",
    "treatment_outcome",
)
STATUS_COLUMNS = (
    "tumor_status",
    "person_neoplasm_cancer_status",
    "follow_ups.disease_response",
    "disease_response",
)
DAY_COLUMNS = (
    "follow_ups.days_to_follow_up",
    "days_to_follow_up",
    "last_contact_days_to",
    "days_to_last_followup",
)
BEST_TO_WORST = ("CR", "PR", "SD", "PD")
CONFLICTS = ("latest", "best", "worst")


def _records(table: pd.DataFrame, columns: Sequence[str], rank: int) -> pd.DataFrame:
    """Known responses of one table: case, code, word, form, date and day."""
    out = []
    follow_up = any(
        name in table.columns for name in ("bcr_followup_barcode", *DAY_COLUMNS[:2])
    )
    day = next((table[c] for c in DAY_COLUMNS if c in table.columns), None)
    for column in columns:
        if column not in table.columns:
            continue
        words = table[column]
        frame = pd.DataFrame(
            {
                "case": table.index,
                "code": response_codes(words, on_error="drop"),
                "word": words.to_numpy(dtype=object),
                # The dated follow-up form overrules the patient form.
                "form": 1 if follow_up else 0,
                "column": -columns.index(column),
                "date": pd.to_datetime(
                    table["form_completion_date"], format="%Y-%m-%d", errors="coerce"
                ).to_numpy()
                if "form_completion_date" in table.columns
                else pd.NaT,
                "day": pd.to_numeric(day, errors="coerce").to_numpy()
                if day is not None
                else float("nan"),
                "source": f"{table.attrs.get('name', 'table')}: {column}",
                "rank": -rank,
            }
        )
        out.append(frame)
    return pd.concat(out, ignore_index=True) if out else pd.DataFrame()


def collect_responses(
    tables: Sequence[pd.DataFrame],
    scheme: str = "disease_control",
    *,
    conflict: str = "latest",
) -> pd.DataFrame:
    """Find each case's response in clinical tables and resolve conflicts.

    Parameters
    ----------
    tables : sequence of DataFrame
        As `read_clinical` gives them; the earlier ones win ties.
    scheme : str, default="disease_control"
        Label scheme of `make_response_labels`; ``"tumor_free"`` reads the columns of
        tumour status, the others those of the response to the first course.
    conflict : {"latest", "best", "worst"}, default="latest"
        Which of several values of a case: that of the latest dated follow-up form,
        else of the patient form; or the best or worst of all.

    Returns
    -------
    DataFrame
        By case: ``word`` as written, ``source`` (file and column), ``n_values``
        (distinct responses found: more than one is a conflict).

    Raises
    ------
    ValueError
        If no table has such a column or `scheme` or `conflict` is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmultimodal.datasets.tcga import collect_responses
    >>> first = {"treatment_outcome_first_course": ["Stable Disease"]}
    >>> table = pd.DataFrame(first, index=["TCGA-02-0001"])
    >>> collect_responses([table])["word"].to_dict()
    {'TCGA-02-0001': 'Stable Disease'}
    """
    if scheme not in RESPONSE_SCHEMES:
        raise ValueError(
            f"scheme must be one of {', '.join(RESPONSE_SCHEMES)}, got {scheme!r}."
        )
    if conflict not in CONFLICTS:
        raise ValueError(
            f"conflict must be one of {', '.join(CONFLICTS)}, got {conflict!r}."
        )
    status = scheme == "tumor_free"
    columns = STATUS_COLUMNS if status else RESPONSE_COLUMNS
    wanted = ("TF", "WT") if status else (*BEST_TO_WORST, "persistent")
    found = [_records(table, columns, i) for i, table in enumerate(tables)]
    found = [frame for frame in found if len(frame.columns)]
    if not found:
        raise ValueError(
            f"no clinical table has a column for {scheme!r} (such as {columns[0]!r} or "
            f"{columns[2]!r})."
        )
    records = pd.concat(found, ignore_index=True)
    records = records[records["code"].isin(wanted)]
    order = ["form", "column", "date", "day", "rank"]
    if conflict != "latest":
        scale = (*BEST_TO_WORST, "TF", "WT", "persistent")
        sign = -1 if conflict == "best" else 1
        records["severity"] = records["code"].map(lambda code: sign * scale.index(code))
        order = ["severity", *order]
    records = records.sort_values(order, na_position="first", kind="stable")
    last = records.drop_duplicates("case", keep="last").set_index("case")
    counts = records.groupby("case")["code"].nunique()
    out = last[["word", "source"]].assign(n_values=counts)
    return out.sort_index()
