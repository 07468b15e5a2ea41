"""Nothing here talks to another machine."""

import socket
import subprocess
import sys

import pytest


def test_connections_to_other_machines_are_refused():
    with socket.socket() as plug, pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        plug.connect(("192.0.2.1", 80))


ASK_NOBODY = """
socket.getaddrinfo = refuse
for method in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, method, refuse)
"""
# nibabel imports pydicom where that is installed, which leads to urllib3, which binds
# a socket of this machine to see whether it has IPv6.
OPEN_NONE = """
sys.modules["pydicom"] = None
socket.socket.__init__ = refuse
"""


@pytest.mark.parametrize("refused", [OPEN_NONE, ASK_NOBODY], ids=["socket", "machine"])
def test_import_opens_no_socket_and_asks_no_machine(refused):
    start = """
import socket, sys
def refuse(*args, **kwargs):
    raise SystemExit("a socket was opened")
"""
    script = (
        start
        + refused
        + """
import skmultimodal
for name in skmultimodal.__all__:
    getattr(skmultimodal, name)
import skmultimodal.baselines, skmultimodal.datasets, skmultimodal.io
import skmultimodal.model_selection, skmultimodal.persistence
import skmultimodal.report, skmultimodal.testing
"""
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
