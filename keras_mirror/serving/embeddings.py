import asyncio
import base64
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.responses import Response

from keras_mirror.serving.batches import Batches
from keras_mirror.serving.metrics import Metrics
from keras_mirror.serving.read_json import read_json
from keras_mirror.serving.request_error import RequestError
from keras_mirror.serving.request_fields import check_names
from keras_mirror.serving.request_fields import string_of
from keras_mirror.serving.request_fields import texts_of
from keras_mirror.serving.unless_gone import unless_gone
from keras_mirror.unit_rows import check_finite_rows
from keras_mirror.unit_rows import unit_rows

_FIELDS = ("input", "model", "encoding_format", "dimensions", "user", "prompt")


class Embeddings:
    """`POST /v1/embeddings`, compatible with OpenAI.

    Vectors have length 1, as with OpenAI. `model` and `user` may be any
    strings. The additional field `prompt` is the name of a prompt of the model.
    `usage` counts the tokens that the encoder gets: with start and end, and
    without those cut off after the `sequence_length`.

    Args:
        model: A `MirrorModel`.
        name: String, the name of the model in answers.
        batches: A `Batches`.
        metrics: A `Metrics`.
    """

    def __init__(
        self, model, name: str, batches: Batches, metrics: Metrics
    ) -> None:
        self.model = model
        self.name = name
        self.batches = batches
        self.metrics = metrics

    async def answer(self, request: Request) -> Response:
        content = await read_json(request, self.batches.limits)
        check_names(content, _FIELDS)
        texts = texts_of(content.get("input"), "input", self.batches.limits)
        as_base64 = self._is_base64(content)
        self._check_dimensions(content.get("dimensions"))
        for name in ("model", "user"):
            string_of(content, name)
        prompt = self._prompt(content)
        found = await unless_gone(
            request, self.batches.run(self.encode, texts, prompt)
        )
        return await asyncio.to_thread(self._response, found, as_base64)

    def encode(self, texts: list[str], prompt: str | None) -> list[tuple]:
        """Encodes texts; returns each vector with its number of tokens."""
        preprocessor = self.model.preprocessor
        token_ids = preprocessor.tokenize(texts, prompt)
        embeddings = unit_rows(self.model.encode_ids(token_ids))
        check_finite_rows(embeddings, texts)
        longest = preprocessor.sequence_length
        num_special = preprocessor.num_special_tokens
        lengths = [len(ids) + num_special for ids in token_ids]
        self.metrics.cut.inc(sum(length > longest for length in lengths))
        counts = [min(length, longest) for length in lengths]
        self.metrics.tokens.inc(sum(counts))
        return list(zip(embeddings, counts, strict=True))

    def _response(self, found: list[tuple], as_base64: bool) -> Response:
        written = _as_base64 if as_base64 else _as_floats
        num_tokens = sum(count for _, count in found)
        return JSONResponse(
            {
                "object": "list",
                "data": [
                    {
                        "object": "embedding",
                        "index": index,
                        "embedding": written(embedding),
                    }
                    for index, (embedding, _) in enumerate(found)
                ],
                "model": self.name,
                "usage": {
                    "prompt_tokens": num_tokens,
                    "total_tokens": num_tokens,
                },
            }
        )

    def _is_base64(self, content: dict[str, Any]) -> bool:
        encoding = string_of(content, "encoding_format")
        if encoding not in (None, "float", "base64"):
            raise RequestError(
                "`encoding_format` must be 'float' or 'base64'. "
                f"Received: {encoding[:80]!r}",
                param="encoding_format",
            )
        return encoding == "base64"

    def _check_dimensions(self, dimensions: Any) -> None:
        own = self.model.encoder.output_shape[-1]
        is_own = dimensions == own and not isinstance(dimensions, float)
        if dimensions is not None and not is_own:
            raise RequestError(
                f"The vectors of this model have {own} dimensions, and it "
                "cannot shorten them. Leave `dimensions` out",
                param="dimensions",
            )

    def _prompt(self, content: dict[str, Any]) -> str | None:
        prompt = string_of(content, "prompt")
        try:
            self.model.preprocessor.prompts.text(prompt)
        except ValueError as error:
            raise RequestError(str(error), param="prompt") from error
        return prompt


def _as_floats(embedding) -> list[float]:
    return embedding.tolist()


def _as_base64(embedding) -> str:
    return base64.b64encode(embedding.astype("<f4").tobytes()).decode("ascii")
