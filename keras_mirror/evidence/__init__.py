"""Evidence on a user's own texts about which of several encoders is better."""

from keras_mirror.evidence.choose import Choice as Choice
from keras_mirror.evidence.choose import choose as choose
from keras_mirror.evidence.gather import gather_evidence as gather_evidence
from keras_mirror.evidence.general import general_task as general_task
from keras_mirror.evidence.labels import FewLabelsTask as FewLabelsTask
