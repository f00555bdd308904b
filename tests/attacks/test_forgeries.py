"""Signed URLs, links, tokens, webhooks: changed, replayed, taken to where they do not belong."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from personae.adapters.fetch.fake import FakePage
from personae.adapters.media_host.fake import fake_media
from personae.adapters.webhooks import sign_standard
from personae.app.deliver import Deliverer
from personae.app.tokens import Tokens
from wire.checks import problem
from wire.service import SECRET, Service
from wire.vidnoz.given import client as vidnoz_client

PICTURE = fake_media(width=64, height=64)


def local(url: str) -> str:
    return url.removeprefix("http://testserver")


def changed(url: str, **query: str) -> str:
    """The URL with parameters replaced, or left out where they are empty."""
    split = urlsplit(url)
    held = {**dict(parse_qsl(split.query, keep_blank_values=True)), **query}
    return f"{split.path}?{urlencode({name: one for name, one in held.items() if one})}"


def flipped(text: str) -> str:
    return ("A" if text[0] != "A" else "B") + text[1:]


def tampered(url: str, other_path: str) -> list[str]:
    """A signed URL changed in every way."""
    held = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    made = [changed(url, **{name: ""}) for name in held]
    made += [changed(url, **{name: flipped(value)}) for name, value in held.items() if value]
    made += [changed(url, exp=str(int(held["exp"]) + 1)), changed(url, exp="9" * 30)]
    made += [changed(url, exp=f"+{held['exp']}"), changed(url, exp=f" {held['exp']}")]
    made += [changed(url, sig=held["sig"][:-1]), changed(url, sig=held["sig"] + "A")]
    made += [changed(url, sig="%00"), changed(url, sig="\u00e9"), changed(url, op="delete")]
    path, _, query = local(url).partition("?")
    made += [f"{other_path}?{query}", f"{path}/../x?{query}", f"{path}%00?{query}"]
    made += [f"{path}?{query}&exp=99999999999", f"{path}?{query}&op=put"]
    return [one for one in made if one != local(url)]


def test_no_changed_url_of_a_file_opens_it(service: Service) -> None:
    one, other = service.asset(data=b"one"), service.asset(data=b"other", name="theirs")
    url = service.call("GET", f"/assets/{one.id}/url").json()["url"]
    assert service.client.get(url).content == b"one"
    tried = 0
    for forged in tampered(url, f"/blobs/{other.blob_key}"):
        answer = service.client.get(forged)
        assert answer.status_code in (400, 403, 404, 410), (forged, answer.text)
        assert b"one" != answer.content != b"other"
        assert service.client.request("PUT", forged, content=b"x").status_code >= 400
        tried += 2
    assert tried > 40
    assert service.blobs.get_bytes(one.blob_key) == b"one"


def test_no_changed_link_opens_a_file(service: Service) -> None:
    one, other = service.asset(data=b"one"), service.asset(data=b"other", name="theirs")
    url = service.app.state.gate.services.links.url(one.id, "a.png", 600)
    assert service.client.get(url).content == b"one"
    for forged in tampered(url, f"/media/{other.id}/a.png"):
        if "op=" in forged or "/../" in forged or "%00" in forged:
            continue  # Links have no operation, and the name at their end is for people.
        answer = service.client.get(forged)
        assert answer.status_code in (400, 403, 404, 410, 422), (forged, answer.text)
    service.clock.advance(601)
    problem(service.client.get(url), 410, "expired")


def test_a_put_is_over_once_the_upload_is_complete(service: Service) -> None:
    body = {"content_type": "image/png", "size_bytes": len(PICTURE), "filename": "a.png"}
    made = service.call("POST", "/assets/uploads", body).json()
    put, kind = local(made["url"]), {"Content-Type": "image/png"}
    assert service.client.request("PUT", put, content=PICTURE, headers=kind).status_code == 200
    asset_id = made["asset"]["id"]
    asset = service.call("POST", f"/assets/{asset_id}/complete").json()
    for content in (fake_media(width=8, height=8), b"<script>", PICTURE):
        service.client.request("PUT", put, content=content, headers=kind)
        # Whatever became of the second PUT, the asset's bytes are those that were looked at.
        url = service.call("GET", f"/assets/{asset_id}/url").json()["url"]
        assert service.client.get(url).content == PICTURE
    assert service.call("GET", f"/assets/{asset_id}").json()["sha256"] == asset["sha256"]
    service.clock.advance(7200)
    answer = service.client.request("PUT", put, content=PICTURE, headers=kind)
    assert answer.status_code in (403, 410)


def test_a_url_of_a_deleted_file_is_over(service: Service) -> None:
    asset = service.asset(data=b"gone")
    link = service.app.state.gate.services.links.url(asset.id, "a.png", 600)
    url = service.call("GET", f"/assets/{asset.id}/url").json()["url"]
    service.call("DELETE", f"/assets/{asset.id}")
    assert service.client.get(local(url)).status_code in (403, 404, 410)
    assert service.client.get(local(link)).status_code in (404, 410)


# --- Tokens


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_no_forged_token_is_taken(service: Service) -> None:
    names, now = vidnoz_client(service), int(service.clock())
    answer = service.client.request("POST", "/vidnoz/v1/oauth/token", data=names)
    token = answer.json()["data"]["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    head, body, sign = token.split(".")
    theirs = service.tenant("theirs")
    their_key = service.database.read(lambda tx: tx.tenants.keys(theirs))
    service.key("theirs")
    their_key = service.database.read(lambda tx: tx.tenants.keys(theirs))[0].id
    forged = [
        f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        f"{part({'alg': 'none'})}.{body}.{sign}",
        f"{part({'alg': 'None'})}.{body}.",
        f"{part({'alg': 'HS512', 'typ': 'JWT'})}.{body}.{sign}",
        f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{body}.{sign}",
        f"{part({'alg': 'HS256', 'kid': '../../dev/null'})}.{body}.{sign}",
        f"{head}.{part({**claims, 'tenant': theirs})}.{sign}",
        f"{head}.{part({**claims, 'sub': their_key})}.{sign}",
        f"{head}.{part({**claims, 'exp': now + 10**9})}.{sign}",
        f"{head}.{body}.{flipped(sign)}",
        f"{head}.{body}.{sign}A",
        f"{head}.{body}.",
        "..",
        f"{head}..{sign}",
        jwt.encode({**claims, "tenant": theirs}, SECRET.decode(), "HS256"),
        jwt.encode({**claims, "tenant": theirs, "sub": their_key}, "x" * 32, "HS256"),
        # Made here, of a key and a tenant that do not belong together.
        jwt.encode({**claims, "tenant": theirs}, Tokens(SECRET)._key, "HS256"),
        jwt.encode({**claims, "exp": now - 1}, Tokens(SECRET)._key, "HS256"),
    ]
    for one in forged:
        for path in ("/vidnoz/v1/source/upload-url", "/native/v1/account", "/crun/api/v1/client/x"):
            method = "POST" if "vidnoz" in path else "GET"
            headers = {"Authorization": f"Bearer {one}"}
            answer = service.client.request(method, path, json={}, headers=headers)
            assert answer.status_code in (401, 404), (one, path, answer.text)
    good = {"Authorization": f"Bearer {token}"}
    answer = service.client.request(
        "POST", "/vidnoz/v1/source/upload-url", json={"file_name": "a.png"}, headers=good
    )
    assert answer.json()["code"] == 200
    problem(service.client.get("/native/v1/account", headers=good), 401, "unauthorized")
    service.clock.advance(10_000)
    answer = service.client.request(
        "POST", "/vidnoz/v1/source/upload-url", json={"file_name": "a.png"}, headers=good
    )
    assert answer.status_code == 401


# --- Webhooks: what a receiver can rely on


def delivered(service: Service) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the newest delivery, as they were sent."""
    delivery, _ = service.queued.deliveries[-1]
    service.fetcher.pages[delivery.url] = FakePage()
    Deliverer(
        service.database, service.fetcher, {"standard": sign_standard}, service.clock
    ).deliver_once(delivery.id)
    post = service.fetcher.posts[-1]
    return post.body, dict(post.headers)


