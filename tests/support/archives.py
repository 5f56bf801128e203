"""Archives that are changed on the way, for tests of what reads them."""

import json
import zipfile


def change_config(source, target, change, whole=False):
    """Copies an archive, the configuration of its model changed, or all."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                config = json.loads(data)
                change(config if whole else config["config"])
                data = json.dumps(config)
            new.writestr(name, data)
    return str(target)


def rewrite(source, target, compression=zipfile.ZIP_STORED, **contents):
    """Copies an archive, some of its files changed or left out."""
    with (
        zipfile.ZipFile(source) as old,
        zipfile.ZipFile(target, "w", compression) as new,
    ):
        for name in old.namelist():
            content = contents.get(name.rpartition("/")[2], old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target
