"""The least that a gateway can do: a plain ASGI app that answers with the body that came."""

from oip.asgi import Receive, Scope, Send


async def app(_: Scope, receive: Receive, send: Send) -> None:
    """Answer one request."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
