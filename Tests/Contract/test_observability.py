"""Dashboard and alert rules: what Prometheus' own tool says of them, and what a person needs to read them."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "Protocols/observability"
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
GROUPS = yaml.safe_load((FOLDER / "alerts.yaml").read_text("utf-8"))["groups"]
ALERTS = [rule for group in GROUPS for rule in group["rules"]]


def promtool(*arguments):
    done = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_are_rules():
    assert f"{len(ALERTS)} rules found" in promtool("check", "rules", "--lint-fatal", "alerts.yaml")


def test_each_alert_fires_when_it_should_and_not_when_it_should_not():
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yaml")


def test_each_alert_is_tested_both_ways():
    tests = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text("utf-8"))["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == {rule["alert"] for rule in ALERTS}
    # A node that is well stands beside each that is not: no case lists all the instances of its series.
    for test in tests:
        series = " ".join(item["series"] for item in test["input_series"])
        assert len(set(re.findall('instance="([^"]+)"', series))) > 1, test["name"]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_grave_it_is_and_what_to_do(rule):
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert "$labels" in rule["annotations"]["summary"] or "$value" in rule["annotations"]["summary"]
    assert len(rule["annotations"]["description"]) > 40


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows(panel):
    assert panel["title"] and panel["description"].endswith(".")


def test_panels_have_names_of_their_own_and_do_not_overlap():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    cells = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not own & cells, panel["title"]
        cells |= own


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panels_expressions_are_expressions(panel, tmp_path):
    rules = [
        {
            "record": f"panel:{target['refId']}",
            "expr": target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*"),
        }
        for target in panel["targets"]
    ]
    assert rules
    file = tmp_path / "panel.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panel", "rules": rules}]}), "utf-8")
    promtool("check", "rules", str(file))


def test_what_an_operator_is_woken_for_has_an_alert():
    assert {
        "TributaryRelayDown", "TributaryPublishToWriteSlow", "TributaryClosesAboveNormal",
        "TributaryEvictionsAboveNormal",
        "TributarySlowReaders", "TributaryReplayGaps",
    } <= {rule["alert"] for rule in ALERTS}
