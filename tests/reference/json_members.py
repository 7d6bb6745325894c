# SPDX-License-Identifier: Apache-2.0
"""Where the top-level members of a JSON object stand in its bytes.

Works on the Latin-1 view of the bytes, in which one character is one byte and the structure of
JSON is the same, so that broken UTF-8 in a record does not matter.
"""

import json
from dataclasses import dataclass

SPACE = " \t\r\n"


class NotAnObject(ValueError):
    pass


@dataclass
class Member:
    key: str  # decoded, in the Latin-1 view
    begin: int  # of the key's quote
    key_end: int  # behind its other quote
    value_begin: int
    end: int  # behind the value


def _refuse_constant(name):
    raise NotAnObject(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=str, parse_int=str)


def _skip_space(text, at):
    while at < len(text) and text[at] in SPACE:
        at += 1
    return at


def _expect(text, at, character):
    if at >= len(text) or text[at] != character:
        raise NotAnObject(f"no {character!r} at {at}")
    return at + 1


def members(raw):
    """(members of the object, offset of its closing brace); raw starts at { and ends at }."""
    text = raw.decode("latin-1")
    out = []
    at = _skip_space(text, _expect(text, 0, "{"))
    if at < len(text) and text[at] == "}":
        return out, at
    while True:
        if at >= len(text) or text[at] != '"':
            raise NotAnObject(f"no key at {at}")
        key, end = _DECODER.raw_decode(text, at)
        value_begin = _skip_space(text, _expect(text, _skip_space(text, end), ":"))
        _, value_end = _DECODER.raw_decode(text, value_begin)
        out.append(Member(key, at, end, value_begin, value_end))
        at = _skip_space(text, value_end)
        if at < len(text) and text[at] == "}":
            return out, at
        at = _skip_space(text, _expect(text, at, ","))


def split_tamis(raw):
    """(the object without its last member "tamis", bytes of that member's value).

    The member is cut out with the comma before it, as `,"tamis":{...}` was added."""
    found, close = members(raw)
    if not found or found[-1].key != "tamis":
        raise NotAnObject("the last member is not tamis")
    last = found[-1]
    begin = last.begin
    if len(found) > 1:
        begin = raw.rindex(b",", found[-2].end, begin)
    if raw[last.end:close].strip() != b"" and len(found) > 1:
        raise NotAnObject("bytes behind tamis")
    return raw[:begin] + raw[last.end:], raw[last.value_begin:last.end]


def without_tamis(raw):
    """The object without its last member "tamis" (docs/FORMATS.md 2.4): with the comma before it
    or, where it is the first, behind it and the white space up to the next member."""
    found, _ = members(raw)
    place = next((i for i in reversed(range(len(found))) if found[i].key == "tamis"), None)
    if place is None:
        return raw
    member = found[place]
    if place > 0:
        comma = raw.index(b",", found[place - 1].end, member.begin)
        return raw[:comma] + raw[member.end:]
    end = found[1].begin if len(found) > 1 else member.end
    return raw[:member.begin] + raw[end:]
