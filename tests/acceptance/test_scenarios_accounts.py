"""What is told about calls whose providers have failed: in the log, in metrics and to clients."""

from types import MappingProxyType

from tests.acceptance.gateway import eventually
from tests.acceptance.scenario_case import ScenarioTestCase, in_thread
from tests.acceptance.scenario_client import QUESTION, SAID
from tests.acceptance.scenarios import Scenario

#: Of the question, and of the whole answer.
_TOKENS = (len(QUESTION.split()), len(SAID.split()))


class AccountingTests(ScenarioTestCase):
    """What a call has cost is what its client got, whoever else was asked for it."""

    _RIDING = MappingProxyType({"stream_upstream": "always"})
    _REPLAYED = MappingProxyType({"on_stream_cut": "replay"})
    others = (
        Scenario(name="billed-after-503", faults=("status-503", "ok"), asked=(1, 1)),
        Scenario(
            name="billed-after-cut",
            faults=("cut:3", "ok"),
            provider=_RIDING,
            route=_REPLAYED,
            asked=(1, 1),
        ),
        Scenario(
            name="billed-fallback",
            faults=("reset",),
            instead=("ok",),
            route=MappingProxyType({"retry": {"attempts": 1}}),
            asked=(1, 1),
        ),
    )

    @in_thread
    def test_log_and_metrics(self) -> None:
        """Log and metrics tell each attempt, and the tokens of the answer alone."""
        for scenario in self.others:
            for stream in (False, True):
                self.judge(scenario, stream)

    def judge(self, scenario: Scenario, stream: bool) -> None:
        """Play ``scenario``, and compare what is known of it in the end."""
        model = scenario.model(stream)
        before = self.tokens(model)
        self.forget()
        seen = self.play(scenario, stream)
        record = self.gateway.call(seen.request_id)
        told = (record["gen_ai.usage.input_tokens"], record["gen_ai.usage.output_tokens"])
        self.assertEqual((told, record["usage_source"]), (_TOKENS, "upstream"), record)
        self.assertIn(seen.usage, (None, _TOKENS))
        verdicts = [attempt["verdict"] for attempt in record["attempts"]]
        self.assertEqual(verdicts[-1], "complete")
        self.assertNotIn("complete", verdicts[:-1])
        self.assertEqual(record["gen_ai.provider.name"], record["attempts"][-1]["provider"])
        self.assertTrue(eventually(lambda: self.tokens(model) == before + _TOKENS[1]))

    def tokens(self, model: str) -> float:
        """Return the tokens of all answers to a model, as the metrics have them."""
        return sum(
            float(line.rpartition(" ")[2])
            for line in self.gateway.get("/metrics").splitlines()
            if line.startswith("gen_ai_client_token_usage_sum{")
            and 'gen_ai_token_type="output"' in line
            and f'gen_ai_request_model="{model}"' in line
        )


class AdviceTests(ScenarioTestCase):
    """What clients are told about trying again."""

    _HASTY = MappingProxyType({"retry": {"max_wait": "0s"}})
    others = (
        Scenario(name="told-503", faults=("status-503",)),
        Scenario(name="told-429", faults=("429:60",)),
        Scenario(name="told-429-passes", faults=("fails:1:429:1",), route=_HASTY),
    )

    @in_thread
    def test_no_more(self) -> None:
        """The package, which repeats such calls twice, is told that the gateway has done so."""
        for stream in (False, True):
            self.forget()
            model = self.others[0].model(stream)
            seen = self.client(retries=2).ask(model, stream=stream)
            self.note(model, "status-503, and a client that retries", seen)
            self.assertEqual((seen.status, seen.headers["x-should-retry"]), (502, "false"))
            self.assertEqual(self.asked(), (3, 0, 0))

    @in_thread
    def test_later(self) -> None:
        """A rate limit is told with when it is over."""
        plain, streamed = (
            self.client().ask(self.others[1].model(stream), stream=stream)
            for stream in (False, True)
        )
        self.assertEqual((plain.status, plain.headers["retry-after"]), (429, "60"))
        self.assertEqual(streamed.status, 429)
        # the provider of both is left alone from the first time on
        self.assertIn(int(streamed.headers["retry-after"]), range(55, 61))

    @in_thread
    def test_waits(self) -> None:
        """The package waits as long as it is told, and then gets its answer."""
        model = self.others[2].model(True)
        seen = self.client(retries=2).ask(model, stream=True)
        self.note(model, "fails:1:429:1, and a client that retries", seen)
        self.assertEqual((seen.is_complete, seen.text), (True, SAID))
        self.assertTimely(seen.seconds, 1.0)
        self.assertEqual(self.asked(), (2, 0, 0))
