"""The faults that `Tests/planted-faults.py` plants fit the sources as they are. It builds the hub for each and is run by hand,
so that otherwise nobody would notice when one stops fitting."""

import runpy
from pathlib import Path

import pytest

PLANTED = runpy.run_path(str(Path(__file__).resolve().parents[1] / "planted-faults.py"))


@pytest.mark.parametrize("name, file, old, new", PLANTED["FAULTS"], ids=lambda value: value if " " in value else "")
def test_a_fault_fits_in_one_place(name, file, old, new):
    source = (PLANTED["CORE"] / file).read_text("utf-8")
    assert source.count(old) == 1, f"{name}: {file} has changed; the fault no longer fits"
    assert new != old
