"""Receive Personae's events, believe only what is signed, and save what was swapped.

    pip install ./sdk fastapi uvicorn
    export PERSONAE_URL=http://127.0.0.1:8000 PERSONAE_API_KEY=pk_…
    export PERSONAE_WEBHOOK_SECRET=whsec_…       # while it changes: both, with a comma between
    python examples/webhook_receiver_fastapi.py  # listens at http://127.0.0.1:9000/events

The endpoint is registered once, and tells its secret then:
client.webhooks.create("https://your.host/events", events=["task.succeeded", "task.failed"])
"""

from __future__ import annotations

import os
from pathlib import Path

import uvicorn
from fastapi import BackgroundTasks, FastAPI, Request, Response

from personae_client import AsyncClient, verify_webhook
from personae_client.errors import WebhookRefused

SECRETS = os.environ["PERSONAE_WEBHOOK_SECRET"].split(",")
OUTPUTS = Path(os.environ.get("OUTPUTS", "outputs"))
app = FastAPI()
handled: set[str] = set()  # In production: a table, so that a restart forgets nothing.


@app.post("/events")
async def receive(request: Request, afterwards: BackgroundTasks) -> Response:
    """Answer quickly, and do the work afterwards: a slow answer counts as a failed delivery."""
    try:
        event = verify_webhook(request.headers, await request.body(), SECRETS)
    except WebhookRefused:
        return Response(status_code=400)
    if event.id not in handled:  # The same event may come again.
        handled.add(event.id)
        if event.type == "task.succeeded":
            afterwards.add_task(save, str(event.data["id"]))
        elif event.type == "task.failed":
            print(f"{event.data['id']} failed: {event.data['error']}", flush=True)
    return Response(status_code=204)


async def save(task_id: str) -> None:
    """Fetch the output into the folder."""
    OUTPUTS.mkdir(exist_ok=True)
    async with AsyncClient() as client:
        task = await client.resume(task_id)
        print(f"saved {await task.save(OUTPUTS)}", flush=True)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "9000")))
