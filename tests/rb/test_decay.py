"""Fits: right on true decays, and never a value where the data hold none."""

import numpy as np
import pytest

from qtregress.rb.decay import best_decay, fit_decay, resampled_decays

LENGTHS = (1, 10, 25, 50, 100, 150, 200, 300, 450, 600)


def decay(amplitude: float, p: float, offset: float) -> np.ndarray:
    """Survivals without scatter."""
    return amplitude * p ** np.array(LENGTHS, dtype=float) + offset


def scattered(p: float, sigma: float, seed: int) -> np.ndarray:
    """Survivals with normal scatter."""
    return decay(0.5, p, 0.5) + np.random.default_rng(seed).normal(scale=sigma, size=len(LENGTHS))


@pytest.mark.parametrize("p", [0.5, 0.97, 0.995])
def test_noiseless_decay_is_found(p: float) -> None:
    """A decay without scatter gives its constants back."""
    fit = fit_decay(LENGTHS, decay(0.48, p, 0.51), sigma=np.full(len(LENGTHS), 1e-3))

    assert (fit.amplitude, fit.p, fit.offset) == pytest.approx((0.48, p, 0.51), abs=1e-7)


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Of 200 scattered decays the 95 % interval contains the true p in 180 to 200."""
    fits = [
        fit_decay(LENGTHS, scattered(0.99, 0.005, seed), sigma=np.full(len(LENGTHS), 0.005))
        for seed in range(200)
    ]
    inside = [f.interval is not None and f.interval[0] < 0.99 < f.interval[1] for f in fits]

    assert 180 <= sum(inside) <= 200


@pytest.mark.parametrize("p", [0.5, 0.97, 0.9995])
def test_a_known_asymptote_is_not_fitted(p: float) -> None:
    """With B given even a decay that has hardly begun is found."""
    sigma = np.full(len(LENGTHS), 1e-3)
    fit = fit_decay(LENGTHS, decay(0.48, p, 0.5), sigma=sigma, offset=0.5)

    assert (fit.amplitude, fit.p, fit.offset) == pytest.approx((0.48, p, 0.5), abs=1e-7)


def test_a_known_asymptote_narrows_the_interval() -> None:
    """Knowing B cannot make p less certain."""
    sigma, survival = np.full(len(LENGTHS), 0.005), scattered(0.99, 0.005, 1)
    fixed, free = (fit_decay(LENGTHS, survival, sigma=sigma, offset=b) for b in (0.5, None))

    assert fixed.p_error is not None
    assert free.p_error is not None
    assert fixed.p_error < free.p_error


def test_a_wrong_asymptote_is_refused() -> None:
    """Survivals that end at 1/4 are no decay to 1/2."""
    sigma = np.full(len(LENGTHS), 1e-3)
    fit = fit_decay(LENGTHS, decay(0.7, 0.99, 0.25), sigma=sigma, offset=0.5)

    assert (fit.p, fit.status) == (None, "bad_fit")


def test_an_impossible_asymptote_is_refused() -> None:
    """A probability never ends above 1."""
    with pytest.raises(ValueError, match="offset must lie between 0 and 1"):
        fit_decay(LENGTHS, decay(0.5, 0.99, 0.5), sigma=[0.01] * len(LENGTHS), offset=1.5)


def test_probabilities_of_true_decays_are_even() -> None:
    """Of 200 scattered decays about half scatter more than half of them should."""
    sigma = np.full(len(LENGTHS), 0.005)
    fits = [
        fit_decay(LENGTHS, scattered(0.99, 0.005, k), sigma=sigma, offset=0.5) for k in range(200)
    ]
    found = [fit.probability for fit in fits if fit.probability is not None]

    assert len(found) > 195
    assert 0.4 < np.mean(np.array(found) < 0.5) < 0.6


def test_the_nearest_decay_of_a_refused_fit_says_how_far_it_is() -> None:
    """What is refused keeps its distance: an oscillation misses by a tenth at least."""
    survival = 0.5 + 0.4 * np.cos(np.array(LENGTHS) / 40)
    found = best_decay(LENGTHS, survival, sigma=np.full(len(LENGTHS), 0.005))

    assert found is not None
    assert found.status != "ok"
    assert found.largest_residual > 0.1
    assert found.probability < 1e-3


@pytest.mark.parametrize("level", [1.0, 0.5, 0.02])
def test_constant_data_has_no_decay(level: float) -> None:
    """Constant survivals are a status, never p = 1."""
    fit = fit_decay(LENGTHS, np.full(len(LENGTHS), level), sigma=np.full(len(LENGTHS), 1e-3))

    assert (fit.p, fit.status) == (None, "constant")


def test_scatter_around_a_constant_has_no_decay() -> None:
    """Scatter alone is a status, never a p."""
    noise = np.random.default_rng(5).normal(scale=0.01, size=len(LENGTHS))
    fit = fit_decay(LENGTHS, 0.5 + noise, sigma=np.full(len(LENGTHS), 0.01))

    assert (fit.p, fit.status) == (None, "constant")


def test_oscillation_is_refused() -> None:
    """Survivals that oscillate are no exponential."""
    survival = 0.5 + 0.4 * np.cos(np.array(LENGTHS) / 40)
    fit = fit_decay(LENGTHS, survival, sigma=np.full(len(LENGTHS), 0.005))

    assert (fit.p, fit.status) == (None, "bad_fit")


def test_growing_survival_is_refused() -> None:
    """Survivals that grow with length end on the edge of what is possible."""
    survival = 0.6 + 0.3 * np.array(LENGTHS) / 600
    fit = fit_decay(LENGTHS, survival, sigma=np.full(len(LENGTHS), 0.05))

    assert (fit.p, fit.status) == (None, "boundary")


def test_unseen_asymptote_is_refused() -> None:
    """A straight line down, its asymptote out of sight, ends on the edge."""
    survival = 0.99 - 0.9 * np.array(LENGTHS) / 600
    fit = fit_decay(LENGTHS, survival, sigma=np.full(len(LENGTHS), 0.05))

    assert (fit.p, fit.status) == (None, "boundary")


def test_every_status_says_what_to_do() -> None:
    """A refused fit comes with a sentence of advice."""
    fit = fit_decay(LENGTHS, np.full(len(LENGTHS), 0.5), sigma=np.full(len(LENGTHS), 0.01))

    assert fit.advice.endswith("do anything at all.")


def test_too_few_lengths_are_refused() -> None:
    """Three different lengths cannot test three parameters."""
    with pytest.raises(ValueError, match="at least four different"):
        fit_decay([1, 2, 3, 3], [0.9, 0.8, 0.7, 0.7], sigma=[0.1] * 4)


@pytest.mark.parametrize("sigma", [0.0, np.nan])
def test_errors_must_be_positive(sigma: float) -> None:
    """A mean without error bar is refused."""
    with pytest.raises(ValueError, match="sigma positive"):
        fit_decay([1, 2, 3, 4], [0.9, 0.8, 0.7, 0.6], sigma=[0.1, 0.1, 0.1, sigma])


def test_shapes_must_agree() -> None:
    """A survival without its length is refused."""
    with pytest.raises(ValueError, match="must agree"):
        fit_decay([1, 2, 3, 4], [0.9, 0.8, 0.7], sigma=[0.1] * 4)


def test_resampling_the_same_sequences_changes_nothing() -> None:
    """A resample that takes every sequence once gives the fit of all."""
    survivals = np.stack([scattered(0.99, 0.004, seed) for seed in range(6)], axis=1)
    sigma = np.full(len(LENGTHS), 0.002)
    whole = fit_decay(LENGTHS, survivals.mean(axis=1), sigma=sigma)
    pick = np.tile(np.arange(6), (len(LENGTHS), 1))

    again = resampled_decays(LENGTHS, survivals, sigma=sigma, start=(0.5, 0.99, 0.5), picks=[pick])
    assert again[0] == pytest.approx(whole.p, abs=1e-8)
