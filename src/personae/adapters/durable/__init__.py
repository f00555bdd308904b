"""Durable work on DBOS: what is queued gets done, whatever machine dies over it.

names.py      queues, workflows, priorities: what API and workers must agree on
engines.py    database engines for DBOS, and its tables
work.py       the API's side: enqueue in a transaction, cancel, look
beats.py      which workers are alive, by the database's clock
recovery.py   everything that leans on DBOS' private parts, and nothing else
waiting.py    waiting for child workflows, many at a time
workflows.py  the workflows: thin, deterministic, all work in `personae.app`
runtime.py    a worker's life: launch, watch over the others, hand back, stop
"""
