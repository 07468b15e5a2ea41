"""Names of metrics for readers."""

__all__ = ["metric_name"]

METRICS = {
    "accuracy": "Accuracy",
    "auc": "Time-dependent AUC",
    "average_precision": "Average precision",
    "balanced_accuracy": "Balanced accuracy",
    "brier": "Brier score",
    "brier_gain": "Brier score, gain over the class shares",
    "calibration_intercept": "Calibration in the large",
    "calibration_slope": "Calibration slope",
    "concordance": "Concordance",
    "coverage": "Coverage of the intervals",
    "f1": "F1",
    "log_loss": "Log-loss",
    "log_loss_gain": "Log-loss, gain over the class shares",
    "matthews_corrcoef": "MCC",
    "neg_brier_score": "Negative Brier score",
    "neg_integrated_brier_score": "Negative integrated Brier score",
    "neg_log_loss": "Negative log loss",
    "neg_mean_absolute_error": "Negative MAE",
    "neg_root_mean_squared_error": "Negative RMSE",
    "observed_expected": "Observed over expected",
    "precision": "Precision",
    "r2": "R2",
    "recall": "Recall",
    "roc_auc": "ROC AUC",
    "roc_auc_ovr": "ROC AUC, one against rest",
    "score": "Score",
    "uno_c": "Concordance (Uno)",
}


def metric_name(metric: str) -> str:
    """Name of a metric for people, from its name in scikit-learn."""
    return METRICS.get(metric, metric.replace("_", " "))
