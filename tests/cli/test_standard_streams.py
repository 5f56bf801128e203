"""Standard streams that are closed, full, or left by their reader."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="/dev/full is Linux's"
)
STARTED = "import keras_mirror_cli; keras_mirror_cli.main()"
SILENCED = (
    "from keras_mirror.cli.standard_streams import open_standard_streams\n"
    "from keras_mirror.startup import choose_backend\n"
    "open_standard_streams()\n"
    "choose_backend('torch', debug=False)\n"
    "print('done')"
)
CANNOT = "keras-mirror: error: the standard output cannot be written: "


def shell(line, code, *arguments):
    done = subprocess.run(
        ["sh", "-c", line.replace("RUN", '"$0" -c "$@"'), sys.executable]
        + [code, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "redirection, reason",
    [
        (">&-", "Bad file descriptor"),
        ("<&- >&-", "Bad file descriptor"),
        (">/dev/full", "No space left on device"),
    ],
)
def test_a_result_that_is_lost_is_a_failure(redirection, reason):
    found = shell(f"RUN {redirection}", STARTED, "presets", "--json")
    assert found == (1, "", f"{CANNOT}{reason}\n")


def test_errors_may_go_nowhere():
    assert shell("RUN 2>&-", SILENCED) == (0, "done\n", "")


def test_nothing_else_takes_the_place_of_a_closed_stream(tmp_path):
    path = tmp_path / "file.txt"
    code = (
        "from keras_mirror.cli.standard_streams import open_standard_streams\n"
        "import os\n"
        "open_standard_streams()\n"
        f"with open({str(path)!r}, 'w') as file:\n"
        "    assert file.fileno() > 2"
    )
    assert shell("RUN <&- >&- 2>&-", code)[0] == 0
    assert path.read_text() == ""


def test_a_reader_may_leave():
    line = "(RUN; echo $? >&2) | true"
    assert shell(line, STARTED, "presets", "--json") == (0, "", "1\n")
