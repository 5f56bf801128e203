import asyncio

from keras_mirror.integrations.load_model import as_model
from keras_mirror.unit_rows import unit_rows


class MirrorEmbeddings:
    """Embeds texts behind the method names of LangChain and LlamaIndex.

    Neither library has to be installed.

    LangChain calls `embed_documents` and `embed_query`, or the two with an `a`
    before them, on any object. Some of its stores first check that the object
    is one of its `Embeddings`. One line registers it:
    `langchain_core.embeddings.Embeddings.register(MirrorEmbeddings)`.

    LlamaIndex accepts only subclasses of its `BaseEmbedding`. The second
    example wraps this class in one.

    Args:
        model: A `MirrorModel`, the path of its `.keras` archive, or a preset.
        normalize: Boolean, whether embeddings are scaled to length 1, so that
            dot products and distances order texts as cosines do. Defaults to
            `True`.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.

    Example:

    >>> embeddings = MirrorEmbeddings(model)
    >>> vectors = embeddings.embed_documents(["a man plays", "a woman"])
    >>> len(vectors), len(embeddings.embed_query("a man plays"))
    (2, 8)

    ```python
    from langchain_core.vectorstores import InMemoryVectorStore

    store = InMemoryVectorStore(MirrorEmbeddings("encoder.keras"))
    store.add_texts(["A man is playing a guitar.", "It rains."])
    store.similarity_search("Someone makes music.", k=1)
    ```

    ```python
    from llama_index.core.embeddings import BaseEmbedding

    embeddings = MirrorEmbeddings("encoder.keras")

    class MirrorEmbedding(BaseEmbedding):
        def _get_text_embedding(self, text):
            return embeddings.get_text_embedding(text)

        def _get_text_embeddings(self, texts):
            return embeddings.get_text_embedding_batch(texts)

        def _get_query_embedding(self, query):
            return embeddings.get_query_embedding(query)

        async def _aget_query_embedding(self, query):
            return await embeddings.aembed_query(query)
    ```
    """

    def __init__(
        self, model, normalize: bool = True, batch_size: int | None = None
    ) -> None:
        self.model = as_model(model)
        self.normalize = normalize
        self.batch_size = batch_size

    # === LangChain ===

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embeds the documents of a search.

        Args:
            texts: List of strings.

        Returns:
            A list of lists of floats.
        """
        if isinstance(texts, str):
            raise TypeError(
                "`texts` must be a list of strings; `embed_query` takes one. "
                f"Received: texts={texts!r}"
            )
        return self._embed(texts, "document")

    def embed_query(self, text: str) -> list[float]:
        """Embeds one query.

        The result equals that of `embed_documents`, unless the model has
        different prompts for queries and documents.

        Args:
            text: String.

        Returns:
            A list of floats.
        """
        return self._embed([text], "query")[0]

    def _embed(self, texts: list[str], role: str) -> list[list[float]]:
        prompt = self.model.preprocessor.prompts.name_of_role(role)
        embeddings = self.model.encode_text(texts, self.batch_size, prompt)
        if self.normalize:
            embeddings = unit_rows(embeddings)
        return embeddings.tolist()

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """`embed_documents` in a thread."""
        return await asyncio.to_thread(self.embed_documents, texts)

    async def aembed_query(self, text: str) -> list[float]:
        """`embed_query` in a thread."""
        return await asyncio.to_thread(self.embed_query, text)

    # === LlamaIndex ===

    def get_text_embedding(self, text: str) -> list[float]:
        """`embed_documents`, as LlamaIndex calls it for one text."""
        return self.embed_documents([text])[0]

    def get_query_embedding(self, query: str) -> list[float]:
        """`embed_query`, as LlamaIndex calls it for a search."""
        return self.embed_query(query)

    def get_text_embedding_batch(
        self, texts: list[str], show_progress: bool = False, **kwargs
    ) -> list[list[float]]:
        """`embed_documents`, as LlamaIndex calls it.

        Args:
            texts: List of strings.
            show_progress: Not used.
            **kwargs: Not used.

        Returns:
            A list of lists of floats.
        """
        return self.embed_documents(texts)
