# SPDX-License-Identifier: Apache-2.0
"""Normal form of URLs (docs/FORMATS.md, "Normalized URL")."""

import re

UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
SESSION_PARAMETERS = frozenset(("jsessionid", "phpsessid", "sid", "sessionid", "session_id"))
DEFAULT_PORTS = {"http": "80", "https": "443"}


def normalize_percent(text):
    """Unreserved characters are decoded, other escapes get capital digits."""

    def one(match):
        character = chr(int(match.group(1), 16))
        return character if character in UNRESERVED else match.group().upper()

    return re.sub("%([0-9A-Fa-f]{2})", one, text)


def is_noise(parameter):
    name = parameter.partition("=")[0].lower()
    return name.startswith("utm_") or name in SESSION_PARAMETERS


def normalize_url(url):
    """The normal form; None where nothing is left of the URL."""
    rest = url.strip().partition("#")[0]
    scheme, gap, after = rest.partition("://")
    if gap and re.fullmatch("[A-Za-z][A-Za-z0-9+.-]*", scheme):
        scheme, rest = scheme.lower(), after
    else:
        scheme = ""
    match = re.match("([^/?]*)([^?]*)(?:[?](.*))?", rest, re.DOTALL)
    authority, path, query = match.group(1), match.group(2), match.group(3)
    host, _, port = authority.rpartition("@")[2].partition(":")
    host = host.lower().removeprefix("www.")
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if port and port != DEFAULT_PORTS.get(scheme, ""):
        host += ":" + port
    path = normalize_percent(path).rstrip("/")
    kept = [p for p in (query or "").split("&") if p and not is_noise(p)]
    out = host + path
    if kept:
        out += "?" + normalize_percent("&".join(kept))
    return out or None
