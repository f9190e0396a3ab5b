"""All cases of the relay, and the rows that they answer for."""

from tests.corpus import (
    relay_cases_calls,
    relay_cases_p,
    relay_cases_p_answers,
    relay_cases_p_bodies,
    relay_cases_s,
    relay_cases_s_errors,
)
from tests.corpus.relay_case import RelayCase

CASES: tuple[RelayCase, ...] = (
    *relay_cases_p.CASES,
    *relay_cases_p_bodies.CASES,
    *relay_cases_p_answers.CASES,
    *relay_cases_s.CASES,
    *relay_cases_s_errors.CASES,
    *relay_cases_calls.CASES,
)
