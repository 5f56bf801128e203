"""One HTML file that shows the results of `evaluate`."""

from keras_mirror.evaluation.report.write_html import (
    check_installed as check_installed,
)
from keras_mirror.evaluation.report.write_html import write_html as write_html
