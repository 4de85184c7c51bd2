#!/usr/bin/env bash
# The smoke test: build the wheel, install it into an environment of its own, and build two units with it elsewhere.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT
"$root/.venv/bin/python" -m build --wheel --no-isolation --outdir "$away" "$root" >"$away/build.log" 2>&1 || { cat "$away/build.log"; exit 1; }
"$root/.venv/bin/python" -m venv "$away/venv"
# The dependencies are those of the checked environment; Tandem itself comes from the wheel alone.
site=$("$root/.venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
own=$("$away/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
"$away/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$away"/*.whl
echo "$site" >"$own/dependencies.pth"
cd "$away"
"$away/venv/bin/python" - "$root" <<'PY'
import pathlib, sys
import orchestrator
from orchestrator.app import shared
home = pathlib.Path(orchestrator.__file__).resolve()
assert pathlib.Path(sys.argv[1]).resolve() not in home.parents, f"the sources are tested, not the wheel: {home}"
for name in ("skills", "instructions", "launch", "web"):
    assert any(shared(name).iterdir()), f"the wheel lacks its {name}"
assert (shared("web") / "index.html").is_file(), "the wheel lacks the built pages"
PY
"$away/venv/bin/tandem" demo --auto --units 2 --worker sim --out "$away/as-built"
for unit in u1 u2; do
  "$away/venv/bin/python" -c 'import json, sys; record = json.load(open(sys.argv[1])); assert record["state"] == "done", record["state"]' "$away/as-built/$unit.json"
done
echo "The wheel built two units."
