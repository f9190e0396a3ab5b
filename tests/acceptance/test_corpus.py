"""The hostile corpus on real sockets, against a real ``twistd``."""

import json
import signal
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from tests.acceptance.gateway import Configuration, OwnGatewayTestCase, eventually
from tests.corpus.case import Case, Elapse, Limit, Setting, Trickle
from tests.corpus.driver_sockets import FOLLOW_UP, Played, SocketDriver
from tests.corpus.judge import judge
from tests.corpus.requests import ADMIN_KEY, BODY_LIMIT, KEY, MODEL, SECRETS, SLASHED_MODEL
from tests.corpus.rows import CASES, complaint, playable, score

#: Seconds; long enough to tell early from late on a busy machine.
DEADLINES: Mapping[Limit, float] = {
    Limit.HEAD: 2.0,
    Limit.BODY: 4.0,
    Limit.IDLE: 2.0,
    Limit.STALL: 2.0,
}

CONFIGURATION: Configuration = {
    "server": {
        **{limit.value: f"{seconds}s" for limit, seconds in DEADLINES.items()},
        "body_limit": f"{BODY_LIMIT}B",
    },
    "providers": [
        {"id": "echo", "type": "echo", "models": [MODEL, f"{MODEL}/*", SLASHED_MODEL]},
    ],
    "middleware": {
        "auth": {
            "keys": [{"id": "client", "key": "${CORPUS_KEY}"}],
            "admin_keys": [{"id": "admin", "key": "${CORPUS_ADMIN_KEY}"}],
        }
    },
}

#: Clients at once. Most wait for a deadline most of the time.
_CLIENTS = 24


def _length(case: Case) -> float:
    """About how long a case takes; the longest are played first."""
    return sum(
        DEADLINES[step.limit] * step.share
        for step in case.steps
        if isinstance(step, Elapse | Trickle)
    )


def _source(number: int) -> str:
    """An address of this machine that no other client has."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


class SocketTests(OwnGatewayTestCase):
    """Every case that sockets can show, many at once."""

    def test_every_case(self) -> None:
        """Every hostile client gets what it is owed, and the gateway ends in order after them."""
        gateway = self.start(
            CONFIGURATION,
            environment={
                "CORPUS_KEY": KEY.decode(),
                "CORPUS_ADMIN_KEY": ADMIN_KEY.decode(),
            },
        )
        cases = [case for case in playable(CASES, sockets=True) if case.setting is Setting.STANDARD]
        cases.sort(key=_length, reverse=True)
        driver = SocketDriver(gateway.address, DEADLINES)
        with ThreadPoolExecutor(_CLIENTS) as clients:
            played = list(clients.map(driver.play, cases, map(_source, range(len(cases)))))

        idle = eventually(gateway.idle)
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.wait(), 0)

        failures = self._judge(played, gateway.lines)
        print("\n" + score("on sockets", cases, failures))
        bad = [line for line in gateway.lines if any(s.decode() in line for s in SECRETS)]
        self.assertEqual(bad, [])
        self.assertEqual(failures, {}, complaint(failures))
        self.assertTrue(idle, "calls are left in flight")

    def _judge(self, played: list[Played], log: list[str]) -> dict[str, list[str]]:
        lines: dict[str, list[bytes]] = defaultdict(list)
        for line in log:
            if FOLLOW_UP.decode() not in line:
                lines[json.loads(line).get("client_ip", "")].append(line.encode())
        judged = {
            one.case.id: judge(one.case, one.evidence(tuple(lines[one.source]))) for one in played
        }
        return {id: faults for id, faults in judged.items() if faults}
