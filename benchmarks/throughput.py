"""Steps a second and texts a second of a preset on the current backend.

KERAS_BACKEND=jax python benchmarks/throughput.py PRESET CORPUS

Times `fit` after its first step (compilation) and `encode_text` the second
time. Compare numbers of one machine and one hour only.
"""

import argparse
import time

import keras

import keras_mirror


class StepClock(keras.callbacks.Callback):
    """Remembers when every step was done."""

    def on_train_begin(self, logs=None):
        self.times = [time.perf_counter()]

    def on_train_batch_end(self, batch, logs=None):
        float(logs["loss"])  # waits for the step, which may run behind
        self.times.append(time.perf_counter())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("preset")
    parser.add_argument("corpus")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--dtype-policy")
    arguments = parser.parse_args()

    model = keras_mirror.MirrorModel.from_preset(
        arguments.preset, dtype=arguments.dtype_policy
    )
    dataset = keras_mirror.mirror_dataset(
        arguments.corpus, model.preprocessor, seed=0
    )
    model.compile()
    clock = StepClock()
    model.fit(
        dataset,
        steps_per_epoch=arguments.steps + 1,
        epochs=1,
        verbose=0,
        callbacks=[clock],
    )
    first, *others = clock.times[1:]
    seconds_per_step = (others[-1] - first) / len(others)

    with open(arguments.corpus, encoding="utf-8") as file:
        texts = file.read().split("\n")[:5000]
    model.encode_text(texts)
    start = time.perf_counter()
    model.encode_text(texts)
    seconds = time.perf_counter() - start

    backend = keras.backend.backend()
    policy = model.dtype_policy.name
    print(f"backend                {backend}, {policy}")
    print(f"first step             {first - clock.times[0]:.1f} s")
    print(f"steps a second         {1 / seconds_per_step:.3f}")
    rate = model.recipe.batch_size / seconds_per_step
    print(f"texts trained a second {rate:.0f}")
    print(f"texts encoded a second {len(texts) / seconds:.0f}")


if __name__ == "__main__":
    main()
