"""Class names with a special meaning."""

BACKGROUND = "background"
IGNORED_NAMES = frozenset(
    {"void", "unlabelled", "unlabeled", "unlabel", "ignore", "ignored", "__ignore__", "unknown", "dontcare"}
)
"""Names of ignored pixels, in lower case."""
