"""What happens when: the cycle, the review of a department, its tasks."""
