"""The tests on every Python and on the oldest and newest dependencies.

``make test-all`` runs it. Each session is an environment of its own with the command of
``make test``. A Python that is not on this machine is skipped, and named at the end.
``nox -s newest -- tests/fusion`` runs less.
"""

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
# pytest.ini_options makes every warning of a test an error; these also where modules
# are imported, and before what it ignores.
DEPRECATED = ["-W", "error::DeprecationWarning", "-W", "error::FutureWarning"]
# What anndata and mirp do themselves.
DEPRECATED += ["-W", "ignore:The 'future.infer_string' option"]
DEPRECATED += ["-W", "ignore:Setting the shape on a NumPy array"]
EXTRAS = "report,explain,conformal,texture,fast,omics,bags,search,distributed,survival"
TOOLS = ["pytest", "pytest-xdist", "hypothesis", "selenium", "setuptools", "pyyaml"]
# Of the extras docs and benchmark, in which others are far larger.
OF_SOME_TESTS = ["numpydoc", "lightning"]
PYTEST = ["python", "-m", "pytest", "-n", "auto", "--dist", "worksteal"]

nox.options.error_on_missing_interpreters = False
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "minimum", "newest"]


def install(session, constraints):
    """torch first: another package's request for it could bring another build."""
    pins = ["-c", constraints] if constraints else []
    session.install(*pins, "torch")
    session.install(*pins, "-e", ".[test]", *OF_SOME_TESTS)


def run(session, *options):
    session.run(*PYTEST, *options, *session.posargs, env={"OMP_NUM_THREADS": "1"})


@nox.session(python=PYTHONS)
def tests(session):
    """The versions of constraints.txt, where they exist for this Python."""
    install(session, "constraints.txt")
    run(session)


@nox.session(python="3.11")
def minimum(session):
    """The lower bounds of pyproject.toml; the extra radiomics needs a newer NumPy."""
    pins = ["-c", "constraints-min.txt"]
    session.install(*pins, "torch")
    session.install(*pins, "-e", f".[{EXTRAS}]", *TOOLS, *OF_SOME_TESTS)
    run(session)


@nox.session(python="3.13")
def newest(session):
    """The newest of everything; what a dependency will end is an error."""
    install(session, None)
    run(session, *DEPRECATED)
