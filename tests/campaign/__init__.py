"""Damaged files, kills and full disks: hundreds in the suite, more by hand.

`python -m campaign` is the long form; CONTRIBUTING.md has its command.
"""
