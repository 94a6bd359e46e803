"""What the contenders' processes share, and the scripts that other interpreters run.

Nothing here imports the package: those interpreters do not have it.
"""
