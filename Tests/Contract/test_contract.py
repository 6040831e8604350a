"""The contract's files by themselves: schemas, goldens, catalog, OpenAPI and AsyncAPI belong together.

`Tests/TributaryProtocolTests` checks the same files against the Swift types.
"""

import base64
import copy
import json
import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator

PROTOCOLS = Path(__file__).resolve().parents[2] / "Protocols"
CLIENT_FILES = "tributary.js tributary.d.ts tributary-react.js tributary-react.d.ts package.json".split()
RESERVED = {"connected", "subscribed", "gap", "heartbeat", "replay.end", "server_close", "error", "open", "message"}


def no_repeats(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a key stands twice in {names}"
    return dict(pairs)


def read_json(path):
    return json.loads(path.read_text("utf-8"), object_pairs_hook=no_repeats)


class UniqueKeyLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error; PyYAML lets the last one win."""

    def construct_mapping(self, node, deep=False):
        return no_repeats(
            [(self.construct_object(key, True), self.construct_object(value, deep)) for key, value in node.value]
        )


def read_yaml(name):
    return yaml.load((PROTOCOLS / name).read_text("utf-8"), UniqueKeyLoader)


CATALOG = read_json(PROTOCOLS / "catalog.json")
SCHEMAS = sorted((PROTOCOLS / "schemas").glob("*.json"))
EXAMPLES = sorted((PROTOCOLS / "examples").glob("*.json"))
ENTRIES = [entry for channel in CATALOG["channels"] for entry in channel["events"]] + CATALOG["hub"]


def names_of(entry):
    return [entry["name"], *entry.get("aliases", []), *([entry["replay"]] if "replay" in entry else [])]


def entry_named(event):
    """By one of its names, else by its family; the longest family wins."""
    for entry in ENTRIES:
        if event in names_of(entry):
            return entry
    families = [entry for entry in ENTRIES if entry["name"].endswith(".*") and event.startswith(entry["name"][:-1])]
    return max(families, key=lambda entry: len(entry["name"]), default=None)


def event_of(example):
    return example.stem.split("--")[0]


FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value):
    """RFC 3339, which jsonschema checks only where a further package is installed."""
    if not isinstance(value, str):
        return True
    datetime.fromisoformat(value.replace("Z", "+00:00"))
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value) is not None


def validator(schema):
    return Draft202012Validator(schema, format_checker=FORMATS)


def schema_of(event):
    entry = entry_named(event)
    assert entry and "schema" in entry, f"the catalog has no schema for {event}"
    return read_json(PROTOCOLS / entry["schema"])


def described(schema):
    return "description" in schema or "$ref" in schema or "const" in schema


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_schema_is_valid_and_says_what_it_is(path):
    schema = read_json(path)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:tributary:schema:{path.stem}"
    assert schema["title"] == path.stem
    assert schema["description"].endswith(".")
    assert schema["type"] == "object"
    assert schema["required"], "a schema that requires nothing accepts anything"
    assert set(schema["required"]) <= set(schema["properties"])
    assert "additionalProperties" not in json.dumps(schema), "events are open to what newer versions add"
    used = set(re.findall(r'"#/\$defs/([a-z]+)"', json.dumps(schema)))
    assert used == set(schema.get("$defs", {}))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_golden_satisfies_its_schema(path):
    validator(schema_of(event_of(path))).validate(read_json(path))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_golden_may_hold_more_than_the_schema_knows(path):
    example = read_json(path) | {"a key of a newer version": [None]}
    validator(schema_of(event_of(path))).validate(example)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_required_member_of_a_golden_is_required(path):
    schema = schema_of(event_of(path))
    for name in schema["required"]:
        example = read_json(path)
        del example[name]
        with pytest.raises(ValidationError):
            validator(schema).validate(example)
    for wrong in ([], "text", 7, None, {}):
        with pytest.raises(ValidationError):
            validator(schema).validate(wrong)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_no_typed_member_of_a_golden_takes_just_anything(path):
    schema = schema_of(event_of(path))
    example = read_json(path)
    for name in set(schema["properties"]) & set(example) - {"response_data", "result"}:
        wrong = [] if isinstance(example[name], dict) else {"neither": "text nor number"}
        with pytest.raises(ValidationError):
            validator(schema).validate(example | {name: wrong})


def test_every_event_has_a_schema_and_every_schema_an_event():
    assert {entry["schema"] for entry in ENTRIES if "schema" in entry} == {f"schemas/{path.name}" for path in SCHEMAS}
    assert [entry["name"] for entry in ENTRIES if "schema" not in entry and not entry["name"].endswith(".*")] == []


def test_every_name_has_a_golden():
    names = {name for entry in ENTRIES if not entry["name"].endswith(".*") for name in names_of(entry)}
    goldens = {event_of(path) for path in EXAMPLES}
    assert names <= goldens
    assert all(entry_named(golden) for golden in goldens)
    assert {path.stem for path in EXAMPLES} >= names, "the one without a variant is what documentation links to"


def test_the_shapes_of_existing_services():
    assert set(read_json(PROTOCOLS / "examples/job_started.json")) == {"id", "task_type", "status"}
    assert set(read_json(PROTOCOLS / "examples/job_completed.json")) == {"id", "task_type", "status"}
    assert set(read_json(PROTOCOLS / "examples/manifest_changed.json")) == {"project_folder", "timestamp"}
    ready = read_json(PROTOCOLS / "examples/advisor.workspace_ready.json")
    assert set(ready) == {"matchId", "advisorId", "projectId", "timestamp"}
    message = read_json(PROTOCOLS / "examples/message.new.json")
    assert set(message) == {
        "messageId", "client_msg_id", "projectId", "userId", "content", "timestamp", "metadata",
    }
    assert set(message["content"]) == {"text", "type", "mode", "actor_type"}
    assert set(message["metadata"]) == {"build_id", "response_data"}
    assert schema_of("build.status")["properties"]["status"]["enum"] == ["queued", "in_progress", "completed", "failed"]


def test_every_reason_that_is_documented_has_a_golden():
    readme = (PROTOCOLS / "README.md").read_text("utf-8")
    table = readme[readme.index("| reason | when | durable events |") :].split("\n\n")[0]
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE))
    goldens = {read_json(path)["reason"] for path in EXAMPLES if event_of(path) == "gap"}
    assert documented and documented == goldens
    assert documented <= set(re.findall(r"[a-z_]+", schema_of("gap")["properties"]["reason"]["description"]))


def test_a_gap_does_not_end_before_it_begins():
    gap = read_json(PROTOCOLS / "examples/gap--range.json")
    del gap["from"]
    with pytest.raises(ValidationError):
        validator(schema_of("gap")).validate(gap)


def test_a_message_is_strict_inside():
    schema, message = schema_of("message.new"), read_json(PROTOCOLS / "examples/message.new.json")
    for name in message["content"]:
        broken = copy.deepcopy(message)
        del broken["content"][name]
        with pytest.raises(ValidationError):
            validator(schema).validate(broken)
    for sequence in (0, -1, 1.5, 2**53, "", "x", "1.5", None):
        with pytest.raises(ValidationError):
            validator(schema).validate(message | {"seq": sequence})
    for timestamp in ("yesterday", "2026-13-01T00:00:00Z", -1, None, True):
        with pytest.raises(ValidationError):
            validator(schema).validate(message | {"timestamp": timestamp})


def test_the_catalog_is_what_its_readers_expect():
    assert CATALOG["version"] == 1
    assert [channel["name"] for channel in CATALOG["channels"]] == [
        "chat", "jobs", "presence", "advisor", "github-sync", "pending-changes",
    ]
    names = [name for channel in CATALOG["channels"] for name in [channel["name"], *channel.get("aliases", [])]]
    assert len(names) == len(set(names)) and "all" not in names
    events = [name for entry in ENTRIES for name in names_of(entry)]
    assert len(events) == len(set(events))
    assert {entry["name"] for entry in CATALOG["hub"]} == RESERVED - {"error", "open", "message"}
    assert CATALOG.get("revision", 0) >= 0
    for channel in CATALOG["channels"]:
        assert isinstance(channel["durable"], bool)
        assert all(bound >= 1 for bound in channel.get("retention", {}).values())
        assert set(channel.get("retention", {})) <= {"count", "age_seconds", "bytes"}
        for entry in channel["events"]:
            assert RESERVED.isdisjoint(names_of(entry))
            assert entry["description"].endswith(".")


def test_paths_in_the_catalog_lead_to_members():
    for entry in ENTRIES:
        if "schema" not in entry:
            continue
        properties = read_json(PROTOCOLS / entry["schema"])["properties"]
        for path in [*([entry["conflate"]] if "conflate" in entry else []), *entry.get("identity", {})]:
            members = properties
            for step in path.split("."):
                assert step in members, f"{entry['name']}: {path}"
                members = members[step].get("properties", {})


# Documents


def references(node):
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(document, reference):
    if not reference.startswith("#"):
        return read_json((PROTOCOLS / reference).resolve())
    node = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


@pytest.mark.parametrize("name", ["openapi.yaml", "asyncapi.yaml"])
def test_every_reference_leads_somewhere(name):
    document = read_yaml(name)
    found = list(references(document))
    assert found
    for reference in found:
        assert resolve(document, reference), reference


def test_openapi_is_valid():
    document = read_yaml("openapi.yaml")
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_openapi_describes_what_there_is():
    paths = read_yaml("openapi.yaml")["paths"]
    known = {"get", "head", "post", "put", "delete", "patch"}
    assert {path: set(item) & known for path, item in paths.items()} == {
        "/stream": {"get", "head", "post"},
        "/stream/{connection_id}/channels": {"post"},
        "/stream/{connection_id}/token": {"post"},
        "/publish": {"post"},
        "/history": {"get"},
        "/presence": {"get", "post"},
        "/typing": {"post"},
        "/connections": {"get"},
        "/connections/{id}": {"delete"},
        "/debug/connections/{user}/{project}": {"get"},
        "/revoke": {"post"},
        "/explain": {"get"},
        "/stats": {"get"},
        "/metrics": {"get"},
        "/healthz": {"get"},
        "/readyz": {"get"},
        "/": {"get"},
        "/page/{file}": {"get"},
        "/demo": {"get"},
        "/demo/{file}": {"get"},
        "/demo/jobs": {"post"},
    } | {f"/client/{name}": {"get"} for name in CLIENT_FILES}


@pytest.mark.parametrize(
    "path, folder",
    [("/page/{file}", "Sources/TributaryServer/Browser/page"), ("/demo/{file}", "Sources/tributary/Demo/page")],
)
def test_openapi_names_the_files_of_the_pages(path, folder):
    schema = read_yaml("openapi.yaml")["paths"][path]["get"]["parameters"][0]["schema"]
    files = {file.name for file in (PROTOCOLS.parent / folder).iterdir()}
    # The document itself stands at the path above.
    assert set(schema["enum"]) == {file for file in files if not file.endswith(".html")}


def test_openapi_examples_satisfy_their_schemas():
    document = read_yaml("openapi.yaml")
    checked = 0

    def check(schema, value):
        nonlocal checked
        root = {"components": document["components"], **schema}
        Draft202012Validator(root, format_checker=FORMATS).validate(value)
        checked += 1

    def walk(node):
        if isinstance(node, dict):
            if isinstance(node.get("schema"), dict):
                if "example" in node:
                    check(node["schema"], node["example"])
                for example in node.get("examples", {}).values():
                    check(node["schema"], example["value"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)
    assert checked >= 8


def test_asyncapi_lists_every_event_with_its_schema():
    document = read_yaml("asyncapi.yaml")
    assert document["asyncapi"] == "3.0.0"
    messages = document["components"]["messages"]
    expected = {
        name: f"./{entry['schema']}" for entry in ENTRIES if "schema" in entry for name in names_of(entry)
    }
    assert {m["name"]: m["payload"]["$ref"] for m in messages.values() if m["name"] != "envelope"} == expected
    on_stream = document["channels"]["stream"]["messages"]
    assert set(on_stream) == set(messages) - {"envelope"}
    assert all(reference["$ref"] == f"#/components/messages/{key}" for key, reference in on_stream.items())
    for item in CATALOG["channels"]:
        for entry in item["events"]:
            tags = [m["tags"] for m in messages.values() if m["name"] == entry["name"]]
            durable = "durable" if entry.get("durable", item["durable"]) else "ephemeral"
            assert not tags or {tag["name"] for tag in tags[0]} == {item["name"], durable}
    names = [name for item in CATALOG["channels"] for name in [item["name"], *item.get("aliases", [])]]
    assert document["components"]["parameters"]["channel"]["enum"] == names


def test_asyncapi_examples_satisfy_their_schemas():
    document = read_yaml("asyncapi.yaml")
    examples = document["components"]["messages"]["envelope"]["examples"]
    assert {example["name"] for example in examples} >= {"durable", "logged", "toOneUser"}
    for example in examples:
        Draft202012Validator(document["components"]["schemas"]["envelope"]).validate(example["payload"])


def test_asyncapi_keys_and_channels_keep_the_rules():
    document = read_yaml("asyncapi.yaml")
    for section in document["components"].values():
        assert all(re.fullmatch(r"[A-Za-z0-9._-]+", key) for key in section)
    for channel in document["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel.get("parameters", {}))
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}


def test_the_envelope_schema_agrees_with_the_fixtures():
    document = read_yaml("asyncapi.yaml")
    schema = Draft202012Validator(document["components"]["schemas"]["envelope"])
    semantic = {"reserved_event", "missing_event", "missing_data"}
    accepted = refused = 0
    for case in read_json(PROTOCOLS / "fixtures/envelopes.json")["cases"]:
        payload = b"".join(part_bytes(part) for part in case["payload"])
        if len(payload) > 100_000:
            continue
        try:
            value = json.loads(payload)
        except (ValueError, RecursionError):
            continue
        if "accepted" in case:
            schema.validate(value)
            accepted += 1
        elif case["rejected"] in semantic and isinstance(value, dict):
            assert not schema.is_valid(value), case["name"]
            refused += 1
    assert accepted > 50 and refused > 5


# Fixtures


def part_bytes(part):
    if isinstance(part, str):
        return part.encode()
    if "base64" in part:
        return base64.b64decode(part["base64"], validate=True)
    return part["repeat"].encode() * part["times"]


@pytest.mark.parametrize("name", ["event-stream.json", "encode.json", "envelopes.json"])
def test_cases_have_names_of_their_own(name):
    cases = read_json(PROTOCOLS / "fixtures" / name)["cases"]
    names = [case["name"] for case in cases]
    assert len(names) == len(set(names))


def test_the_fixture_folder_holds_what_the_readme_lists():
    listed = set(re.findall(r"`fixtures/([\w-]+\.json)`", (PROTOCOLS / "README.md").read_text("utf-8")))
    assert listed == {path.name for path in (PROTOCOLS / "fixtures").glob("*.json")}


def test_what_the_readme_calls_json_is_json():
    readme = (PROTOCOLS / "README.md").read_text("utf-8")
    blocks = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    assert blocks
    for block in blocks:
        json.loads(block)


def test_links_in_the_readme_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", (PROTOCOLS / "README.md").read_text("utf-8")):
        assert link.startswith("https://") or (PROTOCOLS / link).exists(), link


def test_anchors_in_the_readmes_lead_to_headings():
    readme = (PROTOCOLS / "README.md").read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", readme, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    front = (PROTOCOLS.parent / "README.md").read_text("utf-8")
    anchors = re.findall(r"\]\(#([^)]+)\)", readme) + re.findall(r"\]\(Protocols/README\.md#([^)]+)\)", front)
    assert len(anchors) > 10 and set(anchors) <= slugs
