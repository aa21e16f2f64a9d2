"""What the OpenAPI document leaves out, so that it is the same whichever database it was made on."""

from typing import Any

# The bounds of integer columns, which each database has of its own. A value beyond them is refused with a 400 anyway.
COLUMN_BOUNDS = frozenset({2**15 - 1, 2**31 - 1, 2**63 - 1, -(2**15), -(2**31), -(2**63)})


def without_column_bounds(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular, called with the whole document."""
    _strip(result)
    return result


def _strip(node: Any) -> None:
    if isinstance(node, dict):
        for name in ("maximum", "minimum"):
            if node.get(name) in COLUMN_BOUNDS and node.get("type") in ("integer", ["integer", "null"]):
                del node[name]
        if node.get("format") == "int64":
            del node["format"]
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _strip(child)
