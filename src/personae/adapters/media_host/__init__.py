"""The media host: child processes that look at pixels, and a fake that looks at none.

host.py      the pool: takes jobs from many threads, replaces children that misbehave
child.py     one child from outside: its pipes, its life and its death
messages.py  the lines that parent and child exchange, and errors as JSON
fake.py      a stand-in for tests and trials, without children
"""
