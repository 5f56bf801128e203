"""The strings of a file, as all sides read them."""


def read_strings(path):
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]
