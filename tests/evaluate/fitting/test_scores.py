"""Scores of Gaussian predictions against closed forms and sampling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from ntksym.evaluate.fitting.scores import class_log_probabilities, coverage, expected_calibration_error, negative_log_density


def test_two_classes_have_a_closed_form(rng) -> None:
    mean, variance = rng.normal(size=(20, 2)), rng.uniform(0.1, 2, size=20)
    found = np.exp(class_log_probabilities(mean, variance))
    assert np.allclose(found[:, 0], norm.cdf((mean[:, 0] - mean[:, 1]) / np.sqrt(2 * variance)), rtol=0, atol=1e-12)


def test_many_classes_by_sampling(rng) -> None:
    mean, variance = rng.normal(size=(3, 5)), np.array([0.3, 1.0, 4.0])
    found = np.exp(class_log_probabilities(mean, variance))
    draws = mean[:, None] + np.sqrt(variance)[:, None, None] * rng.normal(size=(3, 200_000, 5))
    often = np.stack([np.bincount(d.argmax(axis=1), minlength=5) for d in draws]) / 200_000
    assert np.abs(found - often).max() < 5 * 0.5 / np.sqrt(200_000)
    assert np.allclose(found.sum(axis=1), 1, rtol=0, atol=1e-13)


def test_sure_and_unsure() -> None:
    mean = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    logs = class_log_probabilities(mean, np.array([1e-12, 1.0]))
    assert np.isfinite(logs[0, 0]) and logs[0, 0] == pytest.approx(0, abs=1e-12) and logs[0, 1] < -1e6
    assert np.allclose(np.exp(logs[1]), 1 / 3, rtol=0, atol=1e-12)


def test_calibration(rng) -> None:
    confidence = rng.uniform(0.5, 1, size=200_000)
    labels = (rng.random(200_000) > confidence).astype(int)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    assert expected_calibration_error(probabilities, labels) < 0.01
    assert expected_calibration_error(np.tile([1.0, 0.0], (10, 1)), np.arange(10) % 2) == pytest.approx(0.5)
    mean, sd = rng.normal(size=(100_000, 2)), np.array([0.5, 2.0])
    targets = mean + sd * rng.normal(size=mean.shape)
    variance = np.broadcast_to(sd**2, mean.shape)
    assert coverage(mean, variance, targets) == pytest.approx(0.9, abs=5 * 0.3 / np.sqrt(200_000))
    assert negative_log_density(mean[:9], variance[:9], targets[:9]) == pytest.approx(-norm.logpdf(targets[:9], mean[:9], sd).mean(), rel=1e-13)
