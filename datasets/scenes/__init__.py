"""Sample scenes: drawn street scenes with masks, so that everything runs without a download."""

from .render import render_scene, render_sequence
from .write import ensure_scenes, write_scenes

__all__ = ["ensure_scenes", "render_scene", "render_sequence", "write_scenes"]