def test_a_receiver_knows_a_forged_or_stale_event(service: Service) -> None:
    body = {"url": "https://hooks.example.com/x", "events": ["task.succeeded"]}
    made = service.call("POST", "/webhooks/endpoints", body).json()
    service.call("POST", f"/webhooks/endpoints/{made['id']}/test")
    sent, headers = delivered(service)
    assert signed(made["secret"], sent, headers)
    assert not signed(made["secret"], sent.replace(b"{", b"{ ", 1), headers)
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        value = headers[next(one for one in headers if one.lower() == name)]
        assert not signed(made["secret"], sent, {**lower(headers), name: flipped(value)})
    other = service.call("POST", "/webhooks/endpoints", body, as_="theirs").json()
    assert not signed(other["secret"], sent, headers)
    # The time is part of what is signed, so a receiver can refuse an old one that is sent again.
    later = str(int(lower(headers)["webhook-timestamp"]) + 600)
    assert not signed(made["secret"], sent, {**lower(headers), "webhook-timestamp": later})


def test_a_rotated_secret_is_believed_for_a_while_and_then_no_more(service: Service) -> None:
    body = {"url": "https://hooks.example.com/x", "events": ["task.succeeded"]}
    made = service.call("POST", "/webhooks/endpoints", body).json()
    fresh = service.call("POST", f"/webhooks/endpoints/{made['id']}/secret").json()
    service.call("POST", f"/webhooks/endpoints/{made['id']}/test")
    sent, headers = delivered(service)
    assert signed(fresh["secret"], sent, headers)
    service.clock.advance(30 * 86_400)
    service.call("POST", f"/webhooks/endpoints/{made['id']}/test")
    sent, headers = delivered(service)
    assert signed(fresh["secret"], sent, headers)
    assert not signed(made["secret"], sent, headers)


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def signed(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    """What a receiver says that checks the signature but not the time, which is this test's own."""
    told = lower(headers)
    hook = Webhook(secret)
    from datetime import UTC, datetime

    try:
        when = datetime.fromtimestamp(int(told["webhook-timestamp"]), UTC)
        expected = hook.sign(told["webhook-id"], when, body.decode())
    except (WebhookVerificationError, ValueError, OverflowError):
        return False
    return expected in told["webhook-signature"].split(" ")


# --- Idempotency keys


@pytest.mark.parametrize("path", ["/swaps", "/keys", "/webhooks/endpoints", "/faces"])
def test_an_idempotency_key_is_its_tenants_own(service: Service, path: str) -> None:
    def body(name: str) -> dict[str, object]:
        media = {"asset_id": service.asset(name=name).id}
        return {
            "/swaps": {
                "media": "image",
                "scene": media,
                "mappings": [{"donor": {"photos": [media]}}],
            },
            "/keys": {"name": "k", "scopes": ["swaps:read"]},
            "/webhooks/endpoints": {"url": "https://hooks.example.com/x"},
            "/faces": {"name": "Ada", "asset_ids": [media["asset_id"]]},
        }[path]

    headers = {"Idempotency-Key": "the-same"}
    ours = service.call("POST", path, body("ours"), headers=headers)
    theirs = service.call("POST", path, body("theirs"), as_="theirs", headers=headers)
    assert ours.status_code == theirs.status_code < 300, (ours.text, theirs.text)
    assert ours.json()["id"] != theirs.json()["id"]
    assert "idempotency-replayed" not in theirs.headers
