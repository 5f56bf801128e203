import pytest

from keras_mirror.padding import padded_lengths


@pytest.mark.parametrize(
    "sequence_length, expected",
    [
        (3, [3]),
        (11, [11]),
        (12, [8, 12]),
        (15, [8, 15]),
        (25, [8, 12, 16, 25]),
        (50, [8, 12, 16, 24, 32, 50]),
        (128, [8, 12, 16, 24, 32, 48, 64, 96, 128]),
        (512, [8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]),
    ],
)
def test_widths_are_few_and_end_with_the_longest(sequence_length, expected):
    assert padded_lengths(sequence_length) == expected
