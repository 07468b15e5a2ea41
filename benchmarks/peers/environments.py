"""Python environments of peers that do not install beside this library.

Each has a file of requirements in ``environments``, one line a call of pip, in order.
"""

import re
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "environments"


def python_of(name, folder):
    """Python of an environment, which is made if it is not there.

    Parameters
    ----------
    name : str or None
        File of requirements without its ending; None is the Python that runs this.
    folder : Path
        Where environments are made.

    Returns
    -------
    python : str

    Raises
    ------
    RuntimeError
        If something cannot be installed, with pip's last line.
    """
    if name is None:
        return sys.executable
    python, done = folder / name / "bin" / "python", folder / name / ".done"
    if not done.exists():
        print(f"making the environment {name} in {folder}", flush=True)
        _run(sys.executable, "-m", "venv", "--clear", folder / name)
        for line in (REQUIREMENTS / f"{name}.txt").read_text().splitlines():
            install = ["install", "--quiet", "--disable-pip-version-check"]
            _run(python, "-m", "pip", *install, *line.split())
        done.touch()
    return str(python)


def _run(*command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(error_of(done))


def error_of(done):
    """The last line that names an error of a process that failed, else the last one."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    named = [
        line for line in lines if re.match(r"[\w.]*(Error|Exception|ERROR)\b", line)
    ]
    return (named or lines or [f"exit status {done.returncode}"])[-1]
