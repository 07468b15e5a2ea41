"""The command line: ``skmultimodal check``, ``evaluate``, ``predict`` and ``demo``."""

import argparse
import os
import sys
import tempfile
import warnings
from contextlib import nullcontext
from pathlib import Path

import skmultimodal

MODELS = {
    "twin": "twin tower",
    "concat": "concat (paper)",
    "mean": "mean of towers",
    "image": "image only",
    "gene": "gene only",
}
INTERRUPTED = 130  # as a shell has it for Ctrl-C


def make_parser():
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="skmultimodal",
        description="Learn from cohorts in which most patients have only one modality.",
        epilog="skmultimodal COMMAND --help describes a command.",
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"skmultimodal {skmultimodal.__version__}",
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--debug",
        action="store_true",
        help="show the traceback of an error rather than one line",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_check(commands, shared)
    _add_evaluate(commands, shared)
    _add_predict(commands, shared)
    _add_demo(commands, shared)
    return parser


def _add_check(commands, shared):
    command = commands.add_parser(
        "check",
        parents=[shared],
        help="read a folder of patients and list what is wrong with it",
        description="Read every file of a folder of patients as the other commands do, "
        "and list what was found. The last line is 'ready', or a numbered list of what "
        "is wrong; the exit code is then 1.",
    )
    command.add_argument("folder", metavar="FOLDER", help="the patients")
    command.set_defaults(run=run_check)


def _add_evaluate(commands, shared):
    command = commands.add_parser(
        "evaluate",
        parents=[shared, _evaluation_options()],
        help="compare models on the patients of a folder, and write a report",
        description="Compare the majority class, each modality alone and three fusions "
        "by repeated cross-validation on the patients who have both modalities, ask "
        "whether the hospital or another covariate predicts the label, and fit one "
        "model to all patients. The files are table.csv, roc.png, report.html and "
        "model.skops.",
    )
    command.add_argument(
        "folder",
        metavar="FOLDER",
        help="clinical.csv, expression.csv and mri/, or downloads of TCIA and the GDC",
    )
    command.add_argument(
        "--label",
        metavar="L",
        help="column of clinical.csv to predict; of downloads, the scheme by which "
        "words become labels (default: disease_control)",
    )
    command.add_argument(
        "--positive",
        metavar="V",
        help="the positive class, which precision, recall, F1 and explanations are "
        "about (default: the one named yes, true, positive, responder or, of two, 1; "
        "else the last in sort order)",
    )
    command.add_argument(
        "--paired",
        type=int,
        metavar="N",
        help="labelled patients who keep both modalities, the others being hidden one "
        "of them (default: all, or half if fewer than 20 patients have only the "
        "scarcer modality)",
    )
    command.add_argument(
        "--groups",
        metavar="COLUMN",
        help="column of clinical.csv whose values are tested together, such as the "
        "hospital",
    )
    command.set_defaults(run=run_evaluate)


def _evaluation_options():
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--out",
        metavar="DIR",
        default="results",
        help="folder for the files, which are written together or not at all "
        "(default: %(default)s)",
    )
    options.add_argument(
        "--repeats",
        type=int,
        metavar="R",
        default=10,
        help="repeats of cross-validation in three folds (default: %(default)s)",
    )
    options.add_argument(
        "--model",
        choices=list(MODELS),
        default="twin",
        help="which model is fitted to all patients, explained and saved (default: "
        "%(default)s)",
    )
    options.add_argument(
        "--cache",
        metavar="DIR",
        help="folder that keeps fitted towers: an interrupted run goes on from there",
    )
    options.add_argument(
        "--device",
        metavar="D",
        help="where networks compute: cpu or cuda (default: cpu)",
    )
    options.add_argument(
        "--seed", type=int, metavar="S", default=0, help="default: %(default)s"
    )
    return options


def _add_predict(commands, shared):
    command = commands.add_parser(
        "predict",
        parents=[shared],
        help="predict the patients of a folder with a saved model",
        description="Predict every patient of a folder, whatever modalities they have, "
        "with a model that evaluate saved. Writes one row per patient: modalities, "
        "route through the model, predicted class and the probability of each class. "
        "clinical.csv is not needed.",
    )
    command.add_argument("model", metavar="MODEL", help="a file model.skops")
    command.add_argument("folder", metavar="FOLDER", help="the patients")
    command.add_argument(
        "--out",
        metavar="FILE",
        default="predictions.csv",
        help="table of predictions (default: %(default)s)",
    )
    command.add_argument(
        "--device",
        metavar="D",
        help="where networks compute (default: where they did, or the CPU)",
    )
    command.set_defaults(run=run_predict)


def _add_demo(commands, shared):
    command = commands.add_parser(
        "demo",
        parents=[shared, _evaluation_options()],
        help="evaluate simulated patients",
        description="Simulate 597 patients, of whom 95 have an image only, 452 gene "
        "expression only and 50 both, and evaluate models on them, as `evaluate` does "
        "on the patients of a folder.",
    )
    command.set_defaults(run=run_demo)


def run_check(options):
    from skmultimodal.datasets import check_folder

    check = check_folder(options.folder)
    print(check)
    return int(bool(check.problems))


