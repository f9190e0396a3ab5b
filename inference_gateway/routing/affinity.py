"""Which provider made a response, so that questions about it go back there.

It holds what this process has seen, and forgets what nobody asked about for the longest time: where
it knows nothing, the providers have to be asked.
"""

from collections import OrderedDict

from inference_gateway.wire.response_ids import is_response_id

#: Ids that are kept, in about 20 MB.
MOST_RESPONSES = 100_000


class ResponseAffinity:
    """Provider ids by response id, at most ``most`` of them."""

    def __init__(self, most: int = MOST_RESPONSES) -> None:
        self._most = most
        self._providers: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._providers)

    def remember(self, response_id: str, provider_id: str) -> None:
        """Take note that ``provider_id`` has the response; odd ids are not kept."""
        if not is_response_id(response_id):
            return
        providers = self._providers
        providers[response_id] = provider_id
        providers.move_to_end(response_id)
        if len(providers) > self._most:
            providers.popitem(last=False)

    def provider(self, response_id: str) -> str | None:
        """Return which provider has the response, None if that is not known."""
        provider_id = self._providers.get(response_id)
        if provider_id is not None:
            self._providers.move_to_end(response_id)
        return provider_id

    def forget(self, response_id: str) -> None:
        """Know nothing of the response any longer; does nothing if that is so."""
        self._providers.pop(response_id, None)
