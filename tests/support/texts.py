"""Texts that tests share, and the folder of real data."""

import os
import pathlib

import numpy as np

DATA = pathlib.Path(
    os.environ.get(
        "KERAS_MIRROR_DATA",
        pathlib.Path(__file__).parents[2] / ".." / "shared" / "data",
    )
)


SENTENCES = [
    "A man is playing a guitar on a stage.",
    "Two dogs run through the deep snow together.",
    "The café serves naïve über-cool crêpes.",
    "A woman is slicing a big red onion slowly.",
    "Someone rides a bicycle down the street in 2024.",
    "The children are singing a song about the sea.",
    'He said "no", didn\'t he? Yes: 1,234 times!',
    "A cat sleeps.",
    "雪の中を二匹の犬が走っています。とても元気です。今日は寒い日です。",
    "Emoji 😀 are characters too, 👩‍🚀 even these are here.",
]


WORDS = sorted({word for text in SENTENCES for word in text.lower().split()})


LETTERS = [chr(code) for code in range(33, 127)]


def texts(number, seed=0):
    """Different strings of the words above, 3 to 12 words long."""
    generator = np.random.default_rng(seed)
    return [
        " ".join(generator.choice(WORDS, generator.integers(3, 13)))
        for _ in range(number)
    ]
