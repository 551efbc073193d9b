"""What in a text may be better left out before it is posted: personal data, credentials, prices beside a supplier's
name, protective markings. Nothing is asked of anybody, kept or sent: these are functions of the text alone. They warn
and never refuse, so a pattern need not be perfect; but who is warned of nothing too often reads no warning, so what is
as often something else is left alone.

Every pattern begins where a word begins and has no repetition inside another without a bound, so that the time goes
with the length of the text, whatever stands in it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Concern:
    kind: str  # in words: "a National Insurance number"
    words: str  # as they stand in the text
    place: int  # of their first character

    @property
    def key(self) -> tuple[str, str]:
        """The same thing, wherever it stands and however it is spaced."""
        return self.kind, re.sub(r"[\s-]", "", self.words).casefold()


Found = Iterator[tuple[int, str]]  # the place and the words


def concerns(text: str, *, suppliers: Collection[str] = (), own: Collection[str] = ()) -> list[Concern]:
    """What is found, in the order of the text, the same thing once. `suppliers`: names beside which a price is one of
    theirs. `own`: addresses of whoever writes, who knows that they give them away."""
    # Numbers in addresses of pages are numbers of pages.
    plain = _ADDRESS.sub(lambda found: " " * len(found[0]), text)
    found = [Concern(kind, words, at) for kind, look in _NUMBERS for at, words in look(plain)]
    found += [Concern("a personal email address", words, at) for at, words in _emails(plain, own)]
    found += [Concern(kind, words, at) for kind, look in _CREDENTIALS for at, words in look(text)]
    found += [Concern("a price of a supplier", words, at) for at, words in _prices(plain, suppliers)]
    found += [Concern("a protective marking", words, at) for at, words in _markings(text)]
    once: dict[tuple[str, str], Concern] = {}
    for concern in sorted(found, key=lambda concern: concern.place):
        once.setdefault(concern.key, concern)
    return list(once.values())


def names_amounts(text: str) -> bool:
    """Whether it is worth knowing who the suppliers are."""
    return _AMOUNT.search(text) is not None


_ADDRESS = re.compile(r"(?<![\w+.-])[a-z][a-z0-9+.-]{1,20}://\S{1,2000}", re.IGNORECASE)


def _digits(words: str) -> str:
    return re.sub(r"[^0-9]", "", words)


def _all_of(
    pattern: re.Pattern[str], is_one: Callable[[re.Match[str]], bool] = lambda found: True
) -> Callable[[str], Found]:
    """Looks for what the pattern finds and `is_one` agrees to."""

    def look(text: str) -> Found:
        return ((found.start(), found[0].strip()) for found in pattern.finditer(text) if is_one(found))

    return look


def _before(found: re.Match[str], characters: int) -> str:
    return found.string[max(found.start() - characters, 0) : found.start()]


def _around(found: re.Match[str], characters: int) -> str:
    return found.string[max(found.start() - characters, 0) : found.end() + characters]


# Personal data

# HMRC, National Insurance Manual NIM39110: two letters of which neither is D, F, I, Q, U or V and the second not O, six
# digits, and a letter from A to D; BG, GB, KN, NK, NT, TN and ZZ are not given out. QQ is not either, but stands in the
# example of every form, by which people try whether they are warned.
_NATIONAL_INSURANCE = re.compile(
    r"(?<![a-z0-9])(?!BG|GB|KN|NK|NT|TN|ZZ)(?:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]|QQ)"
    r"[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D](?![a-z0-9])",
    re.IGNORECASE,
)

# NHS Data Dictionary, NHS NUMBER: ten digits, written 3 3 4. The last is the check digit: 11 less the remainder by 11
# of the others weighted 10 to 2; 11 stands for 0, and 10 is never given out. Without spaces every tenth number of an
# invoice would be one, so there it has to say NHS.
_NHS = re.compile(r"(?<![\w+.-])[1-9][0-9]{2}([ -]?)[0-9]{3}\1[0-9]{4}(?![\w-])")


def _is_nhs(found: re.Match[str]) -> bool:
    digits = [int(digit) for digit in _digits(found[0])]
    check = (11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11) % 11
    return check == digits[9] and (bool(found[1]) or "nhs" in _before(found, 40).lower())


# Ofcom, National Telephone Numbering Plan: after 0 or +44 come ten digits, which begin with 1 or 2 for places and 7 for
# mobiles. Numbers that begin with 3 and 8 belong to organisations and services.
_PHONE = re.compile(
    r"(?<![\w+./-])(?:(?:\+|00)44[ -]?(?:\(0\)[ -]?)?|\(?0)[127](?:[ )-]{0,2}[0-9]){9}(?![0-9]|[ -]?[0-9]{5})"
)
_DATE_FIRST = re.compile(r"[0-9]{2}[ -][0-9]{2}[ -](?:19|20)[0-9]{2}")


def _is_phone(found: re.Match[str]) -> bool:
    return len(re.findall(r"[0-9]+", found[0])) <= 6 and not _DATE_FIRST.match(found[0])


# Royal Mail, Postcode Address File: one or two letters, a digit, perhaps another or a letter; then a digit and two
# letters.
_POSTCODE = re.compile(r"(?<![a-z0-9])[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2}(?![a-z0-9])", re.IGNORECASE)
_HOUSE = re.compile(
    r"(?<![\w.,£/-])[0-9]{1,4}[a-z]?,? (?:[A-Z][a-z'\u2019.-]{0,20} ){0,3}"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Close|Drive|Dr|Way|Court|Ct|Crescent|Cres|Gardens|Grove|Terrace|Place|Pl|"
    r"Walk|Rise|Row|Hill|Mews|View|Park|Square|Green|Parade|Gate|Mount|Croft|Fields?)\b"
)
# Where people work and meet, which is no secret.
_PUBLIC_PLACE = re.compile(
    r"\b(?:council|hall|civic|offices?|library|centre|school|college|university|hospital|surgery|station|hotel|theatre|"
    r"museum|church|depot)\b",
    re.IGNORECASE,
)


def _homes(text: str) -> Found:
    for found in _POSTCODE.finditer(text):
        before = _before(found, 100)
        houses = list(_HOUSE.finditer(before))
        if houses and not _PUBLIC_PLACE.search(before):
            start = houses[-1].start()
            yield found.start() - len(before) + start, " ".join((before[start:] + found[0]).split())


_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_BORN = re.compile(
    r"(?<!\w)(?:date of birth|d\.?o\.?b\.?|born)(?!\w)[ \t:=-]{0,4}(?:on |is |was )?(?:the )?"
    rf"(?:[0-9]{{1,2}}[/.-][0-9]{{1,2}}[/.-](?:[0-9]{{4}}|[0-9]{{2}})|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|"
    rf"[0-9]{{1,2}}(?:st|nd|rd|th)? {_MONTH},? [0-9]{{4}})(?![0-9])",
    re.IGNORECASE,
)

# Pay.UK, EISCD: a sort code is six digits, an account number eight. Two such numbers are as often dates, so it has to
# say what they are.
_SORT_CODE = re.compile(r"(?<![\w-])[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}(?![\w-])")
_ACCOUNT = re.compile(r"(?<![\w-])[0-9]{8}(?![\w-])")
_OF_BANKS = re.compile(r"\b(?:sort ?code|account|acc|a/c|bank)\b", re.IGNORECASE)


def _is_bank_account(found: re.Match[str]) -> bool:
    around = _around(found, 60)
    return bool(_ACCOUNT.search(around)) and bool(_OF_BANKS.search(around))


# ISO/IEC 7812-1: up to 19 digits of which the last is a check digit (annex B, Luhn). Those that banks give to people
# begin with 34 or 37 (15 digits), 4 (16), 51 to 55 and 22 to 27 (16).
_CARD = re.compile(
    r"(?<![\w.-])(?:3[47][0-9]{2}([ -]?)[0-9]{6}\1[0-9]{5}|"
    r"(?:4[0-9]|5[1-5]|2[2-7])[0-9]{2}([ -]?)[0-9]{4}(?:\2[0-9]{4}){2})(?![\w-])"
)


def _is_card(found: re.Match[str]) -> bool:
    digits = [int(digit) for digit in reversed(_digits(found[0]))]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


# DVLA, INF104: two letters, two digits, three letters. Much else is written so, so it has to be about a vehicle.
_REGISTRATION = re.compile(r"(?<!\w)[A-HJ-PR-Y][A-HJ-PR-Y][0-9]{2} ?[A-HJ-PR-Z]{3}(?!\w)")
_OF_VEHICLES = re.compile(r"\b(?:registration|reg|vehicle|car|van|number plate|licence plate|VRM)\b", re.IGNORECASE)


def _is_vehicle(found: re.Match[str]) -> bool:
    return bool(_OF_VEHICLES.search(_before(found, 40)))


_NUMBERS = [
    ("a National Insurance number", _all_of(_NATIONAL_INSURANCE)),
    ("an NHS number", _all_of(_NHS, _is_nhs)),
    ("a phone number", _all_of(_PHONE, _is_phone)),
    ("a home address", _homes),
    ("a date of birth", _all_of(_BORN)),
    ("a bank account", _all_of(_SORT_CODE, _is_bank_account)),
    ("the number of a payment card", _all_of(_CARD, _is_card)),
    ("the registration of a vehicle", _all_of(_REGISTRATION, _is_vehicle)),
]

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
# Of public bodies, and of nobody (RFC 2606).
_NOT_PERSONAL = re.compile(
    r"(?:[@.](?:gov\.uk|gov\.scot|gov\.wales|llyw\.cymru|nhs\.uk|nhs\.net|police\.uk|mod\.uk|parliament\.uk)|"
    r"[@.]example\.(?:com|net|org)|\.(?:example|test|invalid))$"
)
_OF_OFFICES = {
    *(
        "admin",
        "accessibility",
        "bookings",
        "complaints",
        "contact",
        "contactus",
        "customer.services",
        "customerservices",
    ),
    *("data.protection", "dpo", "enquiries", "enquiry", "events", "feedback", "foi", "hello", "help", "helpdesk"),
    *("info", "information", "mail", "media", "membership", "news", "newsletter", "no-reply", "noreply", "office"),
    *("postmaster", "press", "privacy", "procurement", "reception", "sales", "service", "servicedesk", "support"),
    *("team", "training"),
}


def _emails(text: str, own: Collection[str]) -> Found:
    """Whose they are is not looked up, not even of somebody who is named beside them: whoever is warned of one address
    and not of another would learn with which somebody signs in."""
    known = {address.lower() for address in own}
    for found in _EMAIL.finditer(text):
        address = found[0].rstrip(".-_").lower()
        if address in known or _NOT_PERSONAL.search(address) or address.partition("@")[0] in _OF_OFFICES:
            continue
        yield found.start(), found[0].rstrip(".-_")


# Credentials

_PASSWORD = re.compile(
    r"(?<!\w)(?:password|passwd|pwd|passcode|passphrase)(?!\w)[ \t]{0,3}(?:is|[:=])[ \t]{0,3}"
    r"[\"'“`]?([^\s\"'”`]{4,80})",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"(?<!\w)(?:api|secret|access|client|auth)[ _-]?(?:key|token|secret)(?!\w)[ \t]{0,3}(?:is|[:=])[ \t]{0,3}[\"'“`]?"
    r"([\w/+=.-]{12,200})",
    re.IGNORECASE,
)
# Keys that say themselves what they are: AWS (IAM identifiers, AKIA and ASIA), GitHub, Slack, Google, Stripe.
_KNOWN_KEY = re.compile(
    r"(?<!\w)(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22,100}|"
    r"xox[abprs]-[A-Za-z0-9-]{10,100}|AIza[A-Za-z0-9_-]{35}|[rs]k_live_[A-Za-z0-9]{16,100})(?!\w)"
)
# RFC 7468, and OpenSSH's own.
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY-----")
# RFC 6750, 2.1; and RFC 7519, whose parts begin with "eyJ", which is `{"` in base64.
_BEARER = re.compile(r"(?<!\w)bearer[ \t]{1,3}([\w.~+/-]{20,2000}={0,2})", re.IGNORECASE)
_WEB_TOKEN = re.compile(r"(?<![\w.-])eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,2000}")
# RFC 3986, 3.2.1: what stands before the @ in an address.
_IN_ADDRESS = re.compile(r"(?<![\w+.-])[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,64}:([^\s:/@]{1,128})@", re.IGNORECASE)
# What stands in instructions where the secret would.
_STANDS_FOR_IT = re.compile(
    r"[<{\[$%(].*|[*x•.…_#-]+|(?:your|my|the|some|a|see|not|never|no|none|changed?|reset|required|optional|shared|stored|"
    r"kept|sent|hidden|expired|forgotten|password|passwd|pass|secret|token|here|yes|too|only|still|always|also|used|set|"
    r"given|wrong|weak|strong|enough|protected|managed|asked|needed|from|with|what|in|on|for|to)(?:[-_,.;:!?)].*)?",
    re.IGNORECASE | re.DOTALL,
)


def _is_password(found: re.Match[str]) -> bool:
    word = found[1].rstrip(".,;:!?)")
    if _STANDS_FOR_IT.fullmatch(word):
        return False
    if re.search(r"[0-9]|\w[^\w\s'\u2019-]\w|[a-z][A-Z]", word):
        return True
    # A word like any other is one where it is all that is said.
    rest = found.string[found.end() : found.end() + 80].split("\n", 1)[0]
    return not rest.strip(" \t.,;\"'”`") and "is" not in found[0].lower()[: found.start(1) - found.start()].split()


def _is_key(found: re.Match[str]) -> bool:
    return bool(re.search(r"[0-9]", found[1])) and not _STANDS_FOR_IT.fullmatch(found[1])


_CREDENTIALS = [
    ("a password", _all_of(_PASSWORD, _is_password)),
    ("a secret key", _all_of(_KEY, _is_key)),
    ("a secret key", _all_of(_KNOWN_KEY)),
    ("a private key", _all_of(_PRIVATE_KEY)),
    ("a token that signs somebody in", _all_of(_BEARER, _is_key)),
    ("a token that signs somebody in", _all_of(_WEB_TOKEN)),
    ("an address with a password in it", _all_of(_IN_ADDRESS, lambda found: not _STANDS_FOR_IT.fullmatch(found[1]))),
]

# Prices

_AMOUNT = re.compile(
    r"(?<![\w£])(?:£|GBP)[ ]?[0-9][0-9,]{0,14}(?:\.[0-9]{1,2})?(?: ?(?:k|m|bn|thousand|million)\b)?|"
    r"(?<![\w.,])[0-9][0-9,]{0,14}(?:\.[0-9]{1,2})?(?: ?(?:k|thousand|million))? pounds\b",
    re.IGNORECASE,
)
_LEGAL_FORM = re.compile(r"[ ,]+(?:ltd|limited|plc|llp|inc|gmbh|cic|uk|\(uk\)|group|holdings)\.?$", re.IGNORECASE)
NEAR = 15  # words


def _prices(text: str, suppliers: Collection[str]) -> Found:
    """Amounts that stand within NEAR words of a supplier's name, in the same paragraph."""
    amounts = [(found.start(), found.end()) for found in _AMOUNT.finditer(text)] if suppliers else []
    if not amounts:
        return
    lowered = text.lower() if len(text.lower()) == len(text) else text
    named = sorted({place for name in suppliers for place in _places(lowered, _called(name))})
    starts = [start for start, _ in named]
    for start, end in amounts:
        after = bisect_left(starts, start)
        for name_start, name_end in named[max(after - 1, 0) : after + 1]:
            first, last = (name_end, start) if name_start < start else (end, name_start)
            between = text[first:last] if last - first < 20 * NEAR else "\n\n"
            if "\n\n" not in between and len(between.split()) <= NEAR:
                whole = text[min(start, name_start) : max(end, name_end)]
                yield start, " ".join(whole.split())
                break


