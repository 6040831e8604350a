"""No operation of the hot path takes more instructions than it did. Callgrind counts: whatever runs beside it, it is the same."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Benchmarks"))

import instructions  # noqa: E402

BUDGETS = json.loads(instructions.BUDGETS.read_text())
# A quarter: what another processor makes of the system's memcpy, and luck with memory, is less.
ROOM = 1.25


def check(name, found):
    assert found <= BUDGETS[name] * ROOM, (
        f"{name}: {found:,.0f} instructions, {BUDGETS[name]:,} were enough; if it has to be so, "
        "Tests/Benchmarks/instructions.py --write"
    )


@pytest.mark.parametrize("name", [name for name in BUDGETS if name != instructions.REGISTER])
def test_an_operation_takes_no_more_instructions_than_it_did(name):
    program = instructions.program()
    if program is None:
        pytest.skip("tributary-instructions is not built beside the hub")
    check(name, instructions.count(program, *instructions.workloads(program)[name]))


def test_the_registry_takes_no_more_instructions_than_it_did():
    check(instructions.REGISTER, instructions.count_registration())


def test_every_workload_has_a_budget():
    program = instructions.program()
    if program is None:
        pytest.skip("tributary-instructions is not built beside the hub")
    assert set(BUDGETS) == {instructions.REGISTER, *instructions.workloads(program)}
