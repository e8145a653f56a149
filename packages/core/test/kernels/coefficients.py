"""Prints packages/core/src/kernels/math/coefficients.ts: near-minimax polynomials for the elementary functions of kernels.

Each is a smooth function g on an interval, approximated by interpolation at Chebyshev points with 60 digits (mpmath.chebyfit),
which is within a small factor of the best polynomial. The leading terms of a series are kept exact, so that the relative error of
the function is small also where it vanishes:

    exp(r) - 1 = r + r^2 g(r),              |r| <= ln(2) / 2
    sin(r)     = r + r^3 g(r^2),            |r| <= pi / 4
    cos(r)     = 1 - r^2 / 2 + r^4 g(r^2),  |r| <= pi / 4
    log(m)     = 2 s + s^3 g(s^2),          s = (m - 1) / (m + 1), sqrt(1/2) <= m <= sqrt(2)

Intervals are a hair wider than needed. Coefficients go from the constant term up. Products of an integer and the parts into which
ln(2) and pi/2 are cut are exact, because the parts have few bits. Run with mpmath 1.3: python coefficients.py > ../../src/kernels/math/coefficients.ts
"""
from mpmath import chebyfit, factorial, floor, log, mp, mpf, pi, sqrt

mp.dps = 60


def series(term, x, terms=40):
    return sum(term(k) * x**k for k in range(terms))


functions = {
    "exp": (lambda r: series(lambda k: 1 / factorial(k + 2), r), -log(2) / 2 * mpf("1.01"), log(2) / 2 * mpf("1.01")),
    "sin": (lambda s: series(lambda k: (-1) ** (k + 1) / factorial(2 * k + 3), s), 0, (pi / 4) ** 2 * mpf("1.01")),
    "cos": (lambda s: series(lambda k: (-1) ** k / factorial(2 * k + 4), s), 0, (pi / 4) ** 2 * mpf("1.01")),
    "log": (lambda s: series(lambda k: mpf(2) / (2 * k + 3), s, 60), 0, ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * mpf("1.01")),
}
degrees = {"f32": {"exp": 5, "sin": 3, "cos": 3, "log": 3}, "f64": {"exp": 11, "sin": 6, "cos": 6, "log": 8}}


def parts(value, bits, count):
    """The value as a sum of numbers with so many bits, and a last one with all that float64 has."""
    cut = []
    for _ in range(count):
        scale = mpf(2) ** (bits - 1 - floor(log(abs(value), 2)))
        part = floor(value * scale) / scale
        cut.append(part)
        value -= part
    return cut + [value]


def numbers(values):
    texts = [repr(float(value)) for value in values]
    if len(texts) < 5:
        return "[" + ", ".join(texts) + "]"
    lines = [", ".join(texts[k : k + 5]) for k in range(0, len(texts), 5)]
    return "[\n    " + ",\n    ".join(lines) + ",\n  ]"


print("// Written by packages/core/test/kernels/coefficients.py, which says what they approximate and how they are found.")
for scalar, chosen in degrees.items():
    print(f"\nexport const {scalar}Polynomials = {{")
    for name, degree in chosen.items():
        function, low, high = functions[name]
        poly, error = chebyfit(function, [low, high], degree + 1, error=True)
        print(f"  /** Within {float(error):.1e}. */\n  {name}: {numbers(reversed(poly))},")
    print("}")
for name, value, bits32, count32, bits64, count64 in [("ln2", log(2), 15, 1, 42, 1), ("halfPi", pi / 2, 14, 3, 36, 2)]:
    print(f"\n/** {name} as a sum of short numbers. */\nexport const {name}Parts = {{")
    print(f"  f32: {numbers(parts(value, bits32, count32))},\n  f64: {numbers(parts(value, bits64, count64))},\n}}")
