"""Levels follow the person where there is enough of the person to see."""

import numpy as np

from kinesics.models.levels import adapted, fit_prior


def person(off, on, frames=200, seed=0):
    active = np.zeros(frames)
    active[frames // 4 : frames // 2] = 1
    return off + (on - off) * active + np.random.default_rng(seed).normal(0, 0.3, frames), active


def test_a_person_of_lower_levels_is_told_apart_too():
    people = [person(off, off + 3, seed=k) for k, off in enumerate((-4, -2, -3, -1))]
    prior = fit_prior(*map(list, zip(*people, strict=True)))
    score, active = person(-6, -4, 600, seed=9)
    assert (score < prior.off + prior.rise / 2).all()  # one threshold for all would find nothing
    assert ((adapted(score, prior) > 0) == (active > 0.5)).mean() > 0.95


def test_one_second_of_a_stranger_keeps_the_population_s_levels():
    people = [person(off, off + 3, seed=k) for k, off in enumerate((-4, -3, -3.5, -3))]
    prior = fit_prior(*map(list, zip(*people, strict=True)))
    still = np.full(10, prior.off)
    assert (adapted(still, prior) < -1).all()


def test_the_label_of_one_person_has_no_prior():
    assert fit_prior(*map(list, zip(person(-3, 0), strict=True))) is None
