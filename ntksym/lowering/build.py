"""Run our own generated source: one namespace per text, shared by everybody who has the same text."""

from __future__ import annotations

import hashlib
import linecache
import threading
from types import MappingProxyType
from typing import Any

_LOCK = threading.Lock()
_LOADED: dict[str, MappingProxyType[str, Any]] = {}


def load_source(source: str) -> MappingProxyType[str, Any]:
    """The namespace of a generated module.  The same text gives the same functions, so equal networks share compiled code; thread-safe.

    The text is registered with linecache, so that tracebacks show the generated lines.  Only text made by this package's printers may come here.
    """
    key = hashlib.sha256(source.encode()).hexdigest()
    with _LOCK:
        if key not in _LOADED:
            name = f"<ntksym kernel {key[:12]}>"
            namespace: dict[str, Any] = {"__name__": f"ntksym_generated_{key[:12]}"}
            exec(compile(source, name, "exec"), namespace)
            linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
            _LOADED[key] = MappingProxyType(namespace)
        return _LOADED[key]
