"""Training on several machines: MXNet's KVStore, started, watched and ended.

The engine is ps-lite in MXNet's wheel, which neither notices nor reports a process that
dies. So each process of a job (`plan`) has a keeper beside it (`keeper`), which the
launcher talks to (`process`), and the first to fail (`failure`) ends them all (`job`).
"""
