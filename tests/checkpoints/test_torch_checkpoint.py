import collections
import io
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from keras_mirror.checkpoints.hugging_face import torch_unpickler
from keras_mirror.checkpoints.hugging_face.torch_checkpoint import (
    read_torch_checkpoint,
)

DTYPES = [
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.float64,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
]


@pytest.fixture(params=[True, False], ids=["zip", "legacy"])
def save(request, tmp_path):
    """Writes what `torch.save` makes, in both of its formats."""

    def save(state_dict):
        path = tmp_path / "pytorch_model.bin"
        torch.save(
            state_dict, path, _use_new_zipfile_serialization=request.param
        )
        return path

    return save


def as_numpy(tensor):
    return tensor.detach().to(torch.float64).numpy()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_type(save, dtype):
    tensor = torch.tensor([[1.5, -2.25, 0.0], [3.0, 100.0, 7.0]]).to(dtype)
    arrays = read_torch_checkpoint(save({"a": tensor}))
    assert list(arrays) == ["a"]
    np.testing.assert_array_equal(
        arrays["a"].astype("float64"), as_numpy(tensor)
    )


def test_shapes_strides_and_shared_storages(save):
    table = torch.arange(24.0).reshape(4, 6)
    state_dict = collections.OrderedDict(
        table=table,
        tied=table,
        transposed=table.T,
        part=table[1:3, 2:5],
        scalar=torch.tensor(5.0),
        empty=torch.zeros(0, 3),
        parameter=torch.nn.Parameter(torch.ones(2, 2)),
    )
    arrays = read_torch_checkpoint(save(state_dict))
    assert list(arrays) == list(state_dict)
    for name, tensor in state_dict.items():
        assert arrays[name].shape == tuple(tensor.shape)
        np.testing.assert_array_equal(arrays[name], as_numpy(tensor))


def test_state_dict_of_a_module(save):
    module = torch.nn.Linear(3, 2)
    state_dict = module.state_dict()
    assert state_dict._metadata  # an attribute, which must not get in the way
    arrays = read_torch_checkpoint(save(state_dict))
    np.testing.assert_array_equal(arrays["bias"], as_numpy(module.bias))


def test_what_is_no_tensor_is_left_out(save):
    arrays = read_torch_checkpoint(save({"step": 3, "a": torch.ones(1)}))
    assert list(arrays) == ["a"]


