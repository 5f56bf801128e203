"""What `MirrorModel` does besides the algorithm: one mixin per file.

They are subclasses of `keras.Model`, since they override and call its methods.
They have no `__init__`: `MirrorModel.__init__` sets what they need.
"""
