"""Steps a second of `fit`, and seconds from the start to the first step."""

import time

STARTED = time.time()  # before the imports, which a user waits for too

import argparse  # noqa: E402
import json  # noqa: E402

import keras  # noqa: E402

import keras_mirror  # noqa: E402


class StepClock(keras.callbacks.Callback):
    """Remembers when every step was done."""

    def on_train_begin(self, logs=None):
        self.times = []

    def on_train_batch_end(self, batch, logs=None):
        float(logs["loss"])  # waits for the step, which may run behind
        self.times.append(time.time())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=200)
    parser.add_argument("--mini-batch-size", type=int)
    parser.add_argument("--dtype-policy")
    arguments = parser.parse_args()

    model = keras_mirror.MirrorModel.from_preset(
        arguments.weights,
        dtype=arguments.dtype_policy,
        mini_batch_size=arguments.mini_batch_size,
    )
    dataset = keras_mirror.mirror_dataset(
        arguments.corpus, model.preprocessor, arguments.batch_size, seed=0
    )
    model.compile()
    clock = StepClock()
    steps = min(arguments.steps, len(dataset))
    model.fit(dataset, steps_per_epoch=steps, verbose=0, callbacks=[clock])
    first, last = clock.times[0], clock.times[-1]
    result = {"first_step": first - STARTED}
    if steps > 1:
        result["strings_per_second"] = (
            (steps - 1) * arguments.batch_size / (last - first)
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
