"""Tests of `inference_gateway.config.trust`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.trust import certificates_refusal
from tests.config.certificates import certificate


class TrustTests(SynchronousTestCase):
    def refusal(self, text: str) -> str | None:
        return certificates_refusal("ca.pem", lambda _path: text)

    def test_certificates(self) -> None:
        """One certificate is enough; several may follow each other, with text between them."""
        self.assertIsNone(self.refusal(certificate()))
        self.assertIsNone(self.refusal(f"# Főtanúsítvány\n{certificate()}# more\n{certificate()}"))

    def test_none(self) -> None:
        """A file without a certificate, or with a broken one, is of no use."""
        broken = certificate().replace("MII", "AAA")
        for text in (
            *("", "secret", broken, certificate() + broken),
            certificate().replace("MII", "\u00e4"),
        ):
            self.assertEqual(self.refusal(text), "the file does not hold certificates in PEM")

    def test_unreadable(self) -> None:
        """A file that cannot be read is of no use either."""

        def read(path: str) -> str:
            raise FileNotFoundError(2, "No such file or directory", path)

        self.assertEqual(
            certificates_refusal("ca.pem", read),
            "the file cannot be read: No such file or directory",
        )