def _called(name: str) -> str:
    """As people call it, without what it is in law."""
    called = name.strip().lower()
    while (shorter := _LEGAL_FORM.sub("", called)) != called:
        called = shorter
    return called


def _places(text: str, name: str) -> Iterator[tuple[int, int]]:
    if len(name) < 3:
        return
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if not text[at - 1 : at].isalnum() and not text[end : end + 1].isalnum():
            yield at, end
        at = text.find(name, end)


# Markings

# Cabinet Office, Government Security Classifications Policy (2024): OFFICIAL-SENSITIVE, SECRET and TOP SECRET. Local
# Government Act 1972, part VA and schedule 12A: what is exempt information. "NOT PROTECTIVELY MARKED" marks what is
# free.
_MARK = (
    r"(?:TOP[ -]SECRET|SECRET|OFFICIAL ?[-\u2013:]? ?SENSITIVE|COMMERCIAL(?:LY)?[ -](?:IN[ -])?CONFIDENCE|"
    r"COMMERCIAL[ -]IN[ -]CONFIDENCE|LEGALLY PRIVILEGED|LEGAL PRIVILEGE|EXEMPT INFORMATION|NOT FOR PUBLICATION|"
    r"PART (?:II|2)(?= ?[-\u2013:(]? ?(?:EXEMPT|CONFIDENTIAL|NOT FOR)))"
)
# A marking stands at the beginning of a line or in brackets, or it is said that something is marked so. Much that is
# written here is about markings, and begins or goes on with a word in small letters.
_MARKING = re.compile(
    rf"(?:^[ \t>#*_\[(]{{0,8}}|[\[(][*_]{{0,2}}|(?:\b(?:marked|classified|classification|marking|handling)(?: as| is)?|"
    rf"\b(?:[Tt]his|[Tt]hese|[Ii]t|[Dd]ocument|[Rr]eport|[Pp]aper|[Mm]ail|[Ee]mail) (?:is|are))[ :]{{1,3}}"
    rf"[“\"'*_]{{0,3}})"
    rf"({_MARK})(?![\w/]| [a-z])",
    re.MULTILINE,
)
_SCHEDULE = re.compile(
    r"\bparagraphs? [0-9]{1,2}[^.\n]{0,60}\bSchedule 12A\b|\bnot for publication by virtue of\b", re.IGNORECASE
)
# Written as a heading, it need not be in capitals.
_HEADING = re.compile(
    r"^[ \t>#*_\[(]{0,8}((?:official ?[-\u2013:] ?sensitive|commercial[ -]in[ -]confidence|legally privileged"
    r"(?: and confidential)?|exempt information|not for publication))[ \t.:*_\])!\u2013-]{0,8}$",
    re.IGNORECASE | re.MULTILINE,
)


def _markings(text: str) -> Found:
    taken: set[int] = set()
    for pattern in (_MARKING, _HEADING, _SCHEDULE):
        for found in pattern.finditer(text):
            group = 1 if pattern.groups else 0
            if found.start(group) not in taken:
                taken.add(found.start(group))
                yield found.start(group), found[group]
