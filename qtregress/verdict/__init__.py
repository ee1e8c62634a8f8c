"""Policy, rules and the decision."""
