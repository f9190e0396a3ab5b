"""A sink that keeps what a provider's body delivers."""

from inference_gateway.errors import GatewayError


class RecordingSink:
    """Keeps each delivery; ``results`` holds how the body ended, once, as it should be."""

    def __init__(self) -> None:
        self.deliveries: list[bytes] = []
        self.results: list[GatewayError | None] = []

    @property
    def data(self) -> bytes:
        return b"".join(self.deliveries)

    def received(self, data: bytes) -> None:
        self.deliveries.append(data)

    def ended(self, error: GatewayError | None) -> None:
        self.results.append(error)
