"""``python -m skmultimodal.datasets check FOLDER``: what would be loaded."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from skmultimodal.datasets._load import (
    CLINICAL_NAMES,
    EXPRESSION_NAMES,
    is_cohort_folder,
)
from skmultimodal.datasets._tcga_files import describe_files, find_tcga_files
from skmultimodal.io import (
    find_sequences,
    one_file,
    patient_folders,
    read_patient_table,
)


def describe_folder(folder: Path) -> str:
    """What `load_cohort` would read, as lines of text."""
    clinical = one_file(folder, CLINICAL_NAMES)
    expression = one_file(folder, EXPRESSION_NAMES)
    lines = ["a cohort folder (load_cohort)"]
    if clinical is not None:
        table = read_patient_table(clinical)
        names = ", ".join(map(str, table.columns))
        lines.append(f"{clinical.name}: {len(table)} patients; columns {names}")
    lines.append(f"expression: {expression.name if expression else 'none'}")
    folders = patient_folders(folder / "mri") if (folder / "mri").is_dir() else {}
    lines.append(f"mri: {len(folders)} patients")
    for patient, path in folders.items():
        try:
            lines.append(f"  {patient}: {', '.join(find_sequences(path))}")
        except (OSError, ValueError) as error:
            lines.append(f"  {patient}: cannot be read: {error}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 if something can be loaded, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m skmultimodal.datasets", description=__doc__
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="print what would be loaded")
    check.add_argument("folder", type=Path)
    folder: Path = parser.parse_args(arguments).folder
    try:
        if folder.is_dir() and is_cohort_folder(folder):
            print(describe_folder(folder))
            return 0
        found = find_tcga_files(folder)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("a folder of downloads (load_tcga_glioma)")
    print(describe_files(found))
    return int("clinical" in found.missing or len(found.missing) > 1)


if __name__ == "__main__":
    sys.exit(main())
