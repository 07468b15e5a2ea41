"""All that an evaluation in another hospital shows, for its report or another."""

from typing import Any

from skmultimodal.model_selection import ExternalEvaluation
from skmultimodal.report._sections.external_calibration import external_calibration
from skmultimodal.report._sections.external_data import external_data
from skmultimodal.report._sections.external_performance import external_performance

__all__ = ["check_external", "external_numbers"]


def check_external(evaluation: Any) -> None:
    """Refuse what is no ExternalEvaluation."""
    if not isinstance(evaluation, ExternalEvaluation):
        raise ValueError(
            "an evaluation in another hospital must be what evaluate_external returns, "
            f"got {type(evaluation).__name__}."
        )


def external_numbers(evaluation: ExternalEvaluation) -> dict[str, Any]:
    """Numbers of each section: dict by name of the template."""
    return {
        "external_performance": external_performance(evaluation),
        "external_calibration": external_calibration(evaluation),
        "external_data": external_data(evaluation),
    }
