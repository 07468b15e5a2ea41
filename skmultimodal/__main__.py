"""The command line: ``skmultimodal check``, ``evaluate``, ``predict`` and others."""

import io
import os
import sys
import tempfile
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from skmultimodal._arguments import MODELS, make_parser
from skmultimodal._console import WarningLines, stops_as_interrupts, tell

# As a shell has them for Ctrl-C, and for output that nobody reads.
INTERRUPTED, BROKEN_PIPE = 130, 141
# How scans are read, which is saved with a model: parameters of the loaders.
READING = ("spacing", "image_size", "volumes")


def run_check(options: Any) -> int:
    from skmultimodal.datasets import check_folder

    check = check_folder(options.folder, **_reading(vars(options)))
    print(check)
    return int(bool(check.problems))


def run_evaluate(options: Any) -> int:
    from skmultimodal.datasets import load_folder
    from skmultimodal.datasets._folder import choose_label

    folder = Path(options.folder)
    if options.time or options.event or options.causes or options.target:
        return _evaluate_outcome(options, folder)
    label = choose_label(folder, options.label)
    _check_options(options)
    tell(f"Loading {folder} ...")
    reading = _reading(vars(options))
    bunch = load_folder(folder, label=label, positive=options.positive, **reading)
    return _evaluate(
        options,
        bunch,
        label,
        reading=reading,
        title=label,
        channels=bunch.image_channels,
        n_paired=options.paired,
        groups=options.groups,
    )


def _evaluate_outcome(options: Any, folder: Any) -> int:
    """Numbers, and times to an event."""
    from skmultimodal._clinical_columns import (
        outcome_columns,
        read_column,
        read_groups,
        read_outcome,
    )
    from skmultimodal.datasets import load_folder
    from skmultimodal.report import evaluate_outcome

    columns = outcome_columns(options)
    _check_options(options)
    tell(f"Loading {folder} ...")
    reading = _reading(vars(options))
    bunch = load_folder(folder, **reading)
    X = bunch.data
    y = read_outcome(X, columns)
    known = y.notna().to_numpy().reshape(len(X), -1).all(axis=1)
    causes = options.causes and read_column(X, "causes", options.causes)
    later = [*columns, *(options.outcomes or []), options.causes]
    title = " and ".join(columns)
    print(f"\n{title}\n\n{X.summary().to_string()}\n", flush=True)
    with _folder_for(options.cache) as memory:
        evaluation = evaluate_outcome(
            X,
            y,
            options.out,
            memory=memory,
            device=options.device,
            groups=read_groups(X, known, options.groups),
            baseline=options.baseline,
            outcomes=[name for name in later if name],
            causes=causes,
            n_repeats=options.repeats,
            random_state=options.seed,
            figures=options.figures,
            label=title,
            notes={
                "label": title,
                "channels": list(bunch.image_channels),
                "provenance": bunch.get("provenance", {}),
                **reading,
            },
            verbose=1,
        )
    print(f"Mean [95 % interval]:\n\n{evaluation.table.to_string()}\n")
    print(*evaluation.files.values(), sep="\n")
    return 0


def _reading(given: Any) -> dict[str, Any]:
    return {name: given[name] for name in READING if name in given}


def run_demo(options: Any) -> int:
    from skmultimodal.datasets import make_glioma_cohort

    _check_options(options)
    # Smaller than the default: image towers take most of the time.
    bunch = make_glioma_cohort(image_size=32, random_state=options.seed)
    return _evaluate(
        options,
        bunch,
        "the simulated label",
        title="simulated patients",
        channels=bunch.channel_names,
    )


def _check_options(options: Any) -> None:
    """Refuse at once what cannot be used after the patients are loaded."""
    from skmultimodal.utils._device import resolve_device

    resolve_device(options.device)
    if options.cache is None:
        return
    try:
        Path(options.cache).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=options.cache):
            pass
    except OSError as error:
        raise type(error)(
            f"--cache {options.cache}: nothing can be written there "
            f"({error.strerror or error}); choose another folder."
        ) from error


def _evaluate(
    options: Any,
    bunch: Any,
    label: Any,
    *,
    title: str,
    channels: Any,
    reading: Any = None,
    n_paired: int | None = None,
    groups: Any = None,
) -> int:
    from skmultimodal._clinical_columns import read_groups
    from skmultimodal.datasets import unpair
    from skmultimodal.report import evaluate_cohort
    from skmultimodal.report._evaluate import label_table
    from skmultimodal.utils._labels import class_name, missing_labels

    X, y = bunch.data, bunch.target
    n_pairs = int((X.paired & ~missing_labels(y)).sum())
    if n_paired is not None and n_paired > n_pairs:
        raise ValueError(
            f"--paired {n_paired}: only {n_pairs} labelled patients have both "
            "modalities."
        )
    if n_paired not in (None, n_pairs):
        X, y = unpair(X, y, n_paired, random_state=options.seed)
        title += f", {n_pairs - n_paired} of {n_pairs} labelled pairs split up"
    print(f"\n{title}\n\n{label_table(X, y)}\n", flush=True)
    with _folder_for(options.cache) as memory:
        evaluation = evaluate_cohort(
            X,
            y,
            options.out,
            memory=memory,
            device=options.device,
            model=MODELS[options.model],
            positive=bunch.get("positive"),
            groups=read_groups(X, ~missing_labels(y), groups),
            baseline=getattr(options, "baseline", None),
            outcomes=getattr(options, "outcomes", None),
            censored=getattr(options, "censored", None),
            n_repeats=options.repeats,
            n_seeds=options.n_seeds,
            n_draws=options.n_draws,
            random_state=options.seed,
            notes={
                "label": label,
                "channels": list(channels),
                "provenance": bunch.get("provenance", {}),
                **(reading or {}),
            },
            verbose=1,
            title=f"Prediction by a {MODELS[options.model]}: {title}",
            label=label,
            flow=bunch.get("flow"),
            patient_key=options.patient_key,
            figures=options.figures,
            thresholds=options.thresholds,
            channel_names={"image": list(channels)},
        )
    print(f"Positive class: {class_name(evaluation.comparison.positive)}")
    print(f"Mean [95 % interval]:\n\n{evaluation.table.to_string()}\n")
    for remark in evaluation.remarks:
        print(f"{remark}\n")
    print(*evaluation.files.values(), sep="\n")
    return 0


