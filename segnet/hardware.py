"""What the device computes in."""

import torch


def has_bf16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16, without which it is many times slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and torch.cpu._is_avx512_bf16_supported()
