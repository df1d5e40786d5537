"""Long runs: a map over deterministic tiles on any executor, one file a tile, resumable after any stop.

folder.py     the folder of a run: its digest, its lock, which tiles are finished, tiles written whole
memory.py     the same for a run without a folder
executors.py  threads, spawned processes, Dask, MPI: how many tasks at once, and what a lost worker looks like
tile_map.py   the loop: bounded submission, resubmission after a lost worker, Ctrl-C, progress
archive.py    NumPy archives whose bytes depend on nothing but the arrays
"""
