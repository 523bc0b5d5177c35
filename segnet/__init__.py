"""SegNet and the family around it: training, evaluation, video and export for semantic segmentation."""

import os

from segnet.spinning import spin_briefly
from segnet.version import __version__ as __version__

# In a checkout the data room and the configs stand beside this folder, in an installed package inside it.
if not os.path.isdir(os.path.join(__path__[0], "datasets")):  # noqa: PTH112, PTH118 (pathlib's import takes longer than ours)
    __path__.append(os.path.dirname(__path__[0]))  # noqa: PTH120

# Before any module of ours imports PyTorch, whose OpenMP reads it when it starts.
spin_briefly()
