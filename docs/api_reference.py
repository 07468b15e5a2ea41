"""Every public name, once: the API pages are made of this table, and a test compares
it with ``__all__`` of every public module."""

from typing import NamedTuple


class Section(NamedTuple):
    """Names of one module under one heading; ``constants`` maps a name to its text."""

    module: str
    title: str
    text: str
    names: tuple[str, ...]
    constants: dict[str, str] = {}


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
            "CrossFittedEnsembleClassifier",
            "LogOpinionPoolClassifier",
            "FusionHeadClassifier",
            "UnimodalClassifier",
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
            "audit_shortcuts",
            "unpaired_gain",
            "paired_learning_curve",
            "paired_permutation_test",
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
            "MetricIntervalsDisplay",
            "DifferencesDisplay",
            "PairedLearningCurveDisplay",
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
        ("evaluate_cohort", "evaluation_report", "model_card", "prediction_table"),
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
            "describe_environment",
        ),
    ),
    Section(
        "skmultimodal.baselines",
        "Baselines of the paper",
        "Functions that return unfitted estimators of a cohort.",
        (
            "table2",
            "table3",
            "table4",
            "paper_twin_tower",
            "comparison_models",
            "reference_baselines",
            "fractal_radiomics",
            "inception_transformer",
            "multiparametric_logistic",
            "structural_surrogate",
            "texture_forest",
        ),
    ),
    Section(
        "skmultimodal.baselines",
        "Parts of baselines",
        "Estimators that the baselines are built of.",
        (
            "LateFusionClassifier",
            "MetadataClassifier",
            "BalancedSubsampleClassifier",
            "SignificantFeatureSelector",
        ),
    ),
    Section(
        "skmultimodal.preprocessing",
        "Preprocessing",
        "Features of a tumour, for towers that are no network.",
        ("TumorTextureTransformer", "FractalTextureTransformer"),
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
            "fit_plane",
            "PatientSlices",
            "ImageRows",
            "NiftiBlock",
        ),
        {
            "SEQUENCES": "Channels that an image may have, in their order: t1, t1ce, "
            "t2, flair and seg, the segmentation.",
        },
    ),
    Section(
        "skmultimodal.io",
        "Gene expression",
        "Expression files and annotations become tables, patients in rows.",
        (
            "read_expression",
            "find_expression",
            "find_matrices",
            "one_per_patient",
            "read_gtf",
            "read_transcripts",
            "select_genes",
        ),
    ),
    Section(
        "skmultimodal.io",
        "Clinical tables and labels",
        "Tables become labels, NaN where nothing is known.",
        (
            "read_clinical",
            "read_patient_table",
            "read_patient_matrix",
            "one_file",
            "collect_responses",
            "make_response_labels",
            "label_column",
            "target_array",
        ),
        {
            "RESPONSE_SCHEMES": "The label of each word for a response, by scheme; see "
            "`make_response_labels`.",
        },
    ),
    Section(
        "skmultimodal.io",
        "Sheets and barcodes of the GDC",
        "Which file is of which patient.",
        (
            "read_sample_sheet",
            "read_metadata",
            "read_manifest",
            "read_annotations",
            "read_name_mapping",
            "parse_barcode",
            "looks_like_barcode",
            "choose_aliquots",
            "Barcode",
        ),
    ),
    Section(
        "skmultimodal.nn",
        "Networks",
        "Torch modules only, without scikit-learn: what the towers and the paper's "
        "head train.",
        (
            "ConvTower",
            "Autoencoder",
            "AutoencoderLoss",
            "MultilayerPerceptron",
            "MixtureOfExperts",
            "PlaneTransformer",
            "choose_memory_format",
            "flip",
        ),
    ),
    Section(
        "skmultimodal.exceptions",
        "Warnings and errors",
        "Other errors are plain ``ValueError``, ``TypeError``, ``FileNotFoundError``.",
        ("MissingModalityWarning", "NotExplainableError", "ReadWarning"),
    ),
]
