"""For colcon alone, which builds Python packages by setup.py: what it says is taken from pyproject.toml.

The setuptools of a ROS 2 distribution know neither that file's licence nor its build backend; they don't get to see it.
"""

import tomllib
from pathlib import Path

import setuptools

NAME = "tandem_cell"
HERE = Path(__file__).parent
PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))
DATA = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]  # folder -> where it is in the package


class WithoutPyproject(setuptools.Distribution):
    """A distribution that is told by this file."""

    def parse_config_files(self, filenames=None, ignore_option_errors=False):
        """Read setup.cfg. Called by setuptools."""
        super().parse_config_files(filenames or ["setup.cfg"], ignore_option_errors)


def data_packages() -> dict[str, str]:
    """Return the folders of data as packages: each folder with files below skills, instructions, launch, web/dist."""
    found = {}
    for source, target in DATA.items():
        top = HERE / source
        for folder in sorted({path.parent for path in top.rglob("*") if path.is_file()}):
            if "__pycache__" not in folder.parts:
                inside = (target, *folder.relative_to(top).parts)
                found[".".join("/".join(inside).split("/"))] = str(folder.relative_to(HERE))
    return found


packed = data_packages()
LAUNCHED = sorted(str(path.relative_to(HERE)) for path in (HERE / "launch").glob("*.launch.py"))
setuptools.setup(
    distclass=WithoutPyproject,
    name=NAME,
    version=PROJECT["project"]["version"],
    description=PROJECT["project"]["description"],
    license=PROJECT["project"]["license"],
    packages=[*setuptools.find_packages(str(HERE), include=["orchestrator", "orchestrator.*"]), *packed],
    package_dir=packed,
    package_data={"": ["*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"share/{NAME}/launch", [*LAUNCHED, "launch/controllers.yaml", "launch/tandem.rviz"]),
    ],
    entry_points={"console_scripts": [f"{name}={call}" for name, call in PROJECT["project"]["scripts"].items()]},
    install_requires=["setuptools"],
    zip_safe=False,
)
