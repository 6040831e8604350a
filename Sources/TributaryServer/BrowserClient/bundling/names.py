"""What the variables of a module are, where each is visible, and which names are free for it."""

import re
from collections import defaultdict
from itertools import product

# Where a literal was.
PLACE = "\ue000"
TOKEN = re.compile(rf"[A-Za-z_$][\w$]*|\d[\w.]*|{PLACE}|=>|\.\.\.|\?\.|.|\n")
KEYWORDS = set("""async await break catch class const continue delete do else export false finally for function get if import in let meta new
    null of return static this throw true try typeof undefined void while yield""".split())
CLOSING = {"(": ")", "[": "]", "{": "}"}
LETTERS = "etnaisrolcdupmhfgvbywkxjqzETNAISROLCDUPMHFGVBYWKXJQZ$_"
SHORT = [*LETTERS, *(a + b for a, b in product(LETTERS, LETTERS) if a + b not in KEYWORDS)]
# The module's interface, which keeps its name.
INTERFACE = (0, "connect")


class Names:
    """The variables of squeezed code, each as its scope's number and its name."""

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
        # Where each is, and what belongs to the browser.
        self.places, self.foreign = self.references()
        self.conflicts = self.visible_together()

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

    def references(self):
        places, foreign = defaultdict(list), set()
        for index, token in enumerate(self.tokens):
            if re.match(r"[A-Za-z_$]", token) and token not in KEYWORDS and self.role(index):
                around = [n for n, (start, end, _) in enumerate(self.scopes) if start <= index < end and token in self.declared[n]]
                if around:
                    places[max(around), token].append(index)
                else:
                    foreign.add(token)
        return places, foreign

    def visible_together(self):
        """By variable, those that must not have its name: of its scope, or one of which is used where the other is declared."""
        conflicts = defaultdict(set)
        for outer, inner in product(self.places, self.places):
            start, end, _ = self.scopes[inner[0]]
            begin, finish, _ = self.scopes[outer[0]]
            if outer == inner or not begin <= start < end <= finish:
                continue
            if outer[0] == inner[0] or any(start <= index < end for index in self.places[outer]):
                conflicts[outer].add(inner)
                conflicts[inner].add(outer)
        return conflicts

    def first(self):
        """The shortest names for those that are used most, from the outermost scope inwards."""
        given = {}
        for variable in sorted(self.places, key=lambda variable: (variable[0], -len(self.places[variable]))):
            taken = {given.get(other) for other in self.conflicts[variable]} | self.foreign
            given[variable] = variable[1] if variable == INTERFACE else next(name for name in SHORT if name not in taken)
        return given

    def written(self, index, name):
        token = self.tokens[index]
        return f"{token}:{name}" if self.role(index) == "short" and token != name else name

    def renamed(self, given):
        tokens = list(self.tokens)
        for variable, places in self.places.items():
            for index in places:
                tokens[index] = self.written(index, given[variable])
        return tokens

    def read(self, code):
        """The names that the variables have in code that was made of this one; None where it was not, or where two of them clash."""
        tokens, at, given = TOKEN.findall(code), 0, {}
        variables = {index: variable for variable, places in self.places.items() for index in places}
        for index, token in enumerate(self.tokens):
            if index in variables:
                if self.role(index) == "short" and tokens[at : at + 2] == [token, ":"]:
                    at += 2
                given[variables[index]] = "".join(tokens[at : at + 1])
            at += 1
        clash = any(given[variable] == given[other] for variable, others in self.conflicts.items() for other in others)
        fits = INTERFACE not in given or given[INTERFACE] == INTERFACE[1]
        return given if fits and not clash and self.foreign.isdisjoint(given.values()) else None
