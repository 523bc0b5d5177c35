"""Class names with a special meaning."""

BACKGROUND = "background"
IGNORED_NAMES = frozenset(
    {"void", "unlabelled", "unlabeled", "unlabel", "ignore", "ignored", "__ignore__", "unknown", "dontcare"}
)
"""In lower case: pixels of these are left out."""
