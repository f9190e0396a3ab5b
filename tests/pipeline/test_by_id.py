"""Asking about a response: whom, in which order, and what follows from the answers."""

from inference_gateway.errors import InternalError, ResourceNotFound, Verdict
from inference_gateway.exchange import Principal, ProviderReply
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderInvalidAnswer,
    ProviderOverloaded,
    ProviderRejected,
    ProviderUnavailable,
)
from tests.pipeline.chats import chat
from tests.pipeline.questions import QuestionTestCase, missing, question, stored


class KnownTests(QuestionTestCase):
    """A response whose provider is known."""

    def setUp(self) -> None:
        super().setUp()
        self.affinity.remember("resp_1", "b")

    def test_asked_alone(self) -> None:
        """Only the provider that made it is asked, and its answer passes as it came."""
        self.b.script = [ProviderReply(status=200, body=stored(), headers=((b"a", b"b"),))]
        call = question(query=b"include=x")
        reply = self.successResultOf(self.ask(call))
        self.assertEqual((reply.status, reply.body), (200, stored()))
        self.assertEqual(reply.headers, ((b"a", b"b"),))
        self.assertEqual(self.b.questions, [(b"GET", b"/resp_1?include=x")])
        self.assertEqual(self.asked(call), [("b", Verdict.COMPLETE)])

    def test_costs_nothing(self) -> None:
        """What the response cost was counted when it was made."""
        self.b.script = [stored(usage={"input_tokens": 5, "output_tokens": 5})]
        call = question()
        self.successResultOf(self.ask(call))
        self.assertEqual((call.usage, call.model), (None, ""))

    def test_failed_response(self) -> None:
        """A response that failed is no failure of the question."""
        failed = stored(status="failed", error={"code": "server_error", "message": "out of luck"})
        self.b.script = [failed]
        self.assertEqual(self.successResultOf(self.ask(question())).body, failed)

    def test_unavailable(self) -> None:
        """If it cannot be asked, nobody else is: nobody else has it."""
        self.b.script = [ProviderUnavailable("the provider refused the connection")]
        call = question()
        self.failureResultOf(self.ask(call), ProviderUnavailable)
        self.assertEqual(self.asked(call), [("b", Verdict.PROVIDER_ERROR)])
        self.assertEqual(self.affinity.provider("resp_1"), "b")

    def test_refused(self) -> None:
        """What it refuses for another reason is refused."""
        self.b.script = [ProviderRejected("only background responses can be cancelled", status=400)]
        error = self.failureResultOf(
            self.ask(question("POST", part=b"/cancel")), ProviderRejected
        ).value
        self.assertEqual(error.status, 400)
        self.assertEqual(self.b.questions, [(b"POST", b"/resp_1/cancel")])

    def test_lost(self) -> None:
        """One that has lost the response is believed, and the others are asked."""
        self.b.script, self.a.script, self.c.script = [missing()], [missing()], [stored()]
        call = question()
        self.assertEqual(self.successResultOf(self.ask(call)).body, stored())
        self.assertEqual([provider for provider, _ in self.asked(call)], ["b", "a", "c"])
        self.assertEqual(self.affinity.provider("resp_1"), "c")

    def test_lost_by_all(self) -> None:
        """A response that nobody has any longer is forgotten."""
        self.a.script, self.b.script, self.c.script = [missing()], [missing()], [missing()]
        self.failureResultOf(self.ask(question()), ProviderRejected)
        self.assertIsNone(self.affinity.provider("resp_1"))

    def test_deleted(self) -> None:
        """A response that was deleted is forgotten, whichever way its provider says so."""
        for status, body in ((200, stored(object="response.deleted")), (204, b"")):
            self.affinity.remember("resp_1", "b")
            self.b.script = [ProviderReply(status=status, body=body)]
            reply = self.successResultOf(self.ask(question("DELETE")))
            self.assertEqual((reply.status, reply.body), (status, body))
            self.assertIsNone(self.affinity.provider("resp_1"))

    def test_no_answer(self) -> None:
        """What is no JSON object is no answer."""
        self.b.script = [b"[]"]
        call = question()
        self.failureResultOf(self.ask(call), ProviderInvalidAnswer)
        self.assertEqual(self.asked(call), [("b", Verdict.PROVIDER_ERROR)])


