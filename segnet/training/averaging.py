"""Better weights than the last step's: their moving average, and recomputed batch-norm statistics."""

import copy
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from segnet.training.sharding import own_part, share_state


class WeightAverage:
    """Exponential moving average of a network's weights and of its batch-norm statistics.

    The statistics are averaged with the same decay as the weights. They fit the averaged network and need no second
    pass over the data. After ``n`` updates the decay is at most ``(1 + n) / (10 + n)``, so the random start is soon
    forgotten.

    Args:
        network: the network that is trained.
        decay: share of the average that stays at each update, in 0–1.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for ours, theirs in zip(self.network.buffers(), network.buffers(), strict=True):
            if not ours.is_floating_point():
                ours.copy_(theirs)
        torch._foreach_lerp_(floats(self.network), floats(network), 1 - decay)

    def share(self, network: nn.Module) -> None:
        """Keep the part of the average that matches this process's part of the weights of ``network``."""
        self.network.load_state_dict(share_state(self.network.state_dict(), network), assign=True)

    def state_dict(self) -> dict[str, object]:
        return {"network": self.network.state_dict(), "updates": self.updates}

    def load_state_dict(self, state: dict[str, object]) -> None:
        self.network.load_state_dict(share_state(state["network"], self.network))  # type: ignore[arg-type]
        self.updates = int(state["updates"])  # type: ignore[call-overload]


def floats(network: nn.Module) -> list[Tensor]:
    """Weights and running statistics that this process holds, without the counters."""
    tensors = (*network.parameters(), *network.buffers())
    return [own_part(tensor) for tensor in tensors if tensor.is_floating_point()]


@torch.no_grad()
def recompute_batch_norm(
    network: nn.Module, batches: Iterable[Tensor], forward: Callable[[Tensor], object] | None = None
) -> None:
    """Set every batch norm's statistics to their mean over ``batches``, as the authors' script does.

    Statistics that were gathered while the weights changed belong to no single network, and results measured with them
    cannot be repeated (github.com/alexgkendall/SegNet-Tutorial, compute_bn_statistics.py).

    Args:
        network: its weights stay, its running statistics are replaced.
        batches: inputs ``(N, 3, H, W)`` float, the whole training set.
        forward: called on each batch instead of ``network``, for instance under autocast.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    was_training = network.training
    # Everything but the norms runs as in use, so without dropout.
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches, in PyTorch's terms
        norm.train()
    for batch in batches:
        (forward or network)(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.train(was_training)
