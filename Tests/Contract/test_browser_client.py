"""The browser client's files belong together: sources, the module made of them, types, the catalog, the package."""

import gzip
import importlib.util
import json
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CLIENT = REPOSITORY / "Sources/TributaryServer/BrowserClient"
CATALOG = json.loads((REPOSITORY / "Protocols/catalog.json").read_text("utf-8"))
EVENTS = [event for channel in CATALOG["channels"] for event in channel["events"]]

specification = importlib.util.spec_from_file_location("bundle", CLIENT / "bundle.py")
bundle = importlib.util.module_from_spec(specification)
specification.loader.exec_module(bundle)

TYPES = (CLIENT / "tributary.d.ts").read_text("utf-8")


def members(interface):
    """The names that an interface of the types lists."""
    body = re.search(rf"interface {interface}(?: extends \w+)? \{{\n(.*?)\n\}}", TYPES, re.DOTALL)[1]
    return set(re.findall(r"^  (?:readonly )?'?([\w.-]+)'?[?:(<]", body, re.MULTILINE))


def test_the_module_is_made_of_its_sources():
    made = (CLIENT / "tributary.js").read_text("utf-8")
    assert bundle.is_bundle(made), "run Sources/TributaryServer/BrowserClient/bundle.py"


def test_no_other_module_is_taken_for_it():
    made = (CLIENT / "tributary.js").read_text("utf-8")
    assert not bundle.is_bundle(made.replace("5e3", "6e3", 1))
    # A variable under another one's name.
    names, literals = bundle.squeezed_sources()
    given = names.first()
    one, other = next((one, next(iter(others))) for one, others in names.conflicts.items() if others)
    assert not bundle.is_bundle(bundle.module(names.renamed(given | {one: given[other]}), literals))
    assert bundle.is_bundle(bundle.module(names.renamed(given), literals))


def test_the_module_is_small():
    module = (CLIENT / "tributary.js").read_bytes()
    assert len(module) <= 12_000
    assert len(gzip.compress(module, 9)) <= 4_500


def test_the_types_list_the_catalogs_events():
    named = {event["name"] for event in EVENTS if not event["name"].endswith(".*")}
    assert members("CatalogEvents") == named
    assert members("HubEvents") == {event["name"] for event in CATALOG["hub"]}


LISTED = [event for event in EVENTS + CATALOG["hub"] if "schema" in event]


@pytest.mark.parametrize("event", LISTED, ids=lambda event: event["name"])
def test_the_types_have_what_the_schemas_have(event):
    schema = json.loads((REPOSITORY / "Protocols" / event["schema"]).read_text("utf-8"))
    name = event["name"]
    if name.endswith(".*"):
        name = f"plan: `{name.removesuffix('.*')}.${{string}}`"
        found = re.search(rf"\[{re.escape(name)}\]: (\w+)", TYPES)
    else:
        found = re.search(rf"^  '?{re.escape(name)}'?: (\w+)$", TYPES, re.MULTILINE)
    if found:
        have = set()
        interface = found[1]
        while interface:
            have |= members(interface)
            extended = re.search(rf"interface {interface} extends (\w+)", TYPES)
            interface = extended and extended[1]
    else:
        inline = re.search(rf"^  '?{re.escape(name)}'?: \{{(.*?)\}}$", TYPES, re.DOTALL | re.MULTILINE)[1]
        have = set(re.findall(r"(\w+)\??:", inline))
    assert set(schema.get("properties", {})) <= have


def test_aliases_are_the_catalogs():
    source = (CLIENT / "source/events.js").read_text("utf-8")
    table = re.search(r"const ALIASES = \{\n(.*?)\n\}", source, re.DOTALL)[1]
    written = dict(re.findall(r"'?([\w.-]+)'?: '([\w.-]+)'", table))
    expected = {alias: event["name"] for event in EVENTS for alias in event.get("aliases", [])}
    expected |= {event["replay"]: event["name"] for event in EVENTS if "replay" in event}
    assert written == expected
    hub = re.search(r"const HUB = \[(.*?)\]", source)[1]
    assert set(re.findall(r"'([\w.]+)'", hub)) == {event["name"] for event in CATALOG["hub"]}


def test_the_package_names_what_is_there():
    package = json.loads((CLIENT / "package.json").read_text("utf-8"))
    assert all((CLIENT / name).is_file() for name in package["files"])
    for entry in package["exports"].values():
        for path in entry.values() if isinstance(entry, dict) else [entry]:
            assert (CLIENT / path).is_file(), path
    # What is beside React is React's user's to bring.
    assert set(package["peerDependencies"]) == {"react"} and "dependencies" not in package


def test_the_modules_import_nothing_else():
    for name in ("tributary.js", "tributary-react.js"):
        imported = set(re.findall(r"\bfrom '([^']+)'", (CLIENT / name).read_text("utf-8")))
        assert imported <= {"react", "./tributary.js"}, name
