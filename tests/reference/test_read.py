# SPDX-License-Identifier: Apache-2.0
"""Rows of JSON lines and WARC, faults, streams that end early, names, URLs, members of objects."""

import gzip
import json
import os
import tempfile
import unittest

import json_members
import read
from read import Input
from settings import Settings, settings_of_options
from urls import normalize_url


def line(data, **settings):
    return read.parse_line(data, Settings(**settings))


class LineTest(unittest.TestCase):
    def test_faults(self):
        cases = {
            b"x": "invalid_json", b"[1]": "invalid_json", b'{"text":"a"}}': "invalid_json",
            b'{"text":"a",}': "invalid_json", b'{"text":NaN}': "invalid_json",
            b'{"text":"\t"}': "invalid_json", b'{"a":1}': "missing_text",
            b'{"text":null}': "text_not_string", b'{"text":{}}': "text_not_string",
            b'{"text":"a","text":"b"}': "duplicate_text_key",
            b'{"text":"a","x":' + b"[" * 200 + b"]" * 200 + b"}": "nesting",
            b'{"text":"a","x":"' + b"[" * 200 + b'"}': None,
        }
        for data, fault in cases.items():
            with self.subTest(data=data[:40]):
                self.assertEqual(line(data).fault, fault)

    def test_ids(self):
        cases = {b'"a"': "a", b"17": "17", b"1.50e3": "1.50e3", b'""': None, b"null": None,
                 b"[1]": None, b'"\\u00e9"': "\u00e9", b"true": "true"}
        for value, expected in cases.items():
            self.assertEqual(line(b'{"text":"","id":' + value + b"}").id, expected)

    def test_paths(self):
        data = b'{"a":{"t":"inner","u.v":"w"},"a.t":"literal","b":{"t":"x"}}'
        self.assertEqual(line(data, text_field="a.t").text, "literal")
        self.assertEqual(line(data, text_field="b.t").text, "x")
        self.assertEqual(line(data, text_field="a.u.v").text, "w")
        self.assertEqual(line(data, text_field="b.t.z").fault, "missing_text")

    def test_repair(self):
        for value, expected in ((b"a\xffb", "a\ufffdb"), (b"\\ud83d", "\ufffd"),
                                (b"\\u0000", "\ufffd")):
            row = line(b'{"text":"' + value + b'"}')
            self.assertEqual((row.text, row.is_repaired), (expected, True))
        row = line(b'{"text":"\\ud83d\\ude00 \xef\xbf\xbd"}')
        self.assertEqual((row.text, row.is_repaired), ("\U0001f600 \ufffd", False))


class LinesTest(unittest.TestCase):
    def test_ends_blanks_mark(self):
        data = b'\xef\xbb\xbf{"text":"a"}\r\n\r\n  \n{"text":"b"}\n{"text":"c"}'
        rows = read.parse_jsonl(data, None, Settings())
        self.assertEqual([(at, row.text) for at, row in rows], [(3, "a"), (22, "b"), (35, "c")])

    def test_stream_fault(self):
        rows = read.parse_jsonl(b'{"text":"a"}\n{"te', "stream_truncated", Settings())
        self.assertEqual([(at, row.fault) for at, row in rows],
                         [(0, None), (13, "stream_truncated")])

    def test_truncated_gzip(self):
        data = gzip.compress(b'{"text":"a"}\n' * 500)
        out, fault = read.decompress(data[:-6])
        self.assertEqual(fault, "stream_truncated")
        self.assertTrue(out.startswith(b'{"text":"a"}\n'))
        self.assertEqual(read.decompress(data + data), (b'{"text":"a"}\n' * 1000, None))


class WarcTest(unittest.TestCase):
    def test_kinds(self):
        def record(kind, body, media="text/plain"):
            return (f"WARC/1.0\r\nWARC-Type: {kind}\r\nContent-Type: {media}\r\n"
                    f"WARC-Record-ID: <{kind}>\r\nContent-Length: {len(body)}\r\n\r\n"
                    ).encode() + body + b"\r\n\r\n"

        http = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nreply"
        page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>"
        data = (record("warcinfo", b"x") + record("conversion", b"one\r\n\r\ntwo")
                + record("response", http, "application/http") + record("response", page)
                + record("request", b"GET") + record("resource", b"three"))
        rows = [row for _, row in read.parse_warc(data)]
        self.assertEqual([row.text for row in rows], ["one\r\n\r\ntwo", "reply", "three"])
        self.assertEqual(rows[0].id, "<conversion>")


