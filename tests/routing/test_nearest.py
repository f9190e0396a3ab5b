"""The name that was probably meant, among few names and among many."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.routing.nearest import nearest


class Counted(str):
    """A name that counts how often it is looked at letter by letter, as comparing does."""

    looks = 0

    def __len__(self) -> int:
        type(self).looks += 1
        return super().__len__()


MANY = [f"org-{number % 40:02}/model-{number}" for number in range(10_000)]


class NearestTests(SynchronousTestCase):
    """Finding a name that is like another."""

    def test_few(self) -> None:
        """Among few names all are compared, wherever they differ."""
        self.assertEqual(nearest("xlama", ["qwen", "llama"]), "llama")

    def test_none(self) -> None:
        """Where no name is alike there is none."""
        self.assertIsNone(nearest("zzz", ["qwen", "llama"]))
        self.assertIsNone(nearest("zzz", []))
        self.assertIsNone(nearest("!!!", MANY))

    def test_neighbours(self) -> None:
        """Among many names one that begins alike is found."""
        self.assertEqual(nearest("meta/lama-3", [*MANY, "meta/llama-3"]), "meta/llama-3")

    def test_part(self) -> None:
        """Among many names one is found by a part of it."""
        self.assertEqual(nearest("llama-3", [*MANY, "meta/llama-3"]), "meta/llama-3")

    def test_bound(self) -> None:
        """However many names there are, few are compared, and of a long one the beginning."""
        Counted.looks = 0
        nearest("org-07/model" * 1000, [Counted(name) for name in MANY])
        self.assertGreater(Counted.looks, 0)
        self.assertLess(Counted.looks, 1000)
