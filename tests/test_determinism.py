"""Every output has the same bytes whatever PYTHONHASHSEED is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import ntksym

SCRIPT = """
import hashlib, json, sys
import ntksym

found = {}
def note(name, text):
    found[name] = hashlib.sha256(text.encode()).hexdigest()

duals = {name: ntksym.dual(name) for name in ("step", "scaled_erf", "tanh")}
catalogue = ntksym.derivations()
some = {name: catalogue[name] for name in sorted(catalogue)[::3]}
networks = {"relu": ntksym.fcn(3, "relu", sigma_b=0.1)}
derivations = {**duals, **{f"net {name}": ntksym.derive(network) for name, network in networks.items()}, **some}
for name, derivation in derivations.items():
    for write in ("to_json", "latex", "html", "bibtex"):
        note(f"{name} {write}", getattr(derivation, write)())
note("emit", ntksym.emit(networks["relu"]))
print(json.dumps(found))
"""


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    running = []
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(Path(ntksym.__file__).parents[1]), *sys.path])}
        running.append(subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True, env=environment))
    outputs = [json.loads(process.communicate()[0]) for process in running]
    assert all(process.returncode == 0 for process in running)
    assert len(outputs[0]) > 25
    different = {name for name in outputs[0] for other in outputs[1:] if other[name] != outputs[0][name]}
    assert not different
