"""HTTP: what a request says becomes values of the domain, and values become answers.

`personae.wire.factory.create_app` puts it together. A dialect translates and decides nothing;
the rules live in `personae.app`.
"""
