import contextlib

from keras_mirror.cli.console import progress_bar


@contextlib.contextmanager
def encoding_bar(texts, then):
    """A progress bar for what encodes every different text once.

    Args:
        texts: List of strings.
        then: String, what happens when all are encoded.

    Yields:
        A function of the number of texts just encoded.
    """
    total = len({text for text in texts if text.strip()})
    with progress_bar() as bar:
        task = bar.add_task("Encoding", total=total)

        def progress(count):
            bar.update(task, advance=count)
            if bar.finished:
                bar.update(task, description=then)

        yield progress
