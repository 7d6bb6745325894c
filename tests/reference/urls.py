# SPDX-License-Identifier: Apache-2.0
"""Normal form of URLs: docs/FORMATS.md, section 3, step by step, on bytes.

Host names beyond ASCII go through Python's IDNA codec, which is of 2003: corpora keep to letters
that both standards treat alike.
"""

import re

UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
ALLOWED = UNRESERVED | frozenset(b"!$&'()*+,;=:@/?")
DROPPED = frozenset((b"jsessionid", b"phpsessid", b"sessionid", b"session_id", b"sessid", b"sid",
                     b"cfid", b"cftoken", b"oscsid", b"asp.net_sessionid", b"zenid"))
DROPPED_BEGINNINGS = (b"utm_", b"aspsessionid")
DEFAULT_PORTS = {b"http": b"80", b"https": b"443", b"ftp": b"21"}
SLASHES = re.compile(rb"[/\\]{2}")  # of either kind
HEX = re.compile(rb"[0-9A-Fa-f]{2}")


def encode(data):
    """Step 5."""
    out = bytearray()
    at = 0
    while at < len(data):
        byte = data[at]
        if byte == ord("%"):
            digits = HEX.match(data, at + 1)
            if digits is None:
                out += b"%25"
            else:
                value = int(digits.group(), 16)
                out += bytes([value]) if value in UNRESERVED else b"%%%02X" % value
                at += 2
        elif byte in ALLOWED:
            out.append(byte)
        else:
            out += b"%%%02X" % byte
        at += 1
    return bytes(out)


def is_dropped(parameter):
    """Step 8, for a parameter in normal form."""
    name = parameter.partition(b"=")[0].lower()
    return name in DROPPED or name.startswith(DROPPED_BEGINNINGS)


def normalize_host(host):
    """Step 4."""
    def decoded(match):
        value = int(match.group(1), 16)
        return bytes([value]) if value in UNRESERVED or value >= 0x80 else match.group()

    host = re.sub(rb"%([0-9A-Fa-f]{2})", decoded, host).lower().rstrip(b".")
    if not host.isascii():
        try:
            labels = host.decode("utf-8").encode("idna")
            host = host if re.search(rb"[/?#@:\\\s]", labels) else labels
        except UnicodeError:
            pass
    while host.startswith(b"www.") and b"." in host[4:]:
        host = host[4:]
    return host


def normalize_path(path):
    """Step 6."""
    segments = []
    for segment in encode(path.replace(b"\\", b"/")).split(b"/"):
        name, *parameters = segment.split(b";")
        kept = [parameter for parameter in parameters if not is_dropped(parameter)]
        segments.append(b";".join([name] + kept))
    out = []
    for segment in segments[1:]:
        if segment == b"..":
            del out[-1:]
        elif segment != b".":
            out.append(segment)
    return b"".join(b"/" + segment for segment in out).rstrip(b"/")


def normalize_query(query):
    """Step 7; with its question mark."""
    kept = [p for p in encode(query).split(b"&") if p and not is_dropped(p)]
    return b"?" + b"&".join(kept) if kept else b""


def normalize_url(url):
    """The normal form as text; None where it is empty."""
    rest = url.encode("utf-8").strip(bytes(range(0x21)))
    rest = re.sub(rb"[\t\n\r]", b"", rest).partition(b"#")[0]
    scheme = b""
    match = re.match(rb"([A-Za-z][A-Za-z0-9+.-]*):", rest)
    is_port = match is not None and re.match(rb"[0-9]+(?:$|[/?\\])", rest[match.end():]) is not None
    if match is not None and not is_port:
        scheme, rest = match.group(1).lower(), rest[match.end():]
        if not SLASHES.match(rest):
            return (scheme + b":" + encode(rest)).decode("ascii")
    if SLASHES.match(rest):
        rest = rest[2:]
    match = re.match(rb"([^/\\?]*)([^?]*)(?:[?](.*))?$", rest, re.DOTALL)
    authority, path, query = match.group(1), match.group(2), match.group(3) or b""
    authority = authority.rpartition(b"@")[2]
    match = re.search(rb":0*([0-9]*)$", authority)
    port = b""
    if match is not None:
        authority, port = authority[:match.start()], match.group(1)
    out = normalize_host(authority)
    if port and port != DEFAULT_PORTS.get(scheme):
        out += b":" + port
    out += normalize_path(path) + normalize_query(query)
    return out.decode("utf-8") or None
