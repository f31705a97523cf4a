"""How updates reach the bot: polling or a webhook, never both."""

from __future__ import annotations

import re
from typing import Any

from bot.emulator.api import ApiError, Request, bad, method
from bot.emulator.updates import Terminated, Webhook

Json = dict[str, Any]


@method
async def get_updates(request: Request) -> list[Json]:
    queue = request.world.updates
    if queue.webhook:
        raise ApiError(
            409,
            "Conflict: can't use getUpdates method while webhook is active;"
            " use deleteWebhook to delete the webhook first",
        )
    queue.allow(request.allowed_updates)
    limit = min(max(request.limit or 100, 1), 100)
    try:
        return await queue.poll(request.offset or 0, limit, min(request.timeout or 0, 50))
    except Terminated:
        raise ApiError(
            409,
            "Conflict: terminated by other getUpdates request;"
            " make sure that only one bot instance is running",
        ) from None


@method
async def set_webhook(request: Request) -> bool:
    """As the real one, but plain HTTP on any port is welcome: the bot under test has no certificate."""
    queue = request.world.updates
    if request.secret_token is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", request.secret_token):
        raise bad("secret token contains unallowed characters")
    queue.allow(request.allowed_updates)
    webhook = (
        Webhook(request.url, request.secret_token, request.max_connections or 40) if request.url else None
    )
    await queue.set_webhook(webhook, drop_pending=bool(request.drop_pending_updates))
    return True


@method
async def delete_webhook(request: Request) -> bool:
    await request.world.updates.set_webhook(None, drop_pending=bool(request.drop_pending_updates))
    return True


@method
async def get_webhook_info(request: Request) -> Json:
    queue = request.world.updates
    info: Json = {
        "url": queue.webhook.url if queue.webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(queue.pending),
        "allowed_updates": sorted(queue.allowed),
    }
    if queue.webhook:
        info["max_connections"] = queue.webhook.max_connections
        if queue.webhook.last_error:
            info |= {
                "last_error_date": queue.webhook.last_error_date,
                "last_error_message": queue.webhook.last_error,
            }
    return info
