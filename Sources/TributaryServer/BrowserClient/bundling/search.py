"""Finds names with which gzip has less to say: the same words around a place want the same letter in it."""

import gzip
import random

from names import INTERFACE, LETTERS, SHORT

# Once through all variables takes some 12 s. After so many rounds there is little left to find.
ROUNDS = 12
SINGLE = [name for name in SHORT if len(name) == 1]
# Longer than need be, but they may say again what was there before, as the variable's own name in the sources may.
DOUBLE = [name for name in SHORT if len(name) == 2 and set(name) <= set(LETTERS[:10])]


def searched(names, start, finish, rounds=ROUNDS):
    """The best names that were found, those at the start if none are better; `finish` makes the module of its tokens."""
    given = dict(start or names.first())
    tokens = names.renamed(given)
    # Each time the same.
    chance = random.Random(6)

    def size():
        return len(gzip.compress(finish(tokens).encode(), 9))

    # Without a start whatever comes first will do.
    best = size() if start else None

    def give(variable, name):
        given[variable] = name
        for index in names.places[variable]:
            tokens[index] = names.written(index, name)

    def owner(variable, name):
        """Who has to take the variable's name if that takes this one: None if nobody, False if it cannot be."""
        holders = [other for other in names.conflicts[variable] if given[other] == name]
        if name in names.foreign or len(holders) > 1:
            return False
        if not holders:
            return None
        mine = given[variable]
        can = holders[0] != INTERFACE and all(given[other] != mine for other in names.conflicts[holders[0]] if other != variable)
        return holders[0] if can else False

    variables = [variable for variable in names.places if variable != INTERFACE]
    for _ in range(rounds):
        for variable in chance.sample(variables, len(variables)):
            for name in [*chance.sample(SINGLE, len(SINGLE)), *chance.sample(DOUBLE, len(DOUBLE))]:
                before = given[variable]
                other = owner(variable, name) if name != before else False
                if other is False:
                    continue
                give(variable, name)
                if other:
                    give(other, before)
                found = size()
                # As good is good enough: so it gets past where nothing better is near.
                if best is None or found <= best:
                    best = found
                    continue
                give(variable, before)
                if other:
                    give(other, name)
    return given
