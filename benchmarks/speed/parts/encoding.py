import statistics

from processes import run_script
from rich.table import Table


def encode(arguments):
    """(c): texts a second, once everything is compiled."""
    sides = {
        "sentence_transformers": ("encode_sentence_transformers.py", None),
        "keras_hub": ("encode_keras_hub.py", "tensorflow"),
    }
    for backend in arguments.backends:
        name = f"keras_mirror {backend}"
        sides[name] = ("encode_keras_mirror.py", backend)
    options = ("--weights", arguments.weights)
    options += ("--output", arguments.folder / "vectors.npy")
    rounds = {side: [] for side in sides}
    for number in range(3):
        for side, (script, backend) in sides.items():
            if number and side == "keras_hub":
                continue  # minutes a round, and far from the others
            run = run_script(
                script, arguments.corpus, *options, backend=backend
            )
            rounds[side].append(run.printed["texts_per_second"])
    rates = {side: statistics.median(rounds[side]) for side in rounds}
    table = Table("encoding", "texts a second", "x s-t", "x keras_hub")
    for side, rate in rates.items():
        ratios = [rate / rates[other] for other in list(rates)[:2]]
        table.add_row(side, f"{rate:.0f}", *(f"{r:.2f}" for r in ratios))
    return table