def run_evaluate(options):
    from skmultimodal.datasets import load_folder
    from skmultimodal.datasets._folder import choose_label

    folder = Path(options.folder)
    label = choose_label(folder, options.label)
    _tell(f"Loading {folder} ...")
    bunch = load_folder(folder, label=label, positive=options.positive)
    return _evaluate(
        options,
        bunch,
        label,
        title=f"{folder.resolve().name}, {label}",
        channels=bunch.image_channels,
        n_paired=options.paired,
        groups=options.groups,
    )


def run_demo(options):
    from skmultimodal.datasets import make_glioma_cohort

    bunch = make_glioma_cohort(random_state=options.seed)
    return _evaluate(
        options,
        bunch,
        "the simulated label",
        title="simulated patients",
        channels=bunch.channel_names,
    )


def _evaluate(options, bunch, label, *, title, channels, n_paired=None, groups=None):
    from skmultimodal.baselines import comparison_models
    from skmultimodal.datasets._unpair import split_pairs
    from skmultimodal.report import evaluate_cohort
    from skmultimodal.report._evaluate import label_table
    from skmultimodal.utils._labels import class_name

    X, y, n_split, n_pairs = split_pairs(
        bunch.data, bunch.target, n_paired, options.seed
    )
    if n_split:
        title += f", {n_split} of {n_pairs} labelled pairs split up"
    print(f"\n{title}\n\n{label_table(X, y)}\n", flush=True)
    with _folder_for(options.cache) as memory:
        evaluation = evaluate_cohort(
            X,
            y,
            options.out,
            models=comparison_models(
                memory=memory, device=options.device, random_state=options.seed
            ),
            model=MODELS[options.model],
            positive=bunch.get("positive"),
            groups=None if groups is None else _column(X, groups),
            n_repeats=options.repeats,
            random_state=options.seed,
            notes={"label": label, "channels": list(channels)},
            verbose=1,
            title=f"Prediction by a {MODELS[options.model]}: {title}",
            label=label,
            flow=bunch.get("flow"),
            channel_names={"image": list(channels)},
        )
    print(f"Positive class: {class_name(evaluation.comparison.positive)}")
    print(f"Mean [95 % interval]:\n\n{evaluation.table.to_string()}\n")
    for remark in evaluation.remarks:
        print(f"{remark}\n")
    print(*evaluation.files.values(), sep="\n")
    return 0


def _folder_for(cache):
    """The folder of fitted towers: one that stays, or one for the time of the job."""
    return tempfile.TemporaryDirectory() if cache is None else nullcontext(cache)


def _column(X, name):
    """A column of the covariates."""
    if X.metadata is None or name not in X.metadata:
        known = [] if X.metadata is None else X.metadata.columns
        raise ValueError(
            f"--groups {name} is no column of the clinical table; it has: "
            f"{', '.join(map(str, known)) or 'none'}."
        )
    return X.metadata[name].to_numpy()


def run_predict(options):
    from skmultimodal.datasets import load_folder
    from skmultimodal.persistence import load_model, read_notes
    from skmultimodal.report import prediction_table
    from skmultimodal.utils._files import whole_file

    out = Path(options.out)
    with whole_file(out) as part:  # what cannot be written is refused at once
        facts = read_notes(options.model)
        model = load_model(options.model, device=options.device)
        reading = {"sequences": facts["channels"]} if facts.get("channels") else {}
        bunch = load_folder(options.folder, on_error="drop", **reading)
        prediction_table(model, bunch.data).to_csv(part)
    dropped = bunch.flow[bunch.flow["status"] == "dropped"]
    for row in dropped.itertuples():
        _tell(f"warning: {row.item} of patient {row.patient!r} left out: {row.reason}")
    print(bunch.data.summary().to_string())
    print(f"\n{out}")
    return 0


def _tell(text):
    print(text, file=sys.stderr, flush=True)


def _show_warning(message, category, filename, lineno, file=None, line=None):
    _tell(f"warning: {' '.join(str(message).split())}")


def main(arguments=None):
    """Run a command.

    Parameters
    ----------
    arguments : list of str, default=None
        None are those of the command line.

    Returns
    -------
    code : int
        0; 1 if `check` found problems; 2 after an error, which is shown in one line;
        130 after Ctrl-C.
    """
    options = make_parser().parse_args(arguments)
    os.environ.setdefault("MPLBACKEND", "Agg")
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return options.run(options)
        except KeyboardInterrupt:
            _tell(_interrupted(options))
            return INTERRUPTED
        except Exception as error:
            if options.debug:
                raise
            known = isinstance(error, OSError | ValueError | ImportError | RuntimeError)
            name = "" if known else f"{type(error).__name__}: "
            _tell(f"error: {name}{' '.join(str(error).split())}")
            return 2


def _interrupted(options):
    """What an interrupted command left."""
    if not hasattr(options, "cache"):
        return "interrupted: no file was written."
    if options.cache is None:
        kept = "with --cache DIR, fitted towers would have been kept"
    else:
        n_towers = len(list(Path(options.cache).rglob("output.pkl")))
        kept = (
            f"{options.cache} keeps {n_towers} results of fitted towers, and the same "
            "command goes on from there"
        )
    return f"interrupted: no file was written; {kept}."


if __name__ == "__main__":
    sys.exit(main())
