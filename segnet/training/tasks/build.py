"""The tasks that a config can name."""

from segnet.training.tasks.classification import ClassificationTask
from segnet.training.tasks.reconstruction import ReconstructionTask
from segnet.training.tasks.segmentation import SegmentationTask
from segnet.training.tasks.variational import VariationalTask

AnyTask = SegmentationTask | ReconstructionTask | VariationalTask | ClassificationTask
TASKS: dict[str, type[AnyTask]] = {
    "segmentation": SegmentationTask,
    "reconstruction": ReconstructionTask,
    "variational": VariationalTask,
    "classification": ClassificationTask,
}
