"""What a process of a test does for it: its nodes are spun, and commands come over a local connection."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from multiprocessing.connection import Connection


def obey(commands: Any, nodes: Iterable[Any], connection: Connection) -> None:
    """Spin nodes, and serve the commands that an object has as methods, until the other side is gone."""
    for node in nodes:
        threading.Thread(target=_spin, args=(node,), daemon=True).start()
    connection.send("ready")
    while True:
        try:
            name, args, keywords = connection.recv()
        except EOFError:
            os._exit(0)
        connection.send(getattr(commands, name)(*args, **keywords))


def _spin(node: Any) -> None:
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        executor.spin()
    except ExternalShutdownException:
        return
