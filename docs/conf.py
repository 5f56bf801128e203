"""The site: `sphinx-build -W --keep-going docs docs/_build`, no network."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_extensions")]
# Pages of the API import the package, and so TensorFlow with its messages.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from keras_mirror.version import __version__  # noqa: E402

project = "keras_mirror"
author = "the keras_mirror authors"
release = version = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "command_help",
    "import_floors",
    "markdown_docstrings",
    "public_names",
]
exclude_patterns = ["_build", "gallery", "**/sg_execution_times.rst"]

# === Pages ===
myst_enable_extensions = ["attrs_block", "colon_fence"]
myst_heading_anchors = 4
# `$ ` and `>>> ` are no part of what is copied.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# === Docstrings ===
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [
    ("Call arguments", "params_style"),
    "Input shape",
    "Output shape",
    "Reference",
]
autodoc_inherit_docstrings = False  # Keras documents what is Keras's
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the text says the type, and more

# === Gallery ===
# Every script runs, and one that fails fails the build. A page stays as it is
# until its script changes: remove `gallery_pages` to run all of them again.
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "gallery_pages",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "gallery_order.GalleryOrder",
    "capture_repr": (),  # what a script prints, and its pictures
    "image_srcset": ["2x"],
    "remove_config_comments": True,
    "show_signature": False,
    "download_all_examples": False,
    "min_reported_time": 10_000,
}

# === HTML ===
html_theme = "furo"
html_title = f"keras_mirror {release}"
html_static_path: list[str] = ["_static"]
html_css_files = ["tables.css"]
html_copy_source = False
html_show_copyright = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
