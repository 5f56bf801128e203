import pytest

from keras_mirror.evidence.passages import passage_pairs


def sentence(name, num_words, end="."):
    return " ".join([name] * num_words) + end


def test_halves_end_at_the_sentence_nearest_to_the_middle():
    parts = [sentence(name, 25) for name in "abcdef"]
    assert passage_pairs([" ".join(parts)]) == [
        (" ".join(parts[:3]), " ".join(parts[3:]))
    ]


@pytest.mark.parametrize("end", ["!", "?", '."', ".)"])
def test_other_ends(end):
    first, second = sentence("a", 40, end), sentence("b", 40)
    assert passage_pairs([f"{first}\n{second}"]) == [(first, second)]


@pytest.mark.parametrize(
    "document",
    [
        "",
        sentence("a", 39) + " " + sentence("b", 60),
        sentence("a", 60) + " " + sentence("b", 39),
        sentence("a", 200),
        sentence("3.5", 100, ""),
    ],
    ids=["empty", "short first", "short second", "one sentence", "numbers"],
)
def test_what_has_no_two_long_passages(document):
    assert passage_pairs([document]) == []


def test_a_document_counts_once():
    document = sentence("a", 50) + " " + sentence("b", 50)
    assert len(passage_pairs([document, "short", document])) == 1