class UnknownTests(QuestionTestCase):
    """A response whose provider is not known."""

    def test_search(self) -> None:
        """The providers are asked in their order, until one has it; who that was is remembered."""
        self.a.script, self.b.script = [missing()], [stored()]
        call = question()
        self.assertEqual(self.successResultOf(self.ask(call)).body, stored())
        self.assertEqual(self.asked(call), [("a", Verdict.PROVIDER_ERROR), ("b", Verdict.COMPLETE)])
        self.assertEqual(self.affinity.provider("resp_1"), "b")

    def test_nowhere(self) -> None:
        """What nobody has is not found, in words that name nobody."""
        self.a.script, self.b.script, self.c.script = [missing()], [missing()], [missing()]
        error = self.failureResultOf(self.ask(question()), ProviderRejected).value
        self.assertEqual((error.status, error.message), (404, "no provider has this response"))
        self.assertIsNone(self.affinity.provider("resp_1"))

    def test_past_failures(self) -> None:
        """One that cannot be asked keeps nobody from asking the others."""
        self.a.script = [ProviderUnavailable("the provider refused the connection")]
        self.b.script = [stored()]
        self.assertEqual(self.successResultOf(self.ask(question())).body, stored())

    def test_uncertain(self) -> None:
        """While one could not be asked nobody can say that there is no such response."""
        self.a.script = [missing()]
        self.b.script = [ProviderOverloaded("the provider is overloaded")]
        self.c.script = [ProviderAuthFailed("the provider did not accept the credential")]
        call = question("DELETE")
        self.failureResultOf(self.ask(call), ProviderOverloaded)
        self.assertEqual(len(call.attempts), 3)

    def test_refused(self) -> None:
        """A refusal is an answer: who refuses more than the id has looked at it."""
        self.a.script = [ProviderRejected("limit is too large", status=400)]
        call = question(part=b"/input_items", query=b"limit=1000")
        self.failureResultOf(self.ask(call), ProviderRejected)
        self.assertEqual(self.a.questions, [(b"GET", b"/resp_1/input_items?limit=1000")])

    def test_bug(self) -> None:
        """A bug ends the attempt, and everything."""
        self.a.script = [KeyError("a bug")]
        call = question()
        self.failureResultOf(self.ask(call), KeyError)
        self.assertEqual(self.asked(call), [("a", Verdict.INTERNAL)])

    def test_without_id(self) -> None:
        """A call about no response is a bug."""
        self.failureResultOf(self.ask(chat()), InternalError)


class WhoMayTests(QuestionTestCase):
    """Who is asked for whom."""

    def test_route(self) -> None:
        """Only providers that have responses are asked."""
        self.a.endpoints = self.c.endpoints = frozenset({"chat"})
        self.b.script = [missing()]
        call = question()
        self.failureResultOf(self.ask(call), ProviderRejected)
        self.assertEqual([provider for provider, _ in self.asked(call)], ["b"])

    def test_route_nowhere(self) -> None:
        """Where nobody has them, the client is told so."""
        for provider in (self.a, self.b, self.c):
            provider.endpoints = frozenset({"chat"})
        error = self.failureResultOf(self.ask(question()), ResourceNotFound).value
        self.assertEqual(error.code, "endpoint_not_supported")

    def test_key(self) -> None:
        """A key with models reaches only the providers of one of them."""
        self.b.script, self.c.script = [missing()], [missing()]
        call = question()
        call.principal = Principal(id="k", models=("m-c", "nothing", "m-b"))
        self.failureResultOf(self.ask(call), ProviderRejected)
        self.assertEqual([provider for provider, _ in self.asked(call)], ["b", "c"])

    def test_known_elsewhere(self) -> None:
        """Nor does it reach the one that made the response, or have it forgotten."""
        self.affinity.remember("resp_1", "a")
        self.b.script = [missing()]
        call = question()
        call.principal = Principal(id="k", models=("m-b",))
        self.failureResultOf(self.ask(call), ProviderRejected)
        self.assertEqual(self.a.questions, [])
        self.assertEqual(self.affinity.provider("resp_1"), "a")

    def test_useless_key(self) -> None:
        """A key whose models nobody serves reaches nobody."""
        call = question()
        call.principal = Principal(id="k", models=("nothing",))
        self.failureResultOf(self.ask(call), ResourceNotFound)
        self.assertEqual(call.attempts, [])

    def test_known_is_gone(self) -> None:
        """A provider that is no longer configured is not missed."""
        self.affinity.remember("resp_1", "gone")
        self.a.script = [stored()]
        self.successResultOf(self.ask(question()))
        self.assertEqual(self.affinity.provider("resp_1"), "a")
