"""One spelling for what people and the provider write in many ways."""

import re
import unicodedata


def normal(text: str) -> str:
    """Lower case without accents: "Côte d'Ivoire" and "cote d ivoire" are the same."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[^\w]+", " ", plain).strip()


_LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_CYRILLIC = "йцукенгшщзхъфывапролджэячсмитьбюё"
_OTHER_LAYOUT = str.maketrans(_LATIN + _CYRILLIC, _CYRILLIC + _LATIN)


def in_other_layout(text: str) -> str:
    """What the same keys say on the other keyboard, Latin or Russian: "nehwbz" is "турция", and back."""
    return text.lower().translate(_OTHER_LAYOUT)


_LETTERS = "абвгдежзиклмнопрстуфхцчшщъыьэюя"
_SOUNDS = "a b v g d e zh z i k l m n o p r s t u f h c ch sh sch - y - e yu ya"
_IN_LATIN = str.maketrans(
    {letter: sound.strip("-") for letter, sound in zip(_LETTERS, _SOUNDS.split(), strict=True)}
)


def in_latin(normal_text: str) -> str:
    """Russian in Latin letters, one way of many: "турция" is "turciya" (of what normal() gives)."""
    return normal_text.translate(_IN_LATIN).replace("iya", "ia")


_CASES = """
    иями ями ами иеи ого его ому ему ыми ими ую юю ая яя ое ее ои еи ии ию ия ие ью ом ем ам ям ах ях ых их ым
    им ов ев ею а я е и ы у ю ь
"""
_ENDINGS = _CASES.split()


def stems(normal_word: str) -> set[str]:
    """What may be left of a Russian word without its ending, itself among them; three letters at least.

    Two forms of one word share a stem: "турция" and "турцию" share "турц".
    """
    if not "а" <= normal_word[:1] <= "я":
        return {normal_word}
    ends = [
        ending for ending in _ENDINGS if normal_word.endswith(ending) and len(normal_word) - len(ending) > 2
    ]
    return {normal_word, *(normal_word.removesuffix(ending) for ending in ends)}


def area_code(iso: str) -> str:
    """The area as it stands in URLs: "TR" is tr, the pseudo-country "Europe Lite" is europe-lite."""
    return re.sub(r"[^a-z0-9]+", "-", iso.lower()).strip("-") or "unknown"
