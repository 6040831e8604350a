"""The tables, in Markdown, from a result file alone."""

from .scenarios import SCENARIOS, TABLES, figure
from .servers import SERVERS

# What must not happen; a figure with any of it has a footnote.
FAULTS = {"lost": "lost", "repeated": "repeated", "disordered": "out of order", "streams_failed": "streams refused"}


class Footnotes:
    def __init__(self):
        self.texts = []

    def mark(self, text):
        if text not in self.texts:
            self.texts.append(text)
        return f"<sup>{self.texts.index(text) + 1}</sup>"


def fault(server, scenario, result):
    """What went wrong in a measurement that has figures, as a footnote says it."""
    found = [f"{result[key]:,.0f} {words}" for key, words in FAULTS.items() if result.get(key)]
    return f"{server.label.replace('*', '')}, {scenario}: {', '.join(found)}" if found else None


def cell(server, column, results, footnotes):
    result = results.get(server.name, {}).get(column.scenario)
    if result is None:
        return ""
    value = figure(result, column.path)
    if value is None:
        reason = result.get("failure") or ("not measured" if result.get("deliveries") else "nothing arrived in time")
        return "–" + footnotes.mark(f"{server.label.replace('*', '')}, {column.scenario}: {reason}")
    text = f"{value * column.scale:,.{column.digits}f}"
    wrong = fault(server, column.scenario, result)
    return text + (footnotes.mark(wrong) if wrong else "")


def table(title, columns, results, footnotes):
    lines = [f"| {title} | " + " | ".join(column.title for column in columns) + " |"]
    lines.append("| --- |" + " ---: |" * len(columns))
    for server in SERVERS:
        cells = [cell(server, column, results, footnotes) for column in columns]
        if any(cells):
            lines.append(f"| {server.label} | " + " | ".join(cells) + " |")
    return lines if len(lines) > 2 else []


def markdown(report):
    machine, versions, footnotes = report["machine"], report["versions"], Footnotes()
    lines = [
        f"Measured on {report['date']}: {machine['cpu']}, {machine['cores']} cores, {machine['kernel']}; the server on one "
        f"core, the load and Redis on another; medians of {report['runs']}. By `{report['command']}`.",
        "",
    ]
    for title, columns in TABLES:
        rows = table(title, columns, report["results"], footnotes)
        if rows:
            lines += [*rows, ""]
    lines += [f"{number}. {text}" for number, text in enumerate(footnotes.texts, 1)]
    names = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()) if version)
    ceiling = report.get("generator", {}).get("deliveries_per_second")
    lines += ["", f"Versions: Tributary {report['version']}, {names}."]
    if ceiling:
        lines += [f"The generator itself takes {ceiling / 1e6:,.1f} M deliveries a second from a server that only writes."]
    used = [scenario for scenario in SCENARIOS if any(scenario.name in all_of for all_of in report["results"].values())]
    lines += ["", "Scenarios of `tributary bench`:", ""]
    lines += [f"- {scenario.name}: `{scenario.bench} {' '.join(scenario.arguments)}`" for scenario in used]
    return "\n".join(lines) + "\n"
