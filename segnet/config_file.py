"""Read a ``Config`` from a YAML file and the command line's ``a.b=value``, with mistakes named by key."""

import json
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from segnet.config import Config
from segnet.config_names import find_config
from segnet.errors import UserError
from segnet.nearest import did_you_mean


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read a config file and replace settings in it.

    Args:
        path: a YAML file, or the name of one of the project's own, such as ``camvid/segnet_lite``.
        overrides: ``key=value`` with dots in the key, as in ``optimizer.lr=3e-4``; list items by number,
            as in ``loss.0.weight=2``; the value is YAML. ``data=digits`` is short for ``data.name=digits``, and so
            is ``model=``, ``optimizer=`` and ``schedule=``; all else of that part stays.

    Raises:
        UserError: the file cannot be read, or a key or value is wrong; the line names it.
    """
    path = find_config(path)
    tree = read_yaml(path)
    for override in overrides:
        replace(tree, override)
    config = parse_config(tree, str(path))
    return config if config.name else parse_config({**tree, "name": path.stem}, str(path))


class PlainLoader(yaml.SafeLoader):
    """Plain values only: a tag that would run code is an error, and so is an alias.

    Aliases of aliases let a few lines stand for billions of values.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read; write the value out", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that occurs twice. YAML's own reader would silently take the last value."""
        first: dict[str, yaml.Mark] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in first:
                    message = f"{key.value} occurs twice, first in line {first[key.value].line + 1}; remove one"
                    raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
                first[key.value] = key.start_mark
        return super().construct_mapping(node, deep)


class PlainDumper(yaml.SafeDumper):
    """Puts quotes around text that ``PlainLoader`` would take for a number, or whose line breaks it would change."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        # PyYAML writes NEL, LS and PS as they are, and reads them as other line breaks unless they are escaped.
        style = '"' if any(mark in data for mark in "\x85\u2028\u2029") else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


PlainDumper.add_representer(str, PlainDumper.represent_str)

# YAML 1.1 takes 3e-4 for text, since it has no dot.
FLOAT = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$")
for reader_or_writer in (PlainLoader, PlainDumper):
    reader_or_writer.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+0123456789"))


MOST_LETTERS = 200_000
"""The most letters of a config file: a thousand times the size of the project's own."""


def parse_yaml(text: str) -> Any:
    return yaml.load(text, Loader=PlainLoader)


def read_yaml(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_LETTERS + 1)
        if len(text) > MOST_LETTERS:
            raise UserError(f"{path}: over {MOST_LETTERS} letters, but a config is a page or two; give another file")
        tree = parse_yaml(text)
    except FileNotFoundError:
        raise UserError(f"{path}: no such config file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as a config file ({error})") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(tree, dict):
        raise UserError(f"{path}: a config is a mapping of settings (name: value), found {type(tree).__name__}")
    return tree


def replace(tree: dict[str, Any], override: str) -> None:
    """Set one ``a.b=value`` in ``tree``, in place."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise UserError(f"{override!r}: expected KEY=VALUE, as in optimizer.lr=3e-4")
    try:
        value = parse_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise UserError(f"{override!r}: the value is not valid YAML") from None
    key = full_key(key)
    *parents, last = key.split(".")
    node: Any = tree
    if isinstance(value, str) and isinstance(part := tree.get(key), dict) and "name" in part:
        # data=digits is short for data.name=digits.
        parents, last = [key], "name"
    for part in parents:
        node = child(node, part, override)
    if isinstance(node, list):
        node[item_number(node, last, override)] = value
    else:
        node[last] = value


def full_key(key: str) -> str:
    """The full key of a setting, ``training.epochs`` for ``epochs``, if only one part of the config has it.

    Raises:
        UserError: several parts have such a setting.
    """
    if "." in key or key in Config.model_fields:
        return key
    parts = [
        part
        for part, field in Config.model_fields.items()
        if get_origin(field.annotation) is not list and any(key in m.model_fields for m in models_in(field.annotation))
    ]
    if len(parts) > 1:
        whole = " or ".join(f"{part}.{key}" for part in parts)
        raise UserError(f"{key}: several parts have such a setting; write {whole}")
    return f"{parts[0]}.{key}" if parts else key


def keyword_settings(settings: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """Python's keywords as ``a.b=value``. Each item of a dictionary becomes a setting."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from keyword_settings(value, f"{before}{key}.")
        else:
            yield f"{before}{key}={json.dumps(value, default=str)}"


