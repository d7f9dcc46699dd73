"""Whether a port is free, and how to say that it is not."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

from models.errors import WrongSettings


@dataclass(frozen=True)
class Port:
    """A port of one part, and the variable that chooses another."""

    what: str
    number: int
    variable: str
    host: str = "127.0.0.1"


def is_free(host: str, port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError as refused:
            if refused.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def insist_on(ports: list[Port]) -> None:
    """Check that every port can be had, before anything is started.

    Raises:
        WrongSettings: naming each that is taken, and what to do.
    """
    taken = [port for port in ports if not is_free(port.host, port.number)]
    if taken:
        raise WrongSettings("\n".join(_advice(port, ports) for port in taken))


def _advice(port: Port, ports: list[Port]) -> str:
    ours = {other.number for other in ports}
    beyond = range(port.number + 1, min(port.number + 1000, 65536))
    free = next((number for number in beyond if number not in ours and is_free(port.host, number)), None)
    chosen = f" {port.variable}={free}" if free else f" {port.variable}=…"
    return (
        f"Port {port.number} ({port.what}) is taken by another program. "
        f"End that program, or choose another port: make demo{chosen}"
    )
