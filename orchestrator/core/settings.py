"""One frozen tree of settings; the command line and the environment fill it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from orchestrator.core.variant import Frozen


class Lan(Frozen):
    """Serving the network: always TLS, always signed in.

    `names` are known besides the machine's own; without `certificate` the site has its own authority. `oidc`
    says who vouches for people; None: `oidc.yaml` beside the accounts, where there is one.
    """

    names: tuple[str, ...] = ()
    certificate: Path | None = None
    certificate_key: Path | None = None
    oidc: Path | None = None


class Settings(Frozen):
    """Where things are and how a cell is run.

    `data` holds journal and evidence; None keeps the journal in memory. `seed` decides everything that is random in
    a simulated cell. `vision_s` is the wall time in which the vision process must answer, `vision_mb` the memory that
    it may keep between two checks; beyond either another process takes over.
    """

    instructions: Path
    cell: Path
    skills: Path
    web: Path | None = None
    data: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    seed: int | None = None  # None: the cell file's, else 1
    reload: bool = False
    worker: Literal["none", "sim"] = "none"
    slips: float = 0.0
    speed: float = 1.0  # simulated seconds a second
    lan: Lan | None = None  # None: this machine alone, without login
    vision_s: float = 20.0
    vision_mb: float = 1000.0
