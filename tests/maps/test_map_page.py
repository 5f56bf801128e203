import base64
import html.parser
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from keras_mirror.maps.page import MAX_LENGTH
from keras_mirror.maps.page import render_page
from keras_mirror.maps.page import write_page
from keras_mirror.maps.text_map import TextMap

pytest.importorskip("plotly", reason="the extra [map] is missing")
pytest.importorskip("jinja2", reason="the extra [map] is missing")
NASTY = "</script><script>alert(1)</script><!-- é 日本 & \u2028 {{ x }} \ud800"
LONG = "a" * (MAX_LENGTH + 1)
MAP = TextMap(
    [NASTY, "a man", LONG],
    [[NASTY, "2", "3", "4", "5", "6", "7"], ["8"], ["9"]],
    np.array([[0, 0.25], [0.5, 0.5], [1, 1]], "float32"),
    [NASTY, "man"],
    np.array([0, 1, 2]),
)


class Parts(html.parser.HTMLParser):
    """What a browser takes for scripts, and the addresses it would load."""

    def __init__(self, page):
        super().__init__()
        self.scripts = []
        self.loaded = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.loaded += [attributes.get(name) for name in ("src", "href")]
        if tag == "script":
            self.scripts.append([attributes.get("id"), ""])

    def handle_data(self, data):
        if self.cdata_elem == "script":
            self.scripts[-1][1] += data


@pytest.fixture(scope="module")
def parts():
    return Parts(render_page(MAP, NASTY))


@pytest.fixture(scope="module")
def scripts(parts):
    ids = [name for name, _ in parts.scripts]
    assert ids == ["texts", "ids", "names", None, None]
    return [content for _, content in parts.scripts]


def test_texts_arrive_as_they_are(scripts):
    texts, ids, names = map(json.loads, scripts[:3])
    assert texts == [NASTY, "a man", LONG[: MAX_LENGTH - 1] + "…"]
    assert ids == [[NASTY, "2", "3", "4", "5", 7], ["8", 1], ["9", 1]]
    assert [name for name, _, _ in names] == [NASTY, "man"]
    assert names[0][2] == [0, 0.25] and re.fullmatch(
        "#[0-9a-f]{6}", names[0][1]
    )


def test_nothing_of_a_text_is_html_or_script(scripts):
    page = render_page(MAP, NASTY)
    assert "<script>alert" not in page and "{{ x }}" in page
    assert "alert(1)" not in scripts[-1]
    assert page.count("&lt;script&gt;alert(1)") == 2  # the title, the heading


def test_positions_and_clusters_are_packed(scripts):
    packed = re.findall(r'bytes\("([^"]+)"\)', scripts[-1])
    plane, numbers = map(base64.b64decode, packed)
    expected = [0, 16384, 32768, 32768, 65535, 65535]
    assert np.frombuffer(plane, "<u2").tolist() == expected
    assert np.frombuffer(numbers, "<u4").tolist() == [0, 1, 2]


def test_nothing_is_fetched(parts):
    assert not any(parts.loaded)
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src"
    page = render_page(MAP)
    assert policy in page and "connect-src" not in page


def test_the_page_is_javascript(scripts, tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    path = tmp_path / "page.js"
    path.write_text(scripts[-1])
    subprocess.run([node, "--check", path], check=True)


def test_half_a_character_can_be_written(tmp_path):
    path = tmp_path / "map.html"
    write_page(MAP, path)
    assert "日本" in path.read_text(encoding="utf-8")
    with pytest.raises(FileExistsError):
        write_page(MAP, path, overwrite=False)
