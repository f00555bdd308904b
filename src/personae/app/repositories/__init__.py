"""What the service needs of its database's tables, one protocol each.

All of them are reached through a `personae.app.ports.Transaction`. Every method that takes a
tenant's name sees that tenant's rows only.
"""
