"""`POST /v2/models/{name}/infer`: the Open Inference Protocol over HTTP."""

from gateway.inference import infer
from gateway.routes.endpoint import Answer, Call, Endpoint
from oip import HEADER_LENGTH, request_steps, write_response

HEADER = HEADER_LENGTH.encode()


class InferEndpoint(Endpoint):
    """Answer tensors with tensors, as JSON or as binary data."""

    async def answer(self, call: Call) -> Answer:
        """Decode, ask, encode."""
        length = call.headers.get(HEADER)
        text = None if length is None else length.decode("latin-1")
        reading = request_steps(call.body, text, self.gateway.limits(call.plan))
        response, wanted = await infer(call.account, call.plan, call.version, reading)
        body, json_length = write_response(response, [output.binary for output in wanted])
        if json_length is None:
            return Answer(body, b"application/json", [])
        return Answer(body, b"application/octet-stream", [(HEADER, str(json_length).encode())])
