"""The order of the gallery: the common questions first."""

ORDER = (
    "tickets",
    "product_duplicates",
    "terminology",
    "few_labels",
    "intervals",
    "french",
    "training_loop",
    "lora",
    "browser",
    "ray_workers",
)


class GalleryOrder:
    """A sort key of file names, as sphinx-gallery asks for it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, name: str) -> int:
        return ORDER.index(name.removesuffix(".py"))

    def __repr__(self) -> str:
        return "GalleryOrder"  # a part of the settings that Sphinx compares
