"""The built wheel, installed outside the checkout: every file is in it, and the commands work in another folder."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.inference.video.clips import write_clip

ROOT = Path(__file__).parents[1]
FOLDERS = ("segnet", "datasets", "configs")

PROGRAM = """
import sys
import segnet
from segnet.cli import main

assert segnet.__file__.startswith(sys.prefix), segnet.__file__
narrow = ["model.widths=[8,8,8,8]", "model.depths=[1,1]", "model.dilations=[1]", "augmentation=[]", "training.epochs=1"]
data, clip = sys.argv[1:]
settings = [f"data.root={data}", "data.workers=0", "precision=32-true", *narrow]
for arguments in (
    ["configs"],
    ["train", "--config", "camvid/segnet_lite", *settings],
    ["predict", "runs/segnet_lite", f"{data}/val", "--out", "predictions"],
    ["predict", "camvid-lite", f"{data}/val", "--out", "packaged"],
    ["evaluate", "runs/segnet_lite", "--report", "report.html"],
    ["video", "camvid-lite", clip, "out.mp4"],
):
    code = main(arguments)
    assert code == 0, (arguments, code)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("setuptools", reason="setuptools is not installed: pip install .[dev]")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    build = ["wheel", ".", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(out)]
    subprocess.run([sys.executable, "-m", "pip", *build], cwd=source, check=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel, and sees this one's packages but not its segnet."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *install], check=True, env=without_checkout())
    # A path in a .pth file comes after the environment's own, and its .pth files, an editable install's, are not read.
    (Path(packages) / "others.pth").write_text(sysconfig.get_path("purelib"))
    return programs


def without_checkout() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def test_the_wheel_holds_every_file_of_the_package_the_data_room_and_the_configs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.startswith("segnet-")}
    expected = {
        path.relative_to(ROOT).as_posix() if folder == "segnet" else f"segnet/{path.relative_to(ROOT).as_posix()}"
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == expected


def test_the_installed_commands_work_in_another_folder(installed: Path, tiny_camvid: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=3)
    done = subprocess.run(
        [installed / "python", "-c", PROGRAM, tiny_camvid, clip],
        cwd=tmp_path,
        env=without_checkout(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "camvid/segnet_lite " in done.stdout
    assert {path.name for path in tmp_path.iterdir()} >= {"runs", "predictions", "packaged", "report.html", "out.mp4"}
    assert (tmp_path / "runs" / "segnet_lite" / "report.html").stat().st_size > 10_000


def test_the_installed_demo_serves_its_page(installed: Path, tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="fastapi is not installed: pip install .[demo]")
    command = [str(installed / "segnet"), "demo", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=without_checkout(), stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout is not None
            address = re.search(r"http://\S+", demo.stdout.readline())
            assert address is not None
            with urllib.request.urlopen(address[0]) as answer:
                page = answer.read().decode()
            script = re.search(r'src="([^"]+\.js)"', page)
            assert script is not None
            with urllib.request.urlopen(urllib.parse.urljoin(address[0], script[1])) as answer:
                assert answer.status == 200
        finally:
            demo.terminate()
