"""Repeats of a call that still runs."""

import attrs
from twisted.internet.defer import CancelledError

from inference_gateway.errors import IdempotencyConflict, IdempotencyKeyReused
from inference_gateway.exchange import Call, Principal, Reply, Usage
from inference_gateway.pipeline.shared_stream import MOST_REMEMBERED
from inference_gateway.provider_errors import ProviderError
from tests.pipeline.repeats import KEY, RepeatTestCase, Taker, keyed, whole


class AttachTests(RepeatTestCase):
    """Which calls are one."""

    def test_without_key(self) -> None:
        """Calls without a key are each asked for, though they say the same."""
        for headers in ((), ((b"openai-beta", b"x"),), ((b"idempotency-key", b""),)):
            first, second = (self.ask(keyed(forwarded=headers)) for _ in range(2))
            self.assertEqual(len(self.works), 2)
            self.works[0].answer.callback(whole(b"1"))
            self.works[1].answer.callback(whole(b"2"))
            self.assertEqual((first.body, second.body), (b"1", b"2"))
            self.works.clear()

    def test_without_request(self) -> None:
        """What asks no model passes."""
        for call in (keyed(), keyed(method="GET"), keyed(method="GET")):
            if call.method == "POST":
                call.request = None
            self.ask(call)
        self.assertEqual(len(self.works), 3)

    def test_repeat(self) -> None:
        """A repeat gets the answer of the first, and nobody is asked again."""
        takers = [self.ask(), self.ask(), self.ask()]
        (work,) = self.works
        work.answer.callback(whole(b"once"))
        self.assertEqual([taker.body for taker in takers], [b"once"] * 3)

    def test_answered_at_once(self) -> None:
        """An answer that needs no waiting is given, and nothing is kept."""
        self.answers_at_once = whole(b"now")
        self.assertEqual(self.ask().body, b"now")
        self.assertEqual(self.ask().body, b"now")
        self.assertEqual(len(self.works), 2)

    def test_nothing_is_kept(self) -> None:
        """A repeat of what has been answered is asked for again."""
        self.ask()
        self.works[0].answer.callback(whole(b"1"))
        again = self.ask()
        self.works[1].answer.callback(whole(b"2"))
        self.assertEqual(again.body, b"2")

    def test_same_error(self) -> None:
        """All participants get the same error, and it is not kept."""
        takers = [self.ask(), self.ask()]
        error = ProviderError("no")
        self.works[0].answer.errback(error)
        self.assertEqual([taker.error for taker in takers], [error, error])
        self.ask()
        self.assertEqual(len(self.works), 2)

    def test_others(self) -> None:
        """Another key, another route and another client are other calls."""
        self.ask(keyed())
        self.ask(keyed(forwarded=((b"idempotency-key", b"other"),)))
        self.ask(keyed(forwarded=(*KEY, *KEY)))
        self.ask(keyed(path="/v1/other"))
        self.ask(keyed(principal=Principal(id="somebody")))
        self.assertEqual(len(self.works), 5)
        self.assertEqual({work.call.attached_to for work in self.works}, {""})

    def test_other_body(self) -> None:
        """A key that names a request cannot name a different one meanwhile."""
        first = self.ask(keyed())
        error = self.ask(keyed(temperature=1)).error
        assert isinstance(error, IdempotencyKeyReused)
        self.assertEqual((error.status, error.code), (422, "idempotency_key_reused"))
        self.assertIs(error.should_retry, False)
        self.works[0].answer.callback(whole(b"1"))
        self.assertEqual(first.body, b"1")
        self.ask(keyed(temperature=1))
        self.assertEqual(len(self.works), 2)

    def test_other_boundary(self) -> None:
        """A form that is put together anew is the same form; one with other parts is not."""
        for boundary, text in ((b"one", b"hello"), (b"2", b"hello"), (b"3", b"goodbye")):
            call = keyed()
            assert call.request is not None
            call.request = attrs.evolve(
                call.request,
                content_type=b"multipart/form-data; boundary=" + boundary,
                body=b"--%b\r\n\r\n%b\r\n--%b--\r\n" % (boundary, text, boundary),
            )
            taker = self.ask(call)
        self.assertEqual(len(self.works), 1)
        self.assertIsInstance(taker.error, IdempotencyKeyReused)


