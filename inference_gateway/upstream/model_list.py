"""The list of models that a provider keeps: how it is asked for, and what an answer says.

When to ask, and what the names are good for, is decided elsewhere. Errors hold neither keys nor
addresses nor a byte of what came.
"""

from typing import NoReturn

import orjson
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.http1.agent import Agent
from inference_gateway.interfaces import IDialect
from inference_gateway.provider_errors import ProviderInvalidAnswer, ProviderTimeout
from inference_gateway.upstream.question import Questions

#: Seconds that a provider has for its list, beside those for connecting.
ANSWER_LIMIT = 10.0
#: Bytes; where hundreds of models are sold, their list with prices and descriptions is long.
LONGEST_LIST = 8 * 1024 * 1024


def listed_ids(body: bytes) -> list[object] | None:
    """Return the ids in a list of models; None where the body is no such list.

    OpenAI's object, whose ``data`` some servers make null when they have no model, or the bare list
    of some others.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if type(value) is dict and "data" in value:
        value = [] if value["data"] is None else value["data"]
    if type(value) is not list:
        return None
    return [entry.get("id") for entry in value if type(entry) is dict]


class ModelList:
    """The list of one provider, asked for through ``agent``, which stays its owner's to close.

    ``clock`` has the timer that limits a question.
    """

    def __init__(
        self, settings: ProviderSettings, dialect: IDialect, agent: Agent, clock: IReactorTime
    ) -> None:
        self._questions = Questions(settings, dialect, agent)
        self._clock = clock
        self._dialect = dialect
        self._limit = settings.timeouts.connect + ANSWER_LIMIT

    def ask(self) -> "Deferred[list[object]]":
        """Ask for the ids that are listed now; fails with a `ProviderError` where there is no list.

        Cancelling closes the connection, and so does the limit of time.
        """
        asked = Deferred.fromCoroutine(self._ask())
        return asked.addTimeout(self._limit, self._clock, _timed_out)

    async def _ask(self) -> list[object]:
        target = self._dialect.listing(self._questions.base_path)
        # A list that breaks off is no JSON, so how its body ends need not be known.
        status, body = await self._questions.ask(target, most=LONGEST_LIST + 1)
        if status != 200:
            raise self._dialect.error(status, b"", None)
        if len(body) > LONGEST_LIST:
            raise ProviderInvalidAnswer(
                f"the provider's list of models has more than {LONGEST_LIST} bytes"
            )
        listed = listed_ids(body)
        if listed is None:
            raise ProviderInvalidAnswer("the provider answered with something else than a list")
        return listed


def _timed_out(cancelled: object, seconds: float) -> NoReturn:
    raise ProviderTimeout("total", seconds)
