"""Checks a configuration of Envoy against the schema in xds-protos: python check_envoy.py envoy.yaml

Names and types of all members are checked, those of typed_config included, and the commonest of the constraints that the
schema attaches to them. Exits with 1 and one line when something is wrong.
"""

import importlib
import pkgutil
import sys

import yaml
from google.protobuf import json_format
from google.protobuf.any_pb2 import Any
from validate import validate_pb2

BOOTSTRAP = "envoy.config.bootstrap.v3.Bootstrap"


def load(name):
    """The class of the message with this full name; its whole package becomes known, so that Any can be read."""
    package, _, message = name.rpartition(".")
    found = None
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if module.name.endswith("_pb2"):
            found = getattr(importlib.import_module(f"{package}.{module.name}"), message, found)
    if found is None:
        raise ValueError(f"there is no message {name}")
    return found


def types(node):
    """The names of all messages that stand in an Any."""
    if isinstance(node, dict):
        if "@type" in node:
            yield node["@type"].rpartition("/")[2]
        for value in node.values():
            yield from types(value)
    elif isinstance(node, list):
        for value in node:
            yield from types(value)


def parts(message, field):
    """The messages in a field, if it has messages."""
    if field.message_type is None:
        return []
    value = getattr(message, field.name)
    if field.message_type.GetOptions().map_entry:
        is_message = field.message_type.fields_by_name["value"].message_type is not None
        return list(value.values()) if is_message else []
    return list(value) if field.is_repeated else [value]


def len_of(value):
    """The length of what has one."""
    return len(value) if hasattr(value, "__len__") else 0


def check(message, place):
    """Raises ValueError for the first constraint that does not hold here or below."""
    if isinstance(message, Any):
        if not message.type_url:
            return
        inner = load(message.type_url.rpartition("/")[2])()
        message.Unpack(inner)
        message = inner
    present = {field.name for field, _ in message.ListFields()}
    for choice in message.DESCRIPTOR.oneofs:
        if choice.GetOptions().Extensions[validate_pb2.required] and not message.WhichOneof(choice.name):
            raise ValueError(f"{place}: one of {', '.join(field.name for field in choice.fields)} is needed")
    for field in message.DESCRIPTOR.fields:
        rules = field.GetOptions().Extensions[validate_pb2.rules]
        here = f"{place}.{field.name}"
        if field.containing_oneof is not None and field.name not in present:
            continue
        if rules.message.required and field.name not in present:
            raise ValueError(f"{here} is missing")
        if max(rules.string.min_len, rules.repeated.min_items) > len_of(getattr(message, field.name)):
            raise ValueError(f"{here} is too short")
        if field.name in present:
            for part in parts(message, field):
                check(part, here)


def main(path):
    try:
        with open(path, encoding="utf-8") as file:
            config = yaml.safe_load(file)
        for name in types(config):
            load(name)
        check(json_format.ParseDict(config, load(BOOTSTRAP)()), "bootstrap")
    except (yaml.YAMLError, json_format.ParseError, ImportError, ValueError) as error:
        sys.exit(f"{path}: {error}")


if __name__ == "__main__":
    main(sys.argv[1])
