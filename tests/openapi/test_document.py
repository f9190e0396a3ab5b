"""The description keeps the rules of OpenAPI."""

import orjson
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.api.description import describe
from tests.openapi.needed import needed


class DocumentTests(SynchronousTestCase):
    """The document as it is served."""

    def setUp(self) -> None:
        self.validator = needed("openapi_spec_validator").OpenAPIV31SpecValidator

    def problems(self, text: bytes) -> list[str]:
        """Return what is wrong with a document."""
        return [error.message for error in self.validator(orjson.loads(text)).iter_errors()]

    def test_valid(self) -> None:
        """It is OpenAPI 3.1, whatever it was fitted to."""
        for title, root_path, has_metrics in (("A <Gateway>", "", True), ("", "/gw", False)):
            text = describe(title=title, root_path=root_path, has_metrics=has_metrics)
            self.assertEqual(self.problems(text), [])

    def test_checked(self) -> None:
        """The check sees mistakes."""
        text = describe(title="", root_path="", has_metrics=True)
        self.assertNotEqual(self.problems(text.replace(b'"in":"path"', b'"in":"nowhere"')), [])
