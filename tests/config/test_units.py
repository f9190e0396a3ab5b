"""Tests of `inference_gateway.config.units`."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.units import (
    format_duration,
    format_size,
    format_timestamp,
    parse_duration,
    parse_size,
    parse_timestamp,
)


class DurationTests(SynchronousTestCase):
    def test_units(self) -> None:
        """Milliseconds, seconds, minutes and hours become seconds."""
        for text, seconds in [
            ("250ms", 0.25),
            ("30s", 30.0),
            ("1.5s", 1.5),
            ("2m", 120.0),
            ("1h", 3600.0),
            ("0s", 0.0),
            ("5 s", 5.0),
        ]:
            self.assertEqual(parse_duration(text), seconds, text)

    def test_refused(self) -> None:
        """Anything else is an error, signs and unknown units too."""
        for text in ["", "30", "s", "-1s", "+1s", "1d", "1S", "1e3s", ".5s", "1.s", "1s2m", "٣s"]:
            self.assertRaises(ValueError, parse_duration, text)

    @settings(max_examples=100)
    @given(st.floats(min_value=0, max_value=1e9).map(lambda seconds: round(seconds, 6)))
    def test_round_trip(self, seconds: float) -> None:
        """What is printed is read back as the same number."""
        self.assertEqual(parse_duration(format_duration(seconds)), seconds)


class SizeTests(SynchronousTestCase):
    def test_units(self) -> None:
        """Binary units become bytes."""
        for text, size in [
            ("7B", 7),
            ("512KiB", 512 * 1024),
            ("10MiB", 10 * 1024 * 1024),
            ("1GiB", 1024**3),
        ]:
            self.assertEqual(parse_size(text), size, text)

    def test_refused(self) -> None:
        """A bare number, a fraction, a sign and decimal units are errors."""
        for text in ["", "10", "B", "1.5MiB", "-1B", "10MB", "10kib", "10M"]:
            self.assertRaises(ValueError, parse_size, text)

    @settings(max_examples=100)
    @given(st.integers(min_value=1, max_value=10**15 - 1))
    def test_round_trip(self, size: int) -> None:
        """What is printed is read back as the same number."""
        self.assertEqual(parse_size(format_size(size)), size)

    def test_largest_unit(self) -> None:
        """A size is printed in the largest unit that divides it."""
        self.assertEqual(
            [format_size(size) for size in (1000, 2048, 10 * 1024**2, 3 * 1024**3)],
            ["1000B", "2KiB", "10MiB", "3GiB"],
        )


class TimestampTests(SynchronousTestCase):
    def test_forms(self) -> None:
        """A date is its first moment, and what has no offset is UTC."""
        for text, seconds in [
            ("1970-01-02", 86400.0),
            ("1970-01-01T00:01:00", 60.0),
            ("1970-01-01 00:01:00Z", 60.0),
            ("1970-01-01T01:00:00.9+01:00", 0.0),
        ]:
            self.assertEqual(parse_timestamp(text), seconds, text)

    def test_refused(self) -> None:
        """What is no date is a ValueError, what lies outside the calendar an OverflowError."""
        self.assertRaises(ValueError, parse_timestamp, "tomorrow")
        self.assertRaises(OverflowError, parse_timestamp, "9999-12-31T23:00:00-05:00")

    @settings(max_examples=100)
    @given(st.datetimes())
    def test_round_trip(self, moment: object) -> None:
        """What is printed is read back as the same moment."""
        seconds = parse_timestamp(str(moment))
        self.assertEqual(parse_timestamp(format_timestamp(seconds)), seconds)
