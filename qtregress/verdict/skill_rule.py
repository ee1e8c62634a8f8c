"""Whether the model predicts this chip well enough for its verdicts to promote."""

from datetime import date

from qtregress.metrics.skill import Skill
from qtregress.verdict.terms import SkillRule


def skill_holds(skill: Skill, rule: SkillRule, today: date) -> tuple[str, ...]:
    """Sentences on why the skill forbids a promotion; none where it does not.

    Args:
        skill: of the model on the reference profile.
        rule: of the policy.
        today: the day in UTC.
    """
    if skill.share_within_2 is None or skill.count < rule.min_count:
        return _unknown(skill, rule)
    found = []
    if skill.share_within_2 < rule.min_share_within_2:
        found.append(
            f"The model predicts {skill.share_within_2:.0%} of {skill.count} measured errors "
            f"within a factor of 2, and the policy asks for {rule.min_share_within_2:.0%}."
        )
    return (*found, *_too_old(skill, rule, today))


def _unknown(skill: Skill, rule: SkillRule) -> tuple[str, ...]:
    if not rule.required:
        return ()
    sentence = (
        f"The model's skill on this chip must be known, but {skill.count} measured errors can be "
        f"compared and the policy asks for at least {rule.min_count}."
    )
    return (sentence,)


def _too_old(skill: Skill, rule: SkillRule, today: date) -> tuple[str, ...]:
    """What the measured errors' dates forbid; nothing where the policy sets no age."""
    if rule.max_age_days is None:
        return ()
    if skill.undated or skill.dated is None:
        return (f"{skill.undated} measured errors have no date, so their age is not known.",)
    day = _day(skill.dated)
    if day is None or day > today:
        return (f"The oldest measured error is dated {skill.dated}, which is no day in the past.",)
    age = (today - day).days
    if age <= rule.max_age_days:
        return ()
    sentence = (
        f"The oldest measured error is of {skill.dated}, {age} days ago, and the policy allows "
        f"{rule.max_age_days:g}."
    )
    return (sentence,)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
