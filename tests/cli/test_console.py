import warnings

import pytest

from keras_mirror.cli.console import echo_warnings
from keras_mirror.cli.console import print_next


def test_warnings_are_told_at_once_and_once(capsys):
    with echo_warnings():
        for _ in range(2):
            warnings.warn("too few texts", stacklevel=1)
        told = capsys.readouterr().err
        warnings.warn("of others", DeprecationWarning, stacklevel=1)
    assert told == "keras-mirror: too few texts\n"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "word, shown",
    [("a.txt", "a.txt"), ('"...', "'\"...'"), ('"..."', '"..."')],
)
def test_the_next_command_is_quoted_for_a_shell(capsys, word, shown):
    print_next("search", word)
    assert capsys.readouterr().err == f"next: keras-mirror search {shown}\n"
