"""How many attempts a provider has at a time, and who is next when it has no room.

Fair between keys: the waiting are served in rounds, in each of which a key has one turn, and a full
queue makes room at the expense of the key that has most in it. So a key with a thousand calls
delays those of another by no more than a turn. Within a key, first come first served. It decides
only; waiting, and what is said to those who wait in vain, is `pipeline.waiting`.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import chain

#: Weight of the newest time in the moving average of held times.
_NEWEST = 0.2
#: Seconds a place is assumed to be held as long as none was given back.
_UNKNOWN_HELD = 1.0


class Waiter:
    """One call that waits for a place at whichever of several providers has one first.

    ``granted`` is called with the places that one was taken of, and may give it back at once;
    ``displaced`` when it has lost its last queue to a key that had less in it. Only one of them
    is called, once, and none after `leave`.
    """

    __slots__ = ("_displaced", "_granted", "_joined", "key")

    def __init__(
        self, key: str, granted: "Callable[[Places], object]", displaced: Callable[[], object]
    ) -> None:
        self.key = key
        self._granted = granted
        self._displaced = displaced
        self._joined: list[Places] = []

    def wait_for(self, places: "Sequence[Places]") -> bool:
        """Join each queue of ``places``, none of them twice, that lets it in; False if none does.

        Where there is room already, it is granted before this returns.
        """
        for each in places:
            if each.take():
                self._granted(each)
                return True
        joined = self._joined
        lost = []
        for each in places:
            if each.is_queue_full:
                last = each._dispensable(self.key)
                if last is None:
                    continue
                each._remove(last)
                last._joined.remove(each)
                if not last._joined:
                    lost.append(last)
            each._append(self)
            joined.append(each)
        is_waiting = bool(joined)
        for waiter in lost:  # only now: what they do may grant this one its place
            waiter._displaced()
        return is_waiting

    def leave(self) -> None:
        """Wait no longer; does nothing if it does not wait."""
        joined, self._joined = self._joined, []
        for places in joined:
            places._remove(self)

    def _grant(self, places: "Places") -> None:
        self.leave()
        self._granted(places)


_Queue = OrderedDict[Waiter, None]


class Places:
    """The places of one provider; ``limit`` None: any number of them.

    ``most_waiting`` bounds the queue. ``seconds`` tells monotonic time.
    """

    __slots__ = (
        "_changed",
        "_granting",
        "_held",
        "_is_configured",
        "_later",
        "_most_waiting",
        "_now",
        "_seconds",
        "_served",
        "in_use",
        "limit",
        "waiting",
    )

    def __init__(self, limit: int | None, most_waiting: int, seconds: Callable[[], float]) -> None:
        #: How many may be in use; after it shrank there can be more.
        self.limit = limit
        self.in_use = 0
        self.waiting = 0
        self._most_waiting = most_waiting
        self._seconds = seconds
        self._is_configured = limit is not None
        self._granting = False
        #: Moving average of the seconds a place is held; None until one was given back.
        self._held: float | None = None
        #: Since when all those in use are at least that old; tells only while there is no room.
        self._changed = 0.0
        #: Queues by key: of those whose turn comes in this round, and of those that had theirs.
        self._now: OrderedDict[str, _Queue] = OrderedDict()
        self._later: OrderedDict[str, _Queue] = OrderedDict()
        #: Keys that had their turn in this round, whether they wait again or not.
        self._served: set[str] = set()

    @property
    def has_room(self) -> bool:
        """Whether `take` would take a place now."""
        limit = self.limit
        return limit is None or (self.in_use < limit and not self.waiting)

    @property
    def is_queue_full(self) -> bool:
        """Whether another can wait only in the place of somebody who does."""
        return self.waiting >= self._most_waiting

    def take(self) -> bool:
        """Take a place if there is one that nobody waits for; return whether there was."""
        limit = self.limit
        if limit is None:
            self.in_use += 1
            return True
        if self.in_use >= limit or self.waiting:
            return False
        self.in_use += 1
        if self.in_use == limit:
            self._changed = self._seconds()
        return True

    def give_back(self, held: float) -> None:
        """Give a place back that was held for so many seconds; whoever is next has it at once.

        0 seconds: it was not used, and tells nothing of how long one is held.
        """
        self.in_use -= 1
        if self.limit is None:
            return
        if held > 0.0:
            average = self._held
            self._held = held if average is None else average + _NEWEST * (held - average)
        self._changed = self._seconds()
        if self.waiting:
            self._hand_on()

    def lets_in(self, key: str) -> bool:
        """Whether another call of ``key`` could wait here."""
        return self.waiting < self._most_waiting or self._dispensable(key) is not None

    def expected_wait(self, key: str | None = None) -> float:
        """Return in how many seconds another call of ``key`` would have a place, as far as known.

        Without a key it is one that everybody else goes before.
        """
        limit = self.limit
        if limit is None or (self.in_use < limit and not self.waiting):
            return 0.0
        held = _UNKNOWN_HELD if self._held is None else self._held
        # nothing has come back since: those in use are slower than the average
        held = max(held, self._seconds() - self._changed)
        before = self.waiting if key is None else self._before(key)
        return held * (before + max(0, self.in_use - limit) + 1) / limit

    def learn(self, limit: int | None) -> None:
        """Go by a limit that the provider tells, None if it no longer does.

        Where the operator set one, that holds. Places in use beyond a smaller limit stay so.
        """
        if self._is_configured:
            return
        if self.limit is None:
            self._changed = self._seconds()
        self.limit = None if limit is None else max(1, limit)
        self._hand_on()

    # --- who is next

    def _hand_on(self) -> None:
        """Grant the free places to those who wait."""
        if self._granting:  # from within a grant: the loop that made it goes on
            return
        self._granting = True
        try:
            while self.waiting and (self.limit is None or self.in_use < self.limit):
                self.in_use += 1
                self._next()._grant(self)
        finally:
            self._granting = False

    def _next(self) -> Waiter:
        """Return whose turn it is, and count it as had; the waiter stays until it leaves."""
        if not self._now:
            self._now, self._later = self._later, self._now
            self._served.clear()
        key, queue = self._now.popitem(last=False)
        if not (self._now or self._later):  # with nobody else waiting, a round begins with it
            self._served.clear()
        self._served.add(key)
        self._later[key] = queue
        return next(iter(queue))

    def _before(self, key: str) -> int:
        """Return how many of the waiting have their turn before another one of ``key``."""
        queue = self._turns(key).get(key)
        if queue is None:
            waiting_keys = len(self._now)
            return waiting_keys + len(self._later) if key in self._served else waiting_keys
        before = len(queue)
        rounds = before + 1
        for each, other in chain(self._now.items(), self._later.items()):
            if each == key:
                rounds -= 1  # those behind it do not come before it in the last one
            else:
                before += min(len(other), rounds)
        return before

    def _dispensable(self, key: str) -> Waiter | None:
        """Return who has to leave for another one of ``key``; None while no key has more.

        It is the last of the key that has most.
        """
        longest: _Queue = max(
            chain(self._now.values(), self._later.values()), key=len, default=OrderedDict()
        )
        own = self._turns(key).get(key, ())
        return next(reversed(longest)) if len(longest) > len(own) + 1 else None

    # --- the queue

    def _turns(self, key: str) -> OrderedDict[str, _Queue]:
        return self._later if key in self._served else self._now

    def _append(self, waiter: Waiter) -> None:
        turns = self._turns(waiter.key)
        queue = turns.get(waiter.key)
        if queue is None:
            queue = turns[waiter.key] = OrderedDict()
        queue[waiter] = None
        self.waiting += 1

    def _remove(self, waiter: Waiter) -> None:
        turns = self._turns(waiter.key)
        queue = turns[waiter.key]
        del queue[waiter]
        if not queue:
            del turns[waiter.key]
        self.waiting -= 1
