#!/usr/bin/env python3
"""Makes tributary.js, the one module that is served, of the files in source/.

Joins them in the order of their imports, drops comments and space, and gives variables short names. Properties keep theirs: they may
be the browser's, the page's or the hub's. It is no JavaScript engine: it knows the language as far as source/ uses it, and `checked`
says what that is. `bundle.py --check` only says whether the module is up to date.
"""

import re
import sys
from collections import Counter
from itertools import product
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "source"
MODULE = HERE / "tributary.js"
HEADER = "// Made by bundle.py of source/, where it is explained.\n"

IMPORT = re.compile(r"^import (?:\{[^}]*\} from )?'\./([\w-]+\.js)'\n", re.MULTILINE)
# A chapter of a file, in its scope.
CHAPTER = re.compile(r"^ *//= ([\w-]+\.js)\n", re.MULTILINE)
# What stays as it is, and comments, which go. A slash begins a regular expression where no value stands before it.
ASIDE = re.compile(
    r"""(?P<comment>//[^\n]*)
      | (?P<literal>'(?:\\.|[^'\\\n])*'
          |(?<=[(,=:!&|?;{}\[\n ])/(?![/*= ])(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n])+/[a-z]*)""",
    re.VERBOSE,
)
PLACE = "\ue000"
TOKEN = re.compile(rf"[A-Za-z_$][\w$]*|\d[\w.]*|{PLACE}|=>|\.\.\.|\?\.|.|\n")
KEYWORDS = set("""async await break catch class const continue delete else export false finally for function get if import in let meta new
    null of return static this throw true try typeof undefined void while yield""".split())
CLOSING = {"(": ")", "[": "]", "{": "}"}


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
    return code


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


