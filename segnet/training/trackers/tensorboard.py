"""TensorBoard's events, in the run folder."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segnet.run_folder import RunFolder
from segnet.training.trackers.tracker import Ending


class TensorBoard:
    """Writes ``tensorboard/events.*``.

    Args:
        run: the open run folder.
        step: the step at which the run begins or continues. TensorBoard hides later steps of an interrupted run.
    """

    name = "tensorboard"
    failures: tuple[type[Exception], ...] = ()

    def __init__(self, run: RunFolder, step: int) -> None:
        # The import takes a second; only the process that writes pays it.
        from torch.utils.tensorboard import SummaryWriter

        self.is_new = not any(run.tensorboard.glob("events.*"))
        # purge_step itself is hidden too, and the last epoch is at ``step``.
        self.events = SummaryWriter(str(run.tensorboard), purge_step=step + 1)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self.events.add_scalar(name, value, step)
        self.events.flush()

    def image(self, image: NDArray[np.uint8], step: int) -> None:
        self.events.add_image("val samples", image, step, dataformats="HWC")

    def close(self, ending: Ending) -> None:
        del ending
        self.events.close()
