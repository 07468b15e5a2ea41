"""Names of metrics for readers."""

__all__ = ["metric_name"]

METRICS = {
    "accuracy": "Accuracy",
    "average_precision": "Average precision",
    "balanced_accuracy": "Balanced accuracy",
    "brier": "Brier score",
    "brier_gain": "Brier score, gain over the class shares",
    "calibration_intercept": "Calibration in the large",
    "calibration_slope": "Calibration slope",
    "f1": "F1",
    "log_loss": "Log-loss",
    "log_loss_gain": "Log-loss, gain over the class shares",
    "matthews_corrcoef": "MCC",
    "neg_brier_score": "Negative Brier score",
    "neg_log_loss": "Negative log loss",
    "observed_expected": "Observed over expected",
    "precision": "Precision",
    "recall": "Recall",
    "roc_auc": "ROC AUC",
    "roc_auc_ovr": "ROC AUC, one against rest",
    "score": "Score",
}


def metric_name(metric: str) -> str:
    """Name of a metric for people, from its name in scikit-learn."""
    return METRICS.get(metric, metric.replace("_", " "))