class NameTest(unittest.TestCase):
    def names(self, *paths):
        inputs = [Input(path, path) for path in paths]
        read.assign_names(inputs)
        return [each.name for each in inputs]

    def test_names(self):
        self.assertEqual(self.names("/a/b/x.jsonl.gz"), ["x"])
        self.assertEqual(self.names("/a/b/x.jsonl", "/a/c/y.warc.wet.gz"), ["b/x", "c/y"])
        self.assertEqual(self.names("/a/x.jsonl", "/a/x.txt", "/a/x.md"), ["x", "x~2", "x~3"])

    def test_priority(self):
        inputs = [Input(path, path) for path in ("/a/1", "/b/2", "/a/3", "/c/4")]
        ordered = read.by_priority(inputs, ["/c", "/a/3"])
        self.assertEqual([each.path for each in ordered], ["/c/4", "/a/3", "/a/1", "/b/2"])


class UrlTest(unittest.TestCase):
    def test_same(self):
        for url in ("http://example.com/a", "https://www.example.com/a/", "HTTP://EXAMPLE.com:80/a",
                    "https://example.com/a#b", "https://u:p@example.com/a?utm_source=x",
                    "http://example.com/%61"):
            self.assertEqual(normalize_url(url), "example.com/a")

    def test_forms(self):
        cases = {
            "https://example.com:8080/a?b=1&utm_x=2&c=%c3%a9": "example.com:8080/a?b=1&c=%C3%A9",
            "//www.www.a.example./x/./y/../z//?&": "a.example/x/z",
            "http://www.example/": "www.example", "mailto:A@b.c": "mailto:A@b.c",
            "localhost:8080/x": "localhost:8080/x", "ftp://h.example:021/a": "h.example/a",
            "http://h.example/a;jsessionid=1;v=2/b;SID": "h.example/a;v=2/b",
            "http://h.example/%7Ea/%zz b": "h.example/~a/%25zz%20b",
            "http://h.example\\a\\..\\b": "h.example/b", " \t http://h.exa\nmple/#x": "h.example",
            "http://b\u00fccher.example/": "xn--bcher-kva.example", "": None, "#top": None,
            "http://h.example/../..": "h.example", "http://h.example?a=1": "h.example?a=1",
        }
        for url, expected in cases.items():
            with self.subTest(url=url):
                self.assertEqual(normalize_url(url), expected)


class MembersTest(unittest.TestCase):
    def test_split_tamis(self):
        cases = {
            b'{"a":1,"tamis":{"x":"}"}}': (b'{"a":1}', b'{"x":"}"}'),
            b'{"tamis":{}}': (b"{}", b"{}"),
            b'{ "a" : "\xff\\"" ,"tamis":{"o":[1]}}': (b'{ "a" : "\xff\\"" }', b'{"o":[1]}'),
        }
        for raw, expected in cases.items():
            self.assertEqual(json_members.split_tamis(raw), expected)

    def test_refusals(self):
        for raw in (b'{"a":1}', b"{}", b'{"tamis":{},"a":1}', b'{"a":1 "tamis":{}}', b"{"):
            with self.subTest(raw=raw), self.assertRaises(ValueError):
                json_members.split_tamis(raw)

    def test_without_tamis(self):
        cases = {
            b'{"tamis":1, "a" :2,"b":{"tamis":3}}': b'{"a" :2,"b":{"tamis":3}}',
            b'{"a":1 , "tamis" : [ ] }': b'{"a":1  }', b'{ "tamis":{} }': b"{  }",
            b'{"tamis":1,"a":2,"tamis":3,"b":4}': b'{"tamis":1,"a":2,"b":4}',
            b'{"a":{"tamis":1}}': b'{"a":{"tamis":1}}',
            b'{"\\u0074amis":1,"a":2}': b'{"a":2}',
        }
        for raw, expected in cases.items():
            self.assertEqual(json_members.without_tamis(raw), expected)


class SettingsTest(unittest.TestCase):
    def test_options(self):
        settings = settings_of_options({"threshold": "0.85", "scope": "field:source",
                                        "levels": "url,exact", "workers": "3"})
        self.assertEqual((settings.threshold_ppm, settings.scope, settings.scope_field,
                          settings.levels), (850_000, "field", "source", ("url", "exact")))
        with self.assertRaises(ValueError):
            settings_of_options({"threshold": "0.1234567"})


class FileTest(unittest.TestCase):
    def test_limit(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.jsonl")
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(json.dumps({"text": str(i)}) + "\n" for i in range(5))
            self.assertEqual(len(read.read_rows(path, Settings(limit=3))), 3)


if __name__ == "__main__":
    unittest.main()
