"""Synthetic identifiers that pass the official checks: USCC, licence, ICP and identity-card numbers."""

from __future__ import annotations

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUE = {character: value for value, character in enumerate(_USCC_ALPHABET)}
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def uscc(prefix: str, registrar: str, body: str) -> str:
    """Return a unified social credit code (GB 32100-2015) with both check characters.

    Args:
        prefix: the registering department and kind, 2 characters (`91` enterprise, `92` individual business, `93` cooperative).
        registrar: the region code of the registrar at the time, 6 digits.
        body: the 8 characters of the subject without the check character (GB 11714).
    """
    inner = 11 - sum(weight * int(c, 36) for weight, c in zip(_ORG_WEIGHTS, body, strict=True)) % 11
    head = prefix + registrar + body + {10: "X", 11: "0"}.get(inner, str(inner))
    total = sum(weight * _USCC_VALUE[c] for weight, c in zip(_USCC_WEIGHTS, head, strict=True))
    return head + _USCC_ALPHABET[-total % 31]


def uscc_body(number: int) -> str:
    """Return the 8 subject characters for a running number, in the block that newer registrations use (`MA…`)."""
    characters = ""
    for _ in range(6):
        number, rest = divmod(number, 31)
        characters = _USCC_ALPHABET[rest] + characters
    return "MA" + characters


def licence(kind: str, business: str, region: str, serial: int) -> str:
    """Return a food licence number: `JY` or `SC`, 13 digits and their ISO 7064 MOD 11,10 check digit."""
    digits = f"{business}{region}{serial:06d}"
    check = 5
    for digit in digits:
        check = ((check or 10) * 2 % 11 + int(digit)) % 10
    return f"{kind}{digits}{(1 - (check or 10) * 2 % 11) % 10}"


def icp(year: int, serial: int, site: int) -> str:
    """Return an ICP filing number of Jiangxi; `site` counts the sites of one subject."""
    return f"赣ICP备{year}{serial:06d}号-{site}"


def identity_card(region: str, serial: int) -> str:
    """Return an identity-card number with a valid check character (GB 11643) that no living person has: born in 1900."""
    digits = f"{region}1900{1 + serial % 12:02d}{1 + serial % 28:02d}{serial % 1000:03d}"
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, digits, strict=True))
    return digits + "10X98765432"[total % 11]
