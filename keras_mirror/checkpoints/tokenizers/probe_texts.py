"""Texts on which tokenizers differ if their steps differ."""

import unicodedata
from collections.abc import Iterator

# How many tokens of a vocabulary are tried, and how many per text.
_NUM_TOKENS, _TOKENS_PER_TEXT = 600, 12
_MOST_ADDED_TOKENS = 50

# These cover accents, capitals, scripts, digits, punctuation, spaces, emoji,
# invisible and joined characters. The last words are too long for BERT, or can
# only be written in bytes.
_TEXTS = (
    "",
    "a",
    " a",
    "A man is playing a guitar on the stage.",
    "THE WOMAN Plays the Violin!? iPhone McDonald",
    "don't can't it's we've they'll I'm you're she'd O'Neil's 'tis",
    "In 1984, 20241123 and 1,234.56% of 3/4 (or 10^6) cost $5 + €7.",
    "0 1 2 3 4 5 6 7 8 9 10 a1 1a v2.0 covid19 2nd 0x1F",
    "snake_case kebab-case dot.com user@mail.org #tag https://a.b/c?d=e&f",
    "! \" # $ % & ' ( ) * + , - . / : ; < = > ? @ [ \\ ] ^ _ ` { | } ~",
    "a!b\"c#d$e%f&g'h(i)j*k+l,m-n.o/p:q;r<s=t>u?v@w[x\\y]z^a_b`c{d|e}f~g",
    "... !!! ?!?! -- --- ``quoted'' ((nested)) [[brackets]] {{braces}}",
    "don’t “quote” ‘single’ « guillemets » … – — • · † ¡hola! ¿qué?",
    "  double  spaces   everywhere  ",
    "tab\there\nnew line\r\nand\rreturn ",
    "no\u00a0break thin\u2009space ideographic\u3000space",
    "zero\u200bwidth soft\u00adhyphen \ufeffmark join\u200der",
    "bell\x07 escape\x1b delete\x7f replacement\ufffd",
    "Café Müller, garçon naïve... Élève déjà Ångström ÀÉÎÕÜ Łódź",
    "Cafe\u0301 Mu\u0308ller A\u030angstro\u0308m n\u0303",
    "Straße STRASSE ẞ œuvre Æsir ŒUVRE þorn Ðð İstanbul ıslak",
    "ΣΊΣΥΦΟΣ Σίσυφος ὈΔΥΣΣΕΎΣ λόγος",
    "Привет, МИР! Ёлка йод Київ",
    "我爱北京 天安门 and 東京大学2024 テスト ﾃｽﾄ ひらがな カタカナ",
    "今日は良い天気ですね。「引用」、全角！？ ＡＢＣ １２３",
    "한국어 텍스트 입니다 한국어",
    "हिन्दी में एक वाक्य",
    "ภาษาไทย ไม่มี ช่องว่าง",
    "هذا نص عربي، أليس كذلك؟ ١٢٣ شَدَّة",
    "זה טקסט בעברית שָׁלוֹם",
    "Việt Nam tiếng Việt đẹp",
    "հայերեն ქართული አማርኛ বাংলা தமிழ் తెలుగు",
    "ﬁne ﬂow ½ ¼ ² ³ ™ € ℃ № ① Ⅳ ㎏ ﷺ",
    "hello 🎸 world 😀😀 👩‍🚀 ❤️ 🇩🇪 👍🏽",
    "x ≤ y ≠ z ∑ ∫ √ ∞ ≈ → ⇒ ∀ ∃ α β γ",
    "unbelievable xyzzy qwertyuiop antidisestablishmentarianism",
    "guitar . guitar. .guitar guitar.guitar guitar,guitar guitar's",
    "aB Ab AB ab aBcD ABCdef camelCaseWord HTTPServer",
    "pneumonoultramicroscopicsilicovolcanoconiosis" * 3 + " and short",
    "กขค" * 33 + " 가" * 2 + "가" * 33,
)


def probe_texts(
    tokens: list[str], added_tokens: list[str], steps: object
) -> list[str]:
    """About a hundred texts that tell two tokenizers apart.

    Args:
        tokens: List of strings, the vocabulary.
        added_tokens: List of strings, the tokens that are searched for in
            texts.
        steps: The normalizer and the splitter of a `tokenizer.json`; the
            strings in them, such as what is replaced, become texts too.

    Returns:
        A list of strings.

    Example:

    >>> probe_texts(["new"], [], {"pattern": {"String": "§"}})[-1]
    'a § b §c'
    """
    texts = list(dict.fromkeys(_cases()))
    stride = max(1, len(tokens) // _NUM_TOKENS)
    words = [_word(token) for token in tokens[::stride]]
    words = [word for word in words if word]
    texts += [
        " ".join(words[start : start + _TOKENS_PER_TEXT])
        for start in range(0, len(words), _TOKENS_PER_TEXT)
    ]
    for found in [*added_tokens[:_MOST_ADDED_TOKENS], *_strings(steps)]:
        texts += [found, f"a {found} b {found}c"]
    return texts


def _cases() -> Iterator[str]:
    for text in _TEXTS:
        yield text
        yield text.upper()
        yield text.lower()
        yield unicodedata.normalize("NFD", text)
        yield text.replace(" ", "  ")


def _word(token: str) -> str:
    """A token as it may appear in a text, without prefixes such as "##"."""
    is_special = token.startswith(("[", "<")) and token.endswith(("]", ">"))
    word = token.removeprefix("##").strip("▁Ġ ")
    return "" if is_special else word


def _strings(steps: object) -> Iterator[str]:
    """The strings below `"String"`, `"prepend"` and the like."""
    if isinstance(steps, dict):
        for name, value in steps.items():
            if name in ("String", "prepend") and isinstance(value, str):
                yield value
            yield from _strings(value)
    elif isinstance(steps, list):
        for value in steps:
            yield from _strings(value)
