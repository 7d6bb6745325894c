# SPDX-License-Identifier: Apache-2.0
"""The settings of a run that decide verdicts, with the defaults of the program."""

from dataclasses import dataclass
from decimal import Decimal

PPM = 1_000_000


@dataclass(frozen=True)
class Settings:
    levels: tuple = ("exact", "near")  # in any order; levels always run url, exact, near
    threshold_ppm: int = 800_000
    min_containment_ppm: int = 0  # 0: not asked for
    bands: int = 18
    rows: int = 7
    shingle: int = 5
    bucket_cap: int = 8
    verify: str = "auto"  # auto, signature, text
    exact: str = "folded"  # folded, raw
    profile: str = "text"  # text, code
    url_keep: str = "first"  # first, last
    scope: str = "all"  # all, input, field
    scope_field: str = ""
    text_field: str = "text"
    id_field: str = "id"
    url_field: str = "url"
    record_bytes_max: int = 16 << 20
    nesting_max: int = 128
    limit: int = 0  # records of each input; 0: all
    sample_ppm: int = PPM

    @property
    def counts_containment(self):
        """Containment asks for more than the threshold only where it is greater."""
        return self.min_containment_ppm > self.threshold_ppm


def ppm_of(text):
    """Millionths of a decimal as users write it, exactly."""
    value = Decimal(text) * PPM
    if value != int(value):
        raise ValueError(f"{text} has more than six decimals")
    return int(value)


def bytes_of(text):
    """Bytes of a size as users write it, in binary units."""
    for unit, factor in (("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)):
        if text.endswith(unit):
            return int(text[:-len(unit)]) * factor
    return int(text)


# Options of the command line that decide: name -> (field of Settings, from text).
OPTIONS = {
    "levels": ("levels", lambda text: tuple(text.split(","))),
    "threshold": ("threshold_ppm", ppm_of),
    "min-containment": ("min_containment_ppm", ppm_of),
    "bands": ("bands", int),
    "rows": ("rows", int),
    "shingle": ("shingle", int),
    "bucket-cap": ("bucket_cap", int),
    "verify": ("verify", str),
    "exact": ("exact", str),
    "normalize": ("profile", str),
    "url-keep": ("url_keep", str),
    "scope": ("scope", str),
    "text-field": ("text_field", str),
    "id-field": ("id_field", str),
    "url-field": ("url_field", str),
    "limit": ("limit", int),
    "sample": ("sample_ppm", ppm_of),
    "record-limit": ("record_bytes_max", bytes_of),
    "nesting-limit": ("nesting_max", int),
}


def settings_of_options(options):
    """Settings of {option name: text}; options that decide nothing are passed over."""
    fields = {}
    for name, value in options.items():
        if name in OPTIONS:
            field_name, convert = OPTIONS[name]
            fields[field_name] = convert(value)
    scope, gap, scope_field = fields.get("scope", "all").partition(":")
    if gap:
        fields["scope"], fields["scope_field"] = scope, scope_field
    return Settings(**fields)
