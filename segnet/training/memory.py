"""A step that does not fit into memory, and the batch size that would."""

from collections.abc import Callable

import torch
from torch import Tensor

from segnet.errors import UserError
from segnet.rounding import ceil_div
