"""Arguments of the command line."""

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

import skmultimodal

__all__ = ["MODELS", "make_parser"]

MODELS = {
    "twin": "twin tower",
    "concat": "concat (paper)",
    "mean": "mean of towers",
    "image": "image only",
    "gene": "gene only",
}


class _Parser(argparse.ArgumentParser):
    """Shows what is wrong with an argument in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def _integer(least: Any, most: Any = None) -> Callable[..., Any]:
    """The type of an argument that is an integer in some range."""
    limits = f"of at least {least}" if most is None else f"from {least} to {most}"

    def read(text: str) -> Any:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(
                f"must be an integer {limits}, got {text!r}"
            )
        return number

    return read


def _probability(text: str) -> float:
    """The type of ``--thresholds``."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"must be above 0 and below 1, got {text!r}")
    return number


def _edge(text: str) -> Any:
    """The type of ``--spacing``: mm, or None for pixels as they are."""
    try:
        edge = None if text == "none" else float(text)
    except ValueError:
        edge = 0.0
    if edge is not None and not 0 < edge < float("inf"):
        raise argparse.ArgumentTypeError(f"must be mm above 0 or none, got {text!r}")
    return edge


def _reading_options() -> argparse.ArgumentParser:
    """How scans are read, of commands that read a folder for the first time."""
    options = _Parser(add_help=False)
    options.add_argument(
        "--spacing",
        type=_edge,
        default=argparse.SUPPRESS,
        metavar="MM",
        help="edge of a pixel, to which planes are resampled; none leaves them as they "
        "are (default: 1)",
    )
    options.add_argument(
        "--image-size",
        type=_integer(1),
        default=argparse.SUPPRESS,
        metavar="N",
        help="pixels that planes are cropped or padded to (default: 240)",
    )
    options.add_argument(
        "--volumes",
        action="store_true",
        default=argparse.SUPPRESS,
        help="read whole scans rather than planes of them; models take many times as "
        "long, so give a coarse --spacing and a small --image-size",
    )
    return options


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = _Parser(
        prog="skmultimodal",
        description="Learn from cohorts in which most patients have only one modality.",
        epilog="skmultimodal COMMAND --help describes a command.",
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"skmultimodal {skmultimodal.__version__}",
    )
    shared = _Parser(add_help=False)
    shared.add_argument(
        "--debug",
        action="store_true",
        help="show the traceback of an error rather than one line",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_check(commands, shared)
    _add_evaluate(commands, shared)
    _add_external(commands, shared)
    _add_predict(commands, shared)
    _add_demo(commands, shared)
    return parser


def _add_check(commands: Any, shared: Any) -> None:
    command = commands.add_parser(
        "check",
        parents=[shared, _reading_options()],
        help="read a folder of patients and list what is wrong with it",
        description="Read every file of a folder of patients as the other commands do, "
        "and list what was found. The last line is 'ready', or a numbered list of what "
        "is wrong; the exit code is then 1.",
    )
    command.add_argument("folder", metavar="FOLDER", help="the patients")


def _add_evaluate(commands: Any, shared: Any) -> None:
    command = commands.add_parser(
        "evaluate",
        parents=[shared, _reading_options(), _evaluation_options(10)],
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
        "--time",
        metavar="COLUMN",
        help="column of clinical.csv with the time to an event, instead of a label: "
        "survival models are compared, and the files are table.csv, differences.csv, "
        "predictions.csv, report.html, card.md, risk_groups.png and model.skops",
    )
    command.add_argument(
        "--event",
        metavar="COLUMN",
        help="column of clinical.csv that is 1 where that event came and 0 where the "
        "patient was last seen without it",
    )
    command.add_argument(
        "--causes",
        metavar="COLUMN",
        help="with --time: column of clinical.csv that names what happened at that "
        "time, blank where the patient was last seen without it; the report has the "
        "share of patients with each event, which those of other causes lower",
    )
    command.add_argument(
        "--target",
        metavar="COLUMN",
        help="column of clinical.csv with a number to predict, instead of a label",
    )
    command.add_argument(
        "--positive",
        metavar="V",
        help="the positive class, which precision, recall, F1 and explanations are "
        "about (default: the one named yes, positive or responder or, of two, 1 or "
        "true; else the last in sort order)",
    )
    command.add_argument(
        "--paired",
        type=_integer(1),
        metavar="N",
        help="labelled patients who keep both modalities; of the others one is hidden "
        "(default: all keep both)",
    )
    command.add_argument(
        "--groups",
        metavar="COLUMN",
        help="column of clinical.csv whose values are tested together, such as the "
        "hospital",
    )
    command.add_argument(
        "--baseline",
        metavar="COLUMN",
        nargs="+",
        help="columns of clinical.csv that are known before the label, such as age: a "
        "model of them alone is compared, and others, such as a survival time, are no "
        "explanation of the score; the report also weighs the tested patients by "
        "them, so that they stand for all",
    )
    command.add_argument(
        "--outcomes",
        metavar="COLUMN",
        nargs="+",
        help="columns of clinical.csv that are known only after the label, such as a "
        "survival time: they are no explanation of the score (not needed with "
        "--baseline)",
    )
    command.add_argument(
        "--censored",
        metavar="COLUMN",
        help="column of clinical.csv that is 1 for patients whose label is unknown "
        "because follow-up ended, for these weights",
    )


def _evaluation_options(n_repeats: int) -> argparse.ArgumentParser:
    options = _Parser(add_help=False)
    options.add_argument(
        "--out",
        metavar="DIR",
        default="results",
        help="folder for the files, which are written together or not at all "
        "(default: %(default)s)",
    )
    options.add_argument(
        "--repeats",
        type=_integer(1, 1000),
        metavar="R",
        default=n_repeats,
        help="repeats of cross-validation in three folds, up to 1000 (default: "
        "%(default)s)",
    )
    options.add_argument(
        "--n-seeds",
        type=_integer(1, 100),
        metavar="N",
        default=1,
        help="times that each model is fitted on each fold, with other random seeds, "
        "whose scores are averaged (default: %(default)s)",
    )
    options.add_argument(
        "--n-draws",
        type=_integer(0, 100),
        metavar="N",
        default=0,
        help="times that the models are fitted once more with a random half of the "
        "patients with one modality: how far scores move is then part of the "
        "intervals (default: %(default)s; 10 is enough)",
    )
    options.add_argument(
        "--thresholds",
        type=_probability,
        nargs="+",
        metavar="P",
        help="probabilities of the positive class from which one would act: the report "
        "then has decision curves",
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
        "--patient-key",
        metavar="FILE",
        help="CSV file to write with the ids of the patients that the report shows by "
        "number (default: none)",
    )
    options.add_argument(
        "--figures",
        metavar="FOLDER",
        help="folder to write the figures of the report to, as SVG (default: none)",
    )
    options.add_argument(
        "--device",
        metavar="D",
        help="where networks compute: cpu or cuda (default: cpu)",
    )
    options.add_argument(
        "--seed",
        type=_integer(0, 2**32 - 1),
        metavar="S",
        default=0,
        help="default: %(default)s",
    )
    return options


def _add_external(commands: Any, shared: Any) -> None:
    command = commands.add_parser(
        "evaluate-external",
        parents=[shared],
        help="test a saved model on the patients of another hospital",
        description="Predict the patients of a folder with a model that evaluate saved "
        "elsewhere, and compare with their labels. Nothing is fitted to them. The "
        "files are scores.csv, predictions.csv and report.html.",
    )
    command.add_argument("model", metavar="MODEL", help="a file model.skops")
    command.add_argument(
        "folder", metavar="FOLDER", help="the patients, none of whom trained the model"
    )
    command.add_argument(
        "--label",
        metavar="L",
        help="column of clinical.csv that the model predicts (default: the one that it "
        "was trained on)",
    )
    command.add_argument(
        "--positive",
        metavar="V",
        help="the positive class (default: as for evaluate)",
    )
    command.add_argument(
        "--out",
        metavar="DIR",
        default="results-external",
        help="folder for the files, which are written together or not at all "
        "(default: %(default)s)",
    )
    command.add_argument(
        "--device",
        metavar="D",
        help="where networks compute (default: where they did, or the CPU)",
    )


def _add_predict(commands: Any, shared: Any) -> None:
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


def _add_demo(commands: Any, shared: Any) -> None:
    commands.add_parser(
        "demo",
        parents=[shared, _evaluation_options(3)],
        help="evaluate simulated patients",
        description="Simulate 597 patients, of whom 95 have an image only, 452 gene "
        "expression only and 50 both, and evaluate models on them, as `evaluate` does "
        "on the patients of a folder.",
    )
