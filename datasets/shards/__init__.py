"""Data sets of any size in few large files: tar shards with an index, read at random from disk or over HTTP."""

from .dataset import ShardedImagesAndMasks, load_shards
from .write import write_shards

__all__ = ["ShardedImagesAndMasks", "load_shards", "write_shards"]
