"""Export a model to a checked folder of a site, whole or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from segnet.datasets.samples import ImagesAndMasks
from segnet.datasets.splits import spread
from segnet.errors import NO_ROOM, UserError
from segnet.files import replace_folder, sweep, temporary_beside
from segnet.nn.saved import SavedModel
from segnet.web.site.check import SiteCheck, check_site, find_browser
from segnet.web.site.runtime import runtime_files
from segnet.web.site.write import refuse_others, write_site
from segnet.written_files import real_path


def export_site(
    model: SavedModel,
    name: str,
    out: Path,
    runtime: Path | None,
    val: ImagesAndMasks,
    images: int,
    drawn: bool,
    licenses: str,
    progress: Callable[[int, int], None],
) -> SiteCheck | None:
    """Write the site to ``out``, and replace a site there.

    Args:
        model: its network.
        name: name on the page.
        out: a new folder, an empty one, or one that holds a site.
        runtime: folder of ONNX Runtime Web's files; None: they are fetched by npm once and kept.
        val: images and masks for the check.
        images: number of images to check.
        drawn: whether the model was trained on drawn scenes.
        licenses: licences of the weights.
        progress: called with (images checked, images).

    Returns:
        The result of the check in a browser; None if there is no browser here.

    Raises:
        UserError: ``out`` holds something else, the runtime is not available, there is no room, or the page does not
            give what the network gives. A site in ``out`` is unchanged, and nothing else is left behind.
    """
    # Where the name is a link, the folder behind it is replaced.
    out = real_path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    sweep(out.parent)
    refuse_others(out)
    files = runtime_files(runtime)
    with temporary_beside(out, folder=True) as held, full_disk_named(out):
        staged = held / "site"
        staged.mkdir()
        write_site(staged, model, name, files, drawn, licenses)
        check = None
        if browser := find_browser():
            samples = [val[index] for index in spread(images, len(val))]
            check = check_site(staged, model, samples, browser, lambda done: progress(done, len(samples)))
            check.check.require("fp32", 0)
        replace_folder(out, staged, held)
    return check


@contextmanager
def full_disk_named(out: Path) -> Iterator[None]:
    """Say that a disk is full with the name that the user gave, in place of a temporary one."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise UserError(
            f"{out}: cannot be written ({error.strerror}); make room there and give the command again"
        ) from None
