"""Are there advisories about what Tandem is built from? `make audit` asks OSV (osv.dev) once, for every pinned version.

Where no advisory service can be reached it says that it was skipped, and is no failure: CI must work offline. What is
found is one, unless its id stands in `.ci/accepted-advisories` with a reason.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

ROOT = Path(__file__).resolve().parents[1]
SERVICE = "https://api.osv.dev/v1/querybatch"  # TANDEM_ADVISORIES names another one that answers like it
TIMEOUT_S = 20.0
AT_ONCE = 1_000  # as many as OSV takes in one request

Package = tuple[str, str, str]  # ecosystem, name, version


class Unreachable(Exception):
    """Nobody answers, or nothing that can be understood."""


def pinned(root: Path = ROOT) -> list[Package]:
    """Return every version that Tandem is tried with: those of Python, and those of the pages."""
    lines = (line.partition("#")[0].strip() for line in (root / "constraints.txt").read_text().splitlines())
    python = [("PyPI", *line.split("==")) for line in lines if "==" in line]
    lock = json.loads((root / "web" / "package-lock.json").read_text())
    pages = {
        ("npm", path.rpartition("node_modules/")[2], about["version"])
        for path, about in lock["packages"].items()
        if path and "version" in about
    }
    return [(kind, name, version) for kind, name, version in python] + sorted(pages)


def advisories(packages: list[Package], service: str) -> list[tuple[Package, str]]:
    """Return what the service knows of these packages: each with an advisory's id. Raises Unreachable."""
    found = []
    for begin in range(0, len(packages), AT_ONCE):
        asked = packages[begin : begin + AT_ONCE]
        queries = [{"package": {"ecosystem": kind, "name": name}, "version": v} for kind, name, v in asked]
        results = _ask(service, {"queries": queries}).get("results")
        if not isinstance(results, list) or len(results) != len(asked):
            raise Unreachable("its answer can't be understood")
        for package, result in zip(asked, results, strict=True):
            found += [(package, str(each["id"])) for each in (result or {}).get("vulns", ())]
    return found


def accepted(root: Path = ROOT) -> dict[str, str]:
    """Return the advisories that somebody has looked at, with the reason why they don't matter here."""
    file = root / ".ci" / "accepted-advisories"
    lines = file.read_text().splitlines() if file.exists() else []
    said = (line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#"))
    return {words[0]: words[1] for words in said if len(words) == 2}


def main(root: Path = ROOT) -> int:
    """Say what is known; returns 1 where there is something that nobody has accepted."""
    packages, known = pinned(root), accepted(root)
    try:
        found = advisories(packages, os.environ.get("TANDEM_ADVISORIES", SERVICE))
    except Unreachable as error:
        print(f"Dependency audit skipped: no advisory service ({error}).")
        return 0
    for (kind, name, version), id_ in found:
        print(f"{id_}: {name} {version} ({kind}){f' - accepted: {known[id_]}' if id_ in known else ''}")
    bad = [id_ for _, id_ in found if id_ not in known]
    print(f"{len(packages)} packages, {len(found)} advisories, {len(bad)} of them not accepted.")
    return 1 if bad else 0


def _ask(service: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(service, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            told = json.loads(answer.read())
    except (URLError, OSError, ValueError) as error:
        raise Unreachable(str(getattr(error, "reason", error)) or type(error).__name__) from error
    if not isinstance(told, dict):
        raise Unreachable("its answer can't be understood")
    return told


if __name__ == "__main__":
    sys.exit(main())
