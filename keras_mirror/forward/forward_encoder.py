import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from keras_mirror.arguments import check_integer
from keras_mirror.encoder.encode import encode_text
from keras_mirror.encoder.similar_lengths import distinct_rows
from keras_mirror.encoder.similar_lengths import sorted_batches
from keras_mirror.forward.graph import OUTPUT_NAME
from keras_mirror.forward.graph import forward_graph
from keras_mirror.forward.precision import batch_tokens
from keras_mirror.forward.precision import check_precision
from keras_mirror.forward.precision import num_streams
from keras_mirror.forward.precision import round_kernels
from keras_mirror.forward.precision import settings_of
from keras_mirror.forward.preprocessor import ForwardPreprocessor
from keras_mirror.integrations.load_model import check_model
from keras_mirror.optional import import_optional
from keras_mirror.unit_rows import all_cosines

# Compiled graphs of deleted encoders, freed when the next one is made: OpenVINO
# 2026.4 crashes if Python's garbage collector frees one in a process that runs
# TensorFlow.
_ENDED: list = []


class ForwardEncoder:
    """An encoder for inference only, run by OpenVINO without Keras.

    It gives the embeddings of the `MirrorModel` that it was made of: in float32
    within 2e-6 of their length, in bfloat16 within about 4e-3, in int8 within
    about 2e-2. `load_forward` and `ForwardEncoder.of` make one. Several threads
    may use it at once. Its memory is freed when the next one is made.

    Args:
        graph: An `openvino.Model`, of `forward_graph`.
        preprocessor: A `ForwardPreprocessor`.
        fingerprint: String, the fingerprint of the `MirrorModel`, see
            `keras_mirror.encoder.fingerprint`.
        precision: String, `"float32"`, `"bfloat16"` (faster on a processor
            that has it), or `"int8"`. Defaults to `"float32"`.

    Attributes:
        precision: String.

    Example:

    >>> encoder = ForwardEncoder.of(model)
    >>> encoder.encode_text(["a man plays", "a woman plays"]).shape[0]
    2
    """

    def __init__(
        self,
        graph,
        preprocessor: ForwardPreprocessor,
        fingerprint: str,
        precision: str = "float32",
    ) -> None:
        openvino = import_optional("openvino", extra="openvino")
        self.precision = check_precision(precision)
        self.preprocessor = preprocessor
        self.fingerprint = fingerprint
        self.graph = graph
        self.output_shape = (
            None,
            graph.output(0).partial_shape[1].get_length(),
        )
        _ENDED.clear()
        self._compiled = openvino.compile_model(
            self._graph_of(precision), "CPU", settings_of(precision)
        )
        weakref.finalize(self, _ENDED.append, (self._compiled, self.graph))

    @classmethod
    def of(cls, model, precision: str = "float32") -> "ForwardEncoder":
        """Makes one from a `MirrorModel`, with its current weights.

        Args:
            model: A `MirrorModel`.
            precision: See above.

        Returns:
            A `ForwardEncoder`.

        Raises:
            ValueError: The model has an unsupported layer or tokenizer.
                ImportError: OpenVINO is missing.
        """
        # Imported late, since they need Keras.
        from keras_mirror.encoder.fingerprint import fingerprint

        pools_padding = model.recipe.pools_padding
        return cls(
            forward_graph(model.encoder),
            ForwardPreprocessor.of(model.preprocessor, pools_padding),
            fingerprint(model),
            precision,
        )

    @property
    def encoder(self) -> "ForwardEncoder":
        return self  # like `MirrorModel.encoder`, for its `output_shape`

    def in_precision(self, precision: str) -> "ForwardEncoder":
        """The same encoder in another precision."""
        if precision == self.precision:
            return self
        return type(self)(
            self.graph, self.preprocessor, self.fingerprint, precision
        )

    def encode_text(
        self, text, batch_size: int | None = None, prompt: str | None = None
    ):
        """Turns texts into embeddings: see `MirrorModel.encode_text`.

        Args:
            text: A string, or a list or array of strings.
            batch_size: Integer, texts of `sequence_length` tokens per call.
                Defaults to `None`: 2,048 tokens, or 1,024 in int8.
            prompt: String, the name of a prompt. Defaults to `None`: the
                default one.

        Returns:
            A float32 NumPy array of shape `(len(text), embedding_dim)`.

        Raises:
            TypeError: An element is not a string.
            ValueError: There is no prompt of this name, or an embedding holds
                NaN or infinity.
        """
        return encode_text(self, text, batch_size, prompt)

    def encode_ids(
        self, token_ids: list[list[int]], batch_size: int | None = None
    ):
        """As `encode_text`, for the result of `preprocessor.tokenize`."""
        most_tokens = batch_tokens(self.precision)
        if batch_size is not None:
            batch_size = check_integer("batch_size", batch_size)
            most_tokens = batch_size * self.preprocessor.sequence_length
        distinct, row_of_texts = distinct_rows(token_ids)
        shape = (len(distinct), self.output_shape[1])
        embeddings = np.empty(shape, dtype="float32")
        lengths = self.preprocessor.packed_lengths(distinct)

        own = threading.local()  # a request is for one thread

        def start() -> None:
            own.request = self._compiled.create_infer_request()

        def encode(batch: tuple) -> None:
            rows, width = batch
            texts = [distinct[row] for row in rows]
            features = self.preprocessor.pack(texts, width)
            outputs = own.request.infer(features, share_inputs=True)
            embeddings[rows] = outputs[OUTPUT_NAME]

        batches = sorted_batches(lengths, most_tokens)
        streams = num_streams(self.precision)
        with ThreadPoolExecutor(streams, initializer=start) as threads:
            list(threads.map(encode, batches))
        return embeddings[row_of_texts]

    def _graph_of(self, precision: str):
        if precision != "int8":
            return self.graph
        graph = self.graph.clone()
        round_kernels(graph)
        return graph

    def similarity(self, embeddings_1, embeddings_2):
        """Cosines of all rows with all rows: see `MirrorModel.similarity`."""
        return all_cosines(embeddings_1, embeddings_2)


def check_encoder(model) -> None:
    """Raises a TypeError unless given a `MirrorModel` or `ForwardEncoder`.

    Example:

    >>> check_encoder(model)
    """
    if not isinstance(model, ForwardEncoder):
        check_model(model)