def child(node: Any, part: str, override: str) -> Any:
    if isinstance(node, list):
        inner = node[item_number(node, part, override)]
    else:
        if node.get(part) is None:
            node[part] = {}
        inner = node[part]
    if not isinstance(inner, dict | list):
        raise UserError(f"{override!r}: {part} is a single value, it has no settings inside")
    return inner


def item_number(node: list[Any], part: str, override: str) -> int:
    if not part.isdecimal() or int(part) >= len(node):
        raise UserError(f"{override!r}: {part!r} is not one of the list's items 0 to {len(node) - 1}")
    return int(part)


def parse_config(tree: Mapping[str, Any], source: str) -> Config:
    """Check a mapping of settings; ``source`` is named in the error."""
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        details = error.errors()
        more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
        raise UserError(f"{source}: {describe(details[0])}{more}") from None


def describe(detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        keys, model = settings_at(detail["loc"][:-1])
        name = str(detail["loc"][-1])
        known = [did_you_mean(name, model.model_fields), f"allowed: {', '.join(model.model_fields)}"]
        return f"{'.'.join([*keys, name])}: unknown setting{of_kind(model)}; {' '.join(filter(None, known))}"
    keys, _ = settings_at(detail["loc"])
    key = ".".join(keys)
    if detail["type"] == "union_tag_invalid":
        return f"{key}.name: {not_among(detail['ctx']['tag'], detail['ctx']['expected_tags'])}"
    if detail["type"] == "missing":
        return f"{key}: this setting is required"
    if detail["type"] == "literal_error":
        return f"{key}: {not_among(detail['input'], detail['ctx']['expected'])}"
    if detail["type"] == "value_error" and not isinstance(detail["input"], str):
        # The sentence about several settings names them itself.
        return str(detail["ctx"]["error"])
    message = detail["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return f"{key}: found {reprlib.repr(detail['input'])}; {message}"


def not_among(found: Any, expected: str) -> str:
    """The message for a wrong word. Pydantic lists the allowed words in quotation marks."""
    question = did_you_mean(str(found), re.findall(r"'([^']*)'", expected))
    return f"found {reprlib.repr(found)}; {question}{' ' if question else ''}allowed: {expected}"


def settings_at(location: Iterable[int | str]) -> tuple[list[str], type[BaseModel]]:
    """The keys of a config on the way to ``location``, and the model of the last of them that holds settings.

    For a union, pydantic adds the name of the kind or type that it tried to the location. Such names are no keys.
    """
    keys: list[str] = []
    model: type[BaseModel] = Config
    kinds: list[type[BaseModel]] = []
    for part in location:
        if isinstance(part, int):
            keys.append(str(part))
        elif kind := next((kind for kind in kinds if part in names_of(kind)), None):
            model, kinds = kind, []
        elif part in model.model_fields:
            keys.append(part)
            kinds = list(models_in(model.model_fields[part].annotation))
            model = kinds[0] if kinds else model
        elif "[" not in part and part not in TYPES:
            keys.append(part)
    return keys, model


TYPES = frozenset({"literal", "list", "str", "int", "float", "none"})


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models of settings that a field may have."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def names_of(kind: type[BaseModel]) -> tuple[Any, ...]:
    """The possible values of ``name`` in settings of this kind: ``("dice",)``."""
    field = kind.model_fields.get("name")
    return get_args(field.annotation) if field else ()


def of_kind(model: type[BaseModel]) -> str:
    names = names_of(model)
    return f" of {names[0]}" if len(names) == 1 else ""


def dump_config(config: Config) -> str:
    """The resolved config as YAML; reading it gives the same ``Config`` again."""
    plain = json.loads(config.model_dump_json())
    return yaml.dump(plain, Dumper=PlainDumper, sort_keys=False, allow_unicode=True)


def config_schema() -> str:
    """JSON schema of the config files, for editors that check YAML while it is written."""
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"
