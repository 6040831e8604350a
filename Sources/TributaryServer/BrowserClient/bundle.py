#!/usr/bin/env python3
"""Makes tributary.js, the one module that is served, of the files in source/.

Joins them in the order of their imports, drops comments and space, and gives variables short names: those with which gzip has least to
say, for which it searches (some minutes; where the sources are as they were, it goes on from what it had found). Properties keep theirs:
they may be the browser's, the page's or the hub's. It is no JavaScript engine: it knows the language as far as source/ uses it, and
`checked` says what that is. `bundle.py --check` only says whether the module is up to date.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "bundling"))

from names import CLOSING, PLACE, TOKEN, Names  # noqa: E402
from search import searched  # noqa: E402

SOURCE = HERE / "source"
MODULE = HERE / "tributary.js"

IMPORT = re.compile(r"^import (?:\{[^}]*\} from )?'\./([\w-]+\.js)'\n", re.MULTILINE)
# A chapter of a file, in its scope.
CHAPTER = re.compile(r"^ *//= ([\w-]+\.js)\n", re.MULTILINE)
# What stays as it is, and comments, which go. A slash begins a regular expression where no value stands before it.
ASIDE = re.compile(
    r"""(?P<comment>//[^\n]*)
      | (?P<literal>'(?:\\.|[^'\\\n])*'
          |(?<=[(,=:!&|?;{}\[\n >])/(?![/*= ])(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n])+/[a-z]*)""",
    re.VERBOSE,
)


def joined(name="connect.js", done=None):
    """A file behind those that it imports, each once."""
    done = [] if done is None else done
    if name in done:
        return ""
    done.append(name)
    text = (SOURCE / name).read_text("utf-8")
    before = "".join(joined(other, done) for other in IMPORT.findall(text))
    text = CHAPTER.sub(lambda match: (SOURCE / match[1]).read_text("utf-8"), IMPORT.sub("", text))
    # Only what pages call is the module's.
    return before + (text if name == "connect.js" else re.sub(r"^export ", "", text, flags=re.MULTILINE))


def checked(code):
    for what, pattern in {
        "a template literal or a block comment": r"`|/\*",
        "a double quote": '"',
        "a line that begins with a bracket, and would go on with the one before": r"[^,({\[\s]\s*\n\s*[(\[]",
        "a semicolon, but in for (;;)": r"(?<!for \(|or \(;);",
        "a class, var, switch, do or label": r"\b(class|var|switch|do)\b",
    }.items():
        found = re.search(pattern, code)
        assert not found, f"{what}: …{code[max(0, found.start() - 40):found.end() + 40]}…"
    return code


def inlined(code):
    """Numbers in place of the names that explain them."""
    for name, number in re.findall(r"^const ([A-Z]+) = ([\de]+)$", code, re.MULTILINE):
        code = re.sub(rf"^const {name} = .*\n", "", code, flags=re.MULTILINE)
        code = re.sub(rf"\b{name}\b", number, code)
    return code


def squeezed(code):
    """Code without literals in it, without the space that it does not need."""
    code = re.sub(r"[ \t]+", " ", code)
    code = re.sub(r"\s*\n\s*", "\n", code).strip()
    # `a + +b` would become something else.
    code = re.sub(r" ?([{}()\[\];,:?=<>&|*!/]+|(?<![+-] )[+-](?! ?[+-])) ?", r"\1", code)
    # A line's end ends a statement, but not behind or before these.
    code = re.sub(r"(?<=[{(\[,?:=&|+>])\n", "", code)
    code = re.sub(r"\n(?=[)\]?:&|.}])", "", code)
    code = re.sub(r",(?=[}\])])", "", code)
    for long, short in {"undefined": "void 0", "true": "!0", "false": "!1", "const": "let", "000": "e3"}.items():
        code = re.sub(rf"(?<=\d){long}\b" if long == "000" else rf"\b{long}\b", short, code)
    return re.sub(r"\b(new [A-Z]\w*)\(\)(?![.(\[])", r"\1", code)


def unwrapped(code):
    """Without the brackets that only help to read: around an assignment, `await`, and `&&` beside `||`."""
    tokens = TOKEN.findall(code + "\n")
    stack = []
    for index, token in enumerate(tokens):
        if token == "(":
            stack.append(index)
        elif token == ")":
            start = stack.pop()
            before, inside, after = "".join(tokens[max(0, start - 2) : start]), tokens[start + 1 : index], tokens[index + 1]
            top, depth = "", 0
            for part in inside:
                depth += (part in CLOSING) - (part in CLOSING.values())
                top += part if depth == 0 else ""
            ends = after in ("\n", ",", ")", "]", "}")
            assigns = re.search(r"(=>|[(,:]|(?<![=!<>])=)$", before) and re.match(r"[\w$.]+=(?![=>])", top)
            awaits = re.search(r"(&&|\?\?|!)$", before) and re.fullmatch(r"await [\w$.?)]+", top)
            body = before.endswith("=>") and inside[0] != "{"
            called = before.endswith("return") and inside[0] == "async" and after == "("
            ands = before.endswith("||") and re.fullmatch(r"[^|?,;\n]*", top) and not re.search(r"=>|(?<![=!<>])=(?!=)", top)
            if called or ends and "," not in top and (assigns or awaits or ands or body):
                tokens[start], tokens[index] = " " * called, ""
    return "".join(tokens)[:-1]


def merged(code):
    """One `let` for those that follow each other in a block."""
    made, kinds = [], [None]
    for part in re.split(r"(\n|[{}()\[\]])", code):
        if part == "\n":
            kinds[-1] = (kinds[-1] or "").removesuffix(" ended") + " ended"
        elif part in CLOSING:
            kinds.append(None)
        elif part in CLOSING.values():
            kinds.pop()
        elif part:
            kind = "let" if re.match(r"let\b", part) else "other"
            if kinds[-1] == "let ended" and kind == "let" and made[-1] == "\n":
                made[-1] = ","
                part = part[3:].lstrip()
            if kinds[-1] is None or kinds[-1].endswith("ended"):
                kinds[-1] = kind
        made.append(part)
    return "".join(made)


def prepared(text):
    """Code that is only to be given names, and the literals, each of whose places a private character marks."""
    literals = []

    def aside(match):
        if match["comment"] is not None:
            return ""
        literals.append(match["literal"])
        return PLACE

    return ASIDE.sub(aside, text), literals


def squeezed_sources():
    code, literals = prepared(joined())
    return Names(merged(unwrapped(squeezed(inlined(checked(code)))))), literals


def module(tokens, literals):
    rest = iter(literals)
    return re.sub(PLACE, lambda _: next(rest), "".join(tokens).strip()) + "\n"


def names_in(text, names, literals):
    """Those that a module gives its variables; None where it was not made of these sources."""
    given = names.read(prepared(text)[0].lstrip())
    return given if given is not None and module(names.renamed(given), literals) == text else None


def bundle(text):
    """The module; the search goes on where it ended, if `text` is one that was made of these sources."""
    names, literals = squeezed_sources()
    start = names_in(text, names, literals)
    return module(names.renamed(searched(names, start, lambda tokens: module(tokens, literals))), literals)


def is_bundle(text):
    """Whether a module is what bundle() makes, whichever names it has found."""
    return names_in(text, *squeezed_sources()) is not None


if __name__ == "__main__":
    if "--check" not in sys.argv:
        MODULE.write_text(bundle(MODULE.read_text("utf-8")), "utf-8")
    sys.exit(not is_bundle(MODULE.read_text("utf-8")))
