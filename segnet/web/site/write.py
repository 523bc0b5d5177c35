"""The folder of a site: the demo's page with an engine that runs in the browser, the runtime and the network."""

import base64
import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from segnet.errors import UserError
from segnet.inference.drawing_colors import drawing_colors
from segnet.inference.model import model_classes
from segnet.inference.stages import see_stages
from segnet.nn.saved import SavedModel
from segnet.nn.stages import Staged
from segnet.version import __version__
from segnet.web.app import PAGE, SAMPLES, SCENES, draw_scene
from segnet.web.limits import Limits
from segnet.web.site.graph import browser_graph, stages_graph
from segnet.web.site.runtime import LICENSE

LIST = "site.json"
CHECK = "engines/check.js"
"""The module that only the check runs, in the page's folder."""
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
)


def write_site(
    folder: Path, model: SavedModel, name: str, runtime: Mapping[str, Path], drawn: bool, licenses: str
) -> None:
    """Fill the empty ``folder``.

    Args:
        folder: folder of the site.
        model: its network.
        name: name on the page.
        runtime: the files of ONNX Runtime Web.
        drawn: whether the model was trained on drawn scenes. The samples are then drawn scenes, else a photograph.
        licenses: licences of the weights, for ``LICENSES.txt``.
    """
    copy_files(PAGE, folder / "page")
    (folder / "page" / "engine.js").write_text('export { engine } from "./engines/browser.js";\n', encoding="utf-8")
    (folder / "page" / "engines" / "sw.js").rename(folder / "sw.js")
    for unused in ("index.html", "clip.js", "engines/server.js", CHECK):
        (folder / "page" / unused).unlink()
    (folder / "index.html").write_text(page(), encoding="utf-8")
    (folder / "runtime").mkdir()
    for file, source in runtime.items():
        shutil.copyfile(source, folder / "runtime" / file)
    (folder / "model.onnx").write_bytes(browser_graph(model).SerializeToString())
    stages = count_stages(model)
    if stages:
        (folder / "stages.onnx").write_bytes(stages_graph(model, stages).SerializeToString())
    samples = write_samples(folder / "samples", drawn)
    (folder / "LICENSES.txt").write_text(f"{LICENSE}\n\n{licenses}\n", encoding="utf-8")
    write_list(folder, model, name, samples, bool(stages))


def copy_files(source: Path, target: Path) -> None:
    """Copy a folder. Unlike ``shutil.copytree``, it raises the first file's OSError as it is."""
    for path in source.rglob("*"):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def page() -> str:
    """The demo's page with the site's policy, and with a message for those who open it from a file."""
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    charset = '<meta charset="utf-8">'
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    return html.replace(charset, f'{charset}\n{policy}\n<script src="page/engines/from-file.js"></script>', 1)


def count_stages(model: SavedModel) -> int:
    """The number of stages that the page can look into; 0 for a network that pools without codes."""
    if not isinstance(model.network, Staged):
        return 0
    import torch

    return len(see_stages(model, torch.zeros(3, 64, 64, dtype=torch.uint8)).stages)


def write_samples(folder: Path, drawn: bool) -> list[str]:
    """Write the sample images, and return their addresses in the site."""
    folder.mkdir()
    if drawn:
        for index, seed in enumerate(SCENES):
            (folder / f"{index}.png").write_bytes(draw_scene(seed))
    else:
        copy_files(SAMPLES, folder)
    return [f"samples/{path.name}" for path in sorted(folder.iterdir()) if path.suffix != ".txt"]


def write_list(folder: Path, model: SavedModel, name: str, samples: list[str], stages: bool) -> None:
    """Write ``site.json``: the site's contents, and the size and hash of each file.

    The service worker gets its version.
    """
    limits = Limits()
    offer = {
        "segnet": __version__,
        "model": {
            "name": name,
            "network": model.info.name,
            "classes": model.info.class_names,
            "colors": model.info.class_colors,
            "drawing_colors": drawing_colors(model_classes(model.info)),
            "size": model.info.size,
            "has_dropout": False,
            "has_stages": stages,
        },
        "samples": samples,
        "limits": {"image_bytes": limits.image_bytes, "image_pixels": limits.image_pixels},
        "files": {
            path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "integrity": integrity(path)}
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != "sw.js"
        },
    }
    text = json.dumps(offer, ensure_ascii=False, indent=1)
    (folder / LIST).write_text(text + "\n", encoding="utf-8")
    helper = folder / "sw.js"
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    helper.write_text(helper.read_text(encoding="utf-8").replace("site-VERSION", f"site-{version}"), encoding="utf-8")


def integrity(path: Path) -> str:
    """The form that browsers check: ``sha256-`` and the digest in base 64."""
    return "sha256-" + base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


def refuse_others(out: Path) -> None:
    """Raise UserError if ``out`` holds something that is no site."""
    if out.is_dir() and any(out.iterdir()) and not (out / LIST).is_file():
        raise UserError(f"--out {out}: that folder holds other files; name a new one, or one that holds a site")
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out}: that is a file; a site is a folder")
