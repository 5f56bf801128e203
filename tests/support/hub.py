"""Stand-ins for the places that presets come from: a Hub, a package index."""

import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import threading
import zipfile

REVISION = "c" * 40
REPOSITORY = "someone/tiny"


def leave_network(monkeypatch, tmp_path):
    """An empty cache of Keras, and for `pip` only the wheels in a folder."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@contextlib.contextmanager
def serve_hub(folder, breaks_after=None):
    """A server that answers as the Hugging Face Hub does; yields its address.

    Args:
        folder: A `pathlib.Path`, the files of the only repository. Those
            larger than 1,000 bytes are "LFS files", with a SHA-256.
        breaks_after: Integer, the bytes of a file after which the connection
            ends. Defaults to `None`: never.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self._send(b"", self._file())

        def do_POST(self):  # paths-info
            length = int(self.headers.get("Content-Length", 0))
            self.rfile.read(length)
            self._send(json.dumps(_infos(folder)).encode())

        def do_GET(self):
            if self.path.startswith("/api/"):
                is_tree = "/tree/" in self.path
                whole = {"sha": REVISION, "siblings": [], "id": REPOSITORY}
                content = _infos(folder) if is_tree else whole
                self._send(json.dumps(content).encode())
                return
            path = self._file()
            self._send(path.read_bytes(), path)

        def _file(self):
            return folder / self.path.partition(f"{REVISION}/")[2]

        def _send(self, content, path=None):
            self.send_response(200)
            if path is not None:
                self.send_header("ETag", f'"{_etag(path)}"')
                self.send_header("X-Repo-Commit", REVISION)
            size = len(content) if content or path is None else _size(path)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            self.wfile.write(content[:breaks_after] if path else content)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def make_wheel(folder, files, distribution):
    """A wheel with a folder of files inside, for `pip download`.

    Args:
        folder: A `pathlib.Path`, where to.
        files: A `pathlib.Path`, the folder.
        distribution: A `Distribution`.
    """
    name = distribution.name.replace("-", "_")
    stem = f"{name}-{distribution.version}"
    folder.mkdir(exist_ok=True)
    path = folder / f"{stem}-py3-none-any.whl"
    info = f"{stem}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{distribution.package}/__init__.py", "1 / 0")
        for file in _files(files):
            place = file.relative_to(files).as_posix()
            wheel.write(file, f"{distribution.folder}/{place}")
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {distribution.name}\n"
            f"Version: {distribution.version}\nRequires-Dist: torch>=99\n",
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


def hashes(folder):
    """The SHA-256 of all files of a folder, by their paths."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in _files(folder)
    }


def flip_a_byte(path):
    """Changes the middle byte of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _files(folder):
    return sorted(x for x in pathlib.Path(folder).rglob("*") if x.is_file())


def _is_large(path):
    return _size(path) > 1000


def _size(path):
    return path.stat().st_size


def _etag(path):
    content = path.read_bytes()
    if _is_large(path):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _infos(folder):
    return [
        {
            "type": "file",
            "path": path.relative_to(folder).as_posix(),
            "size": _size(path),
            "oid": "0" * 40 if _is_large(path) else _etag(path),
            **(
                {
                    "lfs": {
                        "oid": _etag(path),
                        "size": _size(path),
                        "pointerSize": 130,
                    }
                }
                if _is_large(path)
                else {}
            ),
        }
        for path in _files(folder)
    ]
