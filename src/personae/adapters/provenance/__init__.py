"""Where outputs come from, said in the outputs themselves: C2PA manifests and IPTC fields.

    credentials.py   the certificate and the key that sign, checked before they are used
    local_authority.py   those that are made here when the operator has none
    keeper.py        holds the one or the other for a process; signs
    statement.py     what a manifest says
    xmp.py           the IPTC fields, put into files without touching their pixels
    toolkit.py       c2pa-python's contexts, streams and signers
    sealing.py       manifest and fields into a finished file, or a sidecar beside it
    facts.py, reading.py   what a file's manifest says, and whether it holds

`credentials`, `local_authority` and `keeper` load no c2pa: keys stay in processes that parse no
media, and a media child asks its parent to sign.
"""
