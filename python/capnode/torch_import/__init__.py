"""The only place where torch is imported: reading modules as fields, loading weights, networks of the literature.

`importer` has `from_torch`, `loading` the weights of files, `modules` the networks; none is imported before it is used.
"""

from __future__ import annotations
