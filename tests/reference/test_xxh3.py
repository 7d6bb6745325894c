# SPDX-License-Identifier: Apache-2.0
"""XXH3-128 against vectors that the xxHash library 0.8.1 printed, at every change of algorithm."""

import unittest

from xxh3 import xxh3_128_hex


def pattern(length):
    """The bytes that the vectors were made of: a linear congruential generator."""
    out = bytearray()
    x = 1
    for _ in range(length):
        x = (x * 1103515245 + 12345) & 0xFFFFFFFF
        out.append(x >> 16 & 0xFF)
    return bytes(out)


VECTORS = {
    0: "99aa06d3014798d86001c324468d497f",
    1: "9a0f174ae92e6df2e5e62017e96f839c",
    2: "13a82070861b3b8ce99f8ba75698ec0f",
    3: "da47c2149249db69d3bcc83c6f14e70f",
    4: "504303785d7b5ac9e267cf807951fe26",
    5: "04211bd3bee518fd01829ab282a4a4e8",
    8: "e4f1bc54c38ed231ec0b5b60d4670d0e",
    9: "046e6473695659653b1764b161f03ecd",
    13: "17b0587dd7a66d7f5b55d55b33278323",
    16: "82d56864b86d46550c85c3b7b344cfaf",
    17: "e07226299d418421ee80c12e2eaa110d",
    31: "99ad611752d183246f46b62e101ae57b",
    32: "064ad1b44ce81ec6f852b8182febef65",
    33: "79222b34b5dc6369b28082a9aad3b9d5",
    64: "960fca3c66b39991f2a2091b45bbd9cf",
    65: "4b9f9e58c4d9eeff841f3ad04f518ac7",
    96: "1bf14e85181e761ee9b8a9102806d5c0",
    97: "98434fe44be46805b0673de5ad089029",
    128: "4a4e39fcfa4515aa08d61631b87e5395",
    129: "5d41bb88ee7f7e4511b15591bb767e79",
    159: "5128386b5a4ed75fee771893f9254424",
    160: "601f389dcff5cb81e72a6d6e8527b950",
    161: "d7dc0a6d362e3705811420402b7cb898",
    192: "067502fab1d63b838000e4d27ec33bf0",
    239: "578c1887158f2cbabd580351ed5f31e1",
    240: "f92b835add69c25d4627a2b0d94e7351",
    241: "80610486edf872df5c56141c894cd97e",
    256: "242daf7771ae05e6cdb34974678d6687",
    511: "de99f1757e98f99629a124fe3138f1ee",
    512: "8b328d852968656dae0027cc0d8eacd9",
    513: "d22f4449d381d520e9050e4ad6b8c9d2",
    1023: "60aea7ae66c3a6eb123989704c814592",
    1024: "dcc4b2941cb5e5e40551dea22e104ea8",
    1025: "2e457d89ed1973d3dbe2ed3c377d9922",
    1088: "53ae9650f04ffa9598ce47a58d705d59",
    1089: "e504b29c076859e88c3ba502883f2263",
    2047: "ecfb30d155c5806f333e264758a4e9a5",
    2048: "700fc6dc214ea9e40e137a69a82b62c0",
    2049: "83c842cbeb14f9a52ba993b30fe87e40",
    3000: "2bd3312f5db175e4563c363f03710683",
    5000: "b52a8229caae39c480b0120fc87dbf6e",
}


class Xxh3Test(unittest.TestCase):
    def test_vectors(self):
        data = pattern(max(VECTORS))
        for length, expected in VECTORS.items():
            with self.subTest(length=length):
                self.assertEqual(xxh3_128_hex(data[:length]), expected)


if __name__ == "__main__":
    unittest.main()
