"""`keras-mirror serve`: what it refuses, and one real server."""

import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import keras
import numpy as np
import pytest
from support.processes import CACHE
from support.texts import SENTENCES

from keras_mirror.cli.serve import TOKEN
from keras_mirror.search import Index
from keras_mirror.unit_rows import unit_rows

STARTED = "import keras_mirror_cli; keras_mirror_cli.main()"
NEEDED = ("starlette", "uvicorn", "prometheus_client")

pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, NEEDED)),
    reason="the extra [serve] is missing",
)


@pytest.mark.parametrize(
    "options, message",
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0 is open to other machines"),
        (["--host", "::"], "--host :: is open to other machines"),
        (["--host", ""], "is open to other machines"),
        (["--host", "example.org"], "is open to other machines"),
        (["--token", ""], "--token must be of visible ASCII characters"),
        (["--token", "two words"], "--token must be of visible ASCII"),
        (["--token", "secret\n"], "--token must be of visible ASCII"),
        (["--token", "\u00e9"], "--token must be of visible ASCII"),
        (["--max-texts", 9999], "`max_texts` must not be above"),
        (["--batch-texts", 0], "0 is not in the range"),
        (["--port", 65536], "65536 is not in the range"),
    ],
)
def test_wrong_use(command, monkeypatch, archive, options, message):
    monkeypatch.delenv(TOKEN, raising=False)
    code, screen, errors = command("serve", archive, *options)
    assert (code, screen) == (2, "")
    assert message in errors


def test_an_empty_variable_is_no_token(command, monkeypatch, archive):
    monkeypatch.setenv(TOKEN, "")
    code, _, errors = command("serve", archive, "--host", "0.0.0.0")
    assert code == 2
    assert "is open to other machines" in errors


@contextlib.contextmanager
def serving(*arguments, **environment):
    """A server in a process of its own; gives it and its URL."""
    backend = keras.backend.backend()
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, "serve", *map(str, arguments)],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "OMP_NUM_THREADS": "1",
            "XDG_CACHE_HOME": CACHE,
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            lines = []
            while not (lines and lines[-1].startswith("try: ")):
                lines.append(process.stderr.readline())
                assert lines[-1], "".join(lines)
            [url] = re.findall("http://[^, ]+", lines[-2])
            yield process, url, lines[-1]
        finally:
            process.kill()


@pytest.mark.processes
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_server_from_start_to_end(model, archive, tmp_path, signum):
    openai = pytest.importorskip("openai")
    index = Index(model)
    index.add(SENTENCES)
    index.save(tmp_path / "texts.index")
    options = ["--index", tmp_path / "texts.index", "--port", 0, "--debug"]
    with serving(archive, *options, **{TOKEN: "secret"}) as started:
        process, url, example = started
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="secret")
        found = client.embeddings.create(input=SENTENCES, model="encoder")
        np.testing.assert_allclose(
            [each.embedding for each in found.data],
            unit_rows(model.encode_text(SENTENCES)),
            atol=2e-6,
        )
        assert [each.id for each in client.models.list()] == ["encoder"]
        with pytest.raises(openai.BadRequestError, match="token ids"):
            client.embeddings.create(input=[[1, 2]], model="encoder")
        stranger = openai.OpenAI(base_url=f"{url}/v1", api_key="other")
        with pytest.raises(openai.AuthenticationError):
            stranger.embeddings.create(input="a", model="encoder")
        assert _search(url) == SENTENCES[3]
        assert f'-H "Authorization: Bearer ${TOKEN}"' in example
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/%0a%1b%5b2Jinjected")
        process.send_signal(signum)
        screen, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "injected" in screen  # the log of --debug
    assert "\x1b[2J" not in screen + errors
    assert "\ninjected" not in screen + errors


def _search(url):
    request = urllib.request.Request(
        f"{url}/search",
        json.dumps({"query": SENTENCES[3], "k": 1}).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer secret"},
    )
    with urllib.request.urlopen(request) as response:
        [answer] = json.load(response)["data"]
    return answer["results"][0]["text"]