class Names:
    """Gives the variables of squeezed code short names, by scope."""

    def __init__(self, code):
        self.tokens = TOKEN.findall(code + "\n")
        self.pair, self.parent = self.brackets()
        # A scope is a function with its parameters; the first one is the module.
        self.scopes = sorted(self.functions(), key=lambda scope: (scope[0], -scope[1]))
        self.scopes.insert(0, (0, len(self.tokens), None))
        self.declared = [set() for _ in self.scopes]
        for index, (_, _, pattern) in enumerate(self.scopes):
            if pattern:
                self.declared[index].update(self.bound(*pattern))
        for index, token in enumerate(self.tokens):
            if token == "let":
                start = index + (2 if self.tokens[index + 1] == " " else 1)
                self.declared[self.scope_of(index)].update(self.let(start))

    def brackets(self):
        pair, parent, stack = {}, [], []
        for index, token in enumerate(self.tokens):
            if token in CLOSING.values():
                start = stack.pop()
                pair[start], pair[index] = index, start
            parent.append(stack[-1] if stack else None)
            if token in CLOSING:
                stack.append(index)
        assert not stack
        return pair, parent

    def functions(self):
        tokens, pair = self.tokens, self.pair
        for index, token in enumerate(tokens):
            if token == "=>":
                start = pair[index - 1] if tokens[index - 1] == ")" else index - 1
                pattern = (start + 1, index - 1) if tokens[index - 1] == ")" else (start, index)
                yield start, self.end_of(index + 1), pattern
            elif token == "(" and tokens[pair[index] + 1 : pair[index] + 2] == ["{"]:
                # A function, a method, or `catch`.
                if tokens[index - 1] not in ("if", "for", "while", "await"):
                    yield index, pair[pair[index] + 1] + 1, (index + 1, pair[index])

    def end_of(self, index):
        """Where a function's body ends that begins here."""
        if self.tokens[index] == "{":
            return self.pair[index] + 1
        choices = 0
        while index < len(self.tokens):
            token = self.tokens[index]
            if token in CLOSING:
                index = self.pair[index]
            elif token in ")]},\n;" or (token == ":" and not choices):
                break
            choices += (token == "?") - (token == ":")
            index += 1
        return index

    def bound(self, start, end):
        """The variables that a list of patterns binds."""
        while start < end:
            if self.tokens[start] == "...":
                start += 1
            token = self.tokens[start]
            if token in ("[", "{"):
                close = self.pair[start]
                yield from self.bound(start + 1, close)
                start = close + 1
            elif self.tokens[start + 1] == ":" and start + 1 < end:
                # A property, bound under another name.
                start += 2
                continue
            else:
                if token != ",":
                    yield token
                start += 1
            if start < end and self.tokens[start] == "=":
                start = self.value_end(start + 1)
            if start < end and self.tokens[start] == ",":
                start += 1

    def let(self, start):
        while True:
            end = self.pair[start] + 1 if self.tokens[start] in CLOSING else start + 1
            yield from self.bound(start, end)
            if self.tokens[end] == "=":
                end = self.value_end(end + 1)
            if self.tokens[end] != ",":
                return
            start = end + 1

    def value_end(self, index):
        while index < len(self.tokens) and self.tokens[index] not in (",", "\n", "}", ")", "of", ";"):
            index = self.pair[index] + 1 if self.tokens[index] in CLOSING else index + 1
        return index

    def scope_of(self, index):
        return max(number for number, (start, end, _) in enumerate(self.scopes) if start <= index < end)

    def is_object(self, brace):
        """Not a block: an object, or a pattern."""
        before = self.tokens[brace - 1] if brace else "\n"
        return before not in (")", "=>", "\n", "{", "}", ";", "else", "try", "finally")

    def role(self, index):
        """What a name is: `variable`, `short` for a property and a variable in one, or None."""
        before, after = self.tokens[index - 1], self.tokens[index + 1]
        if before in (".", "?."):
            return None
        brace = self.parent[index]
        if brace is not None and self.tokens[brace] == "{" and self.is_object(brace):
            if before in ("{", ","):
                return "short" if after in (",", "}", "=") else None if after in (":", "(") else "variable"
            if before == " " and self.tokens[index - 2] in ("get", "async") and after == "(":
                return None
        return "variable"

    def shortened(self):
        references = []
        for index, token in enumerate(self.tokens):
            if re.match(r"[A-Za-z_$]", token) and token not in KEYWORDS and self.role(index):
                around = [n for n, (start, end, _) in enumerate(self.scopes) if start <= index < end and token in self.declared[n]]
                references.append((index, token, max(around, default=None)))
        given = {(None, token): token for _, token, scope in references if scope is None}
        for number, (start, end, _) in enumerate(self.scopes):
            inside = [(token, scope) for index, token, scope in references if start <= index < end]
            taken = {given[scope, token] for token, scope in inside if (scope, token) in given}
            for (token, _), _ in Counter((entry for entry in inside if entry[1] == number)).most_common():
                # The module's interface.
                short = token if number == 0 and token == "connect" else next(name for name in SHORT if name not in taken)
                taken.add(short)
                given[number, token] = short
        tokens = list(self.tokens)
        for index, token, scope in references:
            short = given[scope, token]
            tokens[index] = f"{token}:{short}" if self.role(index) == "short" and short != token else short
        return "".join(tokens).strip()


LETTERS = "etnaisrolcdupmhfgvbywkxjqzETNAISROLCDUPMHFGVBYWKXJQZ$_"
SHORT = [*LETTERS, *(a + b for a, b in product(LETTERS, LETTERS) if a + b not in KEYWORDS)]


def minified(text):
    # Literals stand aside; a private character marks the place of each.
    literals = []

    def aside(match):
        if match["comment"] is not None:
            return ""
        literals.append(match["literal"])
        return PLACE

    code = merged(squeezed(inlined(checked(ASIDE.sub(aside, text)))))
    rest = iter(literals)
    return re.sub(PLACE, lambda _: next(rest), Names(code).shortened()) + "\n"


def bundle():
    return HEADER + minified(joined())


if __name__ == "__main__":
    made = bundle()
    if "--check" not in sys.argv:
        MODULE.write_text(made, "utf-8")
    sys.exit(MODULE.read_text("utf-8") != made)
