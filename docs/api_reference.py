"""Every public name, once: the API pages are made of this table, and a test compares
it with ``__all__`` of every public module."""

from typing import NamedTuple


class Section(NamedTuple):
    """Names of one module under one heading."""

    module: str
    title: str
    text: str
    names: tuple[str, ...]


API_REFERENCE = [
    Section(
        "skmultimodal",
        "Cohort and estimators",
        "What most work needs. These names are loaded when they are first used: "
        "``import skmultimodal`` takes no time.",
        (
            "Cohort",
            "TwinTowerClassifier",
            "ImageTowerClassifier",
            "GeneAutoencoderTransformer",
            "make_table_tower",
            "BagTowerClassifier",
            "CrossFittedEnsembleClassifier",
            "LogOpinionPoolClassifier",
            "FusionHeadClassifier",
            "UnimodalClassifier",
            "show_versions",
        ),
    ),
    Section(
        "skmultimodal",
        "Times to an event",
        "Of patients of whom some were not followed up to the event.",
        (
            "make_survival_target",
            "TwinTowerSurvival",
            "ImageTowerSurvival",
            "GeneAutoencoderSurvival",
            "CoxRidgeSurvival",
            "CrossFittedEnsembleSurvival",
            "HazardPoolSurvival",
            "UnimodalSurvival",
        ),
    ),
    Section(
        "skmultimodal",
        "Numbers",
        "Such as an age or a score.",
        (
            "TwinTowerRegressor",
            "ImageTowerRegressor",
            "GeneAutoencoderRegressor",
            "CrossFittedEnsembleRegressor",
            "GaussianPoolRegressor",
            "UnimodalRegressor",
        ),
    ),
    Section(
        "skmultimodal.cohort",
        "Other input as a cohort",
        "What every function that takes a cohort does first.",
        ("as_cohort",),
    ),
    Section(
        "skmultimodal.datasets",
        "Datasets",
        "Files become a cohort; so does a simulation.",
        (
            "load_folder",
            "check_folder",
            "FolderCheck",
            "load_cohort",
            "load_tcga_glioma",
            "make_glioma_cohort",
            "unpair",
        ),
    ),
    Section(
        "skmultimodal.datasets.tcga",
        "Downloads of TCGA",
        "What `load_tcga_glioma` reads, for other cohorts of the GDC and Xena.",
        (
            "read_expression",
            "one_per_patient",
            "read_clinical",
            "collect_responses",
        ),
    ),
    Section(
        "skmultimodal.model_selection",
        "Splitters",
        "Folds that know which rows are paired.",
        (
            "PairedStratifiedKFold",
            "PairedStratifiedShuffleSplit",
            "PatternStratifiedKFold",
        ),
    ),
    Section(
        "skmultimodal.model_selection",
        "Comparisons and audits",
        "Experiments on the same folds, with intervals and tests.",
        (
            "compare_classifiers",
            "Comparison",
            "compare_survival",
            "compare_regressors",
            "OutcomeComparison",
            "evaluate_external",
            "ExternalEvaluation",
            "cohort_drift",
            "audit_shortcuts",
            "unpaired_gain",
            "paired_learning_curve",
            "recruitment_curve",
            "RecruitmentCurve",
            "paired_permutation_test",
            "dask_parallel",
        ),
    ),
    Section(
        "skmultimodal.model_selection",
        "Intervals and tests",
        "The statistics by themselves, from scores or predictions.",
        (
            "corrected_t_interval",
            "corrected_t_test",
            "holm_adjust",
            "patient_bootstrap_interval",
            "wilson_interval",
            "delong_interval",
            "selection_weights",
        ),
    ),
    Section(
        "skmultimodal.inspection",
        "Explanations",
        "In numbers: a Bunch or a DataFrame.",
        (
            "modality_contributions",
            "saliency_map",
            "gene_attributions",
            "value_of_missing_modality",
            "prediction_sets",
        ),
    ),
    Section(
        "skmultimodal.inspection",
        "Displays",
        "In pictures, by matplotlib (``skmultimodal[plot]``), like the displays of "
        "scikit-learn.",
        (
            "AvailabilityDisplay",
            "ParticipantFlowDisplay",
            "TrainingHistoryDisplay",
            "RocBandsDisplay",
            "RiskGroupsDisplay",
            "DCalibrationDisplay",
            "CumulativeIncidenceDisplay",
            "MetricIntervalsDisplay",
            "DifferencesDisplay",
            "DecisionCurveDisplay",
            "PairedLearningCurveDisplay",
            "RecruitmentCurveDisplay",
            "ModalityContributionsDisplay",
            "MissingModalityDisplay",
            "PatternCalibrationDisplay",
            "PredictionSetsDisplay",
            "SaliencyDisplay",
            "GeneAttributionsDisplay",
        ),
    ),
    Section(
        "skmultimodal.report",
        "Reports",
        "What a reader is given.",
        (
            "evaluate_cohort",
            "evaluate_outcome",
            "evaluation_report",
            "external_report",
            "outcome_report",
            "model_card",
            "prediction_table",
            "predictions_to_obs",
        ),
    ),
    Section(
        "skmultimodal.persistence",
        "Persistence",
        "Models in one file that runs no code.",
        (
            "save_model",
            "load_model",
            "read_environment",
            "read_notes",
        ),
    ),
    Section(
        "skmultimodal.baselines",
        "Baselines of the paper",
        "Functions that return unfitted estimators of a cohort.",
        (
            "table3",
            "table4",
            "paper_twin_tower",
            "comparison_models",
            "outcome_models",
            "reference_baselines",
        ),
    ),
    Section(
        "skmultimodal.baselines",
        "Parts of baselines",
        "Estimators that the baselines are built of.",
        (
            "LateFusionClassifier",
            "MetadataClassifier",
            "MetadataRegressor",
            "MetadataSurvival",
        ),
    ),
    Section(
        "skmultimodal.preprocessing",
        "Preprocessing",
        "Features of a tumour, for towers that are no network; differences between "
        "sites, removed.",
        (
            "IntensityStatisticsTransformer",
            "MirpTransformer",
            "SiteHarmonizer",
            "TumorTextureTransformer",
        ),
    ),
    Section(
        "skmultimodal.testing",
        "Testing",
        "Whether an estimator of your own keeps its promises.",
        ("check_multimodal_estimator", "multimodal_checks"),
    ),
    Section(
        "skmultimodal.io",
        "Images",
        "NIfTI files become planes of a patient.",
        (
            "find_sequences",
            "patient_folders",
            "read_slices",
            "read_patients",
            "stack_patients",
            "PatientSlices",
            "ImageRows",
            "NiftiBlock",
        ),
    ),
    Section(
        "skmultimodal.io",
        "Bags",
        "Sets of vectors, such as features of the patches of slides, read when used.",
        ("read_bags", "BagFiles"),
    ),
    Section(
        "skmultimodal.io",
        "Tables",
        "Tables become labels and expression, patients in rows.",
        (
            "read_patient_table",
            "read_patient_matrix",
            "read_patient_features",
            "make_response_labels",
            "read_gtf",
            "select_genes",
        ),
    ),
    Section(
        "skmultimodal.exceptions",
        "Warnings and errors",
        "Other errors are plain ``ValueError``, ``TypeError``, ``FileNotFoundError``.",
        (
            "AlignmentWarning",
            "FewPatientsWarning",
            "MissingModalityWarning",
            "NoSignalWarning",
            "NotExplainableError",
            "ReadWarning",
        ),
    ),
]
