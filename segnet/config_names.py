"""The packaged configs by name, such as ``camvid/segnet_lite``, in a checkout and in an installed package."""

from pathlib import Path

from segnet.errors import UserError
from segnet.nearest import nearest


def config_folder() -> Path:
    """The folder of the project's own configs: beside ``segnet/`` in a checkout, inside it when installed."""
    package = Path(__file__).parent
    return next(folder for place in (package, package.parent) if (folder := place / "configs").is_dir())


def config_names() -> list[str]:
    """Names of the project's own configs, such as ``quickstart`` and ``camvid/segnet_lite``; those in folders last."""
    folder = config_folder()
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml")]
    return sorted(names, key=lambda name: ("/" in name, name))


def find_config(config: str | Path) -> Path:
    """Find the file of ``config``, which is a path or the name of one of the project's own.

    Raises:
        UserError: there is no such file or name. The message has the nearest names.
    """
    path, names = Path(config), config_names()
    if path.is_file():
        return path
    name = path.as_posix().removesuffix(".yaml")
    if name in names:
        return config_folder() / f"{name}.yaml"
    if (path / "config.yaml").is_file():
        raise UserError(f"{config}: is a run folder, not a config; its config is {path / 'config.yaml'}")
    if path.is_dir():
        raise UserError(f"{config}: is a folder, not a config file; `segnet configs` lists those that come with segnet")
    matches = nearest_configs(name, names)
    hint = f"did you mean {' or '.join(matches)}? " if matches else ""
    raise UserError(f"{config}: no such config file; {hint}`segnet configs` lists those that come with segnet")


def nearest_configs(name: str, names: list[str]) -> list[str]:
    """The names most like ``name``. If its folder is wrong or missing, those with the same last part."""
    last = name.rpartition("/")[2]
    if same := [own for own in names if own.rpartition("/")[2] == last]:
        return same
    last_parts = {own.rpartition("/")[2]: own for own in names}
    matches = nearest(name, names, 2)
    matches += [last_parts[part] for part in nearest(last, last_parts, 2)]
    return list(dict.fromkeys(matches))[:2]


def summary(path: Path) -> str:
    """The first comment line of a config file, which says its purpose."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("#").strip() if first.startswith("#") else ""