class LeaveTests(RepeatTestCase):
    """Clients that leave before the answer has begun."""

    def test_only_one(self) -> None:
        """When the only one leaves, the provider is left at once; a repeat begins anew."""
        self.ask().leave()
        self.assertTrue(self.works[0].cancelled)
        self.ask()
        self.assertEqual(len(self.works), 2)

    def test_first(self) -> None:
        """When the first leaves, the second is served all the same."""
        first, second = self.ask(), self.ask()
        first.leave()
        self.assertIsInstance(first.error, CancelledError)
        self.assertFalse(self.works[0].cancelled)
        self.works[0].answer.callback(whole(b"1"))
        self.assertEqual(second.body, b"1")

    def test_second(self) -> None:
        """When the second leaves, the first is served all the same."""
        first, second = self.ask(), self.ask()
        second.leave()
        self.works[0].answer.callback(whole(b"1"))
        self.assertEqual((first.body, type(second.error)), (b"1", CancelledError))

    def test_all(self) -> None:
        """With the last of them the provider is left, and not before."""
        takers = [self.ask(), self.ask(), self.ask()]
        for taker in takers:
            self.assertFalse(self.works[0].cancelled)
            taker.leave()
        self.assertTrue(self.works[0].cancelled)

    def test_third_attaches_to_second(self) -> None:
        """A repeat attaches to what the first one began, though it has left."""
        first, second = self.ask(), self.ask()
        first.leave()
        third = self.ask()
        self.works[0].answer.callback(whole(b"1"))
        self.assertEqual((second.body, third.body), (b"1", b"1"))

    def test_answered_all_the_same(self) -> None:
        """What comes of work that was given up is dropped, and a stream is left."""
        for came in (whole(b"1"), Reply(status=200, body=self.source)):
            self.stubborn = came
            self.ask().leave()
        self.assertEqual(self.source.asked, ["abort"])

    def test_bug_of_what_was_given_up(self) -> None:
        """A bug in it is told to the log; an error is not."""
        for came in (ProviderError("no"), RuntimeError("a bug")):
            self.stubborn = came
            self.ask().leave()
        self.assertEqual(len(self.flushLoggedErrors()), 1)

    def test_because_of_another(self) -> None:
        """Who leaves because of what another is answered is answered nothing."""
        results: list[Reply | Exception] = [
            whole(b"1"),
            Reply(status=200, body=self.source),
            ProviderError("no"),
        ]
        for result in results:
            first, second = self.ask(), self.ask()
            first.then = second.leave
            if isinstance(result, Exception):
                self.works[-1].answer.errback(result)
            else:
                self.works[-1].answer.callback(result)
            self.assertIsInstance(second.error, CancelledError)
            first.leave()
        self.assertEqual(self.source.asked, ["pause", "start", "resume", "abort"])


class StreamTests(RepeatTestCase):
    """Streams that several clients read."""

    def begin(self, *, readers: int) -> list[Taker]:
        """Let several attach, and the provider say something."""
        takers = [self.ask() for _ in range(readers)]
        self.works[-1].answer.callback(
            Reply(status=200, body=self.source, headers=((b"openai-version", b"1"),))
        )
        self.source.feed(b"1")
        return takers

    def test_together(self) -> None:
        """All who wait read the same, with the same head."""
        takers = self.begin(readers=3)
        self.source.end()
        for taker in takers:
            self.assertEqual((taker.sink.raw, taker.sink.results), (b"1", [None]))
            self.assertEqual(taker.headers, ((b"openai-version", b"1"),))
        self.ask()
        self.assertEqual(len(self.works), 2)

    def test_late(self) -> None:
        """Who attaches in the middle reads the same bytes."""
        (first,) = self.begin(readers=1)
        self.source.feed(b"2")
        second = self.ask()
        self.assertEqual(second.sink.raw, b"12")
        self.source.feed(b"3")
        self.source.end()
        for taker in (first, second):
            self.assertEqual((taker.sink.raw, taker.sink.results), (b"123", [None]))
        self.assertEqual(len(self.works), 1)

    def test_cut(self) -> None:
        """All are told of the same error."""
        takers = self.begin(readers=2)
        error = ProviderError("cut")
        self.source.end(error)
        self.assertEqual([taker.sink.results for taker in takers], [[error], [error]])

    def test_first_leaves(self) -> None:
        """When the first leaves, the second reads on."""
        first, second = self.begin(readers=2)
        first.leave()
        self.source.feed(b"2")
        self.source.end()
        self.assertEqual((first.sink.raw, second.sink.raw), (b"1", b"12"))
        self.assertEqual(second.sink.results, [None])

    def test_all_leave(self) -> None:
        """With the last of them the provider is left at once; a repeat begins anew."""
        first, second = self.begin(readers=2)
        first.leave()
        self.assertNotIn("abort", self.source.asked)
        second.leave()
        self.assertEqual(self.source.asked[-1], "abort")
        self.ask()
        self.assertEqual(len(self.works), 2)

    def test_too_much_said(self) -> None:
        """When too much was said, a repeat is told to come later; others read on."""
        (first,) = self.begin(readers=1)
        self.source.feed(b"x" * MOST_REMEMBERED)
        late = self.ask()
        error = late.error
        assert isinstance(error, IdempotencyConflict)
        self.assertEqual((error.status, error.code), (409, "idempotency_conflict"))
        self.assertEqual((error.should_retry, error.retry_after), (True, 1.0))
        self.assertEqual(late.call.attached_to, "")
        self.source.end()
        self.assertEqual(first.sink.results, [None])


