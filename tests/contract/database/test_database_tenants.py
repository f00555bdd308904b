"""Tenants and keys are found as they were written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from database_samples import NOW, add_tenant, api_key, tenant
from personae.adapters.database import SqlDatabase
from personae.app.ports import Transaction
from personae.domain.tenants import Tenant
from personae.errors import Conflict, NotFound


def test_a_tenant_is_found_by_its_id_and_by_its_name(database: SqlDatabase) -> None:
    one, other = tenant(), tenant(id="tenant_zz")
    database.write(lambda tx: (tx.tenants.insert(one), tx.tenants.insert(other)))
    assert database.read(lambda tx: tx.tenants.get(one.id)) == one
    assert database.read(lambda tx: tx.tenants.by_name(other.name)) == other
    assert database.read(lambda tx: tx.tenants.all()) == [one, other]
    assert database.read(lambda tx: tx.tenants.get("tenant_none")) is None
    assert database.read(lambda tx: tx.tenants.by_name("nobody")) is None


def test_a_name_is_given_once(database: SqlDatabase) -> None:
    one = tenant()
    database.write(lambda tx: tx.tenants.insert(one))
    with pytest.raises(Conflict):
        database.write(lambda tx: tx.tenants.insert(replace(tenant(), name=one.name)))


def test_a_tenant_is_suspended_and_let_go(database: SqlDatabase) -> None:
    name = add_tenant(database)
    assert database.write(lambda tx: tx.tenants.suspend(name, 5.5))
    stored = database.read(lambda tx: tx.tenants.get(name))
    assert stored is not None
    assert stored.suspended_at == 5.5
    assert database.write(lambda tx: tx.tenants.suspend(name, None))
    stored = database.read(lambda tx: tx.tenants.get(name))
    assert stored is not None
    assert stored.suspended_at is None
    assert not database.write(lambda tx: tx.tenants.suspend("tenant_none", 5.5))


def test_a_key_is_found_by_its_hash_and_by_its_client(database: SqlDatabase) -> None:
    key = api_key(add_tenant(database), expires_at=NOW + 1)
    database.write(lambda tx: tx.tenants.insert_key(key, "hash", "secret hash"))
    assert database.read(lambda tx: tx.tenants.key_by_hash("hash")) == key
    assert database.read(lambda tx: tx.tenants.key_by_hash("other")) is None
    assert database.read(lambda tx: tx.tenants.key_by_client(key.client_id, "secret hash")) == key
    assert database.read(lambda tx: tx.tenants.key_by_client(key.client_id, "hash")) is None
    assert database.read(lambda tx: tx.tenants.key_by_client("c", "secret hash")) is None


def test_two_keys_cannot_have_one_hash(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    database.write(lambda tx: tx.tenants.insert_key(api_key(owner), "hash", "s"))
    with pytest.raises(Conflict):
        database.write(lambda tx: tx.tenants.insert_key(api_key(owner), "hash", "s"))


def test_a_key_needs_a_tenant(database: SqlDatabase) -> None:
    with pytest.raises(NotFound):
        database.write(lambda tx: tx.tenants.insert_key(api_key("tenant_none"), "h", "s"))


def test_a_key_is_revoked_once_and_by_its_owner_only(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    key = api_key(owner)
    database.write(lambda tx: tx.tenants.insert_key(key, "hash", "s"))
    assert not database.write(lambda tx: tx.tenants.revoke_key(stranger, key.id, 6.0))
    assert database.write(lambda tx: tx.tenants.revoke_key(owner, key.id, 7.0))
    assert not database.write(lambda tx: tx.tenants.revoke_key(owner, key.id, 8.0))
    assert database.read(lambda tx: tx.tenants.keys(owner)) == [replace(key, revoked_at=7.0)]
    assert database.read(lambda tx: tx.tenants.keys(stranger)) == []
    found = database.read(lambda tx: tx.tenants.key_by_hash("hash"))
    assert found is not None
    assert found.revoked_at == 7.0


def test_the_last_use_of_keys_moves_forward_only(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    keys = [api_key(owner) for _ in range(3)]

    def insert(tx: Transaction) -> None:
        for number, key in enumerate(keys):
            tx.tenants.insert_key(key, f"hash {number}", "s")

    database.write(insert)
    database.write(lambda tx: tx.tenants.note_uses({keys[0].id: NOW, keys[1].id: NOW + 5}))
    database.write(lambda tx: tx.tenants.note_uses({keys[0].id: NOW + 1, keys[1].id: NOW}))
    database.write(lambda tx: tx.tenants.note_uses({}))
    found = {key.id: key.last_used_at for key in database.read(lambda tx: tx.tenants.keys(owner))}
    assert found == {keys[0].id: NOW + 1, keys[1].id: NOW + 5, keys[2].id: None}


def test_settings_are_written_one_by_one(database: SqlDatabase) -> None:
    name = add_tenant(database)
    for setting, value in (("label", {"enforced": True}), ("consent", {"at": 1.5}), ("label", 2)):
        assert database.write(
            lambda tx, setting=setting, value=value: tx.tenants.configure(name, setting, value)
        )
    before = tenant_of(database, name).settings
    assert {"label": 2, "consent": {"at": 1.5}}.items() <= before.items()
    assert database.write(lambda tx: tx.tenants.configure(name, "label", None))
    assert tenant_of(database, name).settings == {
        one: value for one, value in before.items() if one != "label"
    }
    assert not database.write(lambda tx: tx.tenants.configure("tenant_none", "label", 1))


def test_two_who_write_settings_of_one_tenant_lose_neither(database: SqlDatabase) -> None:
    name = add_tenant(database)

    def write(number: int) -> None:
        for _ in range(5):
            database.write(lambda tx: tx.tenants.configure(name, f"setting {number}", number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert {f"setting {n}": n for n in range(4)}.items() <= tenant_of(
        database, name
    ).settings.items()


def tenant_of(database: SqlDatabase, name: str) -> Tenant:
    found = database.read(lambda tx: tx.tenants.get(name))
    assert found is not None
    return found