def _folder_for(cache: Any) -> Any:
    """The folder of fitted towers: one that stays, or one for the time of the job."""
    return tempfile.TemporaryDirectory() if cache is None else nullcontext(cache)


def run_predict(options: Any) -> int:
    from skmultimodal.report import prediction_table
    from skmultimodal.utils._files import whole_file

    out = Path(options.out)
    with whole_file(out) as part:  # what cannot be written is refused at once
        model, facts = _load_model(options)
        bunch = _load_as_trained(options.folder, facts)
        prediction_table(model, bunch.data).to_csv(part)
    _tell_dropped(bunch.flow)
    print(bunch.data.summary().to_string())
    print(f"\n{out}")
    return 0


def run_external(options: Any) -> int:
    from skmultimodal.model_selection import evaluate_external
    from skmultimodal.report import external_report
    from skmultimodal.utils._files import whole_folder

    with whole_folder(options.out) as stage:
        model, facts = _load_model(options)
        label = options.label or facts.get("label")
        if label is None:
            raise ValueError(
                f"{options.model} keeps no name of its label: give it with --label."
            )
        bunch = _load_as_trained(options.folder, facts, label=label)
        evaluation = evaluate_external(
            model,
            bunch.data,
            bunch.target,
            positive=options.positive,
            development=facts.get("scores"),
        )
        evaluation.scores.to_csv(stage / "scores.csv", index=False)
        evaluation.predictions.to_csv(stage / "predictions.csv")
        title = f"Prediction of {label} in another hospital"
        external_report(stage / "report.html", evaluation, title=title, label=label)
        names = [path.name for path in sorted(stage.iterdir())]
    _tell_dropped(bunch.flow)
    tell(
        "note: a saved model keeps no ids of the patients who trained it: make sure "
        "that none of these is among them."
    )
    print(f"{evaluation}\n")
    print(*(Path(options.out) / name for name in names), sep="\n")
    return 0


def _load_model(options: Any) -> tuple[Any, Any]:
    """A saved model, and what was noted with it."""
    from skmultimodal.persistence import load_model, read_notes

    return load_model(options.model, device=options.device), read_notes(options.model)


def _load_as_trained(folder: Any, facts: Any, **options: Any) -> Any:
    """Patients, whose scans are read as those of the training were."""
    from skmultimodal.datasets import load_folder

    reading = _reading(facts)
    if facts.get("channels"):
        reading["sequences"] = facts["channels"]
    return load_folder(folder, on_error="drop", **reading, **options)


def _tell_dropped(flow: Any) -> None:
    dropped = flow[flow["status"] == "dropped"]
    for row in dropped.itertuples():
        part = "" if row.item == "clinical" else f"{row.item} of "
        reason = row.reason.removesuffix(".")
        tell(f"warning: {part}patient {row.patient!r} left out: {reason}.")


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : list of str, default=None
        None are those of the command line.

    Returns
    -------
    code : int
        0; 1 if `check` found problems; 2 after an error, which is shown in one line;
        130 after Ctrl-C; 141 if standard output was closed.
    """
    options = make_parser().parse_args(arguments)
    os.environ.setdefault("MPLBACKEND", "Agg")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of patients are in any script
            stream.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings(), stops_as_interrupts():
        warnings.showwarning = WarningLines().show
        try:
            return _run(options)
        except KeyboardInterrupt:
            tell(_interrupted(options))
            return INTERRUPTED
        except BrokenPipeError:
            # Python would write the rest there at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return BROKEN_PIPE
        except Exception as error:
            if options.debug:
                raise
            known = isinstance(error, OSError | ValueError | ImportError | RuntimeError)
            name = "" if known else f"{type(error).__name__}: "
            tell(f"error: {name}{' '.join(str(error).split())}")
            return 2


def _run(options: Any) -> int:
    code = COMMANDS[options.command](options)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _interrupted(options: Any) -> str:
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


COMMANDS = {
    "check": run_check,
    "evaluate": run_evaluate,
    "evaluate-external": run_external,
    "predict": run_predict,
    "demo": run_demo,
}


if __name__ == "__main__":
    sys.exit(main())
