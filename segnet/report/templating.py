"""Pages as single files: template, style and script are inlined, and all values escaped."""

import base64
import hashlib
import math
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup


def render(template: str, **content: Any) -> str:
    """Fill a template of this package. The page may run only its own script, and may load nothing."""
    environment = Environment(
        loader=PackageLoader("segnet.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": percent, "compact": compact, "cell": cell, "points": points, "counted": counted, "duration": duration
    }  # fmt: skip
    script, style = read("script.js"), read("style.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = environment.get_template(template)
    return page.render(script=Markup(script), style=Markup(style), policy=policy, **content)


def read(name: str) -> str:
    return resources.files("segnet.report").joinpath("templates").joinpath(name).read_text(encoding="utf-8")


def percent(value: float, digits: int = 1) -> str:
    """A share as ``12.3``; a dash if there is none."""
    return "–" if math.isnan(value) else f"{100 * value:.{digits}f}"


def compact(value: float) -> str:
    """A large number with three digits: ``29.5 M``."""
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 class``, ``1,000 classes``; ``many`` if it is not ``one`` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """A time in its two largest units: ``3 d 21 h``, ``4 min 44 s``, ``33 s``."""
    whole = round(seconds)
    days, hours, minutes = whole // 86_400, whole // 3600 % 24, whole // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (whole % 60, "s")]
    first = next((index for index, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2])


def cell(share: float) -> str:
    """A share of a confusion matrix in whole per cent; empty for zero, so that the rest stands out."""
    return "" if math.isnan(share) or share < 0.005 else f"{100 * share:.0f}"


def points(difference: float) -> str:
    """A difference of shares in points, with its sign: ``−1.2``."""
    return "–" if math.isnan(difference) else f"{100 * difference:+z.1f}".replace("-", "−")