class BillTests(RepeatTestCase):
    """What the calls say of it: one request to a provider is billed once."""

    def setUp(self) -> None:
        super().setUp()
        self.first, self.second, self.third = self.ask(), self.ask(), self.ask()
        self.work = self.works[0].call

    def says(self) -> None:
        """Note on the call that is worked on what an answer says."""
        self.work.model = "m"
        self.work.fallback = "n"
        self.work.response_model = "n-1"
        self.work.finish_reason = "stop"
        self.work.sequence = 7
        self.work.first_content_at = 5.0
        self.work.usage = Usage(1, 2)

    def bills(self) -> list[Call]:
        """Return the calls that are billed."""
        takers = (self.first, self.second, self.third)
        return [taker.call for taker in takers if taker.call.usage is not None]

    def test_first(self) -> None:
        """The first call is what is worked on, and is billed; the others say whose answer it is."""
        self.says()
        self.works[0].answer.callback(whole(b"1"))
        self.assertIs(self.work, self.first.call)
        self.assertEqual(self.bills(), [self.first.call])
        self.assertEqual(self.first.call.attached_to, "")
        for taker in (self.second, self.third):
            self.assertEqual(taker.call.attached_to, self.first.call.id)
            self.assertEqual(taker.call.attempts, [])

    def test_described(self) -> None:
        """The others say what the answer was, and when it had begun for them."""
        self.second.call.received = 9.0
        self.says()
        self.works[0].answer.callback(whole(b"1"))
        call = self.second.call
        self.assertEqual((call.model, call.fallback, call.response_model), ("m", "n", "n-1"))
        self.assertEqual((call.finish_reason, call.sequence), ("stop", 7))
        self.assertEqual(call.first_content_at, 9.0)
        self.assertEqual(self.third.call.first_content_at, 5.0)

    def test_first_has_left(self) -> None:
        """When the first has left, the next one that is served is billed for all."""
        self.works[0].answer.callback(Reply(status=200, body=self.source))
        self.first.leave()
        self.assertIsNone(self.first.call.usage)  # which is what its line says
        self.says()
        self.source.end()
        self.assertEqual(self.second.call.usage, Usage(1, 2))
        self.assertIsNone(self.third.call.usage)

    def test_all_leave(self) -> None:
        """When all leave, the last one is billed for what was said until then."""
        self.works[0].answer.callback(Reply(status=200, body=self.source))
        self.first.leave()
        self.second.leave()
        self.says()
        self.third.leave()
        self.assertIsNone(self.second.call.usage)
        self.assertEqual(self.third.call.usage, Usage(1, 2))

    def test_first_leaves_last(self) -> None:
        """When the first leaves last, it is billed as ever."""
        self.works[0].answer.callback(Reply(status=200, body=self.source))
        self.second.leave()
        self.third.leave()
        self.says()
        self.first.leave()
        self.assertEqual(self.bills(), [self.first.call])

    def test_failed(self) -> None:
        """The others say what a call that failed was for."""
        self.work.model = "m"
        self.works[0].answer.errback(ProviderError("no"))
        self.assertEqual(self.second.call.model, "m")
        self.assertIsNone(self.second.call.first_content_at)
        self.assertEqual(self.bills(), [])
