"""The media child: the only process of the service that decodes media and loads the engine.

A parent (`personae.adapters.media_host`) writes jobs to its stdin and reads answers from its
stdout, one JSON object a line. A hostile file can crash, hang or bloat this process and nothing
else: it holds no secret, no database, no socket, and it lives under limits.

    __main__.py   starts it: ``python -m personae.media_child --role full``
    lines.py      the two pipes, and the wish to stop
    guards.py     limits of the system, memory watchdog, death with the parent
    sharing.py    how much memory networks may take
    jobs.py       which function does which job; errors and names in them
    probing.py, planning.py, detecting.py, swapping.py, chunking.py, sealing.py   the jobs
    engines.py    which models tasks may use, and whether they can be used now
    registering.py   whom a task must not swap, and looking people up
    census.py, views.py   the people of a clip, and how each was seen best
    mappings.py   donors and reference faces, prepared once and kept for a while
"""