class Call:
    """Pickles to a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (Call(os.system, "touch {proof}"), "posix.system"),
        (Call(eval, "open('{proof}', 'w')"), "__builtin__.eval"),
        (Call(getattr, "a", "upper"), "__builtin__.getattr"),
        (Call(torch.load, "{proof}"), "torch.serialization.load"),
    ],
    ids=["system", "eval", "getattr", "torch.load"],
)
def test_other_calls_are_refused_and_not_made(save, tmp_path, call, name):
    proof = tmp_path / "proof"
    function, arguments = call.call
    arguments = [text.format(proof=proof) for text in arguments]
    path = save({"a": torch.ones(1), "b": Call(function, *arguments)})
    with pytest.raises(
        ValueError,
        match=f"pytorch_model.bin must hold tensors only, but its pickle asks "
        f"for `{name}`, which is not run.*convert it to safetensors. "
        "Received: path=",
    ):
        read_torch_checkpoint(path)
    assert not proof.exists()


def test_a_bare_pickle_is_refused(tmp_path):
    proof = tmp_path / "proof"
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(pickle.dumps(Call(os.system, f"touch {proof}")))
    with pytest.raises(ValueError, match="asks for `posix.system`"):
        read_torch_checkpoint(path)
    assert not proof.exists()


def test_attributes_of_what_is_allowed_stay(tmp_path):
    # BUILD on a global would change it for every later file of the process.
    path = tmp_path / "pytorch_model.bin"
    for name in (b"torch._utils\n_rebuild_tensor_v2", b"torch\nFloatStorage"):
        path.write_bytes(
            b"\x80\x02c" + name + b"\nN}X\x07\x00\x00\x00changedK\x01s\x86b."
        )
        with pytest.raises(ValueError, match="damaged or something else"):
            read_torch_checkpoint(path)
    changed = [
        value
        for value in vars(torch_unpickler).values()
        if hasattr(value, "changed")
    ]
    assert not changed


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file(save, share):
    path = save({"a": torch.ones(50, 5)})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ValueError, match="pytorch_model.bin must be a PyTorch"):
        read_torch_checkpoint(path)


@pytest.mark.parametrize(
    "content",
    [
        b"not a pickle",
        b"\x80\x02r\xff\xff\xff\x7f.",  # a memo index of two thousand million
        b"\x80\x04\x8e" + b"\xff" * 7 + b"\x0f.",  # as many bytes
        pickle.dumps([1, 2]),
        pickle.dumps({"a": 1}),
    ],
)
def test_an_absurd_file(tmp_path, content):
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="pytorch_model.bin must be a PyTorch"):
        read_torch_checkpoint(path)


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (5,), (1,)),
        (3, (2,), (1,)),
        (0, (2,), (9,)),
        (0, (2,), (-1,)),
        (-2, (2,), (1,)),
        (0, (1 << 40, 1 << 40), (0, 0)),
        (0, (2, 2), (1,)),
        (0, ("a",), (1,)),
    ],
)
def test_a_tensor_outside_of_its_storage(tmp_path, offset, shape, strides):
    path = tmp_path / "pytorch_model.bin"
    write_zip(path, make_pickle(offset, shape, strides))
    with pytest.raises(ValueError, match="pytorch_model.bin must be a PyTorch"):
        read_torch_checkpoint(path)


def nested(value, times=60):
    """Two of the same, of two of the same, and so on."""
    for _ in range(times):
        value = type(value)([value, value])
    return value


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(nested([])),
        b"\x80\x02}" + b")" + b"2\x86" * 60 + b"N" + b"s.",
        b"\x80\x02}(" + b")" + b"2\x86" * 60 + b"Nu.",
        b"(" + b"(t" + b"2\x86" * 60 + b"Nd.",
        b"\x80\x04\x8f(" + b")" + b"2\x86" * 60 + b"\x90.",
        b"\x80\x02ccollections\nOrderedDict\n](]("
        + b")"
        + b"2\x86" * 60
        + b"Nee\x85R.",
    ],
    ids=["list", "setitem", "setitems", "dict", "set", "reduce"],
)
def test_nested_values_are_neither_hashed_nor_written_out(tmp_path, content):
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged or something else") as raised:
        read_torch_checkpoint(path)
    assert len(str(raised.value)) < 1_000


@pytest.mark.parametrize("tensors", [nested(()), (1, nested(()))])
def test_nested_shapes_are_refused(tmp_path, tensors):
    path = tmp_path / "pytorch_model.bin"
    write_zip(path, make_pickle(0, tensors, (1,)))
    with pytest.raises(
        ValueError, match="a tensor whose shape is not integers"
    ):
        read_torch_checkpoint(path)


MANY = b"(" + b"N" * 1_000 + b"tq\0000"  # a tuple, remembered as 0
STORAGE = (
    b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x00aX\1\0\0\x00aK\1tQ"
)


@pytest.mark.parametrize(
    "content, message",
    [
        (MANY + b"h\0Q.", "not a storage"),
        (
            b"(" + b"K\1" * 1_000 + b"tq\0000"
            b"ctorch._utils\n_rebuild_tensor_v2\n"
            b"(" + STORAGE + b"K\0h\0h\0tR.",
            "a tensor of 1000 axes",
        ),
    ],
    ids=["storage", "axes"],
)
def test_what_is_given_again_and_again(tmp_path, content, message):
    write_zip(tmp_path / "pytorch_model.bin", b"\x80\2" + content)
    with pytest.raises(ValueError, match=message):
        read_torch_checkpoint(tmp_path / "pytorch_model.bin")


def test_copies_are_not_larger_than_the_file(tmp_path):
    """A list of pairs, of which each of the three bytes makes a dict."""
    pairs = b"](" + b"K\1N\x86" * 1_000 + b"eq\0000"
    again = b"h\1h\0\x85R" * 1_000
    content = pairs + b"ccollections\nOrderedDict\nq\0010(" + again + b"t."
    write_zip(tmp_path / "pytorch_model.bin", b"\x80\2" + content)
    with pytest.raises(ValueError, match="the same values many times"):
        read_torch_checkpoint(tmp_path / "pytorch_model.bin")


def test_tensors_are_not_far_larger_than_their_storage(save):
    shared = torch.ones(1_000, 1_000)
    arrays = read_torch_checkpoint(save(dict.fromkeys("abcd", shared)))
    assert np.shares_memory(arrays["a"], arrays["d"])
    path = save(dict.fromkeys("abcdefgh", shared))
    with pytest.raises(ValueError, match="32000000 bytes out of 4000000"):
        read_torch_checkpoint(path)


def test_the_tensors_of_these_tests_are_readable_inside(tmp_path):
    path = tmp_path / "pytorch_model.bin"
    write_zip(path, make_pickle(1, (3,), (1,)))
    arrays = read_torch_checkpoint(path)
    np.testing.assert_array_equal(arrays["a"], [0.0, 0.0, 0.0])


def test_compressed_and_big_endian_archives_are_refused(tmp_path):
    path = tmp_path / "pytorch_model.bin"
    content = make_pickle(0, (4,), (1,))
    write_zip(path, content, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="compressed"):
        read_torch_checkpoint(path)
    write_zip(path, content, byteorder=b"big")
    with pytest.raises(ValueError, match="big.*instead of.*little"):
        read_torch_checkpoint(path)


def make_pickle(offset, shape, strides):
    """A state dict of one float32 tensor in a storage of four numbers."""

    class Storage:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, Storage):
                return "storage", torch.FloatStorage, "0", "cpu", 4
            return None

    rebuild = torch._utils._rebuild_tensor_v2
    tensor = Call(rebuild, Storage(), offset, shape, strides, False, {})
    file = io.BytesIO()
    Pickler(file, protocol=2).dump({"a": tensor})
    return file.getvalue()


def write_zip(path, content, byteorder=b"little", compression=0):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/byteorder", byteorder)
        archive.writestr("archive/data/0", bytes(16))
