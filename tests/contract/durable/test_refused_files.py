"""A worker refuses files by their bytes, those that it fetched as well as those that are stored."""

from __future__ import annotations

import hashlib

from personae.adapters.fetch.fake import FakeFetcher, FakePage
from personae.adapters.media_host.fake import fake_media
from personae.domain.swap import SceneFace
from service_lab import Lab, media_ref, worker_here

BAD = fake_media(filler=b"not to be used")
REFUSED = frozenset({hashlib.sha256(BAD).hexdigest()})
URL = "https://example.com/bad.png"


def test_fetched_files_are_refused_as_what_they_were_to_be(service: Lab) -> None:
    tenant = service.tenant(credits=100)
    good = service.asset(tenant)
    reference = SceneFace(reference=media_ref(URL))
    asked = [
        service.submit(tenant, "image", URL, good),
        service.submit(tenant, "image", good, good, face=reference),
        service.detect(tenant, "image", URL),
        service.submit(tenant, "image", good, good),
    ]
    network = FakeFetcher({URL: FakePage(BAD)})
    with worker_here(service, network, refused_files=REFUSED):
        *refused, fine = service.wait([one.id for one in asked])
    told = [one.error and (one.error.code, one.error.role) for one in refused]
    scene = ("policy_refused", "scene")
    assert told == [scene, ("policy_refused", "reference"), scene]
    assert all(one.error and one.error.fault == "caller" for one in refused)
    assert fine.status == "succeeded"
    balance = service.database.read(lambda tx: tx.credits.balance(tenant))
    assert (balance.spent, balance.held) == (1, 0)


def test_stored_files_are_refused_that_were_fine_when_the_task_was_taken_on(service: Lab) -> None:
    tenant = service.tenant()
    scene, donor = service.asset(tenant), service.asset(tenant)
    asset = service.database.read(lambda tx: tx.assets.get(tenant, donor))
    assert asset is not None
    task = service.submit(tenant, "image", scene, donor)
    with worker_here(service, refused_files=frozenset({str(asset.sha256)})):
        (done,) = service.wait([task.id])
    assert done.error is not None
    assert (done.error.code, done.error.role) == ("policy_refused", "donor")
    assert "donor" in done.error.message
