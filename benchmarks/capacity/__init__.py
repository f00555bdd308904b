"""How much one database, one store and N hosts carry: measured here, simulated for the rest.

events.py    a small discrete-event engine
load.py      tenants of very different sizes, and what they ask for
model.py     the service as far as capacity goes: queues, workers, database, storage
measured.py  what one task, one look and one idle worker cost, measured on this machine
checking.py  the simulation against a real small service
__main__.py  the tables
"""
