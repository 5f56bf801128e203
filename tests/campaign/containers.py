"""Archives, weights and folders of which a part is changed."""

import gzip
import io
import json
import random
import struct
import warnings
import zipfile

import h5py

from campaign.mutations import CANARY
from campaign.mutations import INTEGERS
from campaign.mutations import change_value
from campaign.mutations import changed_json
from campaign.mutations import changed_text
from campaign.mutations import damaged

OUTSIDE = [f"../{CANARY}/secret.txt", "/tmp/planted", "assets/../../planted"]
Files = dict[str, bytes]


def changed_files(files: Files, draw: random.Random) -> Files:
    """A copy of a folder's files, by names, of which one is another."""
    files, name = dict(files), draw.choice(list(files))
    if len(files) > 1 and draw.random() < 0.15:
        other = draw.choice(list(files))
        match draw.choice(["remove", "swap", "empty", "rename"]):
            case "remove":
                del files[name]
            case "swap":
                files[name], files[other] = files[other], files[name]
            case "empty":
                files[name] = b""
            case "rename":
                files[draw.choice(["x", name + ".x", "a/" + name])] = files.pop(
                    name
                )
        return files
    files[name] = changed_file(name, files[name], draw)
    return files


def changed_file(name: str, data: bytes, draw: random.Random) -> bytes:
    """What a file of this name holds, changed as its format has it or not."""
    suffix = name.rpartition(".")[2]
    if draw.random() < 0.35 or suffix not in BY_FORMAT:
        return damaged(data, draw)
    return BY_FORMAT[suffix](data, draw)


def _changed_json_lines(data: bytes, draw: random.Random) -> bytes:
    lines = data.splitlines()
    place = draw.randrange(len(lines))
    lines[place] = changed_json(lines[place], draw)
    return b"\n".join(lines)


def _changed_gzip(data: bytes, draw: random.Random) -> bytes:
    return gzip.compress(changed_text(gzip.decompress(data), draw), 1)


# === ZIP: archives, indexes, checkpoints ===


def _changed_zip(data: bytes, draw: random.Random) -> bytes:
    """Members that are changed, with the sums of a good file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    compression = draw.choice([zipfile.ZIP_STORED] * 3 + [zipfile.ZIP_DEFLATED])
    extra = {}
    match draw.choice(["member"] * 8 + ["outside", "bomb", "many", "twice"]):
        case "member":
            files = changed_files(files, draw)
        case "outside":
            extra[draw.choice(OUTSIDE)] = b"x"
        case "bomb":
            compression = zipfile.ZIP_DEFLATED
            extra[draw.choice(["assets/x.txt", "x", *files])] = bytes(2**26)
        case "many":
            extra = {f"assets/{n}": b"" for n in range(2_000)}
        case "twice":
            extra[draw.choice(list(files))] = b"{}"
    with io.BytesIO() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that is there twice
        with zipfile.ZipFile(file, "w", compression, compresslevel=1) as new:
            for name, content in [*files.items(), *extra.items()]:
                new.writestr(name, content)
        return file.getvalue()


# === Weights ===


def _changed_hdf5(data: bytes, draw: random.Random) -> bytes:
    if draw.random() < 0.4:  # where all heads of a small file are
        return damaged(data[:4_000], draw) + data[4_000:]
    file = io.BytesIO(data)
    with h5py.File(file, "r+") as content:
        names: list[str] = []
        content.visit(names.append)
        name = draw.choice(names)
        match draw.choice(["remove", "shape", "link", "type", "deep", "name"]):
            case "remove":
                del content[name]
            case "shape":
                _replace(content, name, draw)
            case "link":
                del content[name]
                content[name] = draw.choice(
                    [
                        h5py.SoftLink("/nowhere"),
                        h5py.SoftLink(f"/{name}"),
                        h5py.ExternalLink(f"../{CANARY}/secret.h5", "/secret"),
                    ]
                )
            case "type":
                del content[name]
                content[name] = draw.choice([b"text", 7, [[1.5]], ["a", "b"]])
            case "deep":
                content.create_group("encoder" + "/a" * draw.choice([10, 500]))
            case "name":
                content.move(name, draw.choice(["x", f"{name}x", "encoder/x"]))
    return file.getvalue()


def _replace(content, name: str, draw: random.Random) -> None:
    """A dataset of another size, which takes no bytes in the file."""
    del content[name]
    content.create_dataset(
        name,
        draw.choice([(3,), (0,), (10**9,), (10**5, 10**5), (2, 2), (1,) * 20]),
        draw.choice(["float32", "int8", "float64"]),
        chunks=True,
        fillvalue=1,
        compression=draw.choice([None, "gzip"]),
    )


def _changed_safetensors(data: bytes, draw: random.Random) -> bytes:
    [length] = struct.unpack("<Q", data[:8])
    head, rest = json.loads(data[8 : 8 + length]), data[8 + length :]
    for _ in range(draw.choice([1, 1, 3])):
        head = change_value(head, draw)
    content = json.dumps(head).encode()
    length = draw.choice([len(content)] * 8 + INTEGERS[5:])
    return struct.pack("<Q", length) + content + rest


def _changed_numpy(data: bytes, draw: random.Random) -> bytes:
    """The head of an array, of the same length."""
    place = data.find(b"{")
    end = data.find(b"\n", place)
    number = draw.choice(INTEGERS)
    head = draw.choice(
        [
            {"descr": "|O", "fortran_order": False, "shape": (3,)},
            {"descr": "<f4", "fortran_order": True, "shape": (3, 8)},
            {"descr": "<f8", "fortran_order": False, "shape": (3, 8)},
            {"descr": "<f4", "fortran_order": False, "shape": (number, 8)},
            {"descr": "<f4", "fortran_order": False, "shape": (number,) * 2},
            {"descr": "<f4", "fortran_order": False, "shape": ()},
        ]
    )
    return data[:place] + str(head).encode().ljust(end - place) + data[end:]


BY_FORMAT = {
    "json": changed_json,
    "jsonl": _changed_json_lines,
    "txt": changed_text,
    "csv": changed_text,
    "tsv": changed_text,
    "gz": _changed_gzip,
    "keras": _changed_zip,
    "index": _changed_zip,
    "npz": _changed_zip,
    "bin": _changed_zip,
    "h5": _changed_hdf5,
    "npy": _changed_numpy,
    "safetensors": _changed_safetensors,
}
