"""Usage, keys, webhooks, the account, and what operators see, as people use them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, expect

from studio.browsing import PHONE, Studio
from studio.running import Running

Opener = Callable[..., Studio]
OWN = {
    "/usage": "Usage",
    "/keys": "Keys",
    "/webhooks": "Webhooks",
    "/account": "Account",
}
OPERATORS = {
    "/admin/tenants": "Tenants",
    "/admin/work": "Queues and workers",
    "/admin/register": "Do-not-swap register",
    "/admin/audit": "Audit log",
    "/admin/takedowns": "Takedowns",
}


@pytest.fixture(scope="module")
def operator(service: Running) -> str:
    """A key for operators, which only the command line makes."""
    command = [sys.executable, "-m", "personae", "keys", "create-operator"]
    done = subprocess.run(
        [*command, "--data", str(service.data)], check=True, capture_output=True, text=True
    )
    found = re.search(r"pk_[\w-]+", done.stdout)
    assert found, done.stdout
    return found[0]


def sure(window: Studio, words: str) -> None:
    window.page.get_by_role("dialog").get_by_role("button", name=words).click()


def form(window: Studio, name: str) -> Locator:
    return window.page.get_by_role("form", name=name, exact=True)


def status(service: Running, key: str, path: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{service.url}/native/v1{path}", headers=headers, trust_env=False).status_code


def test_a_key_is_made_shown_once_and_revoked(opened: Opener, service: Running) -> None:
    window = opened()
    window.go("/keys", "Keys")
    make = form(window, "Make a key")
    make.get_by_label("Name").fill("Website")
    make.get_by_role("button", name="Nothing").click()
    make.get_by_role("button", name="Make the key").click()
    expect(make.get_by_role("alert")).to_contain_text("Tick at least one")
    make.get_by_label("faces:read").check()
    make.get_by_role("button", name="Make the key").click()
    secret = window.page.get_by_label("The key “Website”.").inner_text()
    assert (status(service, secret, "/faces"), status(service, secret, "/swaps")) == (200, 403)
    window.page.reload()
    expect(window.button("Revoke Website")).to_be_visible()
    assert secret not in window.page.content()
    window.button("Revoke Website").click()
    sure(window, "Revoke")
    expect(window.button("Revoke Website")).to_have_count(0)
    assert status(service, secret, "/faces") == 401


def test_a_key_sees_only_the_places_that_it_opens(opened: Opener, service: Running) -> None:
    limited = service.keys("--tenant", "limited", "--scope", "account:read")
    window = opened(key=limited)
    window.go("/usage", "Usage")
    places = window.page.get_by_role("navigation", name="Places").get_by_role("link")
    assert places.all_inner_texts() == ["Made here?", "Usage", "Account"]


def test_a_closed_place_says_why_and_where_one_can_go(
    opened: Opener, service: Running, operator: str
) -> None:
    limited = service.keys("--tenant", "narrow", "--scope", "account:read")
    for key, shut, why, way in (
        (operator, ["/", *OWN, "/swaps", "/faces"], "an operator's: it has no account", "Tenants"),
        (service.key, ["/admin/tenants", "/admin/audit"], "for operators", "New swap"),
        (limited, ["/", "/keys"], "lacks the scope", "Usage"),
    ):
        window = opened(key=key)
        window.go("/inspect")
        for place in shut:
            window.walk(place)
            main = window.page.locator("main")
            expect(main).to_contain_text(why)
            expect(main.get_by_role("link", name=way)).to_be_visible()
    window.button("Sign in with another key").click()
    expect(window.page.get_by_label("API key")).to_be_visible()


def test_an_endpoint_is_added_disabled_and_deleted(opened: Opener) -> None:
    window = opened()
    window.expect("422")
    window.go("/webhooks", "Webhooks")
    add = form(window, "Add an endpoint")
    add.get_by_label("Address").fill("http://127.0.0.1/hooks")
    add.get_by_role("button", name="Add it").click()
    expect(add.get_by_role("alert")).to_contain_text("What to do:")
    add.get_by_label("Address").fill("https://hooks.example.com/a")
    add.get_by_label("task.failed").check()
    add.get_by_role("button", name="Add it").click()
    secret = window.page.get_by_label("The secret of https://hooks.example.com/a.")
    expect(secret).to_contain_text("whsec_")
    endpoint = window.page.get_by_role("article", name="Endpoint https://hooks.example.com/a")
    endpoint.get_by_role("button", name="Disable").click()
    expect(endpoint.get_by_role("button", name="Enable")).to_be_visible()
    expect(endpoint.get_by_role("button", name="Send a test event")).to_be_disabled()
    endpoint.get_by_role("button", name="Delete").click()
    sure(window, "Delete")
    expect(endpoint).to_have_count(0)


def test_credits_are_seen_in_the_chart_its_table_and_the_ledger(
    opened: Opener, service: Running, operator: str
) -> None:
    admin, spender = service.api(operator), service.keys("--tenant", "spender")
    tenant = service.api(spender).call("GET", "/account")["id"]
    grant = {"amount": 50, "reason": "Invoice 7"}
    admin.call("POST", f"/admin/tenants/{tenant}/credits", json=grant)
    window = opened(key=spender)
    window.go("/usage?days=7", "Usage")
    expect(window.page.get_by_label("Period")).to_have_value("7")
    expect(window.page.get_by_role("img", name="Credits spent: none in 7 days.")).to_be_visible()
    ledger = window.page.get_by_role("region", name="Ledger").get_by_role("row")
    expect(ledger.filter(has_text="Invoice 7")).to_contain_text("+50")


def test_an_operator_makes_a_tenant_and_gives_it_credits_and_a_key(
    opened: Opener, service: Running, operator: str
) -> None:
    window = opened(key=operator)
    window.page.goto(window.url)
    window.heading("Tenants").wait_for()  # The start is not for operators.
    form(window, "Make a tenant").get_by_label("Name").fill("Kanal Sieben")
    window.button("Make it").click()
    window.heading("Kanal Sieben").wait_for()
    give = form(window, "Give credits")
    give.get_by_label("Amount").fill("120")
    give.get_by_label("Reason").fill("Invoice 8")
    give.get_by_role("button", name="Give").click()
    expect(window.page.get_by_role("status").filter(has_text="120 are available")).to_be_visible()
    make = form(window, "Make a key")
    make.get_by_label("Name").fill("Theirs")
    make.get_by_role("button", name="Make the key").click()
    theirs = window.page.get_by_label("The key “Theirs”.").inner_text()
    assert service.api(theirs).call("GET", "/account")["balance"]["available"] == 120
    window.button("Suspend").click()
    sure(window, "Suspend")
    expect(window.button("Readmit")).to_be_visible()
    assert status(service, theirs, "/account") == 403
    window.button("Readmit").click()
    expect(window.button("Suspend")).to_be_visible()


def test_queues_and_workers_are_looked_at_anew_until_paused(opened: Opener, operator: str) -> None:
    window = opened(key=operator)
    window.go("/admin/work", "Queues and workers")
    workers = window.page.get_by_role("region", name="Workers")
    expect(workers).to_contain_text("alive")
    seen = window.page.get_by_text("As of").inner_text()
    expect(window.page.get_by_text("As of")).not_to_have_text(seen)
    window.button("Pause").click()
    expect(window.button("Go on")).to_have_attribute("aria-pressed", "true")


def test_the_audit_log_keeps_its_filter_through_a_reload(opened: Opener, operator: str) -> None:
    window = opened(key=operator)
    window.go("/admin/audit", "Audit log")
    window.page.get_by_label("What", exact=True).select_option("key.*")
    lines = window.page.get_by_role("region", name="Audit log")
    expect(lines.get_by_role("cell", name="key.issue").first).to_be_visible()
    window.page.reload()
    expect(window.page.get_by_label("What", exact=True)).to_have_value("key.*")
    expect(lines.get_by_role("cell", name="tenant.create")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_place_fits_a_phone_and_passes_axe(opened: Opener, operator: str, theme: str) -> None:
    for key, places in (("", OWN), (operator, OPERATORS)):
        window = opened(PHONE, key=key, theme=theme)
        window.expect("404")  # Nothing is asserted of consent yet.
        for place, heading in places.items():
            window.go(place, heading)
            expect(window.page.locator("main .spin")).to_have_count(0)
            over = window.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, place
            found = Axe().run(window.page).response["violations"]
            assert [(one["id"], one["nodes"][0]["target"]) for one in found] == [], place
